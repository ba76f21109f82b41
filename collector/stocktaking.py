"""Keeps findings, coverage and what changed up to what was heard: a loop beside the watch, in threads."""

import logging
from collections.abc import Callable

from collector.threads import in_thread
from core.clock import Clock
from inventory.machines.reads import Machines
from inventory.registry import Registry
from inventory.state import State
from inventory.stock import follow, take_stock

EVERY_MS = 300_000
_log = logging.getLogger(__name__)


class Stocktaking:
    def __init__(self, state: State, machines: Machines, registry: Registry, clock: Clock) -> None:
        self._state, self._machines, self._registry, self._clock = state, machines, registry, clock

    async def run(self) -> None:
        """Until it is cancelled, which waits for what has begun: nothing uses the store after that."""
        while True:
            now = self._clock.now()
            await self._guarded(take_stock, self._state, self._machines, self._registry.units(now), now)
            while self._clock.now() < now + EVERY_MS and await self._guarded(
                follow, self._state, self._machines
            ):
                pass
            await self._clock.sleep_until(self._clock.now() + EVERY_MS)

    async def _guarded(self, do: Callable[..., bool | None], *about: object) -> bool:
        """Whether it was done and there is more of it to do."""
        try:
            return bool(await in_thread(do, *about))
        except Exception:  # noqa: BLE001 - the guard of the loop
            _log.exception("could not take stock; trying again in some minutes")
            return False
