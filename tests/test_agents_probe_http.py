"""The HTTP probe against real servers: uvicorn with and without TLS, and servers that break the rules."""

import gzip
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from support_certificates import DAY, Root, self_signed
from support_probes import probe, raw_server, website

from agents.probes.outcome import Failed
from agents.probes.regex import TooSlow, search, within
from agents.probes.web.messages import Answer
from core.values import Status

OK = b"HTTP/1.1 200 OK\r\n"


async def _huge(_request: Request) -> Response:
    async def chunks() -> Iterator[bytes]:
        for _ in range(500):
            yield b"x" * 10_000

    return StreamingResponse(chunks())


async def _zipped(_request: Request) -> Response:
    return Response(gzip.compress(b"hello" + bytes(5_000_000)), headers={"Content-Encoding": "gzip"})


async def _status(request: Request) -> Response:
    return PlainTextResponse("as asked", int(request.path_params["code"]))


async def _echo(request: Request) -> Response:
    return PlainTextResponse(f"{request.url.path} {request.url.query} {request.headers['accept-encoding']}")


SITE = Starlette(
    routes=[
        Route("/", lambda request: PlainTextResponse("Một cửa điện tử: đang hoạt động")),
        Route("/moved", lambda request: RedirectResponse("/")),
        Route("/huge", _huge),
        Route("/zipped", _zipped),
        Route("/status/{code}", _status),
        Route("/echo", _echo),
    ]
)


async def test_a_page_is_up_with_every_phase_timed() -> None:
    async with website(SITE) as port:
        began = time.perf_counter()
        result = await probe("http", f"http://127.0.0.1:{port}/")
        took = time.perf_counter() - began
    figures = result.figures
    assert (result.status, result.reason) == (Status.UP, "")
    assert figures["status_code"] == 200
    assert figures["body_bytes"] == len("Một cửa điện tử: đang hoạt động".encode())
    phases = sum(figures[name] for name in ("resolve_seconds", "connect_seconds", "first_byte_seconds"))
    assert 0 < phases <= figures["total_seconds"] <= took


async def test_a_page_over_tls_has_the_handshake_among_its_phases(tmp_path: Path) -> None:
    root = Root(tmp_path)
    async with website(SITE, certificate=root.leaf()) as port:
        result = await probe("http", f"https://localhost:{port}/", ca_file=str(root.file), family="4")
    assert result.status == Status.UP
    assert 0 < result.figures["tls_seconds"] < result.figures["total_seconds"]


async def test_ipv6_works_by_literal_address() -> None:
    async with website(SITE, host="::1") as port:
        result = await probe("http", f"http://[::1]:{port}/")
    assert result.status == Status.UP


async def test_path_and_query_arrive_and_no_compression_is_asked_for() -> None:
    async with website(SITE) as port:
        result = await probe(
            "http", f"http://127.0.0.1:{port}/echo?a=1&b=%C4%91", body_contains="/echo a=1&b=%C4%91 identity"
        )
    assert result.status == Status.UP


async def test_a_server_error_is_down_with_its_status() -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/status/503")
    assert (result.status, result.reason) == (Status.DOWN, "status|503")
    assert result.figures["status_code"] == 503


async def test_a_status_that_is_expected_is_up() -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/status/401", expect_status=[200, 401])
    assert result.status == Status.UP


async def test_a_redirect_is_not_followed() -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/moved")
    assert (result.status, result.reason) == (Status.DOWN, "status|307")


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"body_contains": "đang hoạt động"}, ""),
        ({"body_contains": "bảo trì"}, "body lacks text"),
        ({"body_regex": r"cửa .*động$"}, ""),
        ({"body_regex": r"^động"}, "body does not match"),
    ],
)
async def test_the_body_is_what_is_expected_or_down(params: dict[str, object], reason: str) -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/", **params)
    assert (result.status, result.reason) == (Status.DOWN if reason else Status.UP, reason)


