"""A clock that stands still until it is told the time. Hours run in milliseconds in tests and simulations."""

import asyncio
import heapq


class ManualClock:
    """A `core.clock.Clock` for one event loop: `await advance(ms)` wakes sleepers in the order of their times."""

    def __init__(self, now: int = 1_790_000_000_000) -> None:
        self._now = now
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> int:
        return self._now

    @property
    def asleep(self) -> int:
        """How many wait for a time to come."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def sleep_until(self, when: int) -> None:
        if when <= self._now:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (when, self._count, future))
        await future

    def set(self, now: int) -> None:
        """Move the clock without waking anyone (for code that does not sleep, and for clocks that jump)."""
        self._now = now

    async def advance(self, ms: int) -> None:
        """Let `ms` pass; each sleeper wakes at its own time and runs until it waits again."""
        end = self._now + ms
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            when, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, when)
            if not future.done():
                future.set_result(None)
            await _settle()
        self._now = end


async def _settle() -> None:
    # Tasks that were woken may wake others: some turns of the loop let all that is ready run.
    for _ in range(20):
        await asyncio.sleep(0)
