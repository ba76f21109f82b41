"""The questions that are put to a time-stamping authority (RFC 3161) and to an OCSP responder (RFC 6960). Pure."""

import hashlib

from agents.pki import der
from agents.pki.facts import Facts

HASHES = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
"""Object identifiers of what an imprint may be made with."""
_SHA1 = "1.3.14.3.2.26"
_NONCE = "1.3.6.1.5.5.7.48.1.2"
_NULL = der.element(der.NULL)
_TRUE = der.element(der.BOOLEAN, b"\xff")


def for_stamp(imprint: bytes, hash_name: str, nonce: int, policy: str | None) -> bytes:
    """A TimeStampReq for an imprint (`HASHES` has its kind), with the signer's certificate asked for.

    Raises:
        BadInput: `policy` is no object identifier.
    """
    algorithm = der.sequence(der.identifier(HASHES[hash_name]), _NULL)
    return der.sequence(
        der.number(1),
        der.sequence(algorithm, der.element(der.OCTETS, imprint)),
        b"" if policy is None else der.identifier(policy),
        der.number(nonce),
        _TRUE,
    )


def for_status(certificate: Facts, issuer: Facts, nonce: bytes) -> bytes:
    """An OCSPRequest about one certificate. Its hashes are SHA-1, which all responders know; nothing rests on them."""
    identity = der.sequence(
        der.sequence(der.identifier(_SHA1), _NULL),
        der.element(der.OCTETS, hashlib.sha1(certificate.issuer, usedforsecurity=False).digest()),
        der.element(der.OCTETS, hashlib.sha1(issuer.key_bytes, usedforsecurity=False).digest()),
        der.number(certificate.serial),
    )
    extension = der.sequence(der.identifier(_NONCE), der.element(der.OCTETS, der.element(der.OCTETS, nonce)))
    requests = der.sequence(der.sequence(identity))
    return der.sequence(der.sequence(requests, der.element(0xA2, der.sequence(extension))))
