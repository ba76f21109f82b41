"""The lab's e-office behind real nginx: as a browser meets it, and as probes do when it is well and when it is not."""

import base64
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import psutil
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from support_eoffice import PASSWORD, USER, EOffice, eoffice, needs_nginx
from support_probes import probe

from core.values import Result, Status
from lab.eoffice.authority import DAY, Authority
from lab.eoffice.pages import INCOMING, REFUSED

pytestmark = needs_nginx
KNOWN = INCOMING[0].number
HEALTH = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    '<s:Body><h:Health xmlns:h="urn:lab:lgsp"/></s:Body></s:Envelope>'
)


@asynccontextmanager
async def browser(office: EOffice, *, certificate: str | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    trust = ssl.create_default_context(cafile=office.ca_file)
    if certificate:
        trust.load_cert_chain(certificate)
    async with httpx2.AsyncClient(base_url=office.url, verify=trust, trust_env=False, timeout=60) as http:
        yield http


def csrf(page: httpx2.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


async def signed_in(http: httpx2.AsyncClient, password: str = PASSWORD, token: str = "") -> httpx2.Response:
    form = await http.get("/dang-nhap")
    filled = {"user": USER, "password": password, "csrf": token or csrf(form)}
    return await http.post("/dang-nhap", data=filled)


async def look(office: EOffice, path: str = "/", timeout_ms: int = 20_000, **params: object) -> Result:
    return await probe("http", office.url + path, timeout_ms=timeout_ms, ca_file=office.ca_file, **params)


async def test_who_signs_in_sees_the_documents_until_the_sign_out(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office, browser(office) as http:
        before = await http.get("/van-ban")
        welcome = await signed_in(http)
        listed = await http.get("/van-ban")
        left = await http.post("/dang-xuat", data={"csrf": csrf(listed)})
        after = await http.get("/van-ban")
    assert [answer.status_code for answer in (before, welcome, listed, left, after)] == [
        302,
        303,
        200,
        303,
        302,
    ]
    assert (before.headers["location"], welcome.headers["location"]) == ("/dang-nhap", "/van-ban")
    assert KNOWN in listed.text


async def test_its_cookie_is_for_the_browser_alone_and_another_one_after_the_sign_in(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office, browser(office) as http:
        form = await http.get("/dang-nhap")
        filled = {"user": USER, "password": PASSWORD, "csrf": csrf(form)}
        welcome = await http.post("/dang-nhap", data=filled)
    before, after = form.headers["set-cookie"], welcome.headers["set-cookie"]
    assert all(word in after for word in ("HttpOnly", "Secure", "SameSite=lax"))
    assert before.partition(";")[0] != after.partition(";")[0]


async def test_a_wrong_password_gets_the_form_again(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office, browser(office) as http:
        answer = await signed_in(http, "đoán")
    assert answer.status_code == 401
    assert REFUSED in answer.text


async def test_a_form_without_its_token_is_refused(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office, browser(office) as http:
        assert (await signed_in(http, token="another")).status_code == 403


async def test_programs_get_the_documents_with_a_token_and_not_without(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office, browser(office) as http:
        token = (await http.post("/api/dang-nhap", json={"user": USER, "password": PASSWORD})).json()["token"]
        listed = await http.get("/api/van-ban", headers={"Authorization": f"Bearer {token}"})
        refused = await http.get("/api/van-ban")
        garbled = await http.post("/api/dang-nhap", content=b"[")
    assert listed.json()["items"][0]["number"] == KNOWN
    assert (refused.status_code, garbled.status_code) == (401, 400)


async def test_the_portal_leads_to_the_provider_and_back_with_a_token_that_its_key_signed(
    tmp_path: Path,
) -> None:
    async with eoffice(tmp_path) as office, browser(office) as http:
        found = (await http.get("/.well-known/openid-configuration")).json()
        sent = await http.get("/cong/dang-nhap")
        assert sent.headers["location"].startswith(found["authorization_endpoint"])
        form = await http.get(sent.headers["location"])
        assert 'type="password"' in form.text
        agreed = await http.post(sent.headers["location"], data={"user": USER, "password": PASSWORD})
        back = httpx2.URL(agreed.headers["location"])
        grant = {
            "grant_type": "authorization_code",
            "code": back.params["code"],
            "redirect_uri": str(back.copy_with(query=None)),
        }
        token = (await http.post(found["token_endpoint"], data=grant)).json()["id_token"]
        again = await http.post(found["token_endpoint"], data=grant)
        key = (await http.get(found["jwks_uri"])).json()["keys"][0]
    assert found["issuer"] == office.url
    assert back.params["state"] == sent.next_request.url.params["state"]  # type: ignore[union-attr]
    assert verified(token, key)["nonce"] == sent.next_request.url.params["nonce"]  # type: ignore[union-attr]
    assert again.status_code == 400


def verified(token: str, key: dict[str, str]) -> dict[str, str]:
    """The claims of a JWT signed with ES256; InvalidSignature if the key did not sign it."""
    signed, _, signature = token.rpartition(".")
    raw = decoded(signature)
    numbers = ec.EllipticCurvePublicNumbers(
        number(decoded(key["x"])), number(decoded(key["y"])), ec.SECP256R1()
    )
    pair = encode_dss_signature(number(raw[:32]), number(raw[32:]))
    numbers.public_key().verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, str] = json.loads(decoded(signed.partition(".")[2]))
    return claims


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


async def test_the_provider_refuses_a_client_that_it_does_not_know(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office, browser(office) as http:
        location = (await http.get("/cong/dang-nhap")).headers["location"]
        stranger = await http.get(location.replace("client_id=cong-dvc", "client_id=stranger"))
        elsewhere = await http.get(location.replace("tro-lai", "elsewhere"))
    assert (stranger.status_code, elsewhere.status_code) == (400, 400)


async def test_the_exchange_tells_its_health_to_who_has_a_client_certificate(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        partner = office.authority.issue("partner", use="client")
        async with browser(office, certificate=str(partner.file)) as http:
            answer = await http.post("/lgsp/suc-khoe", content=HEALTH)
            garbled = await http.post("/lgsp/suc-khoe", content="<s:Envelope")
    assert "<status>UP</status><partner>CN=partner</partner>" in answer.text
    assert (answer.status_code, garbled.status_code) == (200, 500)


async def test_nobody_is_verified_by_saying_so(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office, browser(office) as http:
        answer = await http.post("/lgsp/suc-khoe", content=HEALTH, headers={"X-Client-Verify": "SUCCESS"})
    assert answer.status_code == 403


async def test_a_certificate_of_a_strange_authority_is_refused(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        stranger = Authority(tmp_path / "stranger").issue("stranger", use="client")
        async with browser(office, certificate=str(stranger.file)) as http:
            answer = await http.post("/lgsp/suc-khoe", content=HEALTH)
    assert answer.status_code == 400


async def test_a_probe_finds_the_page_and_times_its_phases(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        result = await look(office, body_contains="Quản lý văn bản")
    assert (result.status, result.reason) == (Status.UP, "")
    assert {"connect_seconds", "tls_seconds", "first_byte_seconds"} <= result.figures.keys()


@pytest.mark.parametrize(
    ("manners", "reason"),
    [
        ({"broken": ("open",)}, "status|503"),
        ({"wrong": ("open",)}, "body lacks text"),
    ],
)
async def test_bad_manners_are_seen_and_end_when_they_are_changed(
    tmp_path: Path, manners: dict[str, object], reason: str
) -> None:
    async with eoffice(tmp_path) as office:
        office.behave(**manners)
        bad = await look(office, body_contains="Đăng nhập")
        office.behave()
        good = await look(office, body_contains="Đăng nhập")
    assert (bad.status, bad.reason) == (Status.DOWN, reason)
    assert good.status is Status.UP


async def test_a_phase_that_is_slow_is_slow_alone(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        office.behave(slow={"identity": 1.5})
        slow = await look(office, "/jwks", max_total_ms=1_490)
        others = [await look(office) for _ in range(5)]
    assert slow.status is Status.DEGRADED
    assert slow.figures["first_byte_seconds"] >= 1.5
    # A busy machine may make any of them late, and all of them only if they are.
    assert min(other.figures["first_byte_seconds"] for other in others) < 1.5


async def test_a_phase_that_never_answers_is_a_timeout(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        office.behave(silent=("open",))
        assert (await look(office, timeout_ms=500)).reason == "timeout"


async def test_half_open_connections_are_taken_and_nothing_is_said(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        office.front.freeze()
        connected = await probe("tcp", office.host)
        silent = await look(office, timeout_ms=500)
        office.front.thaw()
        again = await look(office)
    assert connected.status is Status.UP
    assert (silent.status, silent.reason) == (Status.DOWN, "timeout")
    assert again.status is Status.UP


async def test_another_certificate_is_served_from_the_next_handshake_on(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        first = await probe("tls", office.host, ca_file=office.ca_file)
        office.front.front.serve(office.authority.issue("old", begins=-9 * DAY, ends=-DAY))
        expired = await probe("tls", office.host, ca_file=office.ca_file)
        office.front.front.serve(office.authority.issue("other", hosts=["elsewhere.example"]))
        other = await probe("tls", office.host, ca_file=office.ca_file)
    assert first.status is Status.UP
    assert (expired.reason, other.reason) == ("certificate expired", "certificate for another name")


async def test_the_end_leaves_no_process_behind(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        master = int((office.front.front.folder / "nginx.pid").read_text())
    assert not psutil.pid_exists(master)
    assert (await probe("tcp", office.host)).reason == "refused"
