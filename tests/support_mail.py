"""The official mail of the lab for tests, and those who stand between it and a probe."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support_certificates import Root

from lab.eoffice.mail import DOVECOT, POSTFIX, Mail, mail
from lab.eoffice.servers import open_folder

USER, PASSWORD = "theo.doi", "mật khẩu 1"
HERE = pytest.mark.skipif(
    os.geteuid() != 0 or POSTFIX is None or DOVECOT is None,
    reason="postfix and dovecot-imapd, and root, are not here",
)


@dataclass(frozen=True, slots=True)
class Office:
    mail: Mail
    ca_file: str
    folder: Path

    @property
    def account(self) -> dict[str, object]:
        return {"user": USER, "password": PASSWORD, "ca_file": self.ca_file}


@contextmanager
def office(
    *, ends: timedelta = timedelta(days=100), tls: bool = True, mechanisms: str = "plain login"
) -> Iterator[Office]:
    """A mail system with one account, and a certificate that ends then."""
    with open_folder() as folder:
        root = Root(folder)
        certificate = root.leaf(ends=ends) if tls else None
        with mail(folder, {USER: PASSWORD}, certificate, mechanisms=mechanisms) as running:
            yield Office(running, str(root.file), folder)


@asynccontextmanager
async def scripted(*turns: bytes, first: bool = True) -> AsyncIterator[int]:
    """The port of a server that says each turn after it heard something, the first at once if it speaks `first`, and hangs up at an empty one; then it
    stays silent."""
    tasks = set[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            if not first and not await reader.read(4096):
                return
            for turn in turns:
                if not turn:
                    return
                writer.write(turn)
                await writer.drain()
                if not await reader.read(4096):
                    return
            await reader.read()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    async with _listening(serve, tasks) as port:
        yield port


@asynccontextmanager
async def between(port: int, changes: Sequence[tuple[bytes, bytes]]) -> AsyncIterator[int]:
    """The port of somebody who passes everything on to `port`, and changes what the server says."""
    tasks = set[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        there, here = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_pass(reader, here, ()), _pass(there, writer, changes))
        except OSError:
            pass
        finally:
            here.transport.abort()
            writer.transport.abort()

    async with _listening(serve, tasks) as own:
        yield own


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, changes: Sequence[tuple[bytes, bytes]]
) -> None:
    while data := await reader.read(65536):
        for old, new in changes:
            data = data.replace(old, new)
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def _listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tasks: set[asyncio.Task[None] | None],
) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
