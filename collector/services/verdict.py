"""The verdict on one service, as a pure function of what all checks of it said and of when units' lines worked.

From the widest to the narrowest: where nearly all vantages agree it is the service that is down, and that explains every
unit's failure. What is left is looked for in groups that share something (a hub, a provider, a resolver), the largest
first; then in units whose failures tell of the same thing (the name, the certificate); what is left then is of single
units. `docs/verdicts.md` tells it at length.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from collector.services import shared as share
from collector.services.held import SoFar, is_held
from collector.services.present import Seen, sees
from collector.services.quorum import agreed, patience, together
from collector.services.runs import FAR, Run, runs_of, twice, whole
from collector.services.shared import Failure, Group
from collector.services.sight import Glance, Line, Look, glances
from collector.services.views import Shared
from collector.spans import kind
from collector.timeline import Interval, Stretch, at_least, paint, union
from core.values import Cause, Status

SYMPTOMS = 3
"""So many units at once that tell of the same thing are not by chance."""
APART = 0.2
"""Failures of two checks of one unit count as two when so large a part of an interval lies between them."""

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


@dataclass(frozen=True, slots=True)
class Verdict:
    timeline: Sequence[Stretch]
    """The service's own, from the start of the period until its end, without a hole."""
    findings: Sequence[Finding]
    seen: Mapping[str, Seen]
    wait_ms: int
    """After so long at most all that look have looked again, but for the slowest."""


@dataclass(slots=True)
class _Inquiry:
    watched: Watched
    start: int
    now: int
    claims: Claims
    waits: Mapping[str, int]
    rounds: Mapping[str, int]
    """By label: what began to fail within so long failed of the same."""
    left: dict[str, dict[str, list[Glance]]] = field(default_factory=dict)
    """Failures that nothing explains yet, by label and unit."""

    @property
    def sofar(self) -> SoFar:
        return SoFar(self.claims, self.waits, self.watched.groups, list(self.watched.lines), self.now)


def decide(watched: Watched, start: int, now: int) -> Verdict:
    """The verdict from `start` until before `now`, the present."""
    claims = {
        label: {unit: glances(look, watched.lines[unit], now) for unit, look in looks.items()}
        for label, looks in watched.looks.items()
    }
    waits = {label: patience(looks.values()) for label, looks in watched.looks.items()}
    rounds = {label: together(looks.values()) for label, looks in watched.looks.items()}
    inquiry = _Inquiry(watched, start, now, claims, waits, rounds)
    for label, of_units in claims.items():
        inquiry.left[label] = {
            unit: failed
            for unit, found in of_units.items()
            if (failed := [g for g in found if g.status is Status.DOWN and g.end > start])
        }
    timeline = [Stretch(start, now, Status.UNKNOWN, "")] if now > start else []
    of_labels = {label: agreed(of_units, waits[label], start, now) for label, of_units in claims.items()}
    for status in (Status.UP, Status.DOWN):
        for found in of_labels.values():
            timeline = paint(timeline, [each for each in found if each.status is status])
    findings: list[Finding] = []
    if any(inquiry.left.values()):
        findings += _for_all(inquiry, timeline)
        for group in watched.groups:
            findings += _for_group(inquiry, group)
        for says in (share.DNS, share.CERTIFICATE):
            findings += _by_symptom(inquiry, says)
        findings += _alone(inquiry)
    seen = {unit: sees(claims, watched.looks, watched.lines[unit], unit, now) for unit in watched.lines}
    return Verdict(timeline, findings, seen, max(waits.values(), default=0))


# What is down together.


def _for_all(inquiry: _Inquiry, timeline: Sequence[Stretch]) -> list[Finding]:
    wait = max(inquiry.rounds.values())
    failed = {(label, unit): of_unit for label, of in inquiry.left.items() for unit, of_unit in of.items()}
    return [_found(inquiry, run, failed, wait, shared=None, for_all=True) for run in runs_of(timeline)]


def _for_group(inquiry: _Inquiry, group: Group) -> list[Finding]:
    """What its members cannot reach: agreed on by one check, it explains what all checks of them say meanwhile."""
    runs: list[Run] = []
    for label, left in inquiry.left.items():
        looking = group.units & inquiry.claims[label].keys()
        hit = looking & left.keys()
        if len(hit) < 2 or len(looking) == len(inquiry.claims[label]):
            continue
        votes = {
            unit: sorted(
                [
                    *(g for g in inquiry.claims[label][unit] if g.status is not Status.DOWN),
                    *left.get(unit, ()),
                ]
            )
            for unit in looking
        }
        failed = [left[unit] for unit in hit]
        runs += (
            run
            for run in runs_of(agreed(votes, inquiry.waits[label], inquiry.start, inquiry.now))
            if _began_together(run, failed, inquiry.rounds[label])
        )
    wait = max(inquiry.rounds.values())
    return [
        _found(inquiry, run, _left_of(inquiry, group.units), wait, shared=group.shared) for run in whole(runs)
    ]


def _left_of(inquiry: _Inquiry, units: Container[str]) -> dict[tuple[str, str], list[Glance]]:
    """What is left of these units, by label and unit."""
    return {
        (label, unit): of_unit
        for label, left in inquiry.left.items()
        for unit, of_unit in left.items()
        if unit in units
    }


def _began_together(run: Run, failed: Iterable[Sequence[Glance]], wait: int) -> bool:
    """Whether most of those that failed when it began had begun to within one round of looks."""
    began = [
        glance.start
        for of_unit in failed
        for glance in of_unit
        if glance.start <= run.first_down < glance.end
    ]
    together = sum(run.first_down - wait <= at for at in began)
    return run.at_edge or (together >= 2 and 2 * together >= len(began))


