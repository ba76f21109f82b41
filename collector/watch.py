"""The watch: judges again what may have changed, stores what happened to outages, and tells of it.

A unit is judged again when something new is known of it, and when a verdict was only good until now. It is judged
from a margin before the change on; what was before stays. Everything that a step finds is stored in one transaction,
and only then shown.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector import outages
from collector.feed import Feed
from collector.judge import NEVER_SEEN, judge
from collector.outages import Change
from collector.retention import prune
from collector.sla import PERIODS, Availability, coarse
from collector.timeline import Stretch
from collector.views import Outage, UnitState, Uptime
from collector.world import KEPT_MS, World
from core.clock import Clock
from core.values import Level, Status
from inventory.records import Unit
from inventory.registry import Registry
from inventory.state import State

log = logging.getLogger(__name__)

TICK_MS = 250
ALIVE_MS = 250
CHECKPOINT_MS = 10_000
FORGET_MS = 3_600_000
PRUNE_MS = 24 * FORGET_MS


@dataclass(frozen=True, slots=True)
class Fine:
    """The verdict on the present, with what availability does not care for: degraded, and why."""

    status: Status
    since: int | None
    reason: str


@dataclass(slots=True)
class Case:
    """What is held about one unit."""

    timeline: list[Stretch] = field(default_factory=list)
    """Coarse: up, down and unknown, of the last 31 days."""
    fine: Fine = Fine(Status.UNKNOWN, None, NEVER_SEEN)
    judged_at: int = 0
    expires: int | None = None
    outages: list[Outage] = field(default_factory=list)
    """Those of the last 31 days, retracted ones too."""
    sums: Availability | None = None

    def is_up_since(self, since: int) -> bool:
        """Whether the unit is up now and was at `since` and all the time between."""
        last = self.timeline[-1] if self.timeline else None
        return last is not None and last.status is Status.UP and last.start <= since

    @property
    def open_outage(self) -> int | None:
        return next((o.id for o in self.outages if o.ended_at is None and not o.retracted), None)


@dataclass(frozen=True, slots=True)
class Judged:
    """One unit judged again, not stored yet."""

    code: str
    timeline: list[Stretch]
    fine: Fine
    expires: int | None
    changes: Sequence[Change]


class Watch:
    """Everything is safe from any thread. `step` does all the work, one at a time."""

    def __init__(self, world: World, registry: Registry, state: State, feed: Feed, clock: Clock) -> None:
        self._world, self._registry, self._state = world, registry, state
        self._feed, self._clock = feed, clock
        self._cases: dict[str, Case] = {}
        self._states: dict[str, UnitState] = {}
        self._due: dict[str, int] = {}
        self._one_at_a_time = threading.Lock()
        self._revision = -1
        self._checkpoint: tuple[int, int] = (-1, 0)
        self._forgot_at = self._pruned_at = 0
        self.steps = 0
        self.judgements = 0

    async def run(self) -> None:
        """Judge for ever, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._breathe())
            group.create_task(self._judge_for_ever())

    async def _breathe(self) -> None:
        # On the event loop itself: when it stalls, agents are not heard, and this stops too.
        while True:
            now = self._clock.now()
            self._world.alive(now)
            await self._clock.sleep_until(now + ALIVE_MS)

    async def _judge_for_ever(self) -> None:
        while True:
            now = self._clock.now()
            try:
                await asyncio.to_thread(self.step, now)
            except Exception:
                # The loop's guard. What was due stays due.
                log.exception("the watch failed; trying again")
            await self._clock.sleep_until(now + TICK_MS)

    def start(self, now: int) -> None:
        """Judge everything from what was kept; agrees with what is stored unless evidence came in since."""
        self._world.alive(now)
        with self._state.read() as connection:
            for outage in outages.read_since(connection, now - KEPT_MS):
                self._cases.setdefault(outage.unit, Case()).outages.append(outage)
        self._due = dict.fromkeys(self._world.units() | set(self._cases), 0)
        self.step(now)

    def step(self, now: int) -> None:
        """Judge again what may have changed until `now`."""
        with self._one_at_a_time:
            self._step(now)

    def _step(self, now: int) -> None:
        self.steps += 1
        self._gather_due(now)
        units = {unit.code: unit for unit in self._registry.units(now)}
        judged = [self._judge(units[code], since, now) for code, since in self._due.items() if code in units]
        self._store(judged, self._ended(units, now), now)
        self._due.clear()
        self._show(units, {each.code for each in judged})
        self._housekeep(now)

    def _gather_due(self, now: int) -> None:
        changed, confirmed = self._world.take_changed()
        for code, since in confirmed.items():
            case = self._cases.get(code)
            if case is None or not case.is_up_since(since):
                changed[code] = min(since, changed.get(code, since))
        for code, since in changed.items():
            self._due[code] = min(since, self._due.get(code, since))
        for code, case in self._cases.items():
            if case.expires is not None and case.expires <= now and code not in self._due:
                until = self._world.heard_until(code) if case.fine.status is Status.UP else 0
                if until > now:
                    case.expires = until  # heard again meanwhile, as nearly always: it is up as before
                else:
                    self._due[code] = now

    def _judge(self, unit: Unit, since: int, now: int) -> Judged:
        self.judgements += 1
        code = unit.code
        case = self._cases.setdefault(code, Case())
        margin = self._world.margin(code)
        horizon = now - KEPT_MS
        start = max(horizon, min(since, case.judged_at) - margin)
        # Verdicts are on stretches without their last moment; this one includes the present.
        evidence = self._world.evidence(code, max(horizon, start - margin), now + 1)
        verdict = judge(evidence, max(horizon, start - margin), now + 1)
        fresh = _from(verdict.timeline, start)
        timeline = coarse([*_until(case.timeline, start, horizon), *fresh])
        touched, found = outages.find(timeline, start)
        if unit.level is Level.PROVINCE:
            found = []  # the centre's own agent: it has a state, but no line of its own that could be out
        stored = [o for o in case.outages if o.ended_at is None or o.ended_at > touched]
        changes = outages.reconcile(code, found, stored, now)
        return Judged(code, timeline, _present(verdict.timeline, case.fine), verdict.expires, changes)

    def _ended(self, units: Mapping[str, Unit], now: int) -> list[Change]:
        """The open outages of units that are no more end with them."""
        return [
            outages.end(outage, self._end_of(code, outage.began_at, now))
            for code, case in self._cases.items()
            if code not in units
            for outage in case.outages
            if outage.ended_at is None
        ]

    def _end_of(self, code: str, at: int, now: int) -> int:
        """When the unit ceased to exist that was there at `at`; versions of it may follow one another."""
        if self._registry.unit(code, at) is None:
            return now
        while (unit := self._registry.unit(code, at)) is not None and unit.valid_to is not None:
            at = unit.valid_to
        return at

    def _store(self, judged: Sequence[Judged], ended: Sequence[Change], now: int) -> None:
        """Store what happened to outages, together with the evidence for it; then take the verdicts over."""
        changes = [*ended, *(change for each in judged for change in each.changes)]
        told = []
        if changes:
            with self._state.write() as connection:
                # A crash must not leave an outage behind whose evidence it lost.
                self._world.checkpoint(connection)
                told = outages.write(connection, changes, now)
        for each in judged:
            case = self._cases[each.code]
            case.timeline, case.fine, case.expires = each.timeline, each.fine, each.expires
            case.judged_at, case.sums = now, None
        for change in told:
            case = self._cases[change.outage.unit]
            kept = {outage.id: outage for outage in case.outages}
            kept[change.outage.id] = change.outage
            case.outages = list(kept.values())
        for change in told:
            self._feed.publish("outage", str(change.outage.id))

    def _show(self, units: Mapping[str, Unit], judged: set[str]) -> None:
        if self._revision != self._registry.revision or set(units) != set(self._states):
            self._revision = self._registry.revision
            judged = set(units)
        now_so = {code: _state_of(units[code], self._cases.get(code) or Case()) for code in judged}
        news = [code for code, state in now_so.items() if state != self._states.get(code)]
        # Others read the states meanwhile: they have all of the old or all of the new.
        self._states = {code: state for code, state in {**self._states, **now_so}.items() if code in units}
        for code in news:
            self._feed.publish("unit", code)

    def _housekeep(self, now: int) -> None:
        checkpoints, since = self._checkpoint
        if checkpoints != self._world.checkpoints:
            self._checkpoint = (self._world.checkpoints, now)
        elif now - since >= CHECKPOINT_MS:
            with self._state.write() as connection:
                self._world.checkpoint(connection)
        if now - self._forgot_at >= FORGET_MS:
            self._forgot_at = now
            self._world.forget(now)
            for case in self._cases.values():
                case.outages = [o for o in case.outages if o.ended_at is None or o.ended_at > now - KEPT_MS]
        if now - self._pruned_at >= PRUNE_MS:
            self._pruned_at = now
            prune(self._state, self._registry, now)

    # What is asked.

    def states(self) -> Mapping[str, UnitState]:
        """The state of each unit that exists."""
        return self._states

    def uptime(self, code: str, start: int, end: int) -> Uptime:
        """Of a period within the last 31 days."""
        case = self._cases.get(code)
        if case is None:
            return Uptime(start, end, 0, 0, max(0, end - start))
        sums = case.sums
        if sums is None:
            sums = case.sums = Availability(case.timeline)
        return sums.uptime(start, end)

    def uptimes(self, code: str, now: int) -> Mapping[str, Uptime]:
        return {name: self.uptime(code, now - length, now) for name, length in PERIODS.items()}


