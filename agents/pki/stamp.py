"""What a time-stamping authority answers (RFC 3161; its signature as in RFC 5652), read and not yet believed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.pki import der
from core.errors import BadInput

SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_2 = "1.2.840.113549.1.9.16.2.47"
_GRANTED = (0, 1)
_STATUSES = {2: "rejection", 3: "waiting", 4: "revocation warning", 5: "revocation"}
_FAILURES = {
    0: "bad algorithm",
    2: "bad request",
    5: "bad data format",
    14: "time not available",
    15: "policy not accepted",
    16: "extension not accepted",
    17: "information not available",
    25: "system failure",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A stamp and its one signature. Algorithms are object identifiers, `parameters` DER (empty for none)."""

    info: bytes
    """The TSTInfo that was signed."""
    policy: str
    imprint_hash: str
    imprint: bytes
    at: int
    """genTime, ms since 1970."""
    accuracy_s: float | None
    nonce: int | None
    certificates: tuple[bytes, ...]
    signer_issuer: bytes | None
    signer_serial: int | None
    signer_key_id: bytes | None
    digest: str
    attributes: bytes
    """The signed ones, as the SET that was signed."""
    values: dict[str, bytes]
    """Of each signed attribute the first value, as DER."""
    algorithm: str
    parameters: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    why: str


def read(answer: bytes) -> Token | Refusal:
    """A TimeStampResp (DER).

    Raises:
        BadInput: it is none, or has not exactly one signature.
    """
    response = der.only(answer, der.SEQUENCE)
    refusal = _refusal(response.inside())
    if refusal is not None:
        return refusal
    content = response.inside()
    _expect(content, SIGNED_DATA)
    signed = content.inside(0xA0).inside()
    signed.take(der.INTEGER)
    signed.take(der.SET)
    encapsulated = signed.inside()
    _expect(encapsulated, TST_INFO)
    info = encapsulated.inside(0xA0).take(der.OCTETS).content
    bag = signed.optional(0xA0)
    certificates = () if bag is None else tuple(one.whole for one in der.Elements(bag.content).rest())
    signed.optional(0xA1)
    signers = signed.inside(der.SET)
    signer = signers.inside()
    if signers.more:
        raise BadInput("a stamp with several signatures")
    return _token(info, certificates, signer)


def _refusal(status: der.Elements) -> Refusal | None:
    code = der.integer(status.take(der.INTEGER))
    if code in _GRANTED:
        return None
    words = [_STATUSES.get(code, str(code))]
    texts = status.optional(der.SEQUENCE)
    failures = status.optional(der.BITS)
    if failures is not None:
        bits = "".join(f"{byte:08b}" for byte in failures.content[1:5])
        words += [_FAILURES.get(i, f"failure {i}") for i, bit in enumerate(bits) if bit == "1"]
    for text in () if texts is None else der.Elements(texts.content).rest():
        words.append(text.content[:200].decode("utf-8", "replace"))
    return Refusal(", ".join(words).replace("|", " "))


def _token(info: bytes, certificates: Sequence[bytes], signer: der.Elements) -> Token:
    signer.take(der.INTEGER)
    issuer, serial, key_id = _identity(signer.take())
    digest = der.dotted(signer.inside().take(der.OID))
    attributes = signer.take(0xA0).content
    algorithm = signer.inside()
    name = der.dotted(algorithm.take(der.OID))
    parameters = algorithm.take().whole if algorithm.more else b""
    signature = signer.take(der.OCTETS).content
    facts = der.only(info, der.SEQUENCE)
    facts.take(der.INTEGER)
    policy = der.dotted(facts.take(der.OID))
    imprint = facts.inside()
    imprint_hash = der.dotted(imprint.inside().take(der.OID))
    imprinted = imprint.take(der.OCTETS).content
    facts.take(der.INTEGER)
    at = der.moment(facts.take(der.GENERAL_TIME))
    accuracy = facts.optional(der.SEQUENCE)
    facts.optional(der.BOOLEAN)
    nonce = facts.optional(der.INTEGER)
    return Token(
        info,
        policy,
        imprint_hash,
        imprinted,
        at,
        None if accuracy is None else _accuracy(der.Elements(accuracy.content)),
        None if nonce is None else der.integer(nonce),
        tuple(certificates),
        issuer,
        serial,
        key_id,
        digest,
        der.element(der.SET, attributes),
        _values(attributes),
        name,
        parameters,
        signature,
    )


def _identity(sid: der.Element) -> tuple[bytes | None, int | None, bytes | None]:
    if sid.tag == 0x80:
        return None, None, sid.content
    if sid.tag != der.SEQUENCE:
        raise BadInput("a signer that is not named")
    parts = der.Elements(sid.content)
    return parts.take(der.SEQUENCE).whole, der.integer(parts.take(der.INTEGER)), None


def _values(attributes: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for attribute in der.Elements(attributes).rest():
        parts = der.Elements(attribute.content)
        name = der.dotted(parts.take(der.OID))
        if name in found:
            raise BadInput("a signed attribute that is there twice")
        found[name] = parts.inside(der.SET).take().whole
    return found


def _accuracy(parts: der.Elements) -> float:
    found = 0.0
    for tag, unit in ((der.INTEGER, 1.0), (0x80, 1e-3), (0x81, 1e-6)):
        part = parts.optional(tag)
        if part is not None and len(part.content) <= 8:
            found += der.integer(part) * unit
    return found


def named_hash(token: Token) -> tuple[str, bytes] | None:
    """Which hash of the signer's certificate is among what was signed (RFC 2634, RFC 5035): its algorithm, and itself."""
    for name in (SIGNING_CERTIFICATE_2, SIGNING_CERTIFICATE):
        value = token.values.get(name)
        if value is None:
            continue
        first = der.only(value, der.SEQUENCE).inside().inside()
        algorithm = first.optional(der.SEQUENCE)
        default = "1.3.14.3.2.26" if name == SIGNING_CERTIFICATE else "2.16.840.1.101.3.4.2.1"
        kind = default if algorithm is None else der.dotted(der.Elements(algorithm.content).take(der.OID))
        return kind, first.take(der.OCTETS).content
    return None


def _expect(elements: der.Elements, name: str) -> None:
    found = der.dotted(elements.take(der.OID))
    if found != name:
        raise BadInput(f"content of another type: {found}")
