"""One ICMP socket and what is on its way through it: sends requests, takes replies in batches, matches them."""

import asyncio
import errno
import os
import socket
import struct
import time
from dataclasses import dataclass, field
from time import monotonic_ns

from agents.icmp import packets
from agents.icmp.packets import TOKEN_BYTES, V4
from agents.icmp.refusals import refusal
from agents.icmp.sockets import ERROR_BYTES, STAMP_BYTES, IcmpSocket

BATCH = 512
"""Most packets taken in one go: a flood must not hold up the event loop."""
_POOL = 64
"""Tokens drawn at a time: one call of the system for many bursts."""
_STAMP = struct.Struct("@ll")
_EXTENDED_ERROR = struct.Struct("@IBBBBII")
_FROM_ICMP = (2, 3)
_SLACK = 1_000_000
"""A packet may come in while a batch is taken, after `now`: stamps up to this many nanoseconds past it are sane."""


@dataclass(slots=True, eq=False)
class Flight:
    """A burst on its way. Times are nanoseconds of the monotonic clock."""

    address: tuple[str, int] | tuple[str, int, int, int]
    channel: "Channel"
    group: "Group"
    count: int
    spacing: int
    timeout: int
    template: packets.Template
    sent: int = 0
    sent_at: list[int] = field(default_factory=list)
    rtts: list[int] = field(default_factory=list)
    """Nanoseconds per request sent; -1 while there is no reply."""
    seqs: list[int] = field(default_factory=list)
    answered: int = 0
    answered_at: int = 0
    """When the latest reply came in."""
    duplicates: int = 0
    reason: str = ""
    done: bool = False


@dataclass(slots=True, eq=False)
class Group:
    """Bursts that somebody waits for together."""

    left: int
    done: "asyncio.Future[None]"


