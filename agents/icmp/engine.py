"""ICMP echo for all targets at once on one event loop: who is due, how fast, and when to look.

Cheap per packet by having nothing per packet: no task and no timer, but lines of what to send next and which
burst ends next, and one timer for the next of either. While many requests are out, the sockets are looked at each tick
instead of at every packet: the kernel stamps each reply as it arrives, so that costs no accuracy.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence

from agents.icmp.channel import Channel, Flight, Group
from agents.icmp.lines import Lines
from agents.icmp.packets import V4, V6
from agents.icmp.sockets import open_socket
from agents.icmp.stats import Burst

Address = tuple[str, int] | tuple[str, int, int, int]
"""A numeric socket address as `getaddrinfo` gives it: two parts for IPv4, four for IPv6."""

_TICK = 10_000_000
"""Nanoseconds between two looks while many packets move. To wake a process costs as much as some eight packets."""
_ALLOWANCE = 2 * _TICK
"""How far sending may lag behind its pace and catch up, so that no burst fills a thin line."""
_MOST = 256
"""Requests sent in one look: fewer than a look reads, and than a socket's buffer holds where nobody may enlarge it."""
_MANY = 4
"""When a look moved this many packets, the next one is a tick later; with fewer, the next reply wakes."""


class Engine:
    """Sends bursts and gathers their replies. For the running event loop; sockets open at first need and stay open."""

    def __init__(self, *, packets_per_s: float = 2_000.0, raw: bool | None = None) -> None:
        """`packets_per_s` bounds all requests together; `raw` demands a kind of socket (None: what is allowed)."""
        self._interval = int(1e9 / packets_per_s)
        self._raw = raw
        self._channels: dict[int, Channel] = {}
        self._reading: set[int] = set()
        self._to_send: Lines[Flight] = Lines()
        self._to_end: Lines[Flight] = Lines()
        self._paced_at = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0
        self._loop = asyncio.get_running_loop()

    async def burst(
        self, target: Address, *, count: int = 5, spacing: float = 0.02, wait: float = 1.0
    ) -> Burst:
        """Send `count` requests `spacing` seconds apart; each reply within `wait` seconds counts.

        Returns when all are answered (and `spacing` more has passed, in which duplicates of the last would show),
        or when the last one's time is over.

        Raises:
            Unavailable: this machine allows no ICMP socket of that family.
        """
        return (await self.bursts([target], count=count, spacing=spacing, wait=wait))[0]

    async def bursts(
        self, targets: Iterable[Address], *, count: int = 5, spacing: float = 0.02, wait: float = 1.0
    ) -> Sequence[Burst]:
        """As `burst`, for many targets at once; results in their order."""
        done = self._loop.create_future()
        group = Group(0, done)
        now, space, limit = time.monotonic_ns(), int(spacing * 1e9), int(wait * 1e9)
        flights = []
        for target in targets:
            channel = self._channel(V4 if len(target) == 2 else V6)
            flights.append(Flight(target, channel, group, count, space, limit, channel.template()))
        group.left = len(flights)
        for flight in flights:
            self._to_send.add(now, 0, flight)
        try:
            if flights:
                self._wake()
                await done
        finally:
            for flight in flights:
                if not flight.done:  # whoever waited was cancelled
                    self._end(flight)
        return [
            Burst([None if rtt < 0 else rtt / 1e9 for rtt in flight.rtts], flight.duplicates, flight.reason)
            for flight in flights
        ]

    @property
    def strays(self) -> int:
        """Packets that answered nothing that was waited for: forged, foreign or too late."""
        return sum(channel.strays for channel in self._channels.values())

    @property
    def waiting(self) -> int:
        """Requests sent, not answered, and not given up."""
        return sum(channel.waiting for channel in self._channels.values())

    @property
    def is_closed(self) -> bool:
        """Whether no socket is open: before the first burst, and after `close`."""
        return not self._channels

    def close(self) -> None:
        """Close the sockets. Bursts still waited for never return: cancel them first."""
        for family, channel in self._channels.items():
            if family in self._reading and not self._loop.is_closed():
                self._loop.remove_reader(channel.icmp.socket)
            channel.close()
        self._channels.clear()
        self._reading.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _channel(self, family: int) -> Channel:
        if family not in self._channels:
            self._channels[family] = Channel(open_socket(family, raw=self._raw))
        return self._channels[family]

    def _wake(self) -> None:
        """Take replies first, so that one that waits in the kernel is in time however late we are; then the rest."""
        taken = 0
        for channel in self._channels.values():
            taken += channel.receive()
            if channel.answered:
                self._all_answered(channel)
        now = time.monotonic_ns()
        while flight := self._to_end.take(now):
            if not flight.done:
                self._end(flight)
        sent = self._send_due(now)
        self._arrange(now, taken + sent)

    def _all_answered(self, channel: Channel) -> None:
        now = time.monotonic_ns()
        for flight in channel.answered:
            self._to_end.add(now, flight.spacing, flight)
        channel.answered.clear()

    def _send_due(self, now: int) -> int:
        queue, interval, sent = self._to_send, self._interval, 0
        at = max(self._paced_at, now - _ALLOWANCE)
        while at <= now and sent < _MOST and (flight := queue.take(now)):
            if flight.done:
                continue
            gone = flight.channel.send(flight)
            if not gone:
                queue.add(time.monotonic_ns(), _TICK, flight)  # no room: give replies time to make some
                at = now + _TICK
                break
            at += interval
            sent += 1
            if flight.sent < flight.count:
                queue.add(gone, flight.spacing, flight)
            else:
                self._to_end.add(gone, flight.timeout, flight)
        self._paced_at = at
        return sent

    def _end(self, flight: Flight) -> None:
        flight.done = True
        flight.channel.forget(flight)
        group = flight.group
        group.left -= 1
        if group.left == 0 and not group.done.done():
            group.done.set_result(None)

    def _arrange(self, now: int, moved: int) -> None:
        """Set the next look: the timer for what is due, the readers for replies, or ticks while both are many."""
        loop = self._loop
        ticking = self.waiting > 0 and moved >= _MANY
        for family, channel in self._channels.items():
            if ticking and family in self._reading:
                loop.remove_reader(channel.icmp.socket)
                self._reading.discard(family)
            elif not ticking and family not in self._reading:
                loop.add_reader(channel.icmp.socket, self._wake)
                self._reading.add(family)
        due = self._due(now + _TICK if moved < _MOST else now, ticking)
        if self._timer is not None:
            if due is not None and self._timer_at <= due:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer_at = due
            self._timer = loop.call_later(max(0, due - now) / 1e9, self._on_timer)

    def _due(self, tick: int, ticking: bool) -> int | None:
        """When to look again at the latest: for the next request, the next end, or at `tick`. None: no need to."""
        due = [tick] if ticking else []
        if (end := self._to_end.first()) is not None:
            due.append(end)
        if (send := self._to_send.first()) is not None:
            due.append(max(send, self._paced_at, tick if len(self._to_send) > _MANY else 0))
        return min(due, default=None)

    def _on_timer(self) -> None:
        self._timer = None
        self._wake()


_engines: dict[asyncio.AbstractEventLoop, Engine] = {}


def engine() -> Engine:
    """The engine of the running event loop; those of loops that were closed are closed with it."""
    loop = asyncio.get_running_loop()
    if loop not in _engines:
        for old in [old for old in _engines if old.is_closed()]:
            _engines.pop(old).close()
        _engines[loop] = Engine()
    return _engines[loop]
