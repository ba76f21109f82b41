"""What the HTTP probe sends, who it says it is, and the ways it takes: real nginx, real tinyproxy, and proxies that misbehave."""

from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from support_certificates import Root
from support_eoffice import eoffice, needs_nginx
from support_probes import nobody, probe, raw_server, website
from support_proxy import PASSWORD, USER, needs_tinyproxy, proxied

from core.values import Result, Status
from lab.eoffice.authority import Issued

HEALTH = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    '<s:Body><h:Health xmlns:h="urn:lab:lgsp"/></s:Body></s:Envelope>'
)


async def _echo(request: Request) -> Response:
    body = (await request.body()).decode()
    seen = [request.method, request.headers.get("user-agent"), request.headers.get("soapaction"), body]
    return PlainTextResponse(" ".join(str(each) for each in seen))


METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"]
SITE = Starlette(routes=[Route("/", _echo, methods=METHODS)])


async def test_method_headers_and_body_arrive() -> None:
    async with website(SITE) as port:
        result = await probe(
            "http",
            f"http://127.0.0.1:{port}/",
            method="POST",
            headers={"SOAPAction": '"health"', "user-agent": "Mozilla/5.0"},
            body="Cổng dịch vụ công",
            body_contains='POST Mozilla/5.0 "health" Cổng dịch vụ công',
        )
    assert (result.status, result.reason) == (Status.UP, "")


async def test_a_head_request_has_no_body() -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/", method="HEAD")
    assert (result.status, result.figures["body_bytes"]) == (Status.UP, 0)


@pytest.mark.parametrize("headers", [{"X": "a\r\nInjected: yes"}, {"bad name": "x"}, {"Content-Length": "7"}])
async def test_a_header_that_cannot_be_is_a_bad_parameter(headers: dict[str, str]) -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/", headers=headers, body="x")
    assert (result.status, result.reason.partition("|")[0]) == (Status.UNKNOWN, "bad parameter")


def split(issued: Issued) -> dict[str, str]:
    """Certificates and key of one file as the parameters that they are."""
    key, _, rest = issued.file.read_text().partition("-----END PRIVATE KEY-----\n")
    return {"client_key": key + "-----END PRIVATE KEY-----\n", "client_cert": rest}


async def health(url: str, ca_file: str, **params: object) -> Result:
    return await probe(
        "http",
        f"{url}/lgsp/suc-khoe",
        method="POST",
        body=HEALTH,
        body_contains="<status>UP</status>",
        ca_file=ca_file,
        **params,
    )


@needs_nginx
async def test_the_document_exchange_is_up_for_who_shows_a_client_certificate_and_no_one_else(
    tmp_path: Path,
) -> None:
    stranger = Root(tmp_path).leaf()
    key, _, rest = stranger.read_text().partition("-----END PRIVATE KEY-----\n")
    strange = {"client_key": key + "-----END PRIVATE KEY-----\n", "client_cert": rest}
    async with eoffice(tmp_path) as office:
        mine = split(office.authority.issue("Xã Mỹ Đức", use="client"))
        known = await health(office.url, office.ca_file, **mine)
        nobody = await health(office.url, office.ca_file)
        other = await health(office.url, office.ca_file, **strange)
        expected = await probe("http", office.url, ca_file=office.ca_file)
    assert (known.status, known.reason) == (Status.UP, "")
    assert (nobody.status, nobody.reason) == (Status.DOWN, "status|403")
    assert (other.status, other.reason) == (Status.DOWN, "status|400")
    assert 0 < expected.figures["certificate_days_left"] < 4_000


async def test_a_key_of_another_certificate_is_a_bad_parameter(tmp_path: Path) -> None:
    root = Root(tmp_path)
    texts = [root.leaf().read_text() for _ in range(2)]
    bare = texts[0][texts[0].index("-----BEGIN CERTIFICATE") :]
    result = await probe("http", "https://127.0.0.1:1/", client_cert=bare, client_key=texts[1])
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|client_cert and client_key")


async def test_an_encrypted_key_is_a_bad_parameter_and_nobody_is_asked_for_its_password(
    tmp_path: Path,
) -> None:
    text = Root(tmp_path).leaf().read_bytes()
    key = serialization.load_pem_private_key(text, None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"locked"),
    )
    certificate = text[text.index(b"-----BEGIN CERTIFICATE") :].decode()
    result = await probe("http", "https://127.0.0.1:1/", client_cert=certificate, client_key=locked.decode())
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|client_cert and client_key")


@needs_tinyproxy
@needs_nginx
async def test_https_goes_through_a_real_proxy(tmp_path: Path) -> None:
    async with eoffice(tmp_path) as office:
        with proxied(tmp_path) as (proxy, log):
            result = await probe("http", f"{office.url}/", ca_file=office.ca_file, proxy=proxy)
            said = log.read_text()
    assert (result.status, result.reason) == (Status.UP, "")
    assert "CONNECT 127.0.0.1" in said
    assert result.figures["tls_seconds"] > 0


@needs_tinyproxy
async def test_http_goes_through_a_real_proxy_that_wants_to_know_who_we_are(tmp_path: Path) -> None:
    async with website(SITE) as port:
        with proxied(tmp_path, user=True) as (proxy, _):
            known = f"http://{USER}:{quote(PASSWORD)}@{proxy}"
            url = f"http://127.0.0.1:{port}/"
            welcome = await probe("http", url, proxy=known, body_contains="GET nhip-agent")
            stranger = await probe("http", url, proxy=proxy)
            locked = await probe("http", f"https://127.0.0.1:{port}/", proxy=proxy)
    assert (welcome.status, welcome.reason) == (Status.UP, "")
    assert (stranger.status, stranger.reason) == (Status.DOWN, "status|407")
    assert (locked.status, locked.reason) == (Status.DOWN, "proxy refused|407")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "bad answer of the proxy"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad answer of the proxy"),
        (b"HTTP/1.1 200 OK\r\n\r\nwords before the handshake", "bad answer of the proxy"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, "bad answer of the proxy"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000, "bad answer of the proxy"),
        (b"HTTP/1.1 503 Busy\r\n\r\n", "proxy refused|503"),
        (None, "timeout"),
    ],
)
async def test_a_proxy_that_misbehaves_is_told_from_the_server(said: bytes | None, reason: str) -> None:
    async with raw_server(said) as port:
        timeout_ms = 2_000 if said is None else 20_000  # who answers is given time to
        result = await probe(
            "http", "https://portal.example/", proxy=f"127.0.0.1:{port}", timeout_ms=timeout_ms, verify=False
        )
    assert (result.status, result.reason) == (Status.DOWN, reason)


async def test_a_proxy_that_is_not_there_is_told_from_the_server() -> None:
    with nobody() as port:
        result = await probe("http", "http://portal.example/", proxy=f"127.0.0.1:{port}")
    assert (result.status, result.reason) == (Status.DOWN, "proxy unreachable|refused")


@pytest.mark.parametrize("proxy", ["", "nowhere", "https://a:1", "http://", "http://user:geheim@:99x"])
async def test_what_is_no_proxy_is_a_bad_parameter_and_its_password_is_not_told(proxy: str) -> None:
    result = await probe("http", "http://portal.example/", proxy=proxy)
    assert (result.status, result.reason.partition("|")[0]) == (Status.UNKNOWN, "bad parameter")
    assert "geheim" not in result.reason
