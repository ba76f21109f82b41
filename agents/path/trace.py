"""Sends the probes of a trace and listens for their answers. Needs raw sockets, and runs in a child of the agent.

All hops are asked in parallel, one probe each `pace_s`, and again for as many rounds as asked for. Once the target
has answered, no probe goes farther than it.
"""

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import SystemRandom

from agents.icmp.packets import V4, V6, ip_header_bytes
from agents.path.flow import Flow, Method, read_icmp, read_tcp
from agents.path.packets import Ends, compose
from agents.path.tally import Path, Tally

LINGER_S = 1.0
"""How long the last answers are waited for."""
_OVERDUE = 256
"""How many packets that wait in the sockets are read when time is up: others on this machine may be flooded with ICMP."""
_DOMAIN = {V4: socket.AF_INET, V6: socket.AF_INET6}
_ICMP = {V4: socket.IPPROTO_ICMP, V6: socket.IPPROTO_ICMPV6}
_MAX_PACKET = 2_048
_ANY_PORT = 9


class NoRawSocket(Exception):
    """This process may not open raw sockets (CAP_NET_RAW)."""


@dataclass(frozen=True, slots=True)
class Order:
    """One trace. `target` is a literal address; `deadline_s` holds for all of it."""

    target: str
    method: Method
    port: int
    max_hops: int
    probes: int
    pace_s: float
    deadline_s: float


def trace(order: Order) -> Path:
    """Run it.

    Raises:
        NoRawSocket: not permitted.
        OSError: there is no way to send to the target at all.
    """
    until = time.perf_counter() + order.deadline_s
    with _open(order) as (sender, listeners, ends):
        ttls = [ttl for _ in range(order.probes) for ttl in range(1, order.max_hops + 1)]
        flow, probes = compose(order.method, ends, ttls, SystemRandom())
        tally = Tally(order.max_hops)
        for number, ttl in enumerate(ttls):
            if time.perf_counter() >= until:
                break
            if ttl > tally.last:
                continue
            tally.sent(number, time.perf_counter())
            # A full queue or a filter of this machine: a probe that was lost.
            with contextlib.suppress(OSError):
                sender.sendto(probes[number], (order.target, 0))
            _listen(listeners, flow, tally, min(until, time.perf_counter() + order.pace_s))
        end = min(until, time.perf_counter() + LINGER_S)
        while not tally.complete and (now := time.perf_counter()) < end:
            _listen(listeners, flow, tally, min(end, now + order.pace_s))
        return tally.path()


def _listen(listeners: list[socket.socket], flow: Flow, tally: Tally, until: float) -> None:
    """Take in answers until then, and those that are there already: a process that was kept waiting has them too."""
    ready, overdue = listeners, _OVERDUE
    while ready and overdue:
        left = max(0.0, until - time.perf_counter())
        overdue -= not left
        ready, _, _ = select.select(listeners, [], [], left)
        for sock in ready:
            data, address = sock.recvfrom(_MAX_PACKET)
            at = time.perf_counter()
            if flow.family == V4:
                start = ip_header_bytes(data)
                data = data[start:] if start else b""
            read = read_tcp if sock.proto == socket.IPPROTO_TCP else read_icmp
            source = address[0].partition("%")[0]
            if (answer := read(flow, source, data)) is not None:
                tally.take(answer, source, at)


@contextlib.contextmanager
def _open(order: Order) -> Iterator[tuple[socket.socket, list[socket.socket], Ends]]:
    family = V6 if ":" in order.target else V4
    domain = _DOMAIN[family]
    with contextlib.ExitStack() as open_sockets:
        source = _source(domain, order.target)
        # The port stays ours while the trace lasts, so that no answer to it is another program's.
        kind = socket.SOCK_STREAM if order.method == "tcp" else socket.SOCK_DGRAM
        holder = open_sockets.enter_context(socket.socket(domain, kind))
        holder.bind((source, 0))
        port: int = holder.getsockname()[1]
        try:
            sender = socket.socket(domain, socket.SOCK_RAW, socket.IPPROTO_RAW)
            open_sockets.enter_context(sender)
            listeners = [socket.socket(domain, socket.SOCK_RAW, _ICMP[family])]
            open_sockets.enter_context(listeners[0])
            if order.method == "tcp":
                segments = socket.socket(domain, socket.SOCK_RAW, socket.IPPROTO_TCP)
                listeners.append(open_sockets.enter_context(segments))
                segments.connect((order.target, 0))  # the kernel keeps other machines' segments from us
        except PermissionError as error:
            raise NoRawSocket(error.strerror or str(error)) from error
        yield sender, listeners, Ends(source, order.target, port, order.port)


def _source(domain: socket.AddressFamily, target: str) -> str:
    """The address that this machine sends to the target from."""
    with socket.socket(domain, socket.SOCK_DGRAM) as sock:
        sock.connect((target, _ANY_PORT))
        return str(sock.getsockname()[0])
