"""Names to addresses for probes, so that a resolver that hangs holds up nothing but the checks that need it.

The C library's resolver blocks its thread, for 10 to 20 s where the line is cut. In the event loop's own threads such
lookups would take the places of the agent's, whose reconnection is what the line's end waits for. Here they have a few
places of their own, and checks of the same host share a lookup. The threads are daemons, and never waited for: a
lookup that hangs keeps no agent from ending.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from agents.icmp.engine import Address

AT_ONCE = 4
"""Lookups under way at the same time; what is asked for beyond that waits its turn."""

Lookup = Callable[[str, int], Address]
"""(host, family) -> the address to use, with port 0; blocks; raises socket.gaierror or UnicodeError."""


def system_lookup(host: str, family: int) -> Address:
    """The first address that the system resolves `host` to."""
    return socket.getaddrinfo(host, None, family, socket.SOCK_STREAM)[0][4]  # type: ignore[return-value]  # typeshed allows for platforms without IPv6


class Names:
    """Lookups for one event loop."""

    def __init__(self, lookup: Lookup = system_lookup, at_once: int = AT_ONCE) -> None:
        self._lookup = lookup
        self._places = asyncio.Semaphore(at_once)
        self._under_way: dict[tuple[str, int], asyncio.Task[Address]] = {}

    async def address(self, host: str, family: int) -> Address:
        """The address of `host`, with port 0; to give up waiting ends no lookup that others wait for.

        Raises:
            socket.gaierror, UnicodeError: as the lookup does.
        """
        key = (host, family)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._look_up(host, family))
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def _ended(self, key: tuple[str, int], task: asyncio.Task[Address]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # perhaps nobody waits for it any more

    async def _look_up(self, host: str, family: int) -> Address:
        async with self._places:
            loop = asyncio.get_running_loop()
            found: asyncio.Future[Address] = loop.create_future()

            def work() -> None:
                try:
                    answer: Address | Exception = self._lookup(host, family)
                except Exception as error:  # noqa: BLE001 - told to who asked
                    answer = error
                with suppress(RuntimeError):  # the loop has ended meanwhile
                    loop.call_soon_threadsafe(_tell, found, answer)

            threading.Thread(target=work, name="resolver", daemon=True).start()
            return await found


def _tell(found: asyncio.Future[Address], answer: Address | Exception) -> None:
    if found.done():
        return
    if isinstance(answer, Exception):
        found.set_exception(answer)
    else:
        found.set_result(answer)


_names: dict[asyncio.AbstractEventLoop, Names] = {}


def names() -> Names:
    """Those of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _names:
        for old in [old for old in _names if old.is_closed()]:
            del _names[old]
        _names[loop] = Names()
    return _names[loop]
