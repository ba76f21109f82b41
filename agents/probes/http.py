"""HTTP(S) GET, once, in phases; status and body are what is expected. A redirect is an answer like any other."""

import asyncio
import re
import socket
import ssl
import time
import zlib
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec

from agents.probes.certificates import context, failure
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import Family, connected, resolve
from agents.probes.regex import TooSlow, search
from agents.probes.tls import over_tls
from core.values import Check, Result, Status

if TYPE_CHECKING:
    import h11

FIGURES = (
    "resolve_seconds",
    "connect_seconds",
    "tls_seconds",
    "first_byte_seconds",
    "total_seconds",
    "body_bytes",
    "status_code",
)
_CHUNK = 16 << 10


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    expect_status: tuple[Annotated[int, msgspec.Meta(ge=100, le=599)], ...] = (200,)
    body_contains: str | None = None
    body_regex: str | None = None
    max_body_bytes: Annotated[int, msgspec.Meta(ge=0, le=8 << 20)] = 256 << 10
    max_total_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None
    ca_file: str | None = None
    verify: bool = True
    family: Family | None = None


class _Url(msgspec.Struct, frozen=True):
    secure: bool
    host: str
    port: int
    authority: str
    path: str


class _Answer(msgspec.Struct):
    status: int = 0
    encoding: str = ""
    body: bytes = b""
    whole: bool = True


@looks
async def run(check: Check, figures: dict[str, float]) -> Result:
    params = parameters(check, Params)
    url = _parse(check.target)
    # What is loaded at first use is loaded before the clock runs. h11 takes memory: not in agents that fetch no page.
    import h11  # noqa: F401 - used below

    trust = context(params.ca_file, verify=params.verify) if url.secure else None
    began = time.perf_counter()
    address = await resolve(url.host, url.port, params.family)
    resolved = time.perf_counter()
    figures["resolve_seconds"] = resolved - began
    async with connected(address) as sock:
        figures["connect_seconds"] = time.perf_counter() - resolved
        answer = await _get(sock, url, trust, params, figures)
    figures["total_seconds"] = time.perf_counter() - began
    return _judge(answer, params, figures)


def _parse(target: str) -> _Url:
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError as error:
        raise BadParameter(f"target: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadParameter(f"target {target[:80]!r} is not an http(s) URL")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or not path.isprintable() or " " in path:
        raise BadParameter("target: write what is not ASCII in its path as %XX")
    authority = parts.netloc.rpartition("@")[2]
    return _Url(secure, parts.hostname, port or (443 if secure else 80), authority, path)


async def _get(
    sock: socket.socket, url: _Url, trust: ssl.SSLContext | None, params: Params, figures: dict[str, float]
) -> _Answer:
    began = time.perf_counter()
    if trust is not None:
        try:
            reader, writer = await over_tls(sock, trust, url.host)
        except ssl.SSLError as error:
            raise Failed(failure(error)) from error
        figures["tls_seconds"] = time.perf_counter() - began
    else:
        reader, writer = await asyncio.open_connection(sock=sock)
    try:
        return await _exchange(reader, writer, url, params, figures)
    finally:
        writer.transport.abort()


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    url: _Url,
    params: Params,
    figures: dict[str, float],
) -> _Answer:
    import h11

    protocol = h11.Connection(h11.CLIENT)
    try:
        head = protocol.send(_request(url)) or b""
        writer.write(head + (protocol.send(h11.EndOfMessage()) or b""))
        await writer.drain()
        asked, answer = time.perf_counter(), _Answer()
        while not _take(protocol, answer, params.max_body_bytes):
            data = await reader.read(_CHUNK)
            if data:
                figures.setdefault("first_byte_seconds", time.perf_counter() - asked)
            protocol.receive_data(data)
    except h11.LocalProtocolError as error:
        raise BadParameter(f"target: {error}") from error
    except h11.RemoteProtocolError as error:
        raise Failed("bad answer") from error
    return answer


def _request(url: _Url) -> "h11.Request":
    import h11

    headers = [
        ("Host", url.authority if url.authority.isascii() else url.authority.encode("idna").decode("ascii")),
        ("User-Agent", "nhip-agent"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    return h11.Request(method="GET", target=url.path, headers=headers)


def _take(protocol: "h11.Connection", answer: _Answer, limit: int) -> bool:
    """Move what has arrived into `answer`; True when it is whole, or as much of it as is wanted."""
    import h11

    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            return False
        if isinstance(event, h11.Response):
            answer.status = event.status_code
            answer.encoding = dict(event.headers).get(b"content-encoding", b"").decode("latin-1").lower()
        elif isinstance(event, h11.Data):
            answer.body += bytes(event.data)
            if len(answer.body) > limit:
                answer.body, answer.whole = answer.body[:limit], False
                return True
        elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)) or event is h11.PAUSED:
            return True


def _judge(answer: _Answer, params: Params, figures: dict[str, float]) -> Result:
    body = _plain(answer, params.max_body_bytes)
    figures["body_bytes"] = len(body)
    figures["status_code"] = answer.status
    if answer.status not in params.expect_status:
        raise Failed(f"status|{answer.status}")
    text = body.decode("utf-8", "replace")
    if params.body_contains is not None and params.body_contains not in text:
        raise Failed("body lacks text")
    if params.body_regex is not None:
        try:
            if not search(params.body_regex, text):
                raise Failed("body does not match")
        except re.error as error:
            raise BadParameter(f"body_regex: {error}") from error
        except TooSlow as error:
            raise BadParameter("body_regex: takes too long") from error
    if params.max_total_ms is not None and figures["total_seconds"] * 1000 > params.max_total_ms:
        return Result(Status.DEGRADED, f"slow|{figures['total_seconds'] * 1000:.0f} ms", figures)
    return Result(Status.UP, "", figures)


def _plain(answer: _Answer, limit: int) -> bytes:
    """The body, at most `limit` bytes; also of a server that compresses although it was asked not to."""
    if answer.encoding not in ("gzip", "x-gzip", "deflate"):
        return answer.body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(answer.body, max(limit, 1))
    except zlib.error as error:
        raise Failed("bad answer") from error
