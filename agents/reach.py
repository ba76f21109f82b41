"""A TCP connection to the centre, whichever of its addresses can be reached."""

import asyncio
import socket

ADDRESS_S = 2.0
"""Given to each address; where IPv6 leads nowhere, IPv4 is tried soon enough."""
_MOST_ADDRESSES = 4


async def reach(host: str, port: int) -> socket.socket:
    """A connected, non-blocking socket.

    (asyncio's own racing of addresses leaves sockets open in Python 3.11 when it is cancelled.)

    Raises:
        OSError: no address of `host` can be reached (a TimeoutError among others), or it has none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    last: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in found[:_MOST_ADDRESSES]:
        try:
            made = socket.socket(family, kind, protocol)
        except OSError as error:
            last = error  # a family that this machine does not speak
            continue
        try:
            made.setblocking(False)
            async with asyncio.timeout(ADDRESS_S):
                await loop.sock_connect(made, address)
        except OSError as error:
            made.close()
            last = error
        except BaseException:
            made.close()
            raise
        else:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
    raise last
