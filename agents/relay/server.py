"""The small HTTP server behind a check of `relay`: one request at a time on few connections, bounded in bytes and time."""

import asyncio
import base64
import contextlib
import logging
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.listen.sockets import sender
from core.buckets import Buckets, Rate
from core.clock import Clock
from core.errors import BadInput, Unavailable
from core.inventory_agents import HOURS, Answer, answer, read, refusal, unpacked
from core.wire import INVENTORY, Document

if TYPE_CHECKING:
    import socket

    import h11

_log = logging.getLogger(__name__)

MAX_PACKED = 512 << 10
"""Bytes of an inventory as it came: as text in a report it is a third more, and a report may have 1 MiB."""
CONNECTIONS = 16
REQUEST_S, IDLE_S = 60.0, 30.0
GOODBYE_S = 10.0
"""Time for the other side to send what it has, and to read that nobody wants it."""
RETRY_S = 600
OF_EACH, OF_ALL = Rate(1 / 60, 30), Rate(5, 400)
"""Inventories of one address and of all: a PC has one a day, of each of its agents, and all begin when the office does."""
_READ = 16 << 10
_HEAD = 16 << 10

Keep = Callable[[Document], Awaitable[None]]
"""Puts a document on the disk; Unavailable when it cannot."""


@dataclass(slots=True)
class Counts:
    """Since they were last taken."""

    inventories: int = 0
    refused: int = 0
    sources: set[str] = field(default_factory=set)


class Relay:
    """A server for inventory agents. Everything runs on the event loop that opened it."""

    def __init__(self, keep: Keep, clock: Clock, of_each: Rate = OF_EACH, of_all: Rate = OF_ALL) -> None:
        self._keep, self._clock = keep, clock
        self._rate = Buckets(of_each, of_all)
        self._counts = Counts()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(1)
        """One inventory is unpacked at a time: the memory of one, however many come at once."""

    async def open(self, bound: "socket.socket") -> None:
        self._server = await asyncio.start_server(self._accept, sock=bound, limit=2 * _READ, backlog=32)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()

    def take_counts(self) -> Counts:
        taken, self._counts = self._counts, Counts()
        return taken

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._serving) >= CONNECTIONS:
            writer.transport.abort()  # it comes again
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import h11  # not in agents without a relay

        source = sender(writer.get_extra_info("peername") or ("",))
        talk = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD)
        try:
            while talk.our_state is h11.IDLE:
                async with asyncio.timeout(REQUEST_S):
                    if not await self._one(talk, reader, writer, source):
                        break
                if {talk.our_state, talk.their_state} == {h11.DONE}:
                    talk.start_next_cycle()
        except (OSError, TimeoutError, h11.ProtocolError) as error:
            _log.debug("relay: %s: %s", source, error)
        finally:
            writer.transport.abort() if talk.our_state is h11.ERROR else writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _one(
        self,
        talk: "h11.Connection",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        source: str,
    ) -> bool:
        """Take one request and answer it; False when there is none to come."""
        import h11

        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = talk.next_event()
            if event is h11.NEED_DATA:
                if talk.they_are_waiting_for_100_continue:
                    writer.write(talk.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                async with asyncio.timeout(IDLE_S):
                    talk.receive_data(await reader.read(_READ))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_PACKED:
                    self._counts.refused += 1
                    await _send(talk, writer, 413, Answer("text/plain", b"inventory too large\n"), close=True)
                    await _pass_over(reader)
                    return False
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return False
        if request is None:  # h11 gives the end of a request after its beginning
            return False
        if request.method == b"GET" and b"action=getConfig" not in request.target:
            await _send(talk, writer, 200, Answer("text/plain; charset=utf-8", b"Nhip\n"))
        elif request.method != b"POST":
            await _send(talk, writer, 404, Answer("text/plain", b"nothing here\n"))
        else:
            await _send(talk, writer, *await self._take(bytes(body), source, list(request.headers)))
        return True

    async def _take(
        self, body: bytes, source: str, headers: Sequence[tuple[bytes, bytes]]
    ) -> tuple[int, Answer]:
        client = dict(headers).get(b"user-agent", b"").decode("latin-1")[:120]
        async with self._turn:
            try:
                plain, packing = unpacked(body)
                ask = read(plain, packing, headers)
            except BadInput as error:
                self._counts.refused += 1
                return 400, Answer("text/plain; charset=utf-8", f"{error}\n".encode())
            if ask.kind == "other":
                self._counts.refused += 1
                return 200, refusal(ask, "only inventories are taken here")
            if ask.kind != "inventory":
                return 200, answer(ask)
            if not self._rate.take(source, self._clock.now()):
                self._counts.refused += 1
                return 429, Answer("text/plain; charset=utf-8", b"too many inventories\n")
            packed = zlib.compress(plain) if packing == "plain" else body
            del plain
        document = Document(
            INVENTORY,
            self._clock.now(),
            {
                "device": ask.device,
                "source": source,
                "client": client,
                "packed": base64.b64encode(packed).decode("ascii"),
            },
        )
        try:
            await self._keep(document)
        except Unavailable as error:
            _log.warning("an inventory of %s could not be kept: %s", source, error)
            self._counts.refused += 1
            return 503, Answer("text/plain; charset=utf-8", f"{error}\n".encode())
        self._counts.inventories += 1
        self._counts.sources.add(source)
        return 200, answer(ask, HOURS)


async def _pass_over(reader: asyncio.StreamReader) -> None:
    """Let what still comes go by: closed at once, the connection would be reset and the answer lost."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_S):
            while await reader.read(_READ):
                pass


async def _send(
    talk: "h11.Connection", writer: asyncio.StreamWriter, status: int, said: Answer, *, close: bool = False
) -> None:
    import h11

    headers = [("Content-Type", said.content_type), ("Content-Length", str(len(said.body)))]
    if status in (429, 503):
        headers.append(("Retry-After", str(RETRY_S)))
    if close:
        headers.append(("Connection", "close"))
    for event in (
        h11.Response(status_code=status, headers=headers),
        h11.Data(data=said.body),
        h11.EndOfMessage(),
    ):
        writer.write(talk.send(event) or b"")
    await writer.drain()
