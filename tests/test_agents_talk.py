"""Conversations with servers: the same however the bytes come, and bounded in bytes, memory and time."""

import asyncio
import itertools
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_probes import probe

from agents.probes.outcome import Failed
from agents.probes.talk import Talk


def lines_of(pieces: list[bytes], most: int = 1 << 20) -> list[bytes]:
    """What is read in lines from a server that sends these pieces and hangs up."""

    async def read() -> list[bytes]:
        theirs, ours = socket.socketpair()
        ours.setblocking(False)
        found: list[bytes] = []
        with theirs, ours:
            talk = Talk(ours, most)
            for piece in pieces:
                theirs.sendall(piece)
            theirs.close()
            with suppress(Failed):
                while True:
                    found.append(await talk.line())
        return found

    return asyncio.run(read())


@given(st.lists(st.binary(max_size=30), max_size=12), st.lists(st.integers(0, 200), max_size=6))
def test_lines_are_the_same_however_their_bytes_come(lines: list[bytes], cuts: list[int]) -> None:
    clean = [line.replace(b"\n", b"").removesuffix(b"\r") for line in lines]
    data = b"".join(line + b"\r\n" for line in clean)
    ends = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    pieces = [data[begin:end] for begin, end in itertools.pairwise(ends) if end > begin]
    assert lines_of(pieces) == clean


def test_no_more_is_read_than_may_be() -> None:
    assert len(lines_of([b"0123456789\n"] * 100, most=200)) < 20


@asynccontextmanager
async def endless(piece: bytes, each_s: float = 0) -> AsyncIterator[int]:
    """The port of a server that says `piece` again and again."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while True:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(each_s)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("kind", "target", "params"),
    [
        ("smtp", "127.0.0.1:{}", {}),
        ("imap", "127.0.0.1:{}", {"tls": "starttls"}),
        ("rtsp", "rtsp://127.0.0.1:{}/live", {}),
    ],
)
async def test_a_server_that_speaks_a_sign_at_a_time_is_not_waited_for(
    kind: str, target: str, params: dict[str, object]
) -> None:
    async with endless(b"2", each_s=0.02) as port, asyncio.timeout(60):
        result = await probe(kind, target.format(port), timeout_ms=4_000, **params)
    assert result.reason.startswith("silent|")


@pytest.mark.parametrize(
    ("kind", "target", "params", "piece"),
    [
        ("smtp", "127.0.0.1:{}", {}, b"220-" + b"x" * 4_000 + b"\r\n"),
        ("imap", "127.0.0.1:{}", {"tls": "starttls"}, b"* OK {60000}\r\n" + b"x" * 60_000),
        ("rtsp", "rtsp://127.0.0.1:{}/live", {}, b"$\x00\xff\xff" + bytes(65_535)),
    ],
)
async def test_a_server_without_end_costs_no_memory(
    kind: str, target: str, params: dict[str, object], piece: bytes
) -> None:
    await probe(kind, target.format(1), **params)  # what is loaded at first use is loaded
    async with endless(piece) as port:
        tracemalloc.start()
        try:
            result = await probe(kind, target.format(port), **params)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert result.reason.startswith("bad answer|")
    assert most < 1 << 20
