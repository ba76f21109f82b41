"""What is read of certificates without a library, beside what the library reads; and what is weak in a chain."""

import contextlib
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.pki.facts import Facts, from_pem, read
from agents.pki.weakness import weaknesses
from core.errors import BadInput
from lab.eoffice.authority import DAY, Authority

DER = serialization.Encoding.DER
NOW = datetime(2026, 11, 1, tzinfo=UTC)
GOOD = Facts(1, b"issuer", b"subject", 0, 0, "EC", 256, b"", "", ())
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), url="http://ca.example")


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> bytes:
    return authority.issue("portal").certificate.public_bytes(DER)


@pytest.mark.parametrize("rsa_key", [True, False])
@pytest.mark.parametrize("days", [1, 300, 20_000])
def test_a_certificate_says_what_the_library_reads(authority: Authority, days: int, *, rsa_key: bool) -> None:
    expected = authority.issue("portal", ends=days * DAY, rsa_key=rsa_key).certificate
    facts = read(expected.public_bytes(DER))
    assert facts.serial == expected.serial_number
    assert facts.issuer == expected.issuer.public_bytes()
    assert facts.subject == expected.subject.public_bytes()
    assert facts.not_before == expected.not_valid_before_utc.timestamp() * 1000
    assert facts.not_after == expected.not_valid_after_utc.timestamp() * 1000
    assert (facts.key, facts.key_bits) == (("RSA", 2048) if rsa_key else ("EC", 256))
    assert facts.responders == ("http://ca.example/ocsp",)
    assert facts.weak_hash == ""


def test_the_key_is_what_its_identifier_is_the_hash_of(authority: Authority) -> None:
    facts = read(authority.issuing_certificate.public_bytes(DER))
    found = authority.issuing_certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert hashlib.sha1(facts.key_bytes).digest() == found.value.digest


def self_signed(key: Key, hash_: hashes.HashAlgorithm | None, *, pss: bool = False) -> Facts:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + DAY)
    padded = padding.PSS(padding.MGF1(hashes.SHA384()), 48) if pss else None
    return read(builder.sign(key, hash_, rsa_padding=padded).public_bytes(DER))


@pytest.mark.parametrize(
    ("curve", "bits"), [(ec.SECP256R1(), 256), (ec.SECP384R1(), 384), (ec.SECP521R1(), 528)]
)
def test_a_key_on_a_curve_has_as_many_bits_as_its_coordinates(curve: ec.EllipticCurve, bits: int) -> None:
    facts = self_signed(ec.generate_private_key(curve), hashes.SHA256())
    assert (facts.key, facts.key_bits) == ("EC", bits)


def test_other_keys_are_known_by_their_identifier_and_never_weak() -> None:
    facts = self_signed(ed25519.Ed25519PrivateKey.generate(), None)
    assert (facts.key, facts.key_bits) == ("1.3.101.112", 0)
    assert weaknesses([facts]) == []


def test_the_hash_of_a_pss_signature_is_the_one_in_its_parameters() -> None:
    facts = self_signed(rsa.generate_private_key(65_537, 2048), hashes.SHA384(), pss=True)
    assert facts.weak_hash == ""


def test_a_sha1_signature_is_found_in_what_openssl_signed(authority: Authority) -> None:
    facts = read(authority.issue("old", strength="sha1").certificate.public_bytes(DER))
    assert facts.weak_hash == "SHA-1"
    assert weaknesses([facts]) == ["SHA-1"]


def test_an_rsa_key_of_1024_bits_is_weak(authority: Authority) -> None:
    facts = read(authority.issue("small", strength="rsa1024").certificate.public_bytes(DER))
    assert weaknesses([facts]) == ["RSA 1024"]


@pytest.mark.parametrize(
    ("key", "bits", "found"),
    [
        ("RSA", 2047, ["RSA 2047"]),
        ("RSA", 2048, []),
        ("EC", 192, ["EC 192"]),
        ("EC", 224, []),
    ],
)
def test_the_bounds_are_2048_bits_of_rsa_and_224_of_a_curve(key: str, bits: int, found: list[str]) -> None:
    assert weaknesses([replace(GOOD, key=key, key_bits=bits)]) == found


def test_a_root_that_signs_itself_with_md5_is_not_weak_but_an_intermediate_is() -> None:
    root = replace(GOOD, issuer=b"root", subject=b"root", weak_hash="MD5")
    between = replace(GOOD, issuer=b"root", subject=b"between", weak_hash="MD5")
    assert weaknesses([GOOD, root]) == []
    assert weaknesses([GOOD, between, root]) == ["MD5"]


def test_what_is_weak_in_several_certificates_is_told_once() -> None:
    old = replace(GOOD, weak_hash="SHA-1", key="RSA", key_bits=1024)
    assert weaknesses([old, old]) == ["SHA-1", "RSA 1024"]


def test_all_certificates_of_a_pem_text_are_read_in_their_order(authority: Authority) -> None:
    issued = authority.issue("portal")
    found = from_pem(issued.file.read_text())
    assert found == [c.public_bytes(DER) for c in (issued.certificate, authority.issuing_certificate)]


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"])
def test_a_text_without_a_certificate_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        from_pem(text)


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_a_damaged_certificate_is_bad_input_or_facts(data: st.DataObject, certificate: bytes) -> None:
    at = data.draw(st.integers(0, len(certificate) - 1))
    cut = at + data.draw(st.integers(0, 8))
    with contextlib.suppress(BadInput):
        weaknesses([read(certificate[:at] + data.draw(st.binary(max_size=8)) + certificate[cut:])])


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=100))
def test_any_bytes_are_bad_input_or_facts(data: bytes) -> None:
    with contextlib.suppress(BadInput):
        read(data)


@settings(max_examples=300)
@given(st.text(max_size=200))
def test_any_text_is_bad_input_or_certificates(text: str) -> None:
    with contextlib.suppress(BadInput):
        from_pem(f"-----BEGIN CERTIFICATE-----{text}-----END CERTIFICATE-----")
