"""A conversation with a server in lines and bytes, in the clear and over TLS, bounded in both and in time.

It reads from the socket itself as long as nothing is encrypted. So what a server, or somebody between, said too early is
seen before the handshake, and nothing of it is taken for a word of the encrypted part (the hole of CVE-2011-0411).
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator

from agents.icmp.engine import Address
from agents.probes.certificates import chain, failure
from agents.probes.outcome import Failed
from agents.probes.reach import connected
from agents.probes.stream import Clear, Stream, over_tls
from core.values import Check

_CHUNK = 16 << 10
_LONGEST_LINE = 8 << 10


class Talk:
    """`stage` is what is being asked: whoever falls silent is told to have done so at that, or by the reason `silence`."""

    def __init__(self, sock: socket.socket, most: int) -> None:
        self.stage, self.silence = "greeting", ""
        self._sock, self._left = sock, most
        self._buffer = bytearray()
        self._stream: Stream = Clear(sock)

    @property
    def own_address(self) -> str:
        """This machine's, on the way there."""
        found: str = self._sock.getsockname()[0]
        return found

    async def line(self) -> bytes:
        """The next line, without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise Failed("bad answer|long line")
            await self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    async def exactly(self, size: int) -> bytes:
        """The next `size` bytes."""
        if size - len(self._buffer) > self._left:
            raise Failed("bad answer|too long")
        while len(self._buffer) < size:
            await self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    async def send(self, data: bytes) -> None:
        await self._stream.write(data)

    async def secure(self, trust: ssl.SSLContext, name: str, figures: dict[str, float]) -> list[bytes]:
        """Encrypt all that follows; the verified chain as DER. Notes `tls_seconds`."""
        if self._buffer:
            raise Failed("bad answer|words before the handshake")
        self.stage, began = "TLS", time.perf_counter()
        try:
            self._stream = secured = await over_tls(self._sock, trust, name)
        except ssl.SSLError as error:
            raise Failed(failure(error)) from error
        figures["tls_seconds"] = time.perf_counter() - began
        return chain(secured.session)

    async def _more(self) -> None:
        data = await self._stream.read(_CHUNK)
        if not data:
            raise Failed("connection reset")
        self._left -= len(data)
        if self._left < 0:
            raise Failed("bad answer|too long")
        self._buffer += data


def deadline(check: Check) -> float:
    """A little before the check's own, by the loop's clock: time to say who fell silent, and at what."""
    spare = min(0.1, check.timeout_ms / 10_000)
    return asyncio.get_running_loop().time() + check.timeout_ms / 1000 - spare


@contextlib.asynccontextmanager
async def talking(
    address: Address, until: float, figures: dict[str, float], *, most: int = 64 << 10
) -> AsyncIterator[Talk]:
    """A conversation with who listens at `address`, of at most `most` bytes from there. Notes `connect_seconds`.

    Raises:
        Failed: connected, and then nothing was heard before `until`; TLS failed; the other side hung up or is without end.
        OSError: not connected.
    """
    began = time.perf_counter()
    async with connected(address) as sock:
        figures["connect_seconds"] = time.perf_counter() - began
        talk = Talk(sock, most)
        try:
            async with asyncio.timeout_at(until):
                yield talk
        except (TimeoutError, asyncio.CancelledError) as error:
            # On a machine that is slow, the check's own deadline passes in the same turn of the loop.
            if asyncio.get_running_loop().time() < until:
                raise
            raise Failed(talk.silence or f"silent|{talk.stage}") from error
