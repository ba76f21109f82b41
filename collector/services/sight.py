"""What one check from one unit says of a service, and for how long: claims over time. Pure.

A result that vouches holds until the next one; that it works *between* two that vouch is certain, after the last one
it is presumed, for as long as a check speaks (`collector.spans.REACH`). A failure counts only while the unit's own line
is known to work: not while it was down, nor for a run that was under way when it went or was just back. What failed
before a line was lost says nothing of the time after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from collector.evidence import Said
from collector.spans import REACH, VOUCHING, kind
from collector.timeline import Interval, Stretch, union, when, without
from core.values import Status

EDGE_MS = 5_000
"""So long before and after its line was down a unit's failures do not count, beside the time that a run takes."""
SLOW = frozenset({"slow", "slow step", "slow line"})
"""Kinds of reason with which a degraded check says that it took too long. Other degraded checks are up, with a worry."""


class Look(NamedTuple):
    """One check of a service from one unit, with what it said."""

    check: int
    label: str
    kind: str
    family: str
    """`4` or `6` when it is asked over that only; empty: whichever the system takes."""
    interval_ms: int
    timeout_ms: int
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Line:
    """When a unit's own line worked, and when it was down; the rest of the time is unknown."""

    works: Sequence[Interval]
    cut: Sequence[Interval]

    @staticmethod
    def of(timeline: Sequence[Stretch]) -> "Line":
        """From the unit's own timeline."""
        return Line(when(timeline, Status.UP, Status.DEGRADED), when(timeline, Status.DOWN))


class Glance(NamedTuple):
    """A claim: from `start` until before `end` the service was `status` (up, degraded: slow, down) for this unit."""

    start: int
    end: int
    status: Status
    reason: str
    sure: int
    """Until then results stand on both sides of it; from there on it is presumed."""


def glances(look: Look, line: Line, now: int) -> list[Glance]:
    """The claims of one check, in order and disjoint, until before `now`."""
    reach = int(REACH * look.interval_ms)
    found: list[Glance] = []
    counts: Sequence[Interval] | None = None
    said = look.said
    for index, each in enumerate(said):
        following = said[index + 1] if index + 1 < len(said) else None
        end = min(each.last_at + reach, now)
        if following is not None:
            end = max(min(end, following.first_at), each.last_at)
        if each.status in VOUCHING:
            found += _vouched(each, following, end, line)
        elif each.status == "down":
            if counts is None:
                counts = _counting(line, look.timeout_ms)
            found += _failed(each, end, counts, look.interval_ms)
    return _in_sequence(found)


def while_line(claims: list[Glance], line: Line) -> Sequence[Glance]:
    """What of the claims lies outside of the times in which the unit's line was down."""
    if not line.cut or not claims or all(end <= claims[0].start for _, end in line.cut):
        return claims
    return [
        each._replace(start=start, end=end, sure=min(max(each.sure, start), end))
        for each in claims
        for start, end in without([(each.start, each.end)], line.cut)
    ]


def _vouched(said: Said, following: Said | None, end: int, line: Line) -> Iterable[Glance]:
    goes_on = following is not None and following.status in VOUCHING and following.first_at <= end
    sure = end if goes_on else said.last_at
    if not goes_on:
        # What was seen before a line was cut is not presumed past that.
        cut = next((each for each in line.cut if each[1] > said.last_at), None)
        if cut is not None:
            end = max(said.last_at, min(end, cut[0]))
    is_slow = said.status == "degraded" and kind(said.reason) in SLOW
    reason = said.reason if said.status == "degraded" else ""
    if end > said.first_at:
        yield Glance(said.first_at, end, Status.DEGRADED if is_slow else Status.UP, reason, sure)


def _counting(line: Line, timeout_ms: int) -> list[Interval]:
    """When failures count."""
    around = timeout_ms + EDGE_MS
    return without(line.works, union((start - around, end + EDGE_MS) for start, end in line.cut))


def _failed(said: Said, end: int, counts: Sequence[Interval], interval_ms: int) -> Iterable[Glance]:
    for begins, ends in counts:
        if begins >= end:
            break
        start = said.first_at
        if begins > start:
            if said.last_at <= begins:
                continue
            # Its next result came within an interval at the latest; when just is not kept.
            start = min(begins + interval_ms, said.last_at)
        stop = min(end, ends)
        if stop > start:
            yield Glance(start, stop, Status.DOWN, said.reason, min(said.last_at, stop))


def _in_sequence(found: list[Glance]) -> list[Glance]:
    """Disjoint, where spans of two lives of an agent overlap: the later begins where the earlier ends."""
    whole: list[Glance] = []
    for each in found:
        start = max(each.start, whole[-1].end) if whole else each.start
        if each.end > start:
            whole.append(each if start == each.start else each._replace(start=start))
    return whole