def _state_of(unit: Unit, case: Case) -> UnitState:
    return UnitState(
        code=unit.code,
        name=unit.name,
        level=unit.level,
        parent=unit.parent,
        status=case.fine.status,
        since=case.fine.since,
        reason=case.fine.reason,
        outage=case.open_outage,
    )


def _present(timeline: Sequence[Stretch], before: Fine) -> Fine:
    """The last stretch, and since when its status has held: longer than the timeline reaches, if `before` says so."""
    if not timeline:
        return before
    last = timeline[-1]
    since = last.start
    for stretch in reversed(timeline):
        if stretch.status is not last.status:
            break
        since = stretch.start
    if since == timeline[0].start:
        same = before.status is last.status and before.since is not None and before.since < since
        known_since = before.since if same else since
        return Fine(last.status, None if last.reason == NEVER_SEEN else known_since, last.reason)
    return Fine(last.status, since, last.reason)


def _from(timeline: Sequence[Stretch], start: int) -> list[Stretch]:
    return [each._replace(start=max(each.start, start)) for each in timeline if each.end > start]


def _until(timeline: Sequence[Stretch], end: int, horizon: int) -> list[Stretch]:
    """The part of a timeline before `end`, without what ended before the horizon."""
    return [
        each._replace(end=min(each.end, end)) for each in timeline if each.start < end and each.end > horizon
    ]
