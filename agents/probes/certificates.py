"""Certificates in handshakes: contexts, chains, and why one is refused. What a certificate says is read by `agents.pki.facts`."""

import functools
import os
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from agents.pki.facts import read
from agents.pki.weakness import weaknesses
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
_WEAK = {66: "key", 67: "key of the authority", 68: "signature"}
_DER = 2
_DAY_S = 86_400


class Client(NamedTuple):
    """Who we are to a server: certificate (with those between it and its authority) and key, as PEM."""

    certificate: str
    key: str

    @staticmethod
    def of(certificate: str | None, key: str | None) -> "Client | None":
        """Raises BadParameter where one comes without the other."""
        if (certificate is None) != (key is None):
            raise BadParameter("client_cert and client_key belong together")
        return None if certificate is None or key is None else Client(certificate, key)


def context(
    ca_file: str | None,
    *,
    ca: str | None = None,
    verify: bool = True,
    weak: bool = False,
    client: Client | None = None,
) -> ssl.SSLContext:
    """The one context for that CA file and PEM text (neither: the system's store); read anew when the file changes.

    With `weak`, short keys and old hashes are verified like others. `client` is shown to servers that ask for it.

    Raises:
        BadParameter: the file is not there, or has no certificates in it, or the text has none; or those of the client
            do not belong together.
    """
    try:
        changed = Path(ca_file).stat().st_mtime_ns if ca_file else 0
        return _context(ca_file, changed, ca, verify, weak, client)
    except (OSError, ssl.SSLError, ValueError) as error:
        what = "ca" if ca else f"ca_file {ca_file}"
        raise BadParameter(f"{what}: {error}") from error


@functools.lru_cache(maxsize=8)
def _context(
    ca_file: str | None, _changed: int, ca: str | None, verify: bool, weak: bool, client: Client | None
) -> ssl.SSLContext:
    made = (
        ssl.create_default_context(cafile=ca_file, cadata=ca)
        if verify
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if weak:
        made.set_ciphers("DEFAULT:@SECLEVEL=0")
    if client is not None:
        _show(made, client)
    return made


def _show(made: ssl.SSLContext, client: Client) -> None:
    # The ssl module reads keys from files only: this one is in memory, and gone when it was read.
    with os.fdopen(os.memfd_create("client"), "wb") as file:
        file.write(f"{client.certificate}\n{client.key}".encode())
        file.flush()
        try:
            # Without a word of ours OpenSSL would ask for the password of an encrypted key on the terminal.
            made.load_cert_chain(f"/proc/self/fd/{file.fileno()}", password=lambda: "")
        except (ssl.SSLError, ValueError) as error:
            why = getattr(error, "reason", None) or "not PEM, or encrypted"
            raise BadParameter(f"client_cert and client_key: {why}") from error


def failure(error: ssl.SSLError) -> str:
    """Why a handshake failed, as a reason key."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _NOT_TRUSTED:
            return "certificate not trusted"
        if error.verify_code in _WEAK:
            return f"weak certificate|{_WEAK[error.verify_code]}"
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


def note(certificates: Sequence[bytes], now_ms: int, figures: dict[str, float]) -> list[str]:
    """The figures of a chain (DER); what is weak in it. Nothing where it cannot be read."""
    figures["chain_length"] = len(certificates)
    try:
        facts = [read(certificate) for certificate in certificates]
        left_s = (min(one.not_after for one in facts) - now_ms) / 1000
    except (BadInput, ValueError):
        return []
    figures["expires_in_seconds"], figures["certificate_days_left"] = left_s, left_s / _DAY_S
    weak = weaknesses(facts)
    figures["weaknesses"] = len(weak)
    return weak


def note_days_left(chains: Iterable[Sequence[bytes]], now_ms: int, figures: dict[str, float]) -> None:
    """Note until when the first of the certificates (DER) ends; nothing where there is none that can be read."""
    with suppress(BadInput, ValueError):
        first = min(_ends(certificate) for chain in chains for certificate in chain)
        figures["certificate_days_left"] = (first - now_ms) / 1000 / _DAY_S


@functools.lru_cache(maxsize=16)
def _ends(certificate: bytes) -> int:
    return read(certificate).not_after


def warning(certificates: Sequence[bytes], now_ms: int, warn_days: float, figures: dict[str, float]) -> str:
    """Note the figures of a chain that was accepted; a reason to be degraded, if there is one."""
    if not certificates:
        return ""
    weak = note(certificates, now_ms, figures)
    left_s = figures.get("expires_in_seconds")
    if left_s is not None and left_s < warn_days * _DAY_S:
        return f"certificate expires soon|{int(left_s // _DAY_S)}"
    return f"weak certificate|{', '.join(weak)}" if weak else ""
