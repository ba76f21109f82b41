"""Runs the checks: owns time, deadline, repetition and concurrency, so that a probe only has to look."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from agents.probes import Probe
from agents.probes.guard import is_own
from agents.probes.reach import off_limits
from agents.schedule import Schedule, phase
from agents.secrets import Missing, Secrets
from core.clock import Clock
from core.values import Check, Result, Status

_log = logging.getLogger(__name__)

GRACE_MS = 200
"""A probe that watches its deadline itself, and may have something to tell at it, is given this much more."""
_LATE_MS, _TURN_MS = 50, 600
"""A deadline that rings so late was missed by this machine itself: the probe's own rings in the same turn, and what it has to
tell at that is waited for so long, which is more than `agents.probes.outcome.looks` gives it."""

Sink = Callable[[int, int, Result], Awaitable[object]]
"""Takes (check id, time the run began in ms, what it found)."""


class Loop:
    """Runs each check of the plan when it is due, and hands every result to the sink."""

    def __init__(
        self,
        probes: Mapping[str, Probe],
        clock: Clock,
        sink: Sink,
        *,
        at_once: int = 64,
        secrets: Secrets | None = None,
    ) -> None:
        """`at_once`: this many probes look at the same time; what is due beyond that waits its turn. `secrets`: what
        checks name of them is filled in before a probe looks, and taken out of what it says."""
        self._probes, self._clock, self._sink = probes, clock, sink
        self._secrets = secrets or Secrets()
        self._schedule = Schedule(self._place)
        self._places = asyncio.Semaphore(at_once)
        self._changed = asyncio.Event()
        self._runs: set[asyncio.Task[None]] = set()
        self._checks: Sequence[Check] = ()
        self._waiting: set[int] = set()
        self._refused: Callable[[str], bool] = is_own

    @property
    def skipped(self) -> int:
        return self._schedule.skipped

    def take(self, checks: Iterable[Check], refused: Callable[[str], bool] = is_own) -> None:
        """Work by these checks from now on; runs that have begun are ended in peace. `refused`: addresses that none of
        them connects to."""
        checks, self._refused = list(checks), refused
        self._schedule.replace(checks, self._clock.now())
        self._checks = checks
        self._tell_probes(checks)
        self._changed.set()

    def _tell_probes(self, checks: Sequence[Check]) -> None:
        """A probe may have something that runs between the runs of its checks (`keep`): it ends with them."""
        for kind, probe in self._probes.items():
            keep: Callable[[Sequence[Check]], None] | None = getattr(probe, "keep", None)
            if keep is not None:
                keep([self._ready(check) for check in checks if check.kind == kind])

    def _ready(self, check: Check) -> Check:
        try:
            return self._secrets.filled(check)
        except Missing:
            return check  # its runs say what is missing

    def secrets_changed(self) -> None:
        """Go on by the secrets as they are now: checks that waited for one run at once."""
        waiting, self._waiting = self._waiting, set()
        self._tell_probes(self._checks)
        for check in waiting:
            self.start(check)

    def start(self, check: int) -> bool:
        """Run this check now, out of turn; False, and nothing happens, if it runs already or is none of the plan's."""
        if (found := self._schedule.out_of_turn(check)) is None:
            return False
        self._start(self._run(found))
        return True

    def _place(self, check: Check) -> int:
        """A probe may know a better time for its checks than any (`place`, ms in the interval): at night, for one."""
        chosen: Callable[[Check], int] | None = getattr(self._probes.get(check.kind), "place", None)
        try:
            return phase(check.id, check.interval_ms) if chosen is None else chosen(check)
        except Exception:  # noqa: BLE001 - of wrong parameters; the check's results tell
            return phase(check.id, check.interval_ms)

    async def run(self) -> None:
        """Until cancelled; then the probes that still look are cancelled as well."""
        try:
            while True:
                for check in self._schedule.due(self._clock.now()):
                    self._start(self._run(check))
                await self._wait()
        finally:
            for run in self._runs:
                run.cancel()
            self._tell_probes(())

    async def _wait(self) -> None:
        self._changed.clear()
        waits: set[asyncio.Future[Any]] = {asyncio.ensure_future(self._changed.wait())}
        if (when := self._schedule.next_at()) is not None:
            waits.add(asyncio.ensure_future(self._clock.sleep_until(when)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _start(self, run: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(run)
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)

    async def _run(self, check: Check) -> None:
        async with self._places:
            at = self._clock.now()
            look = asyncio.ensure_future(self._look(check))
            try:
                result = await self._by_deadline(look, at + check.timeout_ms + GRACE_MS)
            finally:
                # A probe that will not let itself be cancelled keeps its check from starting again, and nothing else.
                look.add_done_callback(lambda _: self._schedule.ended(check.id))
                look.cancel()
        await self._sink(check.id, at, result)

    async def _by_deadline(self, look: asyncio.Future[Result], deadline: int) -> Result:
        await self._wait_for(look, deadline)
        if not look.done() and (now := self._clock.now()) - deadline > _LATE_MS:
            await self._wait_for(look, now + _TURN_MS)
        return look.result() if look.done() else Result(Status.DOWN, "timeout")

    async def _wait_for(self, look: asyncio.Future[Result], until: int) -> None:
        alarm = asyncio.ensure_future(self._clock.sleep_until(until))
        either: set[asyncio.Future[Any]] = {look, alarm}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()

    async def _look(self, check: Check) -> Result:
        probe = self._probes.get(check.kind)
        if probe is None:
            return Result(Status.UNKNOWN, f"unknown kind|{check.kind}")
        try:
            filled = self._secrets.filled(check)
            with off_limits(self._refused):
                return self._secrets.scrubbed(await probe.run(filled))
        except Missing as error:
            self._waiting.add(check.id)
            return Result(Status.UNKNOWN, f"secret missing|{error.name}")
        except Exception as error:  # noqa: BLE001 - a probe that is broken fails alone
            # Not by the logger itself: what an exception says may hold a secret that was filled in.
            trace = self._secrets.clean(traceback.format_exc())
            _log.error("probe %s of check %d on %s\n%s", check.kind, check.id, check.target, trace)
            return self._secrets.scrubbed(
                Result(Status.UNKNOWN, f"probe failed|{type(error).__name__}: {error}")
            )
