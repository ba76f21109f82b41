"""What was found of a service, and how a finding is made of a stretch in which vantages agreed. Pure.

A finding explains failures: what is explained is taken out of what is left to be looked for.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import pairwise

from collector.services import shared as share
from collector.services.held import SoFar, is_held
from collector.services.runs import FAR, Run
from collector.services.shared import Failure, Group
from collector.services.sight import Glance, Line, Look
from collector.services.views import Shared
from core.values import Cause, Status

Claims = Mapping[str, Mapping[str, Sequence[Glance]]]
"""By label of the check, by unit."""


@dataclass(frozen=True, slots=True)
class Watched:
    """All that is known of a service for a period."""

    looks: Mapping[str, Mapping[str, Look]]
    """By label, by unit: the same check from all units."""
    lines: Mapping[str, Line]
    groups: Sequence[Group]
    """The largest first."""
    apart: frozenset[str] = frozenset()
    """Units that are at the centre: they have a vote, and are no unit that is hit."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was down from `began_at`: the service for all (`units` empty), or the way to it for `units`."""

    began_at: int
    ended_at: int | None
    at_edge: bool
    """It may have begun before the period."""
    shared: Shared | None
    units: tuple[str, ...]
    failures: tuple[Failure, ...]
    """The first of each unit and check within it, by unit."""
    voices: tuple[str, ...]
    """Units that had anything to say while it lasted, the centre's own too."""
    centre_fails: bool | None
    """Whether it failed for the centre too; None when that does not look."""
    without_line: int
    """Units that were left out, since their own line was down when it began."""
    cause: Cause
    reason: str
    held: bool = False
    """It may be part of more: too few of the others have looked since it began to say."""

    @property
    def is_service(self) -> bool:
        return not self.units


@dataclass(slots=True)
class Inquiry:
    watched: Watched
    start: int
    now: int
    claims: Claims
    votes: Claims
    """The claims of units while their line was not down."""
    waits: Mapping[str, int]
    rounds: Mapping[str, int]
    """By label: what began to fail within so long failed of the same."""
    left: dict[str, dict[str, list[Glance]]] = field(default_factory=dict)
    """Failures that nothing explains yet, by label and unit."""
    found: list[Finding] = field(default_factory=list)

    @property
    def round(self) -> int:
        """The longest of `rounds`."""
        return max(self.rounds.values())

    @property
    def sofar(self) -> SoFar:
        return SoFar(self.claims, self.waits, self.watched.groups, list(self.watched.lines), self.now)


def left_of(inquiry: Inquiry, units: Container[str] | None = None) -> dict[tuple[str, str], list[Glance]]:
    """What is left of these units, or of all, by label and unit."""
    return {
        (label, unit): of_unit
        for label, left in inquiry.left.items()
        for unit, of_unit in left.items()
        if units is None or unit in units
    }


def find(
    inquiry: Inquiry,
    run: Run,
    failed: Mapping[tuple[str, str], Sequence[Glance]],
    wait: int,
    *,
    shared: Shared | None = None,
    for_all: bool = False,
) -> None:
    """Add the finding of a run, and take what it explains out of what is left. `failed`: of what is left, what may be of it,
    by label and unit; what began up to `wait` ms before the run began with it."""
    failures = failures_of(inquiry, run, failed)
    apart = inquiry.watched.apart
    # What befalls the centre's own agent meanwhile is explained by it, and is no sign of what units share.
    telling = [each for each in failures if shared is None or each.unit not in apart]
    units = () if for_all else tuple(sorted({each.unit for each in telling}))
    if not for_all and not units:
        return
    taking_part = [
        glance
        for of_unit in failed.values()
        for glance in of_unit
        if glance.start <= run.first_down < glance.end and run.first_down - wait <= glance.start
    ]
    began = min((each.start for each in taking_part), default=run.first_down)
    ended = run.ended_at
    if ended is not None:
        ended = max(began, min(_mended(inquiry, run, failed.keys(), wait), default=ended))
    labels = {each.label for each in failures}
    voices = _voices(inquiry, run, labels)
    cause = Cause.SERVICE if for_all else Cause.UNDETERMINED
    told = share.cause_of(shared, telling, families=_families(inquiry, labels))
    if told is not Cause.UNDETERMINED:
        cause = told
    _explain(inquiry, None if for_all else {each.unit for each in failures}, began, run.ended_at)
    inquiry.found.append(
        Finding(
            began,
            ended,
            run.at_edge,
            shared,
            units,
            tuple(failures),
            voices,
            _fails_at_centre(apart, voices, failures),
            _without_line(inquiry.watched, run.first_down),
            cause,
            share.reason_of(telling),
            held=bool(units) and ended is None and is_held(inquiry.sofar, began, units, labels, shared),
        )
    )


