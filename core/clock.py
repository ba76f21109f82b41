"""Time as an argument: whoever waits or stamps is given a `Clock`."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """`now()` in milliseconds since 1970, and a way to wait until such a time."""

    def now(self) -> int: ...

    async def sleep_until(self, when: int) -> None: ...


class SystemClock:
    """The machine's wall clock, as it is, with its jumps. The centre's clock: NTP is the centre's duty."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    async def sleep_until(self, when: int) -> None:
        await asyncio.sleep(max(0, when - self.now()) / 1000)


class SteadyClock:
    """The wall clock at the start of this process, then only monotonic time: it never jumps.

    The agent's clock. What NTP or a person does to the wall clock meanwhile shows as `jump()`; the true time is
    the collector's business, which knows this clock's error from the round trips of reports.
    """

    def __init__(self) -> None:
        self._offset = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        return (time.monotonic_ns() + self._offset) // 1_000_000

    def jump(self) -> int:
        """How far the wall clock has moved away from this one since the start, in milliseconds."""
        return time.time_ns() // 1_000_000 - self.now()

    async def sleep_until(self, when: int) -> None:
        await asyncio.sleep(max(0, when - self.now()) / 1000)
