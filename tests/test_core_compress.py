"""Compressed bodies: round trips, bounds while decompressing, junk."""

import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.compress import ENCODINGS, TooLarge, deflate, inflate
from core.errors import BadInput


@given(st.binary(max_size=5_000), st.sampled_from(ENCODINGS))
def test_what_was_deflated_comes_back(data: bytes, encoding: str) -> None:
    assert inflate(deflate(data, encoding), encoding, 5_000) == data


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_one_byte_past_its_limit_is_too_large(encoding: str) -> None:
    with pytest.raises(TooLarge):
        inflate(deflate(b"x" * 1_001, encoding), encoding, 1_000)


@pytest.mark.parametrize("encoding", ["zstd", "gzip"])
def test_a_bomb_stops_at_its_limit(encoding: str) -> None:
    bomb = deflate(bytes(200_000_000), encoding)
    assert len(bomb) < 300_000
    with pytest.raises(TooLarge):
        inflate(bomb, encoding, 1 << 20)


@given(st.binary(max_size=200), st.sampled_from(("zstd", "gzip", "br", "")))
def test_junk_is_bad_input_or_plain_bytes(data: bytes, encoding: str) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(inflate(data, encoding, 10_000), bytes)


def test_a_gzip_body_cut_short_is_refused() -> None:
    whole = zlib.compress(b"pulse" * 100, wbits=31)
    with pytest.raises(BadInput, match="cut short"):
        inflate(whole[:-9], "gzip", 10_000)
