"""A service over a period: its timeline, its outages, and whether it kept what is promised. Judged anew from what was kept of its
checks: of the last day from memory, of the last 31 days from disk."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from collector import outage_store
from collector import world_store as store
from collector.evidence import Said
from collector.services.finding import Watched
from collector.services.looks import put_look
from collector.services.promise import Kept, kept
from collector.services.scene import Registered, Scene
from collector.services.sight import EDGE_MS, Line, Look
from collector.services.verdict import decide
from collector.spans import REACH
from collector.timeline import Interval, Stretch, joined, paint
from collector.verdict_tables import spans
from collector.views import Outage
from collector.watch import Watch
from collector.world import FULL_MS, World
from core.values import Status
from inventory.hours import hours
from inventory.records import PlannedCheck
from inventory.state import State

OUTAGES = 500


@dataclass(frozen=True, slots=True)
class ServiceHistory:
    """`timeline`: the service's own, without a hole; down is down for all. `outages`: its own and those of the way to it,
    newest first, without retracted ones."""

    timeline: Sequence[Stretch]
    outages: Sequence[Outage]
    kept: Kept


class Histories:
    """Safe from any thread."""

    def __init__(self, world: World, watch: Watch, registry: Registered, state: State) -> None:
        self._world, self._watch, self._registry, self._state = world, watch, registry, state

    def of(self, code: str, start: int, end: int, now: int) -> ServiceHistory:
        """Of a service, from `start` until before `end` or now."""
        scene = Scene.of(self._registry, now)
        until = max(start, min(end, now))
        planned = {check: each for check, each in self._registry.all_checks().items() if each.service == code}
        reach = max((each.check.interval_ms for each in planned.values()), default=0)
        margin = int(2 * REACH * reach) + 2 * EDGE_MS
        looks = self._looks(code, planned, start - margin, until + margin, now)
        units = {unit for of_units in looks.values() for unit in of_units}
        lines = {
            unit: Line.of([s for s in self._lasting(unit, now) if s.end > start - margin]) for unit in units
        }
        verdict = decide(
            Watched(looks, lines, scene.groups, scene.apart), start - margin, min(now, until + margin) + 1
        )
        own = [each for each in verdict.findings if each.is_service]
        down = [
            Stretch(each.began_at, until if each.ended_at is None else each.ended_at, Status.DOWN, "")
            for each in own
        ]
        plain = [
            each._replace(status=Status.UP) if each.status is Status.DOWN else each
            for each in verdict.timeline
        ]
        whole = joined(
            each._replace(start=max(each.start, start), end=min(each.end, until), reason="")
            for each in paint(plain, sorted(down))
            if each.end > start and each.start < until
        )
        service = scene.services.get(code)
        promised = list(hours(service.hours if service is not None else "").within(start, max(start, end)))
        with self._state.read() as connection:
            found = outage_store.read_page(
                connection, None, service=code, open_only=False, before=None, limit=OUTAGES
            )
        outages = [
            each
            for each in found
            if not each.retracted
            and each.began_at < until
            and (each.ended_at is None or each.ended_at > start)
        ]
        return ServiceHistory(
            whole, outages, kept(whole, self._planned(scene, code, until), promised, start, max(start, end))
        )

    def _lasting(self, unit: str, now: int) -> list[Stretch]:
        timeline = list(self._watch.timeline(unit))
        if timeline:
            timeline[-1] = timeline[-1]._replace(end=max(timeline[-1].end, now + 1))
        return timeline

    def _planned(self, scene: Scene, code: str, until: int) -> list[Interval]:
        """Work on the service as all see it."""
        return [
            (each.valid_from, until if each.valid_to is None else each.valid_to)
            for each in self._registry.maintenance()
            if each.service == code and each.unit in scene.apart
        ]

    def _looks(
        self, code: str, planned: Mapping[int, PlannedCheck], start: int, end: int, now: int
    ) -> dict[str, dict[str, Look]]:
        if start >= now - FULL_MS:
            return self._world.looks(code, start)
        with self._state.read() as connection:
            return read_looks(connection, planned, start, end)


def read_looks(
    connection: sa.Connection, planned: Mapping[int, PlannedCheck], start: int, end: int
) -> dict[str, dict[str, Look]]:
    """What these checks said in a period, as on disk: by label, by unit."""
    said: dict[int, list[Said]] = defaultdict(list)
    for some in store.batches(planned):
        rows = connection.execute(
            sa.select(
                spans.c.check_id, spans.c.first_at, spans.c.last_at, spans.c.status, spans.c.reason
            ).where(spans.c.check_id.in_(some), spans.c.last_at >= start, spans.c.first_at < end)
        )
        for row in rows:
            said[row.check_id].append(Said(*row[1:]))
    found: dict[str, dict[str, Look]] = {}
    for check, each in sorted(planned.items()):
        if check in said:
            put_look(found, each, sorted(said[check]))
    return found
