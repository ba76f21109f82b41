"""Opens the wall on the host's loopback: a TCP forwarder with one foot there and one in the centre's namespace.

    python -m lab.wan.forward FD NAMESPACE ADDRESS PORT

FD is a listening socket that was made in the root namespace and stays in it; every connection that this process
makes itself starts in NAMESPACE, because it has moved there. So nothing of the host's network is changed.
"""

import asyncio
import contextlib
import os
import socket
import sys

from lab.netns import enter

CHUNK = 1 << 16


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
        target.write_eof()


async def forward(listening: socket.socket, address: str, port: int) -> None:
    """Connect each caller through to `address`, for ever."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(address, port)
        except OSError:  # the centre is not there (yet): the caller sees a closed connection
            writer.close()
            return
        # A stream of events ends when either side goes: half-closed connections have no use here.
        copies = [asyncio.create_task(_copy(*pair)) for pair in ((reader, far_writer), (far_reader, writer))]
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        for copy in copies:
            copy.cancel()
        for end in (writer, far_writer):
            end.close()

    server = await asyncio.start_server(connected, sock=listening)
    async with server:
        await server.serve_forever()


def main() -> None:
    descriptor, namespace, address, port = sys.argv[1:]
    listening = socket.socket(fileno=int(descriptor))
    os.set_inheritable(listening.fileno(), False)
    enter(namespace)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(forward(listening, address, int(port)))


if __name__ == "__main__":
    main()
