"""The watch over services: judges again those of which something new is known, and tells of what changed.

It stands beside `collector.watch`, which judges units: whether a unit's line worked is taken from there.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.causes import Window
from collector.feed import Feed
from collector.outages import Change
from collector.services import shown
from collector.services.apdex import WINDOW_MS, score, total
from collector.services.explain import Placed, Surroundings, placed
from collector.services.finding import Finding, Watched
from collector.services.keeper import Keeper
from collector.services.pace import Pace
from collector.services.scene import Registered, Scene
from collector.services.shown import Open, Seeing
from collector.services.sight import EDGE_MS, Line, Look
from collector.services.verdict import Verdict, decide
from collector.services.views import Score, Sees, ServiceState, Sight
from collector.spans import REACH, VOUCHING
from collector.threads import in_thread
from collector.timeline import Stretch
from collector.watch import Watch
from collector.world import FULL_MS, World
from core.clock import Clock
from inventory.records import Service, above
from inventory.state import State

log = logging.getLogger(__name__)

TICK_MS = 1_000
FORGET_MS = 3_600_000
INTERNET_MS = 600_000
"""So far back checks of the Internet are looked at."""
UNSETTLED_MS = 3_600_000
"""So long after an outage every look is asked whether all is told now; later only what is new."""
AGAIN_MS = 10_000
"""A service is looked at again so soon though nothing came in: what was seen grows old."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One service judged again, not stored yet."""

    watched: Watched
    verdict: Verdict
    told: Sequence[tuple[Finding, Placed]]
    """What was found and is not held back."""
    changes: Sequence[Change]


@dataclass(slots=True)
class Held:
    """What is held about one service between steps."""

    state: ServiceState
    sights: Mapping[str, Sight]
    scores: Mapping[str, Score]
    scored_at: int
    again: int = 0
    troubled: bool = False
    """Someone fails, or what has ended is not settled: that checks go on to say the same matters too."""


