"""ICMP messages: what we write is what a reader of the RFCs reads, and nothing that comes in can raise."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.icmp import packets
from agents.icmp.packets import TOKEN_BYTES, V4, V6

words = st.integers(0, 0xFFFF)
tokens = st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES)
families = st.sampled_from([V4, V6])


def sum_of_words(data: bytes) -> int:
    """RFC 1071 as it is written: add 16-bit words, bring carries round."""
    total = 0
    for (word,) in struct.iter_unpack(">H", data + b"\0" * (len(data) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total


def answer(family: int, request: bytes) -> bytes:
    return bytes([0 if family == V4 else 129]) + request[1:]


def ip_header(family: int) -> bytes:
    return (
        bytes([0x45]) + bytes(8) + bytes([1]) + bytes(10)
        if family == V4
        else b"\x60" + bytes(5) + b"\x3a" + bytes(33)
    )


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_the_checksum_makes_the_sum_of_all_words_come_out_whole(data: bytes) -> None:
    data += b"\0" * (len(data) % 2)
    total = sum_of_words(data + packets.checksum(data).to_bytes(2, "big"))
    assert total == 0xFFFF or not any(data)


@settings(deadline=None)
@given(words, words, tokens)
def test_a_request_by_ipv4_carries_a_right_checksum(ident: int, seq: int, token: bytes) -> None:
    assert sum_of_words(packets.Template(V4, ident, token).request(seq)) == 0xFFFF


@settings(deadline=None)
@given(families, words, words, tokens, st.sampled_from([0, 20, 24, 60]))
def test_a_reply_gives_back_what_the_request_said(
    family: int, ident: int, seq: int, token: bytes, offset: int
) -> None:
    data = bytes(offset) + answer(family, packets.Template(family, ident, token).request(seq))
    assert packets.reply(family, data[offset:]) == (ident, seq, token)


@settings(deadline=None)
@given(families, words, words, tokens, st.integers(8, 64))
def test_an_error_is_matched_however_little_of_the_request_it_quotes(
    family: int, ident: int, seq: int, token: bytes, quoted: int
) -> None:
    request = packets.Template(family, ident, token).request(seq)
    error = bytes([3 if family == V4 else 1, 1, 0, 0, 0, 0, 0, 0]) + ip_header(family) + request[:quoted]
    failure = packets.failure(family, error)
    assert failure is not None
    assert (failure.ident, failure.seq) == (ident, seq)
    assert token.startswith(failure.token)
    assert len(failure.token) == min(quoted - 8, TOKEN_BYTES)


@settings(deadline=None, max_examples=300)
@given(families, st.binary(max_size=120), st.integers(0, 60))
def test_no_bytes_from_the_network_raise(family: int, data: bytes, offset: int) -> None:
    packets.ip_header_bytes(data)
    packets.reply(family, data[offset:])
    packets.failure(family, data)
    packets.quoted_request(family, data, "why")


@pytest.mark.parametrize("family", [V4, V6])
def test_a_request_is_not_taken_for_a_reply(family: int) -> None:
    request = packets.Template(family, 1, b"12345678").request(2)
    assert packets.reply(family, request) is None


@pytest.mark.parametrize("family", [V4, V6])
def test_a_reply_cut_before_the_end_of_its_token_is_none(family: int) -> None:
    data = answer(family, packets.Template(family, 1, b"12345678").request(2))
    assert packets.reply(family, data[:15]) is None


@pytest.mark.parametrize(
    ("family", "kind", "code", "reason"),
    [
        (V4, 3, 1, "host unreachable"),
        (V4, 3, 13, "prohibited"),
        (V4, 3, 99, "unreachable"),
        (V4, 11, 0, "ttl exceeded"),
        (V4, 0, 0, ""),
        (V6, 1, 3, "host unreachable"),
        (V6, 1, 0, "network unreachable"),
        (V6, 3, 0, "ttl exceeded"),
        (V6, 129, 0, ""),
    ],
)
def test_types_and_codes_have_reasons_for_people(family: int, kind: int, code: int, reason: str) -> None:
    assert packets.why(family, kind, code) == reason
