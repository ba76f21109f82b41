"""The verdict on one service, as a pure function of what all checks of it said and of when units' lines worked.

From the widest to the narrowest: where nearly all vantages agree it is the service that is down, and that explains every
unit's failure. What is left is looked for in groups that share something (a hub, a provider, a resolver), the largest
first; then in units whose failures tell of the same thing (the name, the certificate); what is left then is of single
units. `docs/verdicts.md` tells it at length.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector.services import shared as share
from collector.services.finding import Finding, Inquiry, Watched, failure, failures_of, find, left_of
from collector.services.present import Seen, sees
from collector.services.quorum import agreed, agreed_by_any, patience, together
from collector.services.runs import Run, runs_of, twice, whole
from collector.services.shared import Group
from collector.services.sight import Glance, glances, while_line
from collector.services.views import Shared
from collector.spans import kind
from collector.timeline import Interval, Stretch, at_least, paint, union
from core.values import Status

SYMPTOMS = 3
"""So many units at once that tell of the same thing are not by chance."""
APART = 0.2
"""Failures of two checks of one unit count as two when so large a part of an interval lies between them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    timeline: Sequence[Stretch]
    """The service's own, from the start of the period until its end, without a hole."""
    findings: Sequence[Finding]
    seen: Mapping[str, Seen]
    wait_ms: int
    """After so long at most all that look have looked again, but for the slowest."""


def decide(watched: Watched, start: int, now: int) -> Verdict:
    """The verdict from `start` until before `now`, the present."""
    claims = {
        label: {unit: glances(look, watched.lines[unit], now) for unit, look in looks.items()}
        for label, looks in watched.looks.items()
    }
    waits = {label: patience(looks.values()) for label, looks in watched.looks.items()}
    rounds = {label: together(looks.values()) for label, looks in watched.looks.items()}
    votes = {
        label: {unit: while_line(found, watched.lines[unit]) for unit, found in of_units.items()}
        for label, of_units in claims.items()
    }
    inquiry = Inquiry(watched, start, now, claims, votes, waits, rounds)
    for label, of_units in claims.items():
        inquiry.left[label] = {
            unit: failed
            for unit, found in of_units.items()
            if (failed := [g for g in found if g.status is Status.DOWN and g.end > start])
        }
    timeline = [Stretch(start, now, Status.UNKNOWN, "")] if now > start else []
    votings = [agreed(of_units, waits[label], start, now) for label, of_units in votes.items()]
    if len(votes) > 1 and any(inquiry.left.values()):
        # Half of them may have looked by one check yet, and half by another: they agree all the same.
        votings.append(agreed_by_any(votes, waits, start, now))
    for status in (Status.UP, Status.DOWN):
        for found in votings:
            timeline = paint(timeline, [each for each in found if each.status is status])
    if any(inquiry.left.values()):
        _for_all(inquiry, timeline)
        for group in watched.groups:
            _for_group(inquiry, group)
        for says in (share.DNS, share.CERTIFICATE):
            _by_symptom(inquiry, says)
        _alone(inquiry)
    seen = {unit: sees(claims, watched.looks, watched.lines[unit], unit, now) for unit in watched.lines}
    return Verdict(timeline, inquiry.found, seen, max(waits.values(), default=0))


def _for_all(inquiry: Inquiry, timeline: Sequence[Stretch]) -> None:
    for run in runs_of(timeline):
        find(inquiry, run, left_of(inquiry), inquiry.round, for_all=True)


def _for_group(inquiry: Inquiry, group: Group) -> None:
    """What its members cannot reach: agreed on by one check, it explains what all checks of them say meanwhile."""
    runs: list[Run] = []
    members = group.units - inquiry.watched.apart
    for label, left in inquiry.left.items():
        looking = members & inquiry.claims[label].keys()
        hit = looking & left.keys()
        if len(hit) < 2 or len(looking) == len(inquiry.claims[label]):
            continue
        votes = {
            unit: sorted(
                [
                    *(g for g in inquiry.votes[label][unit] if g.status is not Status.DOWN),
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
    for run in whole(runs):
        find(inquiry, run, left_of(inquiry, group.units), inquiry.round, shared=group.shared)


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


def _by_symptom(inquiry: Inquiry, says: str) -> None:
    """Units all over the province whose failures tell of the same thing, with nothing else in common."""
    failed: dict[tuple[str, str], Sequence[Glance]] = {}
    when: dict[str, list[Interval]] = {}
    for (label, unit), of_check in left_of(inquiry).items():
        look = inquiry.watched.looks[label][unit]
        same = [g for g in of_check if share.symptom(failure(unit, look, g)) == says]
        if same:
            failed[label, unit] = same
            if unit not in inquiry.watched.apart:
                when.setdefault(unit, []).extend((g.start, g.end) for g in same)
    if len(when) < SYMPTOMS:
        return
    over = [Stretch(*each, Status.DOWN, "") for each in at_least(SYMPTOMS, map(union, when.values()))]
    for run in runs_of(paint([Stretch(inquiry.start, inquiry.now, Status.UP, "")], over)):
        telling = failures_of(inquiry, run, failed)
        units = {each.unit for each in telling}
        shared = Shared(says, kind(share.reason_of(telling)))
        find(inquiry, run, left_of(inquiry, units), inquiry.round, shared=shared)


def _alone(inquiry: Inquiry) -> None:
    """What is left of each unit: two failures in a row, of one check or of two, or it is nothing yet."""
    for unit in sorted({unit for left in inquiry.left.values() for unit in left}):
        failed = left_of(inquiry, (unit,))
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
        for run in whole(runs):
            if any(twice(run, of_check) for of_check in failed.values()) or _by_two(inquiry, run, failed):
                find(inquiry, run, failed, 0)


def _by_two(inquiry: Inquiry, run: Run, failed: Mapping[tuple[str, str], Sequence[Glance]]) -> bool:
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