class ServiceWatch:
    """Safe from any thread. `step` does all the work, one at a time."""

    def __init__(
        self,
        world: World,
        watch: Watch,
        registry: Registered,
        state: State,
        feed: Feed,
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        """Without `pace` nothing is scored."""
        self._world, self._watch, self._registry = world, watch, registry
        self._feed, self._clock, self._pace = feed, clock, pace
        self._held: dict[str, Held] = {}
        self._due: dict[str, int] = {}
        self._keeper = Keeper(world, state)
        self._scene: Scene | None = None
        self._forgot_at = 0
        self._one_at_a_time = threading.Lock()
        self.judgements = 0

    async def run(self) -> None:
        """Judge for ever, until cancelled, which waits for a step that has begun."""
        while True:
            now = self._clock.now()
            try:
                await in_thread(self.step, now)
            except Exception:
                # The loop's guard. What was due stays due.
                log.exception("the watch over services failed; trying again")
            await self._clock.sleep_until(now + TICK_MS)

    def start(self, now: int) -> None:
        """Judge everything from what was kept; agrees with what is stored unless evidence came in since."""
        with self._one_at_a_time:
            self._keeper.load(now)
            self._scene = None
        self.step(now)

    def step(self, now: int) -> None:
        """Judge again what may have changed until `now`."""
        with self._one_at_a_time:
            self._step(now)

    def _step(self, now: int) -> None:
        scene = self._scene
        if scene is None or scene.revision != self._registry.revision:
            scene = self._scene = Scene.of(self._registry, now)
            # Planned work may be noted down afterwards, and what units share may be another thing.
            self._due = dict.fromkeys(scene.services, 0)
        self._gather_due(scene, now)
        lines: dict[tuple[str, int], Line] = {}
        judged = {
            code: self._judge(scene, scene.services[code], since, now, lines)
            for code, since in self._due.items()
            if code in scene.services
        }
        changes = [change for each in judged.values() for change in each.changes]
        changes += [change for code in self._keeper.codes() for change in self._gone(scene, code, now)]
        told = self._keeper.write(changes, now)
        self._due.clear()
        for code, each in judged.items():
            self._show(scene, scene.services[code], each, now)
        for code in self._held.keys() - scene.services.keys():
            del self._held[code]
        for change in told:
            self._feed.publish("outage", str(change.outage.id))
        if now - self._forgot_at >= FORGET_MS:
            self._forgot_at = now
            self._keeper.forget(now)

    def _gone(self, scene: Scene, code: str, now: int) -> list[Change]:
        return self._keeper.gone(code, scene.units if code in scene.services else None, now)

    def _is_due(self, code: str, since: int) -> None:
        self._due[code] = min(since, self._due.get(code, since))

    def _gather_due(self, scene: Scene, now: int) -> None:
        news = self._world.take_news()
        for code, since in news.changed.items():
            self._is_due(code, since)
        for code, since in news.confirmed.items():
            held = self._held.get(code)
            if held is not None and held.troubled:
                self._is_due(code, since)
        for unit, since in self._watch.take_moved().items():
            for code, watched_from in scene.watched_from.items():
                if unit in watched_from:
                    self._is_due(code, since)
        for code in scene.services:
            held = self._held.get(code)
            if held is None or held.again <= now:
                self._is_due(code, now)

    def _judge(
        self, scene: Scene, service: Service, since: int, now: int, lines: dict[tuple[str, int], Line]
    ) -> Judged:
        self.judgements += 1
        code, margin = service.code, self._margin(scene, service.code)
        whole = now - FULL_MS
        scope = self._keeper.scope(code, since - margin, whole + margin)
        start = max(whole, scope.start - margin)
        looks = self._world.looks(code, start)
        watched = self._watched(scene, code, looks, start, now, lines)
        verdict = decide(watched, start, now + 1)
        around = self._around(scene, code, now)
        known = self._keeper.open_ids(code)
        found = [(each, placed(each, around)) for each in verdict.findings]
        told = [
            (each, (unit, outage))
            for each, (unit, outage) in found
            if not each.held or (unit, outage.subject) in known
        ]
        changes = self._keeper.compare(scope, [place for _, place in told], now)
        return Judged(watched, verdict, told, changes)

    def _around(self, scene: Scene, code: str, now: int) -> Surroundings:
        province = scene.province or ""
        windows = self._registry.maintenance()

        def windows_of(unit: str) -> Sequence[Window]:
            hung_on = above(scene.units, unit)
            return [
                Window(each.valid_from, each.valid_to, each.note)
                for each in windows
                if each.service in ("", code) and (each.unit == unit or (each.below and each.unit in hung_on))
            ]

        return Surroundings(
            code=code,
            province=province,
            now=now,
            windows=[
                Window(each.valid_from, each.valid_to, each.note)
                for each in windows
                if each.service == code and each.unit == province
            ],
            windows_of=windows_of,
            told_until=self._world.told_until,
            internet_lost=lambda unit, at: internet_lost(self._world, unit, at, now),
        )

    def _margin(self, scene: Scene, code: str) -> int:
        """How far before a change the verdict may depend on it."""
        return int(2 * REACH * scene.longest_ms.get(code, 0)) + 2 * EDGE_MS + 60_000

    def _watched(
        self,
        scene: Scene,
        code: str,
        looks: Mapping[str, Mapping[str, Look]],
        start: int,
        now: int,
        lines: dict[tuple[str, int], Line],
    ) -> Watched:
        units = set(scene.watched_from.get(code, ())).union(*looks.values())
        found: dict[str, Line] = {}
        for unit in units:
            line = lines.get((unit, start))
            if line is None:
                line = lines[unit, start] = Line.of(_lasting(self._watch.timeline(unit), start, now))
            found[unit] = line
        return Watched(looks, found, scene.groups, scene.apart)

    def _show(self, scene: Scene, service: Service, judged: Judged, now: int) -> None:
        code, verdict = service.code, judged.verdict
        held = self._held.get(code)
        ids = self._keeper.open_ids(code)
        open_now = [
            Open(each, ids.get((unit, outage.subject)), outage.cause)
            for each, (unit, outage) in judged.told
            if each.ended_at is None
        ]
        watched_from = scene.watched_from.get(code, frozenset())
        scores = held.scores if held is not None else {}
        scored_at = held.scored_at if held is not None else 0
        if now - scored_at >= AGAIN_MS:
            scores, scored_at = self._scores(service, judged, now), now
        seen = shown.seen_with_scores(
            {unit: each for unit, each in verdict.seen.items() if unit in watched_from}, scores
        )
        states = self._watch.states()
        causes = {unit: states[unit].cause if unit in states else None for unit in seen}
        sights = shown.sights_of(code, seen, open_now, scores, held.sights if held else {}, now)
        state = shown.state_of(
            service,
            verdict,
            seen,
            open_now,
            Seeing(watched_from, scene.apart, causes),
            scores,
            self._around(scene, code, now).windows,
            held.state if held else None,
            now,
        )
        troubled = any(each.sees is Sees.DOWN for each in sights.values())
        troubled = troubled or bool(open_now) or self._keeper.unsettled(code, now - UNSETTLED_MS)
        self._held[code] = Held(state, sights, scores, scored_at, again=now + AGAIN_MS, troubled=troubled)
        if shown.is_news((held.state, held.sights) if held else None, (state, sights)):
            self._feed.publish("service", code)

    def _scores(self, service: Service, judged: Judged, now: int) -> Mapping[str, Score]:
        """By unit; empty for a service of which it is not said what is slow."""
        slow_ms = service.slow_ms
        if slow_ms is None or self._pace is None:
            return {}
        found: dict[str, list[Score]] = {}
        for looks in judged.watched.looks.values():
            results = self._pace.of([look.check for look in looks.values()], now - WINDOW_MS)
            for unit, look in looks.items():
                if look.check in results:
                    line = judged.watched.lines[unit]
                    found.setdefault(unit, []).append(
                        score(results[look.check], slow_ms, line, look.timeout_ms)
                    )
        return {unit: total(scores) for unit, scores in found.items()}

    # What is asked.

    def states(self) -> Mapping[str, ServiceState]:
        """The state of each service that exists, by code."""
        return {code: held.state for code, held in list(self._held.items())}

    def sights(self, code: str) -> Mapping[str, Sight]:
        """What each unit sees of a service, by unit."""
        held = self._held.get(code)
        return held.sights if held is not None else {}


def internet_lost(world: World, unit: str, at: int, now: int) -> str:
    """Label of a check of the Internet that failed for the unit at a time and had worked before, when all of those did; empty
    otherwise. One that does not work anyway says nothing."""
    checks = [
        check
        for check in world.evidence(unit, at - INTERNET_MS, now + 1).checks
        if check.role == "internet" and check.own
        if any(said.status in VOUCHING and said.first_at <= at for said in check.said)
    ]
    failed = [
        check.label
        for check in checks
        if any(
            said.status == "down"
            and said.first_at - check.interval_ms <= at <= said.last_at + int(REACH * check.interval_ms)
            for said in check.said
        )
    ]
    return min(failed) if failed and len(failed) == len(checks) else ""


def _lasting(timeline: Sequence[Stretch], start: int, now: int) -> list[Stretch]:
    """The timeline from `start` on. What was true when it was judged last is true now: nothing came in since."""
    found = [each for each in timeline if each.end > start]
    if found:
        found[-1] = found[-1]._replace(end=max(found[-1].end, now + 1))
    return found
