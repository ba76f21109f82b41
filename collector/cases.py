"""What the watch holds about each unit between its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.judge import NEVER_SEEN
from collector.sla import HOUR_MS, Availability
from collector.subjects import UNIT
from collector.timeline import Stretch
from collector.views import Outage, UnitState
from core.values import Cause, Status
from inventory.records import Unit

FLAPPING = 6
"""Changes between up and down within the last hour, from which on a unit is said to flap."""


@dataclass(frozen=True, slots=True)
class Fine:
    """The verdict on the present, with what availability does not care for: degraded, and why."""

    status: Status
    since: int | None
    reason: str


@dataclass(slots=True)
class Case:
    """What is held about one unit."""

    timelines: dict[str, list[Stretch]] = field(default_factory=dict)
    """By subject. Coarse: up, down and unknown, of the last 31 days."""
    fine: Fine = Fine(Status.UNKNOWN, None, NEVER_SEEN)
    judged_at: int = 0
    expires: int | None = None
    outages: list[Outage] = field(default_factory=list)
    """Those of the last 31 days, of every subject, retracted ones too."""
    waits_for: int | None = None
    """When the agent has told all that it measured until then, outages that are over become final."""
    again: int | None = None
    """To be looked at again then, whatever is heard until then: an outage waits to be opened, or flapping may end."""
    sums: Availability | None = None

    @property
    def timeline(self) -> Sequence[Stretch]:
        """The unit's own."""
        return self.timelines.get(UNIT, ())

    def is_up_since(self, since: int) -> bool:
        """Whether the unit is up now and was at `since` and all the time between."""
        last = self.timeline[-1] if self.timeline else None
        return last is not None and last.status is Status.UP and last.start <= since

    @property
    def open_outage(self) -> Outage | None:
        """The unit's own that is open now."""
        return next(
            (o for o in self.outages if o.subject == UNIT and o.ended_at is None and not o.retracted), None
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """One unit judged again, not stored yet. Timelines were judged from `start` on."""

    code: str
    start: int
    timelines: Mapping[str, list[Stretch]]
    fine: Fine
    expires: int | None


def state_of(unit: Unit, case: Case, now: int) -> UnitState:
    """What is shown of a unit."""
    outage = case.open_outage
    return UnitState(
        code=unit.code,
        name=unit.name,
        level=unit.level,
        parent=unit.parent,
        status=case.fine.status,
        since=case.fine.since,
        reason=Cause.PLANNED if outage is not None and outage.cause is Cause.PLANNED else case.fine.reason,
        outage=outage.id if outage is not None else None,
        cause=outage.cause if outage is not None else None,
        root=outage.root if outage is not None else None,
        flapping=flapping(case.timeline, now)[0],
    )


def flapping(timeline: Sequence[Stretch], now: int) -> tuple[int, int | None]:
    """How often the unit went up or down within the last hour, 0 when that is no flapping; and when that may change
    by itself."""
    changes: list[int] = []
    later: Status | None = None
    for stretch in reversed(timeline):
        if stretch.status is Status.UNKNOWN:
            continue
        if later is not None and stretch.status is not later:
            changes.append(stretch.end)
        later = stretch.status
        if stretch.start < now - HOUR_MS:
            break
    changes = [at for at in changes if at > now - HOUR_MS]
    if len(changes) < FLAPPING:
        return 0, None
    return len(changes), changes[-1] + HOUR_MS


def present(timeline: Sequence[Stretch], before: Fine) -> Fine:
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


def spliced(before: Sequence[Stretch], fresh: Sequence[Stretch], start: int, horizon: int) -> list[Stretch]:
    """The timeline as it was until `start`, without what ended before the horizon, and from there on afresh."""
    return [
        *(
            each._replace(end=min(each.end, start))
            for each in before
            if each.start < start and each.end > horizon
        ),
        *(each._replace(start=max(each.start, start)) for each in fresh if each.end > start),
    ]