def _by_symptom(inquiry: _Inquiry, says: str) -> list[Finding]:
    """Units all over the province whose failures tell of the same thing, with nothing else in common."""
    failed: dict[tuple[str, str], Sequence[Glance]] = {}
    when: dict[str, list[Interval]] = {}
    for label, left in inquiry.left.items():
        looks = inquiry.watched.looks[label]
        for unit, of_unit in left.items():
            same = [g for g in of_unit if share.symptom(_failure(unit, looks[unit], g)) == says]
            if same:
                failed[label, unit] = same
                when.setdefault(unit, []).extend((g.start, g.end) for g in same)
    if len(when) < SYMPTOMS:
        return []
    over = [Stretch(*each, Status.DOWN, "") for each in at_least(SYMPTOMS, map(union, when.values()))]
    timeline = paint([Stretch(inquiry.start, inquiry.now, Status.UP, "")], over)
    findings = []
    for run in runs_of(timeline):
        reason = kind(share.reason_of(_failures(inquiry, run, failed)))
        wait = max(inquiry.rounds.values())
        findings.append(_found(inquiry, run, failed, wait, shared=Shared(says, reason)))
    return findings


def _alone(inquiry: _Inquiry) -> list[Finding]:
    """What is left of each unit: two failures in a row, of one check or of two, or it is nothing yet."""
    findings = []
    for unit in sorted({unit for left in inquiry.left.values() for unit in left}):
        failed = _left_of(inquiry, (unit,))
        runs: list[Run] = []
        for (label, _), glances_ in failed.items():
            base: list[Stretch] = [Stretch(inquiry.start, inquiry.now, Status.UNKNOWN, "")]
            up = [
                Stretch(g.start, g.end, Status.UP, "")
                for g in inquiry.claims[label][unit]
                if g.status is not Status.DOWN
            ]
            down = [Stretch(g.start, g.end, Status.DOWN, "") for g in glances_]
            runs += runs_of(paint(paint(base, up), down))
        findings += [
            _found(inquiry, run, failed, 0, shared=None)
            for run in whole(runs)
            if any(twice(run, of_check) for of_check in failed.values()) or _by_two(inquiry, run, failed)
        ]
    return findings


def _by_two(inquiry: _Inquiry, run: Run, failed: Mapping[tuple[str, str], Sequence[Glance]]) -> bool:
    """Whether two checks of a unit failed within the run, and not at the same moment."""
    began = []
    for (label, unit), of_check in failed.items():
        first = next((g for g in of_check if g.end > run.first_down and g.start < run.last_down), None)
        if first is not None:
            began.append((first.start, inquiry.watched.looks[label][unit].interval_ms))
    if len(began) < 2:
        return False
    (one, _), (other, _) = min(began), max(began)
    return other - one >= APART * min(interval for _, interval in began)


# From a run to a finding.


def _found(
    inquiry: _Inquiry,
    run: Run,
    failed: Mapping[tuple[str, str], Sequence[Glance]],
    wait: int,
    *,
    shared: Shared | None,
    for_all: bool = False,
) -> Finding:
    """The finding of a run; what it explains is taken out of what is left."""
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
    failures = _failures(inquiry, run, failed)
    labels = {each.label for each in failures}
    voices = _voices(inquiry, run, labels)
    cause = Cause.SERVICE if for_all else Cause.UNDETERMINED
    told = share.cause_of(shared, failures, families=_families(inquiry, labels))
    if told is not Cause.UNDETERMINED:
        cause = told
    units = () if for_all else tuple(sorted({each.unit for each in failures}))
    _explain(inquiry, None if for_all else units, began, run.ended_at)
    return Finding(
        began,
        ended,
        run.at_edge,
        shared,
        units,
        tuple(failures),
        voices,
        _fails_at_centre(inquiry.watched.apart, voices, failures),
        _without_line(inquiry.watched, run.first_down),
        cause,
        share.reason_of(failures),
        held=bool(units) and ended is None and is_held(inquiry.sofar, began, units, labels, shared),
    )


def _mended(inquiry: _Inquiry, run: Run, who: Iterable[tuple[str, str]], wait: int) -> Iterable[int]:
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


def _failures(
    inquiry: _Inquiry, run: Run, failed: Mapping[tuple[str, str], Sequence[Glance]]
) -> list[Failure]:
    """The first of each that failed within the run."""
    found = []
    for (label, unit), of_unit in failed.items():
        first = next((g for g in of_unit if g.end > run.first_down and g.start < run.last_down), None)
        if first is not None:
            found.append(_failure(unit, inquiry.watched.looks[label][unit], first))
    return sorted(found)


def _failure(unit: str, look: Look, glance: Glance) -> Failure:
    return Failure(unit, look.check, look.label, look.kind, look.family, glance.reason)


def _voices(inquiry: _Inquiry, run: Run, labels: Iterable[str]) -> tuple[str, ...]:
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


def _families(inquiry: _Inquiry, failing: Iterable[str]) -> frozenset[str]:
    """The address families of its checks that do not fail."""
    others = inquiry.watched.looks.keys() - set(failing)
    return frozenset(
        look.family for label in others for look in inquiry.watched.looks[label].values() if look.family
    )


def _explain(inquiry: _Inquiry, units: Sequence[str] | None, began: int, closed: int | None) -> None:
    """Take out of what is left all failures that are explained from `began` on: those of these units, or all.

    A failure that goes on after that is left only if it was measured after that.
    """
    for left in inquiry.left.values():
        for unit in list(left) if units is None else left.keys() & set(units):
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
