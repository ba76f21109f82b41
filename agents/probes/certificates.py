"""Certificates without a certificate library (which would cost the agent 8 MB): contexts, chains, expiry, reasons."""

import functools
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.probes.outcome import BadParameter
from core.errors import BadInput

# OpenSSL's x509_vfy.h.
_REASONS = {
    9: "certificate not yet valid",
    10: "certificate expired",
    18: "certificate self-signed",
    62: "certificate for another name",
    64: "certificate for another name",
}
_NOT_TRUSTED = (2, 19, 20, 21, 27)
_DER = 2
_SEQUENCE, _INTEGER, _UTC_TIME, _GENERAL_TIME, _VERSION = 0x30, 0x02, 0x17, 0x18, 0xA0


def context(ca_file: str | None, *, verify: bool = True) -> ssl.SSLContext:
    """The one context for that CA file (None: the system's store); read anew when the file changes.

    Raises:
        BadParameter: the file is not there, or has no certificates in it.
    """
    try:
        changed = Path(ca_file).stat().st_mtime_ns if ca_file else 0
        return _context(ca_file, changed, verify)
    except (OSError, ssl.SSLError) as error:
        raise BadParameter(f"ca_file {ca_file}: {error}") from error


@functools.lru_cache(maxsize=8)
def _context(ca_file: str | None, _changed: int, verify: bool) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=ca_file) if verify else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def failure(error: ssl.SSLError) -> str:
    """Why a handshake failed, as a reason key."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _NOT_TRUSTED:
            return "certificate not trusted"
        return _REASONS.get(error.verify_code) or f"certificate refused|{error.verify_message}"
    return f"tls failed|{(error.reason or type(error).__name__).lower().replace('_', ' ')}"


def chain(session: ssl.SSLObject) -> list[bytes]:
    """The chain that was verified, leaf to root, as DER; what the server sent, where nothing was to be verified."""
    verified = session.context.verify_mode != ssl.CERT_NONE
    name = "get_verified_chain" if verified else "get_unverified_chain"
    if hasattr(session, name):
        return list(getattr(session, name)())
    # Public from Python 3.13 on; before, the same is one layer down.
    found: list[Any] = getattr(session._sslobj, name)() or []  # type: ignore[attr-defined]
    return [certificate.public_bytes(_DER) for certificate in found]


def not_after(der: bytes) -> int:
    """When a certificate ends, in ms: RFC 5280, Certificate.tbsCertificate.validity.notAfter.

    Raises:
        BadInput: the bytes are no certificate as far as they are read.
    """
    try:
        at, _ = _enter(der, 0, _SEQUENCE)
        at, _ = _enter(der, at, _SEQUENCE)
        if der[at] == _VERSION:
            at = _enter(der, at, _VERSION)[1]
        for field in (_INTEGER, _SEQUENCE, _SEQUENCE):  # serial number, algorithm, issuer
            at = _enter(der, at, field)[1]
        at, _ = _enter(der, at, _SEQUENCE)
        at = _enter(der, at, der[at])[1]
        kind = der[at]
        start, end = _enter(der, at, kind)
        return _time(kind, der[start:end].decode("ascii"))
    except (IndexError, ValueError) as error:
        raise BadInput(f"not a certificate: {error}") from error


def _enter(der: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the content of the element at `at` starts and ends; IndexError or ValueError if it is none of `tag`."""
    if der[at] != tag:
        raise ValueError(f"tag {der[at]:#x} where {tag:#x} should be")
    length, start = der[at + 1], at + 2
    if length >= 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size], "big"), start + size
    if start + length > len(der):
        raise ValueError("cut short")
    return start, start + length


def _time(kind: int, text: str) -> int:
    if kind not in (_UTC_TIME, _GENERAL_TIME) or not text.endswith("Z") or not text[:-1].isdigit():
        raise ValueError(f"not a time: {text!r}")
    if kind == _UTC_TIME:  # two digits of the year, 1950 to 2049
        text = ("19" if text[:2] >= "50" else "20") + text
    year, rest = int(text[:4]), [int(text[i : i + 2]) for i in range(4, 14, 2)]
    month, day, hour, minute, second = rest
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1000
