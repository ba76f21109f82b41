"""What runs for one check of `listen`: the sockets, and one task that reads traps and tells events, each in its turn."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from agents.listen.intake import Intake
from agents.listen.kinds import Notice
from agents.listen.sockets import Datagrams, Streams, bound
from agents.snmp.desk import Desk
from agents.syslog import MAX_BYTES
from core.clock import Clock
from core.wire import Event

_log = logging.getLogger(__name__)

WAITING = 256
"""Traps that wait to be read, or events to be on disk; what comes beyond that is passed over."""
_LONGEST_TRAP = 8 << 10
_READ_S = 10.0
_REST = 3
"""After a trap the child is left alone for so many times as long as that took: 8 KiB made to be slow to read take it 30 ms, and
those it is asked to ask must not wait for a flood of them."""
_LONGEST_REST_S = 0.1

Tell = Callable[[Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ears:
    """Where to listen, for what. `trusted` are the communities and users of `agents.snmp.traps.Datagram`."""

    protocol: Literal["trap", "syslog"]
    address: str
    port: int
    tcp: bool
    trusted: Mapping[str, Any]


class _Trap(NamedTuple):
    body: bytes
    source: str
    at: int


class Receiver:
    """`intake` counts. `desk` has traps read, `tell` takes events."""

    def __init__(
        self, ears: Ears, intake: Intake, tell: Tell, clock: Clock, desk: Callable[[], Desk]
    ) -> None:
        self._ears, self.intake = ears, intake
        self._tell_outbox, self._clock, self._desk = tell, clock, desk
        self._ends: list[Datagrams | Streams] = []
        self._waiting: asyncio.Queue[Event | _Trap] = asyncio.Queue(WAITING)
        self._work: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises OSError when a port cannot be had; then nothing is open."""
        ears, is_trap = self._ears, self._ears.protocol == "trap"
        take = self._take_trap if is_trap else self._take_syslog
        try:
            datagrams = bound(ears.address, ears.port, socket.SOCK_DGRAM)
            self._ends.append(Datagrams(datagrams, take, _LONGEST_TRAP if is_trap else MAX_BYTES))
            if ears.tcp and not is_trap:
                streams = Streams(take)
                self._ends.append(streams)
                await streams.start(bound(ears.address, ears.port, socket.SOCK_STREAM))
        except BaseException:
            self.close()
            raise
        self._work = asyncio.create_task(self._go_through())

    def close(self) -> None:
        for end in self._ends:
            end.close()
        self._ends.clear()
        if self._work is not None:
            self._work.cancel()

    async def tell_notes(self) -> None:
        """Say what was passed over or could not be read, if it is time."""
        for note in list(self.intake.notes(self._clock.now())):
            await self._tell(note)

    def _take_syslog(self, data: bytes, source: str) -> bool:
        now = self._clock.now()
        if not self.intake.admits(source, now):
            return False
        event = self.intake.syslog(data, source, now)
        if event is not None:
            self._wait(source, event)
        return True

    def _take_trap(self, data: bytes, source: str) -> bool:
        now = self._clock.now()
        if not self.intake.admits(source, now):
            return False
        self._wait(source, _Trap(data, source, now))
        return True

    def _wait(self, source: str, item: Event | _Trap) -> None:
        try:
            self._waiting.put_nowait(item)
        except asyncio.QueueFull:
            self.intake.drop(source)

    async def _go_through(self) -> None:
        while True:
            item = await self._waiting.get()
            if isinstance(item, Event):
                await self._tell(item)
            else:
                await self._read(item)

    async def _read(self, trap: _Trap) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(_READ_S):
                said = await self._desk().read({"body": trap.body, **self._ears.trusted})
        except (OSError, TimeoutError) as error:
            _log.warning("a trap of %s could not be read: %s", trap.source, error)
            self.intake.drop(trap.source)
            return
        if said["why"]:
            self.intake.misread(trap.source, said["why"])
        else:
            event = self.intake.event(Notice(said["kind"], said["text"]), trap.source, trap.at)
            if event is not None:
                await self._tell(event)
        await asyncio.sleep(min(_LONGEST_REST_S, _REST * (loop.time() - began)))

    async def _tell(self, event: Event) -> None:
        try:
            await self._tell_outbox(event)
        except Exception as error:  # noqa: BLE001 - the outbox cannot be written now, and says so itself
            _log.warning("an event of %s could not be stored: %s", event.source, error)
            self.intake.drop(event.source)
