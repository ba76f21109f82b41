"""A connected socket as bytes, in the clear and over TLS; of what a server sends that is no word of it, a bounded part is taken.

asyncio's own streams read ahead of whoever uses them, and of what TLS does by itself (tickets, new keys, empty records) they
take any amount: a server could keep an agent busy with that until its deadline, at the speed of the line.
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import Protocol, TypeVar

from agents.probes.outcome import Failed

_CHUNK = 16 << 10
_MOST_UNHEARD = 256 << 10
"""Bytes of TLS in a row in which nothing was said; a handshake with a long chain takes a tenth of it."""
T = TypeVar("T")


class Stream(Protocol):
    """Bytes to and from who is at the other end."""

    async def read(self, most: int) -> bytes:
        """What has come, at most so much, when something has; empty when the other side has ended it."""

    async def write(self, data: bytes) -> None: ...


class Clear:
    """As it is."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    async def read(self, most: int) -> bytes:
        return await received(self._sock, most)

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, data)


class Secured:
    """Over TLS. `session` tells of it, once `handshake` is over."""

    def __init__(self, sock: socket.socket, trust: ssl.SSLContext, name: str) -> None:
        self._sock, self._unheard = sock, 0
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = trust.wrap_bio(self._incoming, self._outgoing, server_hostname=name)

    async def handshake(self) -> None:
        """Raises:
        ssl.SSLError: it failed. OSError: the other side hung up. Failed: it is without end.
        """
        try:
            await self._done(self.session.do_handshake)
        except ssl.SSLEOFError as error:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error

    async def read(self, most: int) -> bytes:
        try:
            return await self._done(lambda: self.session.read(most))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[await self._done(lambda left=left: self.session.write(left)) :]  # type: ignore[misc]

    async def _done(self, work: Callable[[], T]) -> T:
        """What `work` returns, when it has all that it needs from the other side."""
        while True:
            try:
                done = work()
            except ssl.SSLWantReadError:
                await self._send()
                await self._more()
            else:
                self._unheard = 0
                await self._send()
                return done

    async def _send(self) -> None:
        if self._outgoing.pending:
            await asyncio.get_running_loop().sock_sendall(self._sock, self._outgoing.read())

    async def _more(self) -> None:
        data = await received(self._sock, _CHUNK)
        self._unheard += len(data)
        if self._unheard > _MOST_UNHEARD:
            raise Failed("tls failed|words without end")
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


async def received(sock: socket.socket, most: int) -> bytes:
    """What has come on the socket; others have their turn in between, however quickly it comes."""
    data = await asyncio.get_running_loop().sock_recv(sock, most)
    await asyncio.sleep(0)
    return data


async def over_tls(sock: socket.socket, trust: ssl.SSLContext, name: str) -> Secured:
    """A TLS session on a connected socket.

    Raises:
        ssl.SSLError: the handshake failed. OSError: the other side hung up. Failed: it never comes to an end.
    """
    stream = Secured(sock, trust, name)
    await stream.handshake()
    return stream