async def test_a_regex_that_is_none_is_a_bad_parameter() -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/", body_regex="(")
    assert result.status == Status.UNKNOWN


def test_a_regex_that_would_search_for_ever_is_stopped() -> None:
    with pytest.raises(TooSlow):
        search(r"(a+)+b", "a" * 60)


def test_waiting_for_a_processor_is_not_searching() -> None:
    waited = threading.Event().wait  # as a process does that others keep from its turn
    assert within(0.1, lambda: waited(0.4)) is False


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_alarm_that_nobody_could_hear_rings_again() -> None:
    class Dear:
        def __del__(self) -> None:
            while True:  # what is raised in here ends this alone
                pass

    def work() -> None:
        Dear()
        while True:
            pass

    with pytest.raises(TooSlow):
        within(0.1, work)


async def test_a_huge_body_is_read_up_to_its_bound() -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/huge", max_body_bytes=50_000)
    assert result.status == Status.UP
    assert result.figures["body_bytes"] == 50_000


async def test_a_compressed_body_is_unpacked_no_further_than_its_bound() -> None:
    async with website(SITE) as port:
        result = await probe(
            "http", f"http://127.0.0.1:{port}/zipped", body_contains="hello", max_body_bytes=30_000
        )
    assert result.status == Status.UP
    assert result.figures["body_bytes"] == 30_000


async def test_a_page_slower_than_its_bound_degrades() -> None:
    async with website(SITE) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/", max_total_ms=0.001)
    assert result.status == Status.DEGRADED
    assert result.reason.startswith("slow|")


async def test_a_server_that_accepts_and_says_nothing_times_out_with_the_phases_it_reached() -> None:
    async with raw_server(None) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/", timeout_ms=3_000)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")
    assert set(result.figures) == {"resolve_seconds", "connect_seconds"}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "bad answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad answer"),
        (OK + b"Content-Length: 10\r\n\r\nshort", "bad answer"),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "bad answer"),
        (OK + b"X: " + b"y" * 200_000 + b"\r\n\r\n", "bad answer"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", ""),
    ],
)
async def test_what_is_no_answer_is_down(said: bytes, reason: str) -> None:
    async with raw_server(said) as port:
        result = await probe("http", f"http://127.0.0.1:{port}/")
    assert (result.status, result.reason) == (Status.DOWN if reason else Status.UP, reason)


async def test_certificates_are_verified_unless_told_not_to(tmp_path: Path) -> None:
    async with website(SITE, certificate=self_signed(tmp_path)) as port:
        strict = await probe("http", f"https://127.0.0.1:{port}/")
        lenient = await probe("http", f"https://127.0.0.1:{port}/", verify=False)
    assert (strict.status, strict.reason) == (Status.DOWN, "certificate self-signed")
    assert lenient.status == Status.UP


async def test_an_expired_certificate_is_down_with_that_reason(tmp_path: Path) -> None:
    root = Root(tmp_path)
    async with website(SITE, certificate=root.leaf(begins=-9 * DAY, ends=-DAY)) as port:
        result = await probe("http", f"https://127.0.0.1:{port}/", ca_file=str(root.file))
    assert (result.status, result.reason) == (Status.DOWN, "certificate expired")


async def test_plain_http_on_a_tls_check_says_that_tls_failed() -> None:
    async with raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        result = await probe("http", f"https://127.0.0.1:{port}/")
    assert result.status == Status.DOWN
    assert result.reason.startswith("tls failed|")


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=500), st.integers(0, 300), st.sampled_from(["gzip", "deflate", "raw", "none"]))
def test_unpacking_never_passes_its_bound(data: bytes, limit: int, how: str) -> None:
    packed = {
        "gzip": gzip.compress(data),
        "deflate": zlib.compress(data),
        "raw": zlib.compress(data)[2:-4],
        "none": data,
    }[how]
    coding = "gzip" if how in ("gzip", "none") else "deflate"
    try:
        plain = Answer(200, [("content-encoding", coding)], packed).plain(limit)
    except Failed:
        assert how == "none"
    else:
        assert plain == data[:limit] or how == "none"
        assert len(plain) <= limit
