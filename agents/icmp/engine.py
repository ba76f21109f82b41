"""ICMP echo for all targets at once on one event loop: who is due, how fast, and when to look.

Cheap per packet by having nothing per packet: no task, no timer and no wake-up, but lines of what to send next and
which burst ends next, and one timer for the next look. To wake a process costs as much as some ten packets, and the
kernel stamps each reply as it arrives: so replies are left in the socket until there is something to send as well, and
those to the last requests are looked for when they should all be there, or a while after the first of them comes.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence

from agents.icmp.channel import BATCH, Channel, Flight, Group
from agents.icmp.lines import Lines
from agents.icmp.packets import V4, V6
from agents.icmp.sockets import open_socket
from agents.icmp.stats import Burst

Address = tuple[str, int] | tuple[str, int, int, int]
"""A numeric socket address as `getaddrinfo` gives it: two parts for IPv4, four for IPv6."""

_TICK = 10_000_000
"""Nanoseconds between two looks while many packets move."""
_ALLOWANCE = 2 * _TICK
"""How far sending may lag behind its pace and catch up, so that no burst fills a thin line."""
_MOST = 256
"""Requests sent in one look: fewer than a look reads, and than a socket's buffer holds where nobody may enlarge it."""
_MANY = 4
"""With more bursts than this to send for, their requests go out together, a tick apart at least."""
_FEW = 64
"""While no more requests than this wait for a reply, replies may lie in the socket for longer than a tick."""
_LATE = 25_000_000
"""For that long: more than the usual spacing, so that the look that reads a burst's last reply can end it too."""
_SOON = 50_000_000
"""Replies that take no longer than this, by what the last one took, are looked for when they should be there."""
_TOGETHER = 2_000_000
"""How late a burst may end, so that those whose requests went out in one look end in one."""


class Engine:
    """Sends bursts and gathers their replies. For the running event loop; sockets open at first need and stay open."""

    def __init__(self, *, packets_per_s: float = 2_000.0, raw: bool | None = None) -> None:
        """`packets_per_s` bounds all requests together; `raw` demands a kind of socket (None: what is allowed)."""
        self._interval = int(1e9 / packets_per_s)
        self._raw = raw
        self._channels: dict[int, Channel] = {}
        self._listening: set[int] = set()
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
                self._look()
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
        if not self._loop.is_closed():
            self._listen_no_more()
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self._listening.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _channel(self, family: int) -> Channel:
        if family not in self._channels:
            self._channels[family] = Channel(open_socket(family, raw=self._raw))
        return self._channels[family]

    def _look(self) -> None:
        """Take replies first, so that one that waits in the kernel is in time however late we are; then the rest."""
        taken, full = 0, False
        for channel in self._channels.values():
            packets = channel.receive()
            taken += packets
            full = full or packets == BATCH
            for whole in channel.answered:
                self._to_end.add(whole.answered_at, whole.spacing, whole)
            channel.answered.clear()
        now = time.monotonic_ns()
        while not full and (flight := self._to_end.take(now)):
            if not flight.done:
                self._end(flight)
        sent = self._send_due(now)
        self._arrange(now, taken, sent, hurry=full or sent == _MOST)

    def _send_due(self, now: int) -> int:
        queue, interval, sent = self._to_send, self._interval, 0
        at = max(self._paced_at, now - _ALLOWANCE)
        while at <= now and sent < _MOST and (flight := queue.take(now)):
            if flight.done:
                continue
            gone = flight.channel.send(flight)
            if not gone:
                queue.add(now, _TICK, flight)  # no room: give replies time to make some
                at = now + _TICK
                break
            at += interval
            sent += 1
            if flight.sent < flight.count:
                queue.add(now, flight.spacing, flight)  # not `gone`: who goes together now does so next time
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

    def _arrange(self, now: int, taken: int, sent: int, *, hurry: bool) -> None:
        """Set the next look: for what is to be sent or to end, for many replies, or for when the next reply comes."""
        self._to_send.skip(_over)
        self._to_end.skip(_over)
        waiting, due = self.waiting, []
        if (end := self._to_end.first()) is not None:
            due.append(end + _TOGETHER)
        send = self._next_send(now)
        if send is not None:
            due.append(send)
        if hurry:
            due.append(now)
        elif waiting > _FEW and taken + sent:
            due.append(now + _TICK)
        elif waiting and (waiting > _FEW or send is None or send > now + _LATE):
            rtt = max(channel.rtt for channel in self._channels.values())
            if not sent or rtt > _SOON:
                self._listen()
                self._set_timer(min(due, default=None))
                return
            due.append(now + rtt + _LATE)
        self._listen_no_more()
        self._set_timer(min(due, default=None))

    def _next_send(self, now: int) -> int | None:
        send = self._to_send.first()
        if send is None:
            return None
        return max(send, self._paced_at, now + _TICK if len(self._to_send) > _MANY else 0)

    def _listen(self) -> None:
        for family, channel in self._channels.items():
            if family not in self._listening:
                self._loop.add_reader(channel.icmp.socket, self._on_reply)
                self._listening.add(family)

    def _listen_no_more(self) -> None:
        for family in self._listening:
            self._loop.remove_reader(self._channels[family].icmp.socket)
        self._listening.clear()

    def _on_reply(self) -> None:
        """One has come, and others may be close behind: look for all of them at once, a while from now."""
        self._listen_no_more()
        look = time.monotonic_ns() + (_TICK if self.waiting > _FEW else _LATE)
        self._set_timer(look if self._timer is None else min(look, self._timer_at))

    def _set_timer(self, due: int | None) -> None:
        """At `due` or earlier: a timer that rings too early costs less than one that is always set anew."""
        if self._timer is not None:
            if due is not None and self._timer_at <= due:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer_at = due
            self._timer = self._loop.call_at(due / 1e9, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._look()


def _over(flight: Flight) -> bool:
    return flight.done


_engines: dict[asyncio.AbstractEventLoop, Engine] = {}


def engine() -> Engine:
    """The engine of the running event loop; those of loops that were closed are closed with it."""
    loop = asyncio.get_running_loop()
    if loop not in _engines:
        for old in [old for old in _engines if old.is_closed()]:
            _engines.pop(old).close()
        _engines[loop] = Engine()
    return _engines[loop]
