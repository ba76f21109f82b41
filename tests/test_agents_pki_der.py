"""DER, read and written: what is written is read, and whatever comes is an element or bad input."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.pki import der
from core.errors import BadInput


@given(st.integers(0, 2**200))
def test_a_number_that_is_written_is_read(value: int) -> None:
    assert der.integer(der.Elements(der.number(value)).take(der.INTEGER)) == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_number_is_read_as_the_library_writes_it(value: int) -> None:
    assert der.integer(der.Elements(asn1.encode_der(value)).take(der.INTEGER)) == value


@given(st.integers(0, 2**63 - 1))
def test_a_number_is_written_as_the_library_writes_it(value: int) -> None:
    assert der.number(value) == asn1.encode_der(value)


@pytest.mark.parametrize(
    "dotted", ["1.2.840.113549.1.1.11", "2.5.29.37", "0.4.0.2023.1.1", "2.999.3", "1.3.6.1.5.5.7.3.8"]
)
def test_an_identifier_is_written_and_read_as_the_library_does(dotted: str) -> None:
    written = der.identifier(dotted)
    assert written == asn1.encode_der(x509.ObjectIdentifier(dotted))
    assert der.dotted(der.Elements(written).take(der.OID)) == dotted


@pytest.mark.parametrize("text", ["", "1", "1.", "3.1", "1.40", "1.a", "1.-2", "１.２"])
def test_what_is_no_identifier_cannot_be_written(text: str) -> None:
    with pytest.raises(BadInput):
        der.identifier(text)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_536])
def test_contents_of_every_length_come_back(size: int) -> None:
    content = bytes(size)
    written = der.sequence(der.element(der.OCTETS, content), der.number(5))
    inside = der.only(written, der.SEQUENCE)
    assert inside.take(der.OCTETS).content == content
    assert der.integer(inside.take(der.INTEGER)) == 5
    assert not inside.more


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("nothing", ""),
        ("no length", "30"),
        ("a content that is cut short", "3003020101"[:8]),
        ("a length that is not definite", "30800000"),
        ("a length of five bytes", "30850000000001"),
        ("a length that is cut short", "3082"),
        ("a tag of several bytes", "1f8101"),
        ("another tag", "3100"),
        ("something behind the end", "300000"),
    ],
)
def test_what_is_not_one_sequence_is_bad_input(what: str, data: str) -> None:
    with pytest.raises(BadInput):
        der.only(bytes.fromhex(data), der.SEQUENCE)


@pytest.mark.parametrize(
    ("tag", "text", "at"),
    [
        (der.UTC_TIME, "491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (der.UTC_TIME, "500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (der.GENERAL_TIME, "20500101000000Z", datetime(2050, 1, 1, tzinfo=UTC)),
        (der.GENERAL_TIME, "20260101000000.5Z", datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        (der.GENERAL_TIME, "20260101000000.123999Z", datetime(2026, 1, 1, 0, 0, 0, 123_000, tzinfo=UTC)),
    ],
)
def test_times_of_both_kinds_are_read(tag: int, text: str, at: datetime) -> None:
    found = der.moment(der.Elements(der.element(tag, text.encode())).take())
    assert timedelta(milliseconds=found) == at - datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "Z", "2026", "20260101000000", "20261301000000Z", "20260101000000+0700", "2026010100000²Z"]
)
def test_what_is_no_time_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        der.moment(der.Elements(der.element(der.GENERAL_TIME, text.encode())).take())


@settings(max_examples=500)
@given(st.binary(max_size=300))
def test_any_bytes_are_elements_or_bad_input(data: bytes) -> None:
    with contextlib.suppress(BadInput):
        for element in der.Elements(data).rest():
            assert element.content == element.whole[-len(element.content) or len(element.whole) :]
            for read in (der.integer, der.bits, der.dotted, der.moment):
                with contextlib.suppress(BadInput):
                    read(element)


def test_an_identifier_without_an_end_is_refused_at_once() -> None:
    with pytest.raises(BadInput):
        der.dotted(der.Elements(der.element(der.OID, b"\xff" * 1_000_000 + b"\x01")).take())
