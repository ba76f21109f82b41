"""One HTTP/1.1 session with the centre: a connection that is kept alive, requests one after the other.

Small on purpose. A general HTTP client costs an agent a tenth of its memory for features that it has no use for;
h11, which the HTTP probe needs anyway, does the protocol.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from agents.reach import reach
from core.errors import Unavailable

MAX_ANSWER = 16 << 20
"""Bytes of an answer that are read; no plan is that long."""
_CONNECT_S = 10.0
_ANSWER_S = 15.0
_SLOWEST_BYTES_PER_S = 4_096
"""A line slower than this is taken for dead while a report is on its way."""
_READ = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class NoAnswer(Unavailable):
    """The centre could not be reached, or did not answer in time, or not in HTTP."""


class Session:
    """Requests to the centre at `url` (scheme, host, port, and a path that all requests have in common)."""

    def __init__(
        self, url: str, tls: ssl.SSLContext | None, headers: Mapping[str, str] | None = None
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if tls else 80)
        self._path = parts.path.rstrip("/")
        self._tls = tls
        self._headers = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": "nhip-agent",
            **(headers or {}),
        }
        self._lock = asyncio.Lock()
        self._line: _Line | None = None

    async def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send one request and read its answer.

        Raises:
            NoAnswer: none came; the connection is given up, the next request makes a new one.
        """
        fields = [*self._headers.items(), *(headers or {}).items()]
        if body:
            fields.append(("Content-Length", str(len(body))))
        request = h11.Request(method=method, target=self._path + path, headers=fields)
        async with self._lock:
            kept = self._line is not None
            try:
                return await self._exchange(request, body)
            except _Stale:
                # The centre closed the kept connection just when it was used: no fault, and nothing was answered.
                if not kept:
                    raise
            return await self._exchange(request, body)

    async def _exchange(self, request: h11.Request, body: bytes) -> Answer:
        line, self._line = self._line, None
        done = False
        try:
            if line is None:
                async with asyncio.timeout(_CONNECT_S):
                    line = await self._connect()
            async with asyncio.timeout(_ANSWER_S + len(body) / _SLOWEST_BYTES_PER_S):
                answer = await line.exchange(request, body)
            done = True
        except (OSError, ssl.SSLError, h11.ProtocolError, asyncio.IncompleteReadError) as error:
            # TimeoutError is an OSError.
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        finally:
            if line is not None and (not done or not line.reusable):
                line.abort()
        if line.reusable:
            self._line = line
        return answer

    async def _connect(self) -> "_Line":
        made = await reach(self._host, self._port)
        name = self._host if self._tls else None
        try:
            return _Line(
                *await asyncio.open_connection(sock=made, ssl=self._tls, server_hostname=name, limit=_READ)
            )
        except BaseException:
            made.close()
            raise

    async def close(self) -> None:
        """Give the connection up at once; the centre is not waited for."""
        line, self._line = self._line, None
        if line is not None:
            line.abort()
            await line.ended()


class _Stale(NoAnswer):
    """The connection ended before the first byte of an answer."""


class _Line:
    """A connection, and the protocol's state on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_READ)

    @property
    def reusable(self) -> bool:
        return self._http.our_state is h11.IDLE and not self._reader.at_eof()

    async def exchange(self, request: h11.Request, body: bytes) -> Answer:
        try:
            for event in (request, *((h11.Data(data=body),) if body else ()), h11.EndOfMessage()):
                self._writer.write(self._http.send(event) or b"")
            await self._writer.drain()
        except ConnectionError:
            # A server that refuses a body may answer and close before it has read all of it: read that answer.
            pass
        head: h11.Response | None = None
        plain = bytearray()
        while not isinstance(event := await self._next(head is not None), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                plain += event.data
                if len(plain) > MAX_ANSWER:
                    raise NoAnswer(f"an answer of more than {MAX_ANSWER} bytes")
        assert head is not None  # noqa: S101 - h11 ends no message that has not begun
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
        return Answer(head.status_code, headers, bytes(plain))

    async def _next(self, begun: bool) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            try:
                data = await self._reader.read(_READ)
            except ConnectionError as error:
                raise _Stale(str(error)) from error
            if not data and not begun:
                raise _Stale("closed before an answer")
            self._http.receive_data(data)
        return event

    def abort(self) -> None:
        self._writer.transport.abort()

    async def ended(self) -> None:
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
