"""Connections to web servers, kept for as long as who opened them has use for them."""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from agents.icmp.engine import Address
from agents.icmp.refusals import refusal
from agents.probes.certificates import chain, failure
from agents.probes.outcome import BadParameter, Failed
from agents.probes.reach import Family, admitted_host, connected, resolve
from agents.probes.stream import Clear, Stream, over_tls
from agents.probes.urls import Url
from agents.probes.web.messages import Answer, Request
from agents.probes.web.proxy import Proxy, tunnel

if TYPE_CHECKING:
    import h11

PHASES = ("resolve_seconds", "connect_seconds", "tls_seconds", "first_byte_seconds")
_CHUNK = 16 << 10
_MOST_KEPT = 4
_BESIDE_BODY = 256 << 10
"""Bytes of an answer's head, and of what chunked bodies say beside their data."""
_MOST_INFORMED = 8
"""Interim answers (1xx) before the one that counts."""

Take = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Way:
    """How servers are reached. `trust` is asked for at the first https; `proxy`: everything goes over it."""

    trust: Callable[[], ssl.SSLContext]
    family: Family | None = None
    proxy: Proxy | None = None


class Lines:
    """The connections of one probe's run. Leave the block to close them."""

    def __init__(self, way: Way, *, keep: bool = False) -> None:
        """`keep`: a connection serves further requests to the same server."""
        self._way, self._keep = way, keep
        self._kept: dict[str, _Line] = {}
        self.chains: dict[str, list[bytes]] = {}
        """The certificates (DER) of each server, by its origin."""

    async def __aenter__(self) -> Self:
        # It takes memory: not in agents that fetch nothing; and it is loaded before any clock runs.
        import h11  # noqa: F401 - used below

        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self._kept.values():
            await line.close()
        self._kept.clear()

    async def ask(
        self, request: Request, limit: int, phases: dict[str, float], into: Take | None = None
    ) -> Answer:
        """Send a request and read its answer, at most `limit` bytes of its body.

        What each phase took is added to `phases`; those that a kept connection has no need of are left out. `into` takes
        the body piece by piece as it comes, and it is not in the answer then.

        Raises:
            Failed: no answer, or none that makes sense. BadParameter: the request cannot be written.
            OSError: there is no way to the server.
        """
        line = self._kept.pop(request.url.origin, None)
        if line is not None:
            try:
                return await self._on(line, request, limit, phases, into)
            except _Stale:
                pass  # the server closed the kept connection just when it was used: no fault, nothing was answered
        line = await self._open(request.url, phases)
        return await self._on(line, request, limit, phases, into)

    async def _on(
        self, line: "_Line", request: Request, limit: int, phases: dict[str, float], into: Take | None
    ) -> Answer:
        try:
            answer = await line.exchange(request, limit, phases, into)
        except _Stale as error:
            await line.close()
            if line.used:
                raise
            if isinstance(error.__cause__, ConnectionError):
                raise error.__cause__ from None
            raise Failed("bad answer") from error
        except BaseException:
            await line.close()
            raise
        if line.reusable:
            self._kept[request.url.origin] = line
            if len(self._kept) > _MOST_KEPT:
                await self._kept.pop(next(iter(self._kept))).close()
        else:
            await line.close()
        return answer

    async def _open(self, url: Url, phases: dict[str, float]) -> "_Line":
        way, proxy = self._way, self._way.proxy
        trust = way.trust() if url.secure else None
        stack = AsyncExitStack()
        try:
            began = time.perf_counter()
            if proxy is None:
                address = await resolve(url.host, url.port, way.family)
            else:
                admitted_host(url.host)
                address = await _found(proxy, way.family)
            resolved = time.perf_counter()
            _add(phases, "resolve_seconds", resolved - began)
            sock = await self._connected(stack, address)
            if proxy is not None and url.secure:
                await tunnel(sock, url, proxy)
            there = time.perf_counter()
            _add(phases, "connect_seconds", there - resolved)
            stream = await self._stream(sock, url, trust)
            if trust is not None:
                _add(phases, "tls_seconds", time.perf_counter() - there)
        except BaseException:
            await stack.aclose()
            raise
        return _Line(stream, stack, None if url.secure else proxy, self._keep)

    async def _connected(self, stack: AsyncExitStack, address: Address) -> socket.socket:
        try:
            return await stack.enter_async_context(connected(address))
        except OSError as error:
            if self._way.proxy is None:
                raise
            raise Failed(f"proxy unreachable|{refusal(error)}") from error

    async def _stream(self, sock: socket.socket, url: Url, trust: ssl.SSLContext | None) -> Stream:
        if trust is None:
            return Clear(sock)
        try:
            stream = await over_tls(sock, trust, url.host)
        except ssl.SSLError as error:
            raise Failed(failure(error)) from error
        self.chains[url.origin] = chain(stream.session)
        return stream


