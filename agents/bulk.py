"""Bytes between agent and centre for their own sake: how many a second the line carries, each way.

A connection of its own for each measurement, with the agent's own credential and TLS. Nothing is kept of what comes.
"""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import h11
import msgspec

from agents.credential import Credential
from agents.reach import reach
from core.errors import Refused, Unavailable
from core.wire import Received

PATH = "/api/v1/agent/throughput"
_CHUNK = 64 << 10
_CONNECT_S = 10.0
_ANSWER_S = 5.0
"""Longest wait for an answer's head, and for the answer after the last byte was sent."""
_SEND_BUFFER = 256 << 10
"""Bytes that wait in this machine's kernel: more would still be under way when the time is over."""


class Bulk:
    """Transfers to and from the agent's centre.

    Each raises Unavailable when the centre has no room for one now (then it is worth trying again), Refused when it will not
    have it at all, and OSError when the line fails.
    """

    def __init__(self, credential: Credential, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(credential.url)
        self._host, self._path = parts.hostname or "", parts.path.rstrip("/") + PATH
        self._port = parts.port or (443 if tls else 80)
        self._headers = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": "nhip-agent",
            "Authorization": credential.authorization,
            "Connection": "close",
        }
        self._tls = tls

    async def down(self, size: int, seconds: float) -> Received:
        """Take `size` bytes, or what comes within `seconds` after the first."""
        async with self._connection() as line:
            line.ask("GET", f"{self._path}?bytes={size}", self._headers)
            async with asyncio.timeout(_ANSWER_S):
                await line.head()
            total, began, last = 0, 0.0, 0.0
            try:
                async with asyncio.timeout(_ANSWER_S) as limit:
                    async for data in line.body():
                        last = time.perf_counter()
                        if not total:
                            began = last
                            limit.reschedule(asyncio.get_running_loop().time() + seconds)
                            total = 1  # what came at once tells nothing of how long it took
                            continue
                        total += len(data)
            except TimeoutError:
                if not total:
                    raise
            return Received(max(0, total - 1), max(0.0, last - began) * 1000)

    async def up(self, size: int, seconds: float) -> Received:
        """Send `size` bytes, or what goes within `seconds`. The centre says how much of it arrived, and in which time."""
        async with self._connection() as line:
            # Nothing is sent before the centre says that it has room: its refusal would be lost in the flood.
            sized = self._headers | {"Content-Length": str(size), "Expect": "100-continue"}
            line.ask("POST", f"{self._path}?seconds={seconds:g}", sized)
            async with asyncio.timeout(_ANSWER_S):
                await line.head(100)
            sending = asyncio.create_task(line.pour(size))
            try:
                async with asyncio.timeout(seconds + _ANSWER_S):
                    await line.head()  # a centre that has seen enough answers while it is sent to
                    answer = b"".join([data async for data in line.body()])
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            try:
                return msgspec.json.decode(answer, type=Received)
            except msgspec.DecodeError as error:
                raise ConnectionResetError(f"no figures: {error}") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["_Line"]:
        async with asyncio.timeout(_CONNECT_S):
            made = await reach(self._host, self._port)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            name = self._host if self._tls else None
            try:
                reader, writer = await asyncio.open_connection(
                    sock=made, ssl=self._tls, server_hostname=name, limit=_CHUNK
                )
            except BaseException:
                made.close()
                raise
        try:
            yield _Line(reader, writer)
        finally:
            writer.transport.abort()


class _Line:
    """One request on a connection, and its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT)

    def ask(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        request = h11.Request(method=method, target=path, headers=list(headers.items()))
        self._writer.write(self._http.send(request) or b"")
        if "Content-Length" not in headers:
            self._http.send(h11.EndOfMessage())

    async def pour(self, size: int) -> None:
        """Send that many bytes that no line can compress, as fast as they go."""
        while size:
            chunk = os.urandom(min(size, _CHUNK))
            self._writer.write(self._http.send(h11.Data(data=chunk)) or b"")
            await self._writer.drain()
            size -= len(chunk)

    async def head(self, wanted: int = 200) -> None:
        """Wait for the answer's status. Raises Unavailable, Refused or OSError if it is not the one that is wanted."""
        event = await self._next()
        if not isinstance(event, (h11.Response, h11.InformationalResponse)):
            raise ConnectionResetError("no answer")
        if event.status_code == 503:
            after = dict(event.headers).get(b"retry-after", b"")
            raise Unavailable(
                "the centre measures others now", retry_after_s=float(after) if after.isdigit() else 5.0
            )
        if event.status_code != wanted:
            raise Refused(f"the centre answers {event.status_code}")

    async def body(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def _next(self) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(_CHUNK))
        except h11.ProtocolError as error:
            raise ConnectionResetError(str(error)) from error
        return event
