"""What a certificate says of itself (RFC 5280 section 4.1), read without a library that would cost the agent 10 MB."""

import base64
import binascii
import re
from dataclasses import dataclass

from agents.pki import der
from core.errors import BadInput

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_ISSUER_UNIQUE, _SUBJECT_UNIQUE = 0x81, 0x82
_AUTHORITY_ACCESS, _OCSP, _URI = "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.48.1", 0x86
_PSS = "1.2.840.113549.1.1.10"
_RSA, _EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
_MD = {
    "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.3.14.3.2.29": "SHA-1",
    "1.2.840.10040.4.3": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
    "1.3.14.3.2.26": "SHA-1",
    "1.2.840.113549.2.5": "MD5",
}
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", re.ASCII)


@dataclass(frozen=True, slots=True)
class Facts:
    serial: int
    issuer: bytes
    """The name of who issued it, as DER."""
    subject: bytes
    not_before: int
    not_after: int
    """Both in ms since 1970."""
    key: str
    """`RSA`, `EC`, or another's object identifier."""
    key_bits: int
    """0 where it is not known for that kind of key."""
    key_bytes: bytes
    """The content of subjectPublicKey: what RFC 6960 takes hashes of."""
    weak_hash: str
    """`SHA-1`, `MD5` or `MD2` where it was signed with that, else empty."""
    responders: tuple[str, ...]
    """URLs of OCSP responders."""


def read(certificate: bytes) -> Facts:
    """What a certificate (DER) says.

    Raises:
        BadInput: the bytes are no certificate as far as they are read.
    """
    outer = der.only(certificate, der.SEQUENCE)
    body = outer.inside()
    signed_with = outer.take(der.SEQUENCE)
    body.optional(_VERSION)
    serial = der.integer(body.take(der.INTEGER))
    body.take(der.SEQUENCE)
    issuer = body.take(der.SEQUENCE).whole
    validity = body.inside()
    not_before, not_after = der.moment(validity.take()), der.moment(validity.take())
    subject = body.take(der.SEQUENCE).whole
    kind, size, key = _key(body.inside())
    body.optional(_ISSUER_UNIQUE)
    body.optional(_SUBJECT_UNIQUE)
    extensions = body.optional(_EXTENSIONS)
    responders = () if extensions is None else _responders(der.Elements(extensions.content).inside())
    return Facts(
        serial, issuer, subject, not_before, not_after, kind, size, key, _weak_hash(signed_with), responders
    )


def _key(info: der.Elements) -> tuple[str, int, bytes]:
    algorithm = der.dotted(info.inside().take(der.OID))
    key = der.bits(info.take(der.BITS))
    if algorithm == _RSA:
        modulus = der.integer(der.only(key, der.SEQUENCE).take(der.INTEGER))
        return "RSA", modulus.bit_length(), key
    if algorithm == _EC:  # a point: whole (4, x, y) or compressed (2 or 3, x); RFC 5480 section 2.2
        return "EC", 8 * (len(key) - 1) // (2 if key[:1] == b"\x04" else 1), key
    return algorithm, 0, key


def _weak_hash(algorithm: der.Element) -> str:
    parts = der.Elements(algorithm.content)
    name = der.dotted(parts.take(der.OID))
    if name != _PSS:
        return _MD.get(name, "")
    parameters = parts.optional(der.SEQUENCE)  # RFC 4055 section 3.1: without one named, the hash is SHA-1
    chosen = None if parameters is None else der.Elements(parameters.content).optional(0xA0)
    if chosen is None:
        return "SHA-1"
    return _MD.get(der.dotted(der.Elements(chosen.content).inside().take(der.OID)), "")


def _responders(extensions: der.Elements) -> tuple[str, ...]:
    found = []
    for extension in extensions.rest():
        parts = der.Elements(extension.content)
        if der.dotted(parts.take(der.OID)) != _AUTHORITY_ACCESS:
            continue
        parts.optional(der.BOOLEAN)
        for access in der.only(parts.take(der.OCTETS).content, der.SEQUENCE).rest():
            description = der.Elements(access.content)
            method, place = der.dotted(description.take(der.OID)), description.take()
            if method == _OCSP and place.tag == _URI:
                found.append(place.content.decode("latin-1"))
    return tuple(found)


def from_pem(text: str) -> list[bytes]:
    """The certificates in a PEM text, as DER.

    Raises:
        BadInput: there is none in it, or one is no base64.
    """
    try:
        found = [base64.b64decode(part, validate=False) for part in _PEM.findall(text)]
    except binascii.Error as error:
        raise BadInput(f"PEM: {error}") from error
    if not found:
        raise BadInput("no certificate in PEM")
    return found
