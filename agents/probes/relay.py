"""Relay: inventories that the PCs of the LAN send. The server runs between the checks, which tell how it is."""

import errno
import socket
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec

from agents.listen.sockets import ANY, bound
from agents.probes.outcome import Failed, looks, parameters
from agents.probes.reach import resolve
from agents.relay.server import Keep, Relay
from core.clock import Clock
from core.errors import Unavailable
from core.values import Check, Result, Status
from core.wire import Document

FIGURES = ("inventories", "refused", "machines")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8062


class _Running(NamedTuple):
    target: str
    params: Params
    relay: Relay


async def _to_nobody(_document: Document) -> None:
    raise Unavailable("there is no outbox")


class Relays:
    """The servers, one for each check of the plan. `keep` puts what came on the disk."""

    def __init__(self, keep: Keep | None, clock: Clock) -> None:
        self._keep_document, self._clock = keep or _to_nobody, clock
        self._running: dict[int, _Running] = {}
        self._kept: set[int] | None = None
        self.run = looks(self._look)

    def keep(self, checks: Sequence[Check]) -> None:
        """These checks are in the plan: what runs for others ends."""
        self._kept = {check.id for check in checks}
        for id_ in set(self._running) - self._kept:
            self._running.pop(id_).relay.close()

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        running = self._running.get(check.id)
        if running is not None and running[:2] == (check.target, params):
            relay = running.relay
        else:
            relay = await self._open(check, params)
        counts = relay.take_counts()
        figures["inventories"], figures["refused"] = counts.inventories, counts.refused
        figures["machines"] = len(counts.sources)
        return Result(Status.UP, "", figures)

    async def _open(self, check: Check, params: Params) -> Relay:
        if (before := self._running.pop(check.id, None)) is not None:
            before.relay.close()
        address = (
            ANY
            if check.target == ANY
            else str((await resolve(check.target, params.port, None, service=False))[0])
        )
        relay = Relay(self._keep_document, self._clock)
        try:
            await relay.open(bound(address, params.port, socket.SOCK_STREAM))
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, str(error))
            raise Failed(f"cannot listen|{params.port} {why}", Status.UNKNOWN) from error
        if self._kept is not None and check.id not in self._kept:
            relay.close()  # it left the plan while it was opened
        else:
            self._running[check.id] = _Running(check.target, params, relay)
        return relay