def _mended(inquiry: Inquiry, run: Run, who: Iterable[tuple[str, str]], wait: int) -> Iterable[int]:
    """When each of those that failed saw it work again, in the last round of looks before they did not agree any more."""
    ended = run.ended_at or FAR
    for label, unit in who:
        for one, other in pairwise(inquiry.claims[label][unit]):
            if (
                one.status is Status.DOWN
                and other.status is not Status.DOWN
                and one.end == other.start
                and max(run.first_down, ended - wait) < one.end <= ended
            ):
                yield one.end


def failures_of(
    inquiry: Inquiry, run: Run, failed: Mapping[tuple[str, str], Sequence[Glance]]
) -> list[Failure]:
    """The first of each that failed within the run."""
    found = []
    for (label, unit), of_unit in failed.items():
        first = next((g for g in of_unit if g.end > run.first_down and g.start < run.last_down), None)
        if first is not None:
            found.append(failure(unit, inquiry.watched.looks[label][unit], first))
    return sorted(found)


def failure(unit: str, look: Look, glance: Glance) -> Failure:
    return Failure(unit, look.check, look.label, look.kind, look.family, glance.reason)


def _voices(inquiry: Inquiry, run: Run, labels: Iterable[str]) -> tuple[str, ...]:
    """Who had anything to say while it lasted."""
    ended = run.ended_at or FAR
    found = {
        unit
        for label in labels
        for unit, claims in inquiry.claims[label].items()
        if any(g.start < ended and g.end > run.first_down for g in claims)
    }
    return tuple(sorted(found))


def _fails_at_centre(
    apart: frozenset[str], voices: Iterable[str], failures: Iterable[Failure]
) -> bool | None:
    if not apart.intersection(voices):
        return None
    return any(failure.unit in apart for failure in failures)


def _without_line(watched: Watched, at: int) -> int:
    return sum(any(start <= at < end for start, end in line.cut) for line in watched.lines.values())


def _families(inquiry: Inquiry, failing: Iterable[str]) -> frozenset[str]:
    """The address families of its checks that do not fail."""
    others = inquiry.watched.looks.keys() - set(failing)
    return frozenset(
        look.family for label in others for look in inquiry.watched.looks[label].values() if look.family
    )


def _explain(inquiry: Inquiry, units: AbstractSet[str] | None, began: int, closed: int | None) -> None:
    """Take out of what is left all failures that are explained from `began` on: those of these units, or all.

    A failure that goes on after that is left only if it was measured after that.
    """
    for left in inquiry.left.values():
        for unit in list(left) if units is None else left.keys() & units:
            kept = [part for glance in left[unit] for part in _rest(glance, began, closed)]
            if kept:
                left[unit] = kept
            else:
                del left[unit]


def _rest(glance: Glance, began: int, closed: int | None) -> Iterable[Glance]:
    if glance.end <= began or (closed is not None and glance.start >= closed):
        yield glance
        return
    if glance.start < began:
        yield glance._replace(end=began, sure=min(glance.sure, began))
    if closed is not None and glance.sure > closed:
        yield glance._replace(start=closed)
