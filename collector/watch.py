"""The watch: judges again what may have changed, stores what happened to outages, and tells of it.

A unit is judged again when something new is known of it, and when a verdict was only good until now. It is judged
from a margin before the change on; what was before stays. Everything that a step finds is stored in one transaction,
and only then shown.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from collector import outage_store, outages, subjects
from collector.cases import Case, Judged, flapping, present, spliced, state_of
from collector.feed import Feed
from collector.inquiry import FAR, RECENT_MS, Inquiry, Tree
from collector.judge import judge
from collector.outages import Change
from collector.retention import prune
from collector.sla import PERIODS, Availability, coarse
from collector.subjects import UNIT
from collector.threads import in_thread
from collector.timeline import Interval, Stretch, changed_from, union
from collector.views import OutageChange, UnitState, Uptime
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
        self._tree: Tree | None = None
        self._centre_seen: tuple[int, Sequence[Interval]] = (0, ())
        self._concluded: set[str] = set()
        self._moved: dict[str, int] = {}
        self._checkpoint: tuple[int, int] = (-1, 0)
        self._forgot_at = self._pruned_at = 0
        self.steps = 0
        self.judgements = 0

    async def run(self) -> None:
        """Judge for ever, until cancelled, which waits for a step that has begun."""
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
                await in_thread(self.step, now)
            except Exception:
                # The loop's guard. What was due stays due.
                log.exception("the watch failed; trying again")
            await self._clock.sleep_until(now + TICK_MS)

    def start(self, now: int) -> None:
        """Judge everything from what was kept; agrees with what is stored unless evidence came in since."""
        self._world.alive(now)
        with self._state.read() as connection:
            for outage in outage_store.read_since(connection, now - KEPT_MS):
                self._cases.setdefault(outage.unit, Case()).outages.append(outage)
        self._note_unheard(now, now - KEPT_MS)
        self._due = dict.fromkeys(self._world.units() | set(self._cases), 0)
        self.step(now)

    def step(self, now: int) -> None:
        """Judge again what may have changed until `now`."""
        with self._one_at_a_time:
            self._step(now)

    def _step(self, now: int) -> None:
        self.steps += 1
        units = {unit.code: unit for unit in self._registry.units(now)}
        self._note_unheard(now)
        self._gather_due(now)
        judged = {code: self._judge(code, since, now) for code, since in self._due.items() if code in units}
        self._conclude(units, judged, now)
        self._due.clear()
        self._show(units, set(judged), now)
        self._housekeep(now)

    def _note_unheard(self, now: int, since: int | None = None) -> None:
        """Find when the whole centre heard nobody; where that is new, everybody is judged again."""
        before = self._world.unheard
        over = [each for each in before if now - KEPT_MS <= each[1] < FAR]
        if len(over) < len(before):
            since = min(start for start, end in before if end == FAR)
        elif since is None:
            if not self._world.most_silent(now):
                return
            since = now - RECENT_MS
        found = [(start, end if end < now else FAR) for start, end in self._world.quiet(since, now)]
        found = union([*over, *found])
        if found != list(before):
            self._world.unheard = tuple(found)
            changed = min(start for start, _ in set(found) ^ set(before))
            for code in self._cases:
                self._due[code] = min(changed, self._due.get(code, changed))

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
            if case.again is not None and case.again <= now:
                self._due[code] = min(now, self._due.get(code, now))
            if case.waits_for is not None and self._world.told_until(code) >= case.waits_for:
                self._due[code] = min(case.waits_for - 1, self._due.get(code, now))

    def _judge(self, code: str, since: int, now: int) -> Judged:
        self.judgements += 1
        case = self._cases.setdefault(code, Case())
        margin = self._world.margin(code)
        horizon = now - KEPT_MS
        start = max(horizon, min(since, case.judged_at) - margin)
        # Verdicts are on stretches without their last moment; this one includes the present.
        evidence = self._world.evidence(code, max(horizon, start - margin), now + 1)
        verdict = judge(evidence, max(horizon, start - margin), now + 1)
        others, again = subjects.others(evidence, verdict, max(horizon, start - margin), now + 1)
        fresh = {UNIT: verdict.timeline, **others}
        timelines = {
            subject: coarse(spliced(case.timelines.get(subject, ()), fresh.get(subject, ()), start, horizon))
            for subject in {**case.timelines, **fresh}
        }
        expires = min((at for at in (verdict.expires, again) if at is not None), default=None)
        return Judged(code, start, timelines, present(verdict.timeline, case.fine), expires)

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

    def _conclude(self, units: Mapping[str, Unit], judged: Mapping[str, Judged], now: int) -> None:
        """Find what happened to outages, store it together with the evidence for it, then take the verdicts over."""
        inquiry = Inquiry(
            self._world,
            self._tree_of(units),
            self._cases,
            judged,
            self._registry.maintenance(),
            now,
        )
        roots, members = inquiry.hubs() if judged else ([], {})
        roots += self._of_centre(inquiry, units)
        told: list[OutageChange] = []
        if roots:
            with self._state.write() as connection:
                told += self._write(connection, inquiry, roots, now)
                told += self._write(connection, inquiry, inquiry.units(members), now)
                told += self._write(connection, inquiry, self._ended(units, now), now)
        elif changes := [*(inquiry.units({}) if judged else ()), *self._ended(units, now)]:
            with self._state.write() as connection:
                told += self._write(connection, inquiry, changes, now)
        for code, kept in inquiry.kept.items():
            self._cases.setdefault(code, Case()).outages = kept
        for each in judged.values():
            case = self._cases[each.code]
            moved = changed_from(case.timeline, each.timelines.get(UNIT, ()), each.start)
            if moved is not None:
                self._moved[each.code] = min(moved, self._moved.get(each.code, moved))
            case.timelines, case.fine, case.expires = dict(each.timelines), each.fine, each.expires
            case.judged_at, case.sums = now, None
            again = (inquiry.held.get(each.code), flapping(case.timeline, now)[1])
            case.again = min((at for at in again if at is not None), default=None)
        for code, waits_for in inquiry.waits_for.items():
            self._cases[code].waits_for = waits_for
        self._concluded = {change.outage.unit for change in told}
        for change in told:
            self._feed.publish("outage", str(change.outage.id))

    def _write(
        self, connection: sa.Connection, inquiry: Inquiry, changes: Sequence[Change], now: int
    ) -> list[OutageChange]:
        if not changes:
            return []
        # A crash must not leave an outage behind whose evidence it lost.
        self._world.checkpoint(connection)
        told = outage_store.write(connection, changes, now)
        for change in told:
            inquiry.take(change.outage)
        return told

    def _of_centre(self, inquiry: Inquiry, units: Mapping[str, Unit]) -> list[Change]:
        """Asked only where something may have changed: the centre was away, or heard nobody."""
        seen = (len(self._world.listening()), self._world.unheard)
        province = next((unit.code for unit in units.values() if unit.level is Level.PROVINCE), None)
        if province is None or seen == self._centre_seen:
            return []
        self._centre_seen = seen
        return inquiry.centre(province, self._world.unheard)

    def _tree_of(self, units: Mapping[str, Unit]) -> Tree:
        if self._tree is None or self._tree.units != units:
            self._tree = Tree.of(units)
        return self._tree

    def _show(self, units: Mapping[str, Unit], judged: set[str], now: int) -> None:
        judged |= self._concluded & set(units)
        if self._revision != self._registry.revision or set(units) != set(self._states):
            self._revision = self._registry.revision
            judged = set(units)
        now_so = {code: state_of(units[code], self._cases.get(code) or Case(), now) for code in judged}
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

    def take_moved(self) -> dict[str, int]:
        """Units whose own timeline changed, each with the time from which on; asked for once. Not within a step."""
        with self._one_at_a_time:
            taken, self._moved = self._moved, {}
            return taken

    def timeline(self, code: str) -> Sequence[Stretch]:
        """The unit's own timeline of the last 31 days; what it ends with holds now."""
        case = self._cases.get(code)
        return case.timeline if case is not None else ()

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
