"""Whether to believe the answer of a time-stamping authority, of an OCSP responder, and a list of revocations.

Each takes an order and the bytes that came, and returns what is true, or raises `Wrong`, or `BadInput` and the errors of the
library (`LIBRARY`) where the bytes make no sense. In the child only.
"""

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from agents.pki import der, requests, stamp, trust
from agents.pki.facts import read
from agents.pki.orders import Revocations, Said, Stamp, Status
from agents.pki.trust import SKEW_S, Wrong, moment

LIBRARY = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


def time_stamp(order: Stamp, answer: bytes) -> Said:
    """RFC 3161 section 2.2, and who signed."""
    token = stamp.read(answer)
    if isinstance(token, stamp.Refusal):
        raise Wrong(f"stamp refused|{token.why}")
    if (token.imprint_hash, token.imprint) != (requests.HASHES[order.hash_name], order.imprint):
        raise Wrong("other imprint")
    if token.nonce != order.nonce:
        raise Wrong("other nonce")
    if order.policy is not None and token.policy != order.policy:
        raise Wrong(f"other policy|{token.policy}")
    others = [trust.certificate(one) for one in token.certificates]
    signer = _signer(token, others)
    _signed(token, signer)
    now = moment(order.now)
    trust.in_time(signer, now)
    chain = trust.chain_for_stamps(signer, others, trust.roots(order.ca, order.ca_file), now)
    figures = {"certificate_days_left": trust.days_left(chain, now)}
    if token.accuracy_s is not None:
        figures["accuracy_seconds"] = token.accuracy_s
    return Said("up", "", figures, token.at)


def _signer(token: stamp.Token, certificates: list[x509.Certificate]) -> x509.Certificate:
    for one in certificates:
        if token.signer_key_id is not None:
            if token.signer_key_id == _key_id(one):
                return one
        elif (one.issuer.public_bytes(), one.serial_number) == (token.signer_issuer, token.signer_serial):
            return one
    raise Wrong("no signer's certificate")


def _key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _signed(token: stamp.Token, signer: x509.Certificate) -> None:
    """RFC 5652 section 5.4 and RFC 5816: the attributes are of this stamp and this signer, and the signature is theirs."""
    digest = trust.HASHES.get(token.digest)
    named = stamp.named_hash(token)
    if digest is None or named is None:
        raise Wrong("bad signature")
    kind, value = trust.HASHES.get(named[0]), named[1]
    expected = {
        stamp.CONTENT_TYPE: der.identifier(stamp.TST_INFO),
        stamp.MESSAGE_DIGEST: der.element(der.OCTETS, hashlib.new(digest.name, token.info).digest()),
    }
    theirs = {name: token.values.get(name) for name in expected}
    if theirs != expected or kind is None or signer.fingerprint(kind) != value:
        raise Wrong("bad signature")
    trust.verify(signer, token.algorithm, digest, token.signature, token.attributes)


def status(order: Status, answer: bytes) -> Said:
    """RFC 6960 sections 3.2 and 4.2.2."""
    said = ocsp.load_der_ocsp_response(answer)
    if said.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise Wrong(f"responder failed|{said.response_status.name.lower().replace('_', ' ')}")
    issuer, now = trust.certificate(order.issuer), moment(order.now)
    responder = _responder(said, issuer, now)
    trust.verify(
        responder,
        said.signature_algorithm_oid.dotted_string,
        said.signature_hash_algorithm,
        said.signature,
        said.tbs_response_bytes,
    )
    nonce = _nonce(said)
    if nonce is not None and nonce != order.nonce:
        raise Wrong("other nonce")
    one = _about(said, order)
    figures = _fresh(one.this_update_utc, one.next_update_utc, order.max_age_s, now)
    figures["certificate_days_left"] = trust.days_left([trust.certificate(order.certificate)], now)
    if one.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        at = one.revocation_time_utc
        raise Wrong(f"certificate revoked|{at:%Y-%m-%d}" if at else "certificate revoked", figures=figures)
    if one.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise Wrong("certificate unknown", figures=figures)
    return Said("up", "", figures)


def _responder(said: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> x509.Certificate:
    """Who signed: the issuer itself, or one whom it authorised; section 4.2.2.2."""
    if _is_named(said, issuer):
        return issuer
    for one in said.certificates:
        if not _is_named(said, one):
            continue
        try:
            one.verify_directly_issued_by(issuer)
            usage = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
            continue
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage:
            trust.in_time(one, now)
            return one
    raise Wrong("responder not authorised")


def _is_named(said: ocsp.OCSPResponse, one: x509.Certificate) -> bool:
    if said.responder_name is not None:
        return said.responder_name == one.subject
    key = read(one.public_bytes(Encoding.DER)).key_bytes
    return said.responder_key_hash == hashlib.sha1(key, usedforsecurity=False).digest()


def _nonce(said: ocsp.OCSPResponse) -> bytes | None:
    try:
        return said.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None


def _about(said: ocsp.OCSPResponse, order: Status) -> ocsp.OCSPSingleResponse:
    """What is said of the certificate that was asked for."""
    certificate, issuer = read(order.certificate), read(order.issuer)
    for one in said.responses:
        name = one.hash_algorithm.name
        identity = (
            hashlib.new(name, certificate.issuer).digest(),
            hashlib.new(name, issuer.key_bytes).digest(),
        )
        if one.serial_number == certificate.serial and identity == (
            one.issuer_name_hash,
            one.issuer_key_hash,
        ):
            return one
    raise Wrong("other certificate")


def _fresh(
    begins: datetime, ends: datetime | None, max_age_s: float | None, now: datetime
) -> dict[str, float]:
    """The figures of an answer's or a list's times. Where no end is told, it may not be older than `max_age_s`."""
    age = (now - begins).total_seconds()
    figures = {"age_seconds": age}
    if ends is not None:
        figures["next_update_seconds"] = (ends - now).total_seconds()
    if age < -SKEW_S:
        raise Wrong("not valid yet", figures=figures)
    left = (ends - now).total_seconds() if ends is not None else (max_age_s or 0) - age
    if left < 0:
        raise Wrong(f"stale|{-left / 3600:.1f} h", figures=figures)
    return figures


def revocations(order: Revocations, answer: bytes) -> Said:
    """RFC 5280 sections 5 and 6.3."""
    found = x509.load_der_x509_crl(answer)
    issuer, now = trust.certificate(order.issuer), moment(order.now)
    if found.issuer != issuer.subject:
        raise Wrong("other issuer")
    trust.not_weak(found.signature_hash_algorithm)
    if not _may_sign(issuer) or not found.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
        raise Wrong("bad signature")
    figures = {"entries": float(len(found))}
    try:
        figures |= _fresh(found.last_update_utc, found.next_update_utc, None, now)
    except Wrong as wrong:
        raise Wrong(wrong.said.reason, figures=figures | wrong.said.figures) from wrong
    entry = None
    if order.serial is not None:
        entry = found.get_revoked_certificate_by_serial_number(int(order.serial, 16))
    if entry is not None:
        raise Wrong(f"certificate revoked|{entry.revocation_date_utc:%Y-%m-%d}", figures=figures)
    left = figures.get("next_update_seconds", 0)
    if left < order.warn_s:
        return Said("degraded", f"ends soon|{left / 3600:.1f} h", figures)
    return Said("up", "", figures)


def _may_sign(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True
