"""The edge: a UDP socket and a TCP listener that hand on what comes, and never read faster than a small part of a core can.

`take` gets bytes and the sender's address, and says whether they were taken, or were too many.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from agents.syslog import Frames

Take = Callable[[bytes, str], bool]

ANY = "*"
"""Every address of this machine, of both families."""
CONNECTIONS = 32
"""Streams that are open at the same time; for one more, the one that was silent for longest is closed."""
_AT_ONCE = 64
_TURN_S = 0.02
"""So many datagrams are read in so long: 3,200 a second at most. What comes beyond that waits in the kernel, which drops what
it has no room for."""
_PIECE = 4 << 10
_PAUSE_S = 0.5
"""A stream that brought too much is not read for so long: its sender has to wait."""


def bound(target: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A socket that does not block, bound to an address of this machine or to all.

    Raises:
        OSError: the port is taken, or this process may not have it.
    """
    if target != ANY:
        family = socket.AF_INET6 if ":" in target else socket.AF_INET
        return _bound(family, target, port, kind)
    try:
        return _bound(socket.AF_INET6, "::", port, kind)
    except OSError:
        return _bound(socket.AF_INET, "0.0.0.0", port, kind)  # noqa: S104 - what a person asked for: devices send from anywhere in the LAN


def _bound(family: socket.AddressFamily, address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if kind is socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def sender(address: tuple[object, ...]) -> str:
    """A peer's address as people write it: IPv4 as such, though it came by a socket of both families."""
    return str(address[0]).removeprefix("::ffff:").partition("%")[0]


class Datagrams:
    """Reads a bound UDP socket until it is closed. Longer datagrams than `longest` are one byte longer than that."""

    def __init__(self, bound_: socket.socket, take: Take, longest: int) -> None:
        self._socket, self._take, self._longest = bound_, take, longest
        self._loop = asyncio.get_running_loop()
        self._left, self._until = 0, 0.0
        """So many more may be read until then."""
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(bound_, self._read)

    def close(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        now = self._loop.time()
        if now >= self._until:
            self._left, self._until = _AT_ONCE, now + _TURN_S
        while self._left:
            try:
                data, address = self._socket.recvfrom(self._longest + 1)
            except OSError:
                return  # nothing is there, or what an earlier packet of ours met
            self._left -= 1
            self._take(data, sender(address))
        self._loop.remove_reader(self._socket)
        self._pause = self._loop.call_at(self._until, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._read)


class Streams:
    """Takes connections on a bound TCP socket, and messages out of them, until it is closed."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, None] = {}
        """The one heard last stands last."""
        self._hearing: set[asyncio.Task[None]] = set()

    async def start(self, bound_: socket.socket) -> None:
        self._server = await asyncio.start_server(self._accept, sock=bound_, limit=2 * _PIECE, backlog=16)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        for task in self._hearing:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= CONNECTIONS:
            silent = next(iter(self._open))
            del self._open[silent]
            silent.transport.abort()
        self._open[writer] = None
        task = asyncio.create_task(self._hear(reader, writer))
        self._hearing.add(task)
        task.add_done_callback(self._hearing.discard)

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source, frames = sender(writer.get_extra_info("peername") or ("",)), Frames()
        try:
            while data := await reader.read(_PIECE):
                if writer in self._open:
                    self._open[writer] = self._open.pop(writer)
                if not self._hand_on(frames.feed(data), source):
                    await asyncio.sleep(_PAUSE_S)
            self._hand_on(frames.end(), source)
        except OSError:
            pass  # the sender is gone; what it said is taken
        finally:
            self._open.pop(writer, None)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _hand_on(self, messages: list[bytes], source: str) -> bool:
        taken = [self._take(message, source) for message in messages]
        return all(taken)
