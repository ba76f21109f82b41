"""Timelines: stretches of time with a status, in order and disjoint. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.values import Status

Interval = tuple[int, int]
"""From the first moment until before the second, in ms."""


class Stretch(NamedTuple):
    """What held from `start` until before `end`."""

    start: int
    end: int
    status: Status
    reason: str


def status_at(timeline: Sequence[Stretch], at: int) -> Status | None:
    """The status at a time; None outside of the timeline."""
    low, high = 0, len(timeline)
    while low < high:
        middle = (low + high) // 2
        if timeline[middle].end <= at:
            low = middle + 1
        else:
            high = middle
    return timeline[low].status if low < len(timeline) and timeline[low].start <= at else None


def paint(base: Sequence[Stretch], over: Sequence[Stretch], only_over: Status | None = None) -> list[Stretch]:
    """`base` with `over` on top where they overlap. Both in order and disjoint; what of `over` lies outside is lost.

    `only_over`: cover only stretches with this status, and degraded ones.
    """
    if not over:
        return list(base)
    painted: list[Stretch] = []
    index = 0
    for stretch in base:
        if only_over is not None and stretch.status not in (only_over, Status.DEGRADED):
            painted.append(stretch)
            continue
        at = stretch.start
        while index < len(over) and over[index].end <= at:
            index += 1
        look = index
        while look < len(over) and over[look].start < stretch.end:
            start, end = max(over[look].start, at), min(over[look].end, stretch.end)
            if end > start:
                if start > at:
                    painted.append(stretch._replace(start=at, end=start))
                painted.append(over[look]._replace(start=start, end=end))
                at = end
            look += 1
        if at < stretch.end:
            painted.append(stretch._replace(start=at))
    return painted


def joined(timeline: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours with the same status and reason made one."""
    whole: list[Stretch] = []
    for stretch in timeline:
        last = whole[-1] if whole else None
        if (
            last
            and last.end == stretch.start
            and last.status == stretch.status
            and last.reason == stretch.reason
        ):
            whole[-1] = last._replace(end=stretch.end)
        else:
            whole.append(stretch)
    return whole


def in_sequence(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches in order of their starts, made disjoint: a later one begins where the earlier ends."""
    whole: list[Stretch] = []
    for stretch in stretches:
        start = max(stretch.start, whole[-1].end) if whole else stretch.start
        if stretch.end > start:
            whole.append(stretch._replace(start=start))
    return whole


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The intervals as a set of time: in order, disjoint, none touching the next."""
    whole: list[Interval] = []
    for start, end in sorted(intervals):
        if whole and start <= whole[-1][1]:
            if end > whole[-1][1]:
                whole[-1] = (whole[-1][0], end)
        elif end > start:
            whole.append((start, end))
    return whole


def common(one: Sequence[Interval], other: Sequence[Interval]) -> list[Interval]:
    """What is in both; each in order and disjoint."""
    found: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if end > start:
            found.append((start, end))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(one: Sequence[Interval], gone: Sequence[Interval]) -> list[Interval]:
    """What is in the first and not in the second; each in order and disjoint."""
    found: list[Interval] = []
    for start, end in one:
        at = start
        for begins, ends in gone:
            if ends <= at:
                continue
            if begins >= end:
                break
            if begins > at:
                found.append((at, begins))
            at = ends
        if at < end:
            found.append((at, end))
    return found


def length(intervals: Iterable[Interval]) -> int:
    """How long they are together, in ms; they do not overlap."""
    return sum(end - start for start, end in intervals)


def at_least(count: int, sets: Iterable[Sequence[Interval]]) -> list[Interval]:
    """When at least so many of the sets of time hold at once."""
    edges = sorted(edge for intervals in sets for start, end in intervals for edge in ((start, 1), (end, -1)))
    found: list[Interval] = []
    depth, since = 0, None
    for at, change in edges:
        depth += change
        if depth >= count and since is None:
            since = at
        elif depth < count and since is not None:
            found.append((since, at))
            since = None
    return union(found)


def when(timeline: Iterable[Stretch], *statuses: Status) -> list[Interval]:
    """The time in which the timeline has one of these."""
    return union((each.start, each.end) for each in timeline if each.status in statuses)


def changed_from(before: Sequence[Stretch], after: Sequence[Stretch], start: int) -> int | None:
    """From when on, at `start` or later, the status differs; None where it does not. Each timeline's last stretch is
    taken to go on."""
    edges = sorted(
        {start, *(each.start for timeline in (before, after) for each in timeline if each.start > start)}
    )
    return next((at for at in edges if _lasting_at(before, at) is not _lasting_at(after, at)), None)


def _lasting_at(timeline: Sequence[Stretch], at: int) -> Status | None:
    return timeline[-1].status if timeline and at >= timeline[-1].start else status_at(timeline, at)
