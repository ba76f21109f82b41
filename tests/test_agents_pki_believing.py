"""What is believed of answers that OpenSSL made, and that a damaged one is never believed to say something else."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from agents.pki import orders, requests, stamp, trust
from agents.pki.__main__ import verdict
from agents.pki.facts import read
from core.errors import BadInput
from lab.eoffice.authority import DAY, Authority, Issued
from lab.eoffice.responders import Responders

DER = Encoding.DER
NONCE = bytes(range(16))


@dataclass(frozen=True)
class Story:
    """One authority, and what it answered to one question of each kind."""

    authority: Authority
    portal: Issued
    stamp: tuple[orders.Stamp, bytes]
    status: tuple[orders.Status, bytes]
    revocations: tuple[orders.Revocations, bytes]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    authority = Authority(tmp_path_factory.mktemp("ca"))
    served = Responders(authority)
    portal, lost = authority.issue("portal"), authority.issue("lost")
    authority.revoke(lost.certificate)
    now = int(authority.now().timestamp() * 1000)
    leaf, issuer = (one.public_bytes(DER) for one in (portal.certificate, authority.issuing_certificate))
    root = authority.root.read_text()
    asked = requests.for_stamp(bytes(32), "sha256", 7, None)
    wanted = requests.for_status(read(leaf), read(issuer), NONCE)
    client = TestClient(served.app)
    return Story(
        authority,
        portal,
        (orders.Stamp(now, bytes(32), "sha256", 7, ca=root), client.post("/tsa", content=asked).content),
        (orders.Status(now, leaf, issuer, NONCE, 3600), client.post("/ocsp", content=wanted).content),
        (orders.Revocations(now, issuer), client.get("/issuing.crl").content),
    )


KINDS = ["stamp", "status", "revocations"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_answered_is_believed(story: Story, kind: str) -> None:
    assert verdict(*getattr(story, kind)).status == "up"


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_a_damaged_answer_is_never_believed_to_say_something_else(
    story: Story, kind: str, data: st.DataObject
) -> None:
    order, answer = getattr(story, kind)
    at = data.draw(st.integers(0, len(answer) - 1))
    cut = at + data.draw(st.integers(0, 8))
    said = verdict(order, answer[:at] + data.draw(st.binary(max_size=8)) + answer[cut:])
    assert said.status in ("up", "down")
    if said.status == "up":
        assert said == verdict(order, answer)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=200)
@given(answer=st.binary(max_size=200))
def test_any_bytes_are_a_bad_answer(story: Story, kind: str, answer: bytes) -> None:
    order, _ = getattr(story, kind)
    assert verdict(order, answer).status == "down"


@settings(max_examples=500)
@given(data=st.data())
def test_a_damaged_stamp_is_bad_input_a_refusal_or_a_token(story: Story, data: st.DataObject) -> None:
    answer = story.stamp[1]
    at = data.draw(st.integers(0, len(answer) - 1))
    cut = at + data.draw(st.integers(0, 8))
    with contextlib.suppress(BadInput):
        found = stamp.read(answer[:at] + data.draw(st.binary(max_size=8)) + answer[cut:])
        if isinstance(found, stamp.Token):
            stamp.named_hash(found)


def test_a_request_about_a_certificate_is_what_the_library_would_ask(story: Story) -> None:
    issuer = story.authority.issuing_certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(story.portal.certificate, issuer, hashes.SHA1())
    expected = builder.add_extension(x509.OCSPNonce(NONCE), critical=False).build().public_bytes(DER)
    leaf = read(story.portal.certificate.public_bytes(DER))
    assert requests.for_status(leaf, read(issuer.public_bytes(DER)), NONCE) == expected


def test_a_stamp_says_when_and_how_exactly(story: Story) -> None:
    token = stamp.read(story.stamp[1])
    assert isinstance(token, stamp.Token)
    assert abs(token.at - story.stamp[0].now) < 60_000
    assert (token.accuracy_s, token.nonce, token.imprint) == (0.5, 7, bytes(32))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nonce": 8}, "other nonce"),
        ({"imprint": bytes(31) + b"\1"}, "other imprint"),
        ({"hash_name": "sha512"}, "other imprint"),
        ({"policy": "1.2.3"}, "other policy|1.2.3.4.1"),
        ({"now": 4_000_000_000_000}, "certificate expired"),
        ({"now": 0}, "certificate not yet valid"),
    ],
)
def test_a_stamp_that_was_not_asked_for_so_is_down(
    story: Story, change: dict[str, object], reason: str
) -> None:
    order, answer = story.stamp
    assert verdict(msgspec.structs.replace(order, **change), answer).reason == reason


def test_a_stamp_with_another_time_than_was_signed_is_down(story: Story) -> None:
    order, answer = story.stamp
    token = stamp.read(answer)
    assert isinstance(token, stamp.Token)
    year = token.info.index(b"\x18") + 2
    forged = answer.replace(token.info, token.info[:year] + b"1999" + token.info[year + 4 :])
    assert verdict(order, forged).reason == "bad signature"


def test_a_signer_that_is_not_meant_for_stamps_is_down(story: Story) -> None:
    trusted = [story.authority.root_certificate]
    others = [story.authority.issuing_certificate]
    with pytest.raises(trust.Wrong, match="not meant for"):
        trust.chain_for_stamps(story.portal.certificate, others, trusted, story.authority.now())


def test_an_answer_about_another_certificate_is_down(story: Story) -> None:
    order, answer = story.status
    other = story.authority.issue("other").certificate.public_bytes(DER)
    assert verdict(msgspec.structs.replace(order, certificate=other), answer).reason == "other certificate"


@pytest.mark.parametrize(
    ("begins", "ends", "reason"),
    [
        (-3600, 3600, None),
        (-3600, None, None),
        (-90_000, None, "stale|1.0 h"),
        (-7200, -3600, "stale|1.0 h"),
        (200, 3600, None),
        (400, 3600, "not valid yet"),
    ],
)
def test_an_answer_holds_from_five_minutes_before_it_begins_to_its_end_or_a_day(
    story: Story, begins: float, ends: float | None, reason: str | None
) -> None:
    """Of a responder that is the issuer itself, as the library makes its answers."""
    order, _ = story.status
    order = msgspec.structs.replace(order, max_age_s=86_400)
    now = datetime.fromtimestamp(order.now / 1000, UTC)
    issuer = story.authority.issuing_certificate
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=story.portal.certificate,
        issuer=issuer,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=now + begins * DAY / 86_400,
        next_update=None if ends is None else now + ends * DAY / 86_400,
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
    answer = builder.sign(story.authority._key, hashes.SHA256()).public_bytes(DER)
    assert verdict(order, answer).reason == (reason or "")
