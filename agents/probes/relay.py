"""Relay: inventories that the PCs of the LAN send. The server runs between the checks, which tell how it is."""

import socket
from typing import Annotated

import msgspec

from agents.listen.sockets import bound
from agents.probes.outcome import looks, parameters
from agents.probes.standing import Standing
from agents.relay.server import Keep, Relay
from core.clock import Clock
from core.errors import Unavailable
from core.values import Check, Result, Status
from core.wire import Document

FIGURES = ("inventories", "refused", "machines")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8062


async def _to_nobody(_document: Document) -> None:
    raise Unavailable("there is no outbox")


class Relays:
    """The servers, one for each check of the plan. `keep` puts what came on the disk."""

    def __init__(self, keep: Keep | None, clock: Clock) -> None:
        self._keep_document, self._clock = keep or _to_nobody, clock
        self._standing = Standing(self._start)
        self.keep = self._standing.keep
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        relay = await self._standing.of(check, params, params.port)
        counts = relay.take_counts()
        figures["inventories"], figures["refused"] = counts.inventories, counts.refused
        figures["machines"] = len(counts.sources)
        return Result(Status.UP, "", figures)

    async def _start(self, _params: Params, address: str, port: int) -> Relay:
        relay = Relay(self._keep_document, self._clock)
        await relay.open(bound(address, port, socket.SOCK_STREAM))
        return relay
