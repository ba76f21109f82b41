"""Runs the checks: owns time, deadline, repetition and concurrency, so that a probe only has to look."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from agents.probes import Probe
from agents.schedule import Schedule
from core.clock import Clock
from core.values import Check, Result, Status

_log = logging.getLogger(__name__)

GRACE_MS = 200
"""A probe that watches its deadline itself, and may have something to tell at it, is given this much more."""

Sink = Callable[[int, int, Result], Awaitable[object]]
"""Takes (check id, time the run began in ms, what it found)."""


class Loop:
    """Runs each check of the plan when it is due, and hands every result to the sink."""

    def __init__(self, probes: Mapping[str, Probe], clock: Clock, sink: Sink, *, at_once: int = 64) -> None:
        """`at_once`: this many probes look at the same time; what is due beyond that waits its turn."""
        self._probes, self._clock, self._sink = probes, clock, sink
        self._schedule = Schedule()
        self._places = asyncio.Semaphore(at_once)
        self._changed = asyncio.Event()
        self._runs: set[asyncio.Task[None]] = set()

    @property
    def skipped(self) -> int:
        return self._schedule.skipped

    def take(self, checks: Iterable[Check]) -> None:
        """Work by these checks from now on; runs that have begun are ended in peace."""
        self._schedule.replace(checks, self._clock.now())
        self._changed.set()

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
        alarm = asyncio.ensure_future(self._clock.sleep_until(deadline))
        either: set[asyncio.Future[Any]] = {look, alarm}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        return look.result() if look.done() else Result(Status.DOWN, "timeout")

    async def _look(self, check: Check) -> Result:
        probe = self._probes.get(check.kind)
        if probe is None:
            return Result(Status.UNKNOWN, f"unknown kind|{check.kind}")
        try:
            return await probe.run(check)
        except Exception as error:  # noqa: BLE001 - a probe that is broken fails alone
            _log.exception("probe %s of check %d on %s", check.kind, check.id, check.target)
            return Result(Status.UNKNOWN, f"probe failed|{type(error).__name__}: {error}")
