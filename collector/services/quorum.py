"""When vantages agree that something is down. Pure.

Each vantage whose line works has one vote: what its check says, and one for the worst of its checks. Down is what at least two say, and four in five of those
that have a vote. A check that worked keeps its vote for as long as its next result takes at most, by the usual interval of
all that look; so neither the slowest unit nor one that died with a good result holds up what all the others see.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from statistics import median_low
from typing import NamedTuple

from collector.services.sight import Glance, Look
from collector.spans import REACH
from collector.timeline import Interval, Stretch, joined, union, without
from core.values import Status

FEWEST = 2
SHARE = 0.8
GRACE_MS = 10_000
"""A result is told so long after it was measured at most, as a rule: a report is made each 5 s."""
LATE = 1.2
"""Checks do not run to the moment."""

AGREED = "agreed"


def patience(looks: Iterable[Look]) -> int:
    """How long, in ms, a good result has a vote: until the next one is overdue, as usual among these checks."""
    found = list(looks)
    if not found:
        return GRACE_MS
    usual = median_low(each.interval_ms for each in found)
    return int(LATE * usual) + median_low(each.timeout_ms for each in found) + GRACE_MS


def together(looks: Iterable[Look]) -> int:
    """What began to fail so long before they agreed, in ms, or less, failed of the same: as long as old votes may have stood
    against it."""
    found = list(looks)
    return patience(found) + int((REACH - LATE) * median_low([each.interval_ms for each in found] or [0]))


class Ballot(NamedTuple):
    """When one vantage says what. `stale`: it last saw it work, and its next result is overdue."""

    up: Sequence[Interval]
    stale: Sequence[Interval]
    down: Sequence[Interval]


def agreed(votes: Mapping[str, Sequence[Glance]], wait_ms: int, start: int, now: int) -> list[Stretch]:
    """By one check. The timeline from `start` until before `now`, without a hole: down where they agree on that, up where
    someone sees it work and they do not agree, unknown where nobody has a vote or too few."""
    return _counted([_ballot(glances, wait_ms) for glances in votes.values()], start, now)


def agreed_by_any(
    votes: Mapping[str, Mapping[str, Sequence[Glance]]], waits: Mapping[str, int], start: int, now: int
) -> list[Stretch]:
    """As `agreed`, where a vantage says down as soon as one of its checks does. `votes` by label and vantage."""
    by_vantage: dict[str, list[Ballot]] = {}
    for label, of_label in votes.items():
        for vantage, glances in of_label.items():
            by_vantage.setdefault(vantage, []).append(_ballot(glances, waits[label]))
    return _counted(map(_worst, by_vantage.values()), start, now)


def _ballot(glances: Sequence[Glance], wait_ms: int) -> Ballot:
    ballot: tuple[list[Interval], list[Interval], list[Interval]] = [], [], []
    for each in glances:
        if each.status is Status.DOWN:
            ballot[2].append((each.start, each.end))
        else:
            until = max(each.sure, min(each.end, each.sure + wait_ms))
            ballot[0].append((each.start, until))
            ballot[1].append((until, each.end))
    return Ballot(*ballot)


def _worst(ballots: Sequence[Ballot]) -> Ballot:
    down = union(each for ballot in ballots for each in ballot.down)
    up = without(union(each for ballot in ballots for each in ballot.up), down)
    said = union([*down, *up])
    return Ballot(up, without(union(each for ballot in ballots for each in ballot.stale), said), down)


def _counted(ballots: Iterable[Ballot], start: int, now: int) -> list[Stretch]:
    edges: dict[int, tuple[int, int, int]] = {}

    def count(intervals: Sequence[Interval], up: int, stale: int, down: int) -> None:
        for each in intervals:
            begin, end = max(each[0], start), min(each[1], now)
            if end > begin:
                for at, sign in ((begin, 1), (end, -1)):
                    before = edges.get(at, (0, 0, 0))
                    edges[at] = before[0] + sign * up, before[1] + sign * stale, before[2] + sign * down

    for ballot in ballots:
        count(ballot.up, 1, 0, 0)
        count(ballot.stale, 0, 1, 0)
        count(ballot.down, 0, 0, 1)
    stretches: list[Stretch] = []
    up = stale = down = 0
    at = start
    for edge in sorted(edges):
        if edge > at:
            stretches.append(Stretch(at, edge, *_verdict(up, stale, down)))
            at = edge
        more = edges[edge]
        up, stale, down = up + more[0], stale + more[1], down + more[2]
    if now > at:
        stretches.append(Stretch(at, now, *_verdict(up, stale, down)))
    return joined(stretches)


def _verdict(up: int, stale: int, down: int) -> tuple[Status, str]:
    # Those that only have an old result do not hold up the others, but they cannot be outvoted by fewer either.
    if down >= max(FEWEST, ceil(SHARE * (up + down))) and 2 * down >= up + stale + down:
        return Status.DOWN, AGREED
    return (Status.UP, "") if up else (Status.UNKNOWN, "")
