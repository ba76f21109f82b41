"""Sends the questions of a sweep and listens. Needs packet sockets (CAP_NET_RAW), and runs in a child of the agent."""

import contextlib
import ctypes
import select
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from agents.sweep.capture import program
from agents.sweep.frames import read_frame
from agents.sweep.networks import Own
from agents.sweep.packets import asking, hellos, question
from agents.sweep.rounds import Place, Rounds, length_s, questions, spacing_s
from agents.sweep.tally import Tally

_ETH_P_ALL = 3
_SO_ATTACH_FILTER = 26
_SOL_PACKET, _ADD_MEMBERSHIP, _ALL_MULTICAST = 263, 1, 2
_IGNORE_OUTGOING = 23
_MAX_FRAME = 2_048
_AT_ONCE = 64
"""Frames that are read before the next question has its turn."""
_SSDP4, _SSDP6 = "239.255.255.250", "ff02::c"
_CHECKED_BYTES = 4
_LEAST_BYTES = 60


class NoPacketSocket(Exception):
    """This process may not open packet sockets (CAP_NET_RAW), or this system has none."""


@dataclass(frozen=True, slots=True)
class Order:
    """One run: at most `kbps` on average over all of it, which lasts `listen_s` or as long as the networks' size asks for, but not
    longer than `most_s`."""

    kbps: float
    listen_s: float
    most_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """`sent_bits` are those of whole Ethernet frames. `asking_s`: until the last question had been waited for;
    `found_s`: until the last machine was found that this run found."""

    tally: Tally
    asked: int
    rounds: int
    sent_bits: int
    seconds: float
    asking_s: float
    found_s: float


def sweep(order: Order, links: Sequence[Own]) -> Found:
    """Run it.

    Raises:
        NoPacketSocket: not permitted.
        OSError: an interface went away.
    """
    began = time.perf_counter()
    places = list(_places(links))
    length = length_s(len(places), order.kbps, order.listen_s, order.most_s)
    rounds = Rounds(places, spacing_s(order.kbps), questions(length, order.kbps))
    with _open(links) as sockets:
        run = _Run(links, sockets, rounds, began)
        run.until(began + length)
        seconds = time.perf_counter() - began
        return Found(
            run.tally, rounds.counts.asked, rounds.round, run.sent_bits, seconds, run.asking_s, run.found_s
        )


class _Run:
    def __init__(
        self, links: Sequence[Own], sockets: Sequence[socket.socket], rounds: Rounds, began: float
    ) -> None:
        self._links, self._sockets, self.rounds, self._began = links, sockets, rounds, began
        self._number = {sock: number for number, sock in enumerate(sockets)}
        self._questions = [
            [(network, question(link.mac, source)) for network, source in link.ask] for link in links
        ]
        self._greeted = 0
        self.tally = Tally()
        self.sent_bits = 0
        self.asking_s = self.found_s = 0.0

    def until(self, end: float) -> None:
        """Ask and listen."""
        while (now := time.perf_counter()) < end:
            self._listen(min(end, self._ask(now, end)))

    def _ask(self, now: float, end: float) -> float:
        """Send what is due; when to come again."""
        if self._greeted < self.rounds.round:
            self._greet()
        step = self.rounds.next(now)
        if step is None:
            self.asking_s = self.asking_s or now - self._began
            return end
        if isinstance(step, float):
            return step
        number, target = step
        there = IPv4Address(target)
        ask = next(frame for network, frame in self._questions[number] if there in network)
        self._send(number, asking(ask, target))
        return now

    def _greet(self) -> None:
        self._greeted = self.rounds.round
        for number, link in enumerate(self._links):
            source = link.ask[0][1] if link.ask else None
            for frame in hellos(link.mac, source, link.link_local):
                self._send(number, frame)

    def _send(self, number: int, frame: bytes) -> None:
        # A full queue or a filter of this machine: a question that was lost.
        with contextlib.suppress(OSError):
            self._sockets[number].send(frame)
            self.sent_bits += 8 * (max(len(frame), _LEAST_BYTES) + _CHECKED_BYTES)

    def _listen(self, until: float) -> None:
        """Take in frames until then; at least what waits."""
        while True:
            left = until - time.perf_counter()
            ready, _, _ = select.select(self._sockets, [], [], max(0.0, left))
            for sock in ready:
                self._read(sock)
            if left <= 0:
                return

    def _read(self, sock: socket.socket) -> None:
        number = self._number[sock]
        for _ in range(_AT_ONCE):
            try:
                frame = sock.recv(_MAX_FRAME)
            except BlockingIOError:
                return
            heard = read_frame(frame)
            if heard is None:
                continue
            before = self.tally.hosts
            addresses = self.tally.take(heard, self._links[number])
            if self.tally.hosts > before:
                self.found_s = time.perf_counter() - self._began
            if addresses is None:
                continue
            places = [place for address in addresses if (place := self._place(number, address))]
            if not places:
                self.rounds.heard(heard.mac, None)
            for place in places:
                self.rounds.heard(heard.mac, place)

    def _place(self, number: int, address: str) -> Place | None:
        if ":" in address:
            return None
        there = IPv4Address(address)
        return (number, address) if any(there in network for network, _ in self._links[number].ask) else None


def _places(links: Sequence[Own]) -> Iterator[Place]:
    for number, link in enumerate(links):
        for network, _ in link.ask:
            for address in map(str, network.hosts()):
                if address not in link.addresses:
                    yield number, address


@contextlib.contextmanager
def _open(links: Sequence[Own]) -> Iterator[list[socket.socket]]:
    """A packet socket on each interface, and membership in the groups whose traffic switches keep from others."""
    if not hasattr(socket, "AF_PACKET"):
        raise NoPacketSocket("not on this system")
    with contextlib.ExitStack() as stack:
        sockets: list[socket.socket] = []
        for link in links:
            try:
                # With no protocol at first: nothing comes before there is a filter.
                sock = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            except PermissionError as error:
                raise NoPacketSocket(error.strerror or str(error)) from error
            sock.setblocking(False)
            _filter(sock)
            index = socket.if_nametoindex(link.name)
            sock.setsockopt(
                _SOL_PACKET, _ADD_MEMBERSHIP, struct.pack("=iHH8s", index, _ALL_MULTICAST, 0, b"")
            )
            with contextlib.suppress(OSError):
                sock.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
            sock.bind((link.name, _ETH_P_ALL))
            _join(stack, index, link)
            sockets.append(sock)
        yield sockets


def _filter(sock: socket.socket) -> None:
    code = ctypes.create_string_buffer(program())
    count = len(program()) // 8
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", count, ctypes.addressof(code)))


def _join(stack: contextlib.ExitStack, index: int, link: Own) -> None:
    with contextlib.suppress(OSError):
        ours = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        group = struct.pack("=4s4si", socket.inet_aton(_SSDP4), bytes(4), index)
        ours.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    if link.link_local is not None:
        with contextlib.suppress(OSError):
            ours = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
            group = struct.pack("=16sI", socket.inet_pton(socket.AF_INET6, _SSDP6), index)
            ours.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
