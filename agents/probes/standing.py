"""What runs on between the checks that tell how it is: a receiver, a server. One for each check of the plan."""

import errno
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from agents.listen.sockets import ANY
from agents.probes.outcome import Failed
from agents.probes.reach import resolve
from core.values import Check, Status


class _Closable(Protocol):
    def close(self) -> None: ...


P = TypeVar("P")
S = TypeVar("S", bound=_Closable)


class _Running(NamedTuple, Generic[P, S]):
    """What runs for a check, and for which target and parameters."""

    target: str
    params: P
    what: S


class Standing(Generic[P, S]):
    """`start` makes one and opens it at an address and a port."""

    def __init__(self, start: Callable[[P, str, int], Awaitable[S]]) -> None:
        self._start = start
        self._running: dict[int, _Running[P, S]] = {}
        self._kept: set[int] | None = None

    def keep(self, checks: Sequence[Check]) -> None:
        """These checks are in the plan: what runs for others ends."""
        self._kept = {check.id for check in checks}
        for id_ in set(self._running) - self._kept:
            self._running.pop(id_).what.close()

    async def of(self, check: Check, params: P, port: int) -> S:
        """What runs for the check; started anew when it is asked for something else.

        Raises:
            Failed: its target is no address of this machine, or the port is taken.
        """
        running = self._running.get(check.id)
        if running is not None and running[:2] == (check.target, params):
            return running.what
        if (before := self._running.pop(check.id, None)) is not None:
            before.what.close()
        address = check.target
        if address != ANY:
            address = str((await resolve(check.target, port, None, service=False))[0])
        try:
            what = await self._start(params, address, port)
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, str(error))
            raise Failed(f"cannot listen|{port} {why}", Status.UNKNOWN) from error
        if self._kept is not None and check.id not in self._kept:
            what.close()  # it left the plan while it was opened
        else:
            self._running[check.id] = _Running(check.target, params, what)
        return what
