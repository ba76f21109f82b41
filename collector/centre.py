"""The collector put together, and what pages, API, metrics and alerts may ask of it."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from collector import happenings, history
from collector import outage_store as outages
from collector.agents import AgentRow, Agents
from collector.channel import Hub
from collector.feed import Feed
from collector.ingest import Ingest
from collector.intake import Intake
from collector.judge import NO_NEWS, judge
from collector.paths import PathVersion, read_paths
from collector.routes import Plans
from collector.samples import Bucket, Point, SampleStore
from collector.secrets import AgentSecrets
from collector.services.figures import Newest
from collector.services.history import Histories
from collector.services.pace import Pace
from collector.services.reads import Reads
from collector.services.watch import ServiceWatch
from collector.spans import REACH
from collector.stocktaking import Stocktaking
from collector.threads import in_thread
from collector.throughput import Throughput
from collector.views import (
    AgentState,
    CheckState,
    Happening,
    Outage,
    OutageChange,
    UnitEvidence,
    UnitState,
    Uptime,
    Views,
)
from collector.watch import Watch
from collector.world import KEPT_MS, World
from core.clock import Clock, SystemClock
from core.values import Cause, Level, Status
from inventory.machines.reads import Machines
from inventory.rebuild import rebuild_if_due
from inventory.records import PlannedCheck
from inventory.registry import Registry
from inventory.state import State
from inventory.vault import Vault

log = logging.getLogger(__name__)

REFRESH_MS = 1_000
"""How soon a change that another process made to the registry is noticed."""


class Centre:
    """A `collector.views.Views`. `start` and `stop` belong to one event loop; reads are safe from any thread.

    `enrolled` are the agents and their credentials (`agents()` is what the views tell of them).
    """

    def __init__(self, state: State, store: SampleStore, clock: Clock | None = None) -> None:
        self.state, self.store = state, store
        self.clock = clock or SystemClock()
        self.registry = Registry(state)
        self.feed = Feed(first_id=self.clock.now())
        self.enrolled = Agents(state, self.clock)
        self.world = World(self.registry)
        self.watch = Watch(self.world, self.registry, state, self.feed, self.clock)
        pace = Pace(self.registry)
        self.service_watch = ServiceWatch(
            self.world, self.watch, self.registry, state, self.feed, self.clock, pace
        )
        self.ingest = Ingest(
            state, store, self.registry, self.enrolled, self.world, self.clock, self.feed, pace.take
        )
        self.services = Reads(
            self.service_watch,
            self.registry,
            Newest(self.registry, self.ingest.series, store),
            Histories(self.world, self.watch, self.registry, state),
            state,
            self.clock,
        )
        self.hub = Hub(state, self.enrolled, self.world, self.clock, self.feed)
        self.plans = Plans(self.registry)
        self.secrets = AgentSecrets(Vault(state), self.registry, self.enrolled)
        self.throughput = Throughput(
            self.enrolled, self.clock, lambda: self.registry.figure("throughput_bytes")
        )
        self.intake = Intake(state, self.clock)
        self.machines = Machines(state)
        self.stocktaking = Stocktaking(state, self.machines, self.registry, self.clock)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Load what was kept, digest what a crash left, judge everything, and go on from there."""
        await asyncio.to_thread(self._load)
        await self.ingest.start()
        await asyncio.to_thread(self.watch.start, self.clock.now())
        await asyncio.to_thread(self.service_watch.start, self.clock.now())
        self._tasks = [
            asyncio.create_task(self.watch.run()),
            asyncio.create_task(self.service_watch.run()),
            asyncio.create_task(self._follow_registry()),
            asyncio.create_task(self.stocktaking.run()),
        ]

    async def stop(self) -> None:
        """End all that `start` began; what is in memory only is stored."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.hub.close()
        await self.ingest.stop()
        await asyncio.to_thread(self._checkpoint)

    def _load(self) -> None:
        with self.state.read() as connection:
            self.world.load(connection, self.clock.now())
        for row in self.enrolled.all():
            if (last := self.ingest.last_header(row.agent)) is not None:
                self.world.header(row.unit, last[0])

    def _checkpoint(self) -> None:
        with self.state.write() as connection:
            self.world.checkpoint(connection)

    async def _follow_registry(self) -> None:
        while True:
            try:
                await in_thread(rebuild_if_due, self.state, self.clock.now())
                if await in_thread(self.registry.refresh):
                    self.world.replan()
                    before = self.plans.known()
                    self.hub.plan_changed(
                        {unit for unit, etag in before.items() if self.plans.of(unit)[1] != etag}
                    )
                self.hub.plan_changed(await in_thread(self.secrets.to_ask_again, self.plans.known()))
            except Exception:
                log.exception("could not look after the registry; trying again")
            await self.clock.sleep_until(self.clock.now() + REFRESH_MS)

    # What is asked: `collector.views.Views`.

    def now(self) -> int:
        return self.clock.now()

    def wall(self) -> Sequence[UnitState]:
        states = self.watch.states()
        return [
            states[unit.code]
            for unit in self.registry.units(self.now())
            if unit.level is not Level.PROVINCE and unit.code in states
        ]

    def unit(self, code: str) -> UnitState | None:
        return self.watch.states().get(code)

    def checks(self, code: str) -> Sequence[CheckState]:
        now, latest = self.now(), self.store.latest()
        return [
            self._check_state(planned, now, latest)
            for planned in self.registry.checks().values()
            if planned.about == code
        ]

    def _check_state(self, planned: PlannedCheck, now: int, latest: Mapping[int, Point]) -> CheckState:
        check = planned.check
        last = self.world.last_said(check.id, now)
        series = self.ingest.series.of_check(check.id)
        status, since, reason, last_at = Status.UNKNOWN, None, "", None
        if last is not None:
            said, held_since = last
            last_at = said.last_at
            status, since, reason = Status(said.status), held_since, said.reason
            speaks_until = last_at + int(REACH * check.interval_ms)
            if now > speaks_until:
                status, since, reason = Status.UNKNOWN, speaks_until, NO_NEWS
        return CheckState(
            check=check,
            vantage=planned.vantage,
            about=planned.about,
            role=planned.role,
            label=planned.label,
            status=status,
            reason=reason,
            since=since,
            last_at=last_at,
            figures={figure: latest[key] for figure, key in series.items() if key in latest},
            series=series,
        )

    def outages(
        self,
        unit: str | None = None,
        *,
        open_only: bool = False,
        roots_only: bool = False,
        cause: Cause | None = None,
        service: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[Outage]:
        with self.state.read() as connection:
            return outages.read_page(
                connection,
                unit,
                open_only=open_only,
                roots_only=roots_only,
                cause=cause,
                service=service,
                before=before,
                limit=limit,
            )

    def outage(self, id: int) -> Outage | None:  # noqa: A002 - what it is
        with self.state.read() as connection:
            return outages.read_one(connection, id)

    def explained(self, root: int) -> Sequence[Outage]:
        with self.state.read() as connection:
            return outages.read_explained(connection, root)

    def explained_counts(self, roots: Collection[int]) -> Mapping[int, int]:
        with self.state.read() as connection:
            return outages.read_explained_counts(connection, roots)

    def revisions(self, outage: int) -> Sequence[OutageChange]:
        with self.state.read() as connection:
            return outages.read_revisions(connection, outage)

    def outage_counts(self) -> Mapping[tuple[str, Cause], int]:
        with self.state.read() as connection:
            return outages.counts(connection)

    def evidence(self, code: str, start: int, end: int) -> UnitEvidence:
        now = self.now()
        end = max(start, min(end, now))
        known = self.world.evidence(code, start - self.world.margin(code), now)
        timeline = judge(known, start - self.world.margin(code), end).timeline
        return UnitEvidence(
            timeline=[each._replace(start=max(each.start, start)) for each in timeline if each.end > start],
            contacts=[each for each in known.contacts if each.until > start and each.first_at < end],
            listening=[each for each in known.alive if each.last_at > start and each.first_at < end],
            checks=[
                replace(check, said=[s for s in check.said if s.last_at >= start and s.first_at < end])
                for check in known.checks
            ],
            lives=[each for each in known.lives if each.started_at < end],
        )

    def changes(self, after: int, limit: int = 500) -> Sequence[OutageChange]:
        with self.state.read() as connection:
            return outages.read_changes(connection, after, limit)

    def paths(self, code: str, limit: int = 50) -> Sequence[PathVersion]:
        with self.state.read() as connection:
            return read_paths(connection, code, limit)

    def happenings(self, code: str, start: int, end: int, limit: int = 200) -> Sequence[Happening]:
        with self.state.read() as connection:
            return happenings.read(connection, code, start, end, limit)

    def uptime(self, code: str, start: int, end: int) -> Uptime:
        if start >= self.now() - KEPT_MS:
            return self.watch.uptime(code, start, end)
        with self.state.read() as connection:
            return history.uptime(connection, self.registry, code, start, end, self.now())

    def uptimes(self, code: str) -> Mapping[str, Uptime]:
        return self.watch.uptimes(code, self.now())

    def agents(self) -> Sequence[AgentState]:
        return [self._agent_state(row) for row in self.enrolled.all()]

    def agent(self, agent: str) -> AgentState | None:
        row = self.enrolled.get(agent)
        return self._agent_state(row) if row else None

    def _agent_state(self, row: AgentRow) -> AgentState:
        last = self.ingest.last_header(row.agent)
        header, received_at = last or (None, None)
        seen = [at for at in (received_at, self.hub.heard_at(row.agent)) if at is not None]
        return AgentState(
            agent=row.agent,
            unit=row.unit,
            enrolled_at=row.enrolled_at,
            last_seen=max(seen, default=None),
            connected=self.hub.connected(row.agent),
            version=header.life.version if header else "",
            clock_error=header.clock_error if header else None,
            cross_check=header.sent_at - received_at if header and received_at is not None else None,
            rss_bytes=header.health.rss_bytes if header else None,
            cpu_seconds=header.health.cpu_seconds if header else None,
            waiting=header.counters.waiting if header else None,
            oldest_at=header.health.oldest_at if header else None,
            skipped=header.counters.skipped if header else None,
            started_at=header.life.started_at if header else None,
            booted_at=header.life.booted_at if header else None,
            boot_id=header.life.boot_id if header else "",
            clean_shutdown=header.life.clean_shutdown if header else None,
            note=header.health.note if header else "",
            epochs=self.ingest.accounts(row.agent),
        )

    def series_of(self, series: int) -> tuple[int, str] | None:
        return self.ingest.series.of(series)

    def points(self, series: int, start: int, end: int) -> Sequence[Point]:
        return self.store.range(series, start, end)

    def downsample(self, series: int, start: int, end: int, bucket_ms: int) -> Sequence[Bucket]:
        return self.store.downsample(series, start, end, bucket_ms)

    def counters(self) -> Mapping[str, float]:
        return {
            **self.ingest.counters(),
            "channels": len(self.hub),
            "inventories_taken_total": self.intake.taken,
            "inventories_refused_total": self.intake.refused,
            "watch_steps_total": self.watch.steps,
            "judgements_total": self.watch.judgements,
            "checkpoints_total": self.world.checkpoints,
        }


def _fits(centre: Centre) -> Views:
    """For the type checker: a centre is a `Views`."""
    return centre
