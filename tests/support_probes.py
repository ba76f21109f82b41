"""Running probes in tests, and real servers for them to look at."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import dns.flags
import dns.message
import uvicorn
from starlette.types import ASGIApp

from agents.probes import PROBES
from core.values import Check, Result
from lab.eoffice.servers import free_port


async def probe(kind: str, target: str, *, timeout_ms: int = 20_000, **params: object) -> Result:
    """What the probe finds. The deadline is for a machine that others keep busy; who waits for one gives a shorter."""
    return await PROBES[kind].run(Check(1, kind, target, 5_000, timeout_ms, params))


@asynccontextmanager
async def website(
    app: ASGIApp, *, certificate: Path | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """The port of a uvicorn that serves `app`, with TLS if there is a certificate file."""
    config = uvicorn.Config(
        app,
        host=host,
        port=0,
        log_level="critical",
        lifespan="off",
        ssl_certfile=certificate,
        ssl_keyfile=certificate,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    serving = asyncio.create_task(server.main_loop())
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        await server.shutdown()


@asynccontextmanager
async def raw_server(
    answer: bytes | None, *, certificate: Path | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """The port of a TCP (or TLS) server that reads, says `answer` and hangs up; None stays silent for good."""
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            await reader.read(4096)
            if answer is None:
                await reader.read()
            else:
                # Drained is all of it: what waits here is lost.
                writer.transport.set_write_buffer_limits(0)
                writer.write(answer)
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that weak certificates can be shown, too
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def nobody(port: int = 0) -> Iterator[int]:
    """A TCP port that nobody listens on: this one, where somebody may listen again meanwhile, or one of the kernel's choice.

    It is taken: one that is only free may be another's a moment later.
    """
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        yield taken.getsockname()[1]


Script = Callable[[dns.message.Message], list[bytes]]


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, script: Script) -> None:
        self.script = script

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        for packet in self.script(dns.message.from_wire(data)):
            self.transport.sendto(packet, addr)


@asynccontextmanager
async def name_server(by_udp: Script, by_tcp: Script | None = None) -> AsyncIterator[str]:
    """`address:port` of a name server that answers each query as its script says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack(">H", await reader.readexactly(2))
        for packet in (by_tcp or by_udp)(dns.message.from_wire(await reader.readexactly(size))):
            writer.write(struct.pack(">H", len(packet)) + packet)
        await writer.drain()
        writer.close()

    port = free_port()  # of both: one that is free for TCP may be another's for UDP
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(by_udp), local_addr=("127.0.0.1", port))
    try:
        yield f"127.0.0.1:{port}"
    finally:
        transport.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)  # a transport closes its socket in the next turn of the loop


def records(*texts: str, flags: int = 0, rcode: int = 0) -> Script:
    """A script that answers with these records (`name ttl IN type data`)."""

    def answer(query: dns.message.Message) -> list[bytes]:
        reply = dns.message.make_response(query)
        for text in texts:
            name, ttl, _, kind, data = text.split(" ", 4)
            reply.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
        reply.flags |= flags
        reply.set_rcode(rcode)
        return [reply.to_wire()]

    return answer