async def _found(proxy: Proxy, family: Family | None) -> Address:
    try:
        return await resolve(proxy.host, proxy.port, family)
    except socket.gaierror as error:
        raise Failed("proxy unreachable|name not resolved") from error


def _add(phases: dict[str, float], name: str, seconds: float) -> None:
    phases[name] = phases.get(name, 0.0) + seconds


class _Stale(Exception):
    """The connection ended before the first byte of an answer."""


class _Line:
    """A connection, and the protocol's state on it."""

    def __init__(self, stream: Stream, stack: AsyncExitStack, proxy: Proxy | None, keep: bool) -> None:
        """`stack` closes the socket. `proxy`: requests are written as a proxy takes them."""
        import h11

        self._stream, self._stack, self._proxy, self._keep = stream, stack, proxy, keep
        self._http = h11.Connection(h11.CLIENT)
        self.used = False

    @property
    def reusable(self) -> bool:
        import h11

        return self._http.our_state is h11.IDLE

    async def close(self) -> None:
        await self._stack.aclose()

    async def exchange(
        self, request: Request, limit: int, phases: dict[str, float], into: Take | None
    ) -> Answer:
        import h11

        try:
            written = self._written(request)
        except (h11.LocalProtocolError, UnicodeError) as error:
            raise BadParameter(f"request: {error}") from error
        try:
            await self._stream.write(written)
        except ConnectionError:
            pass  # a server that refuses a body may answer and close before it has read all of it: read that answer
        except ssl.SSLError as error:  # of TLS 1.3: a client certificate is refused after the handshake
            raise Failed(failure(error)) from error
        try:
            answer = await self._read(limit, phases, into)
        except h11.RemoteProtocolError as error:
            raise Failed("bad answer") from error
        except ssl.SSLError as error:
            raise Failed(failure(error)) from error
        self.used = True
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return answer

    def _written(self, request: Request) -> bytes:
        import h11

        fields, target = request.fields(keep=self._keep), request.url.path
        if self._proxy is not None:
            fields, target = fields + self._proxy.fields, request.url.text
        sent = self._http.send(h11.Request(method=request.method, target=target, headers=fields)) or b""
        if request.body:
            sent += self._http.send(h11.Data(data=request.body)) or b""
        return sent + (self._http.send(h11.EndOfMessage()) or b"")

    async def _read(self, limit: int, phases: dict[str, float], into: Take | None) -> Answer:
        import h11

        asked, reading = time.perf_counter(), _Reading(limit, into)
        heard = 0
        while not reading.take(self._http):
            try:
                data = await self._stream.read(_CHUNK)
            except ConnectionError as error:
                if heard:
                    raise
                raise _Stale from error
            if not heard:
                if not data:
                    raise _Stale
                _add(phases, "first_byte_seconds", time.perf_counter() - asked)
            heard += len(data)
            if heard > 2 * limit + _BESIDE_BODY:
                raise h11.RemoteProtocolError("more beside the body than in it")
            self._http.receive_data(data)
        return reading.answer


class _Reading:
    """An answer as it arrives."""

    def __init__(self, limit: int, into: Take | None) -> None:
        self._left, self._body = limit, bytearray()
        self._take = self._body.extend if into is None else into
        self._informed = 0
        self.answer = Answer(0)

    def take(self, http: "h11.Connection") -> bool:
        """Move what has arrived on; True when it is whole, or as much of it as is wanted."""
        import h11

        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                return False
            if isinstance(event, h11.InformationalResponse):
                self._informed += 1
                if self._informed > _MOST_INFORMED:
                    raise h11.RemoteProtocolError("interim answers without end")
            elif isinstance(event, h11.Response):
                self.answer.status = event.status_code
                self.answer.headers = [
                    (name.decode("ascii"), value.decode("latin-1")) for name, value in event.headers
                ]
            elif isinstance(event, h11.Data):
                if len(event.data) > self._left:
                    self._take(bytes(event.data[: self._left]))
                    self.answer.whole = False
                    return self._end()
                self._left -= len(event.data)
                self._take(bytes(event.data))
            else:  # EndOfMessage, ConnectionClosed, PAUSED
                return self._end()

    def _end(self) -> bool:
        self.answer.body = bytes(self._body)
        return True
