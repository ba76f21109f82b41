"""Keeps findings and coverage up to what was heard: a loop beside the watch, in threads."""

import asyncio
import contextlib
import logging

from core.clock import Clock
from inventory.machines.reads import Machines
from inventory.registry import Registry
from inventory.state import State
from inventory.stock import take_stock

EVERY_MS = 300_000
_log = logging.getLogger(__name__)


class Stocktaking:
    def __init__(self, state: State, machines: Machines, registry: Registry, clock: Clock) -> None:
        self._state, self._machines, self._registry, self._clock = state, machines, registry, clock

    async def run(self) -> None:
        """Until it is cancelled, which waits for a taking that has begun: nothing uses the store after that."""
        while True:
            now = self._clock.now()
            taking = asyncio.ensure_future(
                asyncio.to_thread(take_stock, self._state, self._machines, self._registry.units(now), now)
            )
            try:
                await asyncio.shield(taking)
            except asyncio.CancelledError:
                with contextlib.suppress(Exception):
                    await taking
                raise
            except Exception:  # noqa: BLE001 - the guard of the loop
                _log.exception("could not take stock; trying again in some minutes")
            await self._clock.sleep_until(self._clock.now() + EVERY_MS)