class Channel:
    """Matches by sequence number, token and source address; anything else is counted in `strays` and ignored."""

    def __init__(self, icmp: IcmpSocket) -> None:
        self.icmp = icmp
        self.strays = 0
        """Packets that answer nothing that is waited for: forged, foreign, or too late."""
        self.waiting = 0
        """Requests sent, not answered, and not given up."""
        self.rtt = 0
        """Nanoseconds the newest reply took: the next ones are likely to take as long."""
        self.answered: list[Flight] = []
        """Flights all of whose requests have been answered since this list was last emptied."""
        self._on_way: dict[int, tuple[Flight, int]] = {}
        self._seq = int.from_bytes(os.urandom(2), "big")
        self._tokens: list[bytes] = []
        self._buffer = bytearray(512)
        self._sendto = icmp.socket.sendto

    def template(self) -> packets.Template:
        """The requests of a new burst, with a token of its own."""
        if not self._tokens:
            pool = os.urandom(_POOL * TOKEN_BYTES)
            self._tokens = [pool[at : at + TOKEN_BYTES] for at in range(0, len(pool), TOKEN_BYTES)]
        return packets.Template(self.icmp.family, self.icmp.ident, self._tokens.pop())

    def send(self, flight: Flight) -> int:
        """Send the flight's next request; when that was. 0 if there is no room: all numbers or buffers in use.

        Numbers are taken in turn, so the next one is the one used longest ago: it is free again as soon as its
        request is answered or its time is over, even while its burst goes on.
        """
        on_way = self._on_way
        seq = (self._seq + 1) & 0xFFFF
        if seq in on_way and _awaited(*on_way[seq], monotonic_ns()):
            return 0
        packet = flight.template.request(seq)
        on_way[seq] = (flight, flight.sent)
        now = monotonic_ns()
        try:
            self._sendto(packet, flight.address)
        except OSError as error:
            if not self._send_again(packet, flight, error):
                del on_way[seq]
                return 0
        self._seq = seq
        self.waiting += 1
        flight.sent += 1
        flight.sent_at.append(now)
        flight.rtts.append(-1)
        flight.seqs.append(seq)
        return now

    def _send_again(self, packet: bytes, flight: Flight, error: OSError) -> bool:
        """After a failed send: a datagram socket reports another target's ICMP error here once, so try once more.

        False if there is no room in the socket's buffer. What the kernel itself refuses counts as a request lost.
        """
        if error.errno in (errno.EAGAIN, errno.ENOBUFS):
            return False
        self._read_errors()
        try:
            self.icmp.socket.sendto(packet, flight.address)
        except OSError as second:
            if second.errno in (errno.EAGAIN, errno.ENOBUFS):
                return False
            flight.reason = flight.reason or refusal(second)
        return True

    def receive(self) -> int:  # noqa: C901 - one loop for every packet: a call for each part would cost more than it explains
        """Take what has arrived, at most a batch; how many packets that was.

        The kernel stamped each packet as it came in, so reading late costs no accuracy. Stamps are of the wall clock:
        its distance to the monotonic clock is taken once per batch, so that a jump of the wall clock between a
        request and its reply does no harm.
        """
        take, buffers, buffer = self.icmp.socket.recvmsg_into, [self._buffer], self._buffer
        headed, kind_wanted = self.icmp.raw and self.icmp.family == V4, packets.REPLY[self.icmp.family]
        read_head, on_way, start = packets.read_head, self._on_way, 0
        now = monotonic_ns()
        ahead = time.clock_gettime_ns(time.CLOCK_REALTIME) - now
        for taken in range(BATCH):
            try:
                size, extra, _, source = take(buffers, STAMP_BYTES)
            except BlockingIOError:
                return taken
            except OSError:
                self._read_errors()
                continue
            if headed:
                start = (buffer[0] & 15) * 4
            if size - start < packets.HEAD_BYTES:
                continue
            kind, code, _, _, seq, token = read_head(buffer, start)
            if kind != kind_wanted or code != 0:
                self._failed(packets.failure(self.icmp.family, buffer[start:size]))
                continue
            entry = on_way.get(seq)
            if entry is None:
                self.strays += 1
                continue
            flight, index = entry
            if flight.template.token != token or flight.address[0] != source[0]:
                self.strays += 1
                continue
            if flight.rtts[index] >= 0:
                flight.duplicates += 1
                continue
            sent = flight.sent_at[index]
            seconds, nanoseconds = _STAMP.unpack(extra[0][2]) if extra else (0, 0)
            rtt = seconds * 1_000_000_000 + nanoseconds - ahead - sent
            if not 0 <= rtt <= now - sent + _SLACK:
                rtt = monotonic_ns() - sent  # no stamp, or the wall clock jumped between it and this reading
            if rtt > flight.timeout:
                self.strays += 1
                continue
            flight.rtts[index] = rtt
            flight.answered += 1
            flight.answered_at = sent + rtt
            self.rtt = rtt
            self.waiting -= 1
            if flight.answered == flight.count:
                self.answered.append(flight)
        return BATCH

    def _failed(self, failure: packets.Failure | None) -> None:
        """Note why a request failed. It stays awaited: an error message is easier to forge than a reply."""
        entry = self._on_way.get(failure.seq) if failure else None
        if failure is None or entry is None or not entry[0].template.token.startswith(failure.token):
            self.strays += 1
        elif not entry[0].reason:
            entry[0].reason = failure.reason

    def _read_errors(self) -> None:
        """Empty a datagram socket's error queue: ICMP errors, each with the head of the request it is about."""
        for _ in range(BATCH):
            try:
                data, extra, _, _ = self.icmp.socket.recvmsg(512, ERROR_BYTES, socket.MSG_ERRQUEUE)
            except OSError:
                return
            for level, _, value in extra:
                if level == socket.SOL_SOCKET or len(value) < _EXTENDED_ERROR.size:
                    continue
                _, origin, kind, code, _, _, _ = _EXTENDED_ERROR.unpack_from(value)
                if origin in _FROM_ICMP:
                    reason = packets.why(self.icmp.family, kind, code)
                    self._failed(packets.quoted_request(self.icmp.family, data, reason))

    def forget(self, flight: Flight) -> None:
        """The flight has ended: its sequence numbers are free."""
        on_way = self._on_way
        for seq in flight.seqs:
            entry = on_way.get(seq)
            if entry is not None and entry[0] is flight:
                del on_way[seq]
        self.waiting -= len(flight.rtts) - flight.answered

    def close(self) -> None:
        self.icmp.socket.close()


def _awaited(flight: Flight, index: int, now: int) -> bool:
    return flight.rtts[index] < 0 and now <= flight.sent_at[index] + flight.timeout
