"""When vantages agree that something is down. Pure.

Each vantage whose line works has one vote: what its check says. Down is what at least two say, and four in five of those
that have a vote. A check that worked keeps its vote for as long as its next result takes at most, by the usual interval of
all that look; so neither the slowest unit nor one that died with a good result holds up what all the others see.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from statistics import median_low

from collector.services.sight import Glance, Look
from collector.spans import REACH
from collector.timeline import Stretch, joined
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


def agreed(votes: Mapping[str, Sequence[Glance]], wait_ms: int, start: int, now: int) -> list[Stretch]:
    """The timeline from `start` until before `now`, without a hole: down where they agree on that, up where someone sees
    it work and they do not agree, unknown where nobody has a vote or too few."""
    edges: dict[int, tuple[int, int, int]] = {}

    def count(begin: int, end: int, up: int, stale: int, down: int) -> None:
        begin, end = max(begin, start), min(end, now)
        if end > begin:
            for at, sign in ((begin, 1), (end, -1)):
                before = edges.get(at, (0, 0, 0))
                edges[at] = before[0] + sign * up, before[1] + sign * stale, before[2] + sign * down

    for glances in votes.values():
        for each in glances:
            if each.end <= start:
                continue
            if each.status is Status.DOWN:
                count(each.start, each.end, 0, 0, 1)
            else:
                until = max(each.sure, min(each.end, each.sure + wait_ms))
                count(each.start, until, 1, 0, 0)
                count(until, each.end, 0, 1, 0)
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
