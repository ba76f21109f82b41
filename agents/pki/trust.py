"""Signatures, and the way from a certificate to a root that is trusted. Loads the library: in the child only."""

import ssl
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from agents.pki.orders import Said
from core.errors import BadInput

SKEW_S = 300
"""The agent's clock may be wrong by so much before an answer is taken for one of tomorrow."""
HASHES: dict[str, hashes.HashAlgorithm] = {
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303 - to find the one who signed, not to believe him
    "2.16.840.1.101.3.4.2.4": hashes.SHA224(),
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
    "2.16.840.1.101.3.4.2.8": hashes.SHA3_256(),
    "2.16.840.1.101.3.4.2.9": hashes.SHA3_384(),
    "2.16.840.1.101.3.4.2.10": hashes.SHA3_512(),
}
_WEAK = {"sha1": "SHA-1", "md5": "MD5"}
PSS = "1.2.840.113549.1.1.10"


class Wrong(Exception):
    """The answer is not to be believed, or says something bad; `said` says why."""

    def __init__(self, reason: str, status: str = "down", figures: dict[str, float] | None = None) -> None:
        self.said = Said(status, reason, figures or {})
        super().__init__(reason)


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def verify(
    certificate: x509.Certificate,
    algorithm: str,
    hash_: hashes.HashAlgorithm | None,
    signature: bytes,
    data: bytes,
) -> None:
    """That the certificate's key signed `data` so.

    Raises:
        Wrong: it did not, or with what proves nothing any more.
    """
    not_weak(hash_)
    try:
        key = certificate.public_key()
        if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, data)
        elif hash_ is None:
            raise InvalidSignature
        elif isinstance(key, rsa.RSAPublicKey):
            padded = (
                padding.PSS(padding.MGF1(hash_), padding.PSS.AUTO) if algorithm == PSS else padding.PKCS1v15()
            )
            key.verify(signature, data, padded, hash_)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hash_))
        else:
            raise InvalidSignature
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise Wrong("bad signature") from error


def not_weak(hash_: hashes.HashAlgorithm | None) -> None:
    """Raises: Wrong: what is signed with that hash proves nothing any more."""
    if hash_ is not None and hash_.name in _WEAK:
        raise Wrong(f"weak signature|{_WEAK[hash_.name]}")


def roots(ca: str | None, ca_file: str | None) -> list[x509.Certificate]:
    """Those to end in: of the text and of the file; of the system where neither is given.

    Raises:
        Wrong: there are none, or they cannot be read.
    """
    try:
        texts = [] if ca is None else [ca.encode()]
        if ca is None or ca_file is not None:
            texts.append(Path(ca_file or ssl.get_default_verify_paths().cafile or "").read_bytes())
        return [one for text in texts for one in x509.load_pem_x509_certificates(text)]
    except (OSError, ValueError) as error:
        raise Wrong(f"bad parameter|{'ca' if ca is not None else 'ca_file'}: {error}", "unknown") from error


def in_time(certificate: x509.Certificate, now: datetime) -> None:
    """Raises: Wrong: the certificate is not valid any more, or not yet."""
    if now > certificate.not_valid_after_utc:
        raise Wrong("certificate expired", figures={"certificate_days_left": days_left([certificate], now)})
    if now < certificate.not_valid_before_utc:
        raise Wrong("certificate not yet valid")


def days_left(chain: Iterable[x509.Certificate], now: datetime) -> float:
    """Until the earliest end among them."""
    return (min(one.not_valid_after_utc for one in chain) - now).total_seconds() / 86_400


def chain_for_stamps(
    signer: x509.Certificate,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    now: datetime,
) -> list[x509.Certificate]:
    """From the signer of a stamp to a root.

    Raises:
        Wrong: there is no way to one that is trusted, or the signer is not meant for stamps alone (RFC 3161 section 2.3).
    """
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        meant = usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    except x509.ExtensionNotFound:
        meant = False
    if not meant:
        raise Wrong("not meant for|timeStamping")
    authorities = verification.ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, verification.Criticality.AGNOSTIC, None
    )
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(list(trusted)))
        .time(now)
        .extension_policies(ca_policy=authorities, ee_policy=verification.ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        return verifier.verify(signer, list(others)).chain
    except verification.VerificationError as error:
        raise Wrong("certificate not trusted") from error


def certificate(der: bytes) -> x509.Certificate:
    """Raises: BadInput: the library takes it for none."""
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise BadInput(f"certificate: {error}") from error
