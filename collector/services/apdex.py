"""How quick a service answers, as one number. Pure.

Apdex (Application Performance Index, Technical Specification 1.1): of all results, those within the objective T count whole, those
within 4 T half, slower ones and failures not at all. Failures while a unit's own line was down are left out. Whether it is slow is
said by those that worked: what was down a moment ago may be quick.
"""

from collections.abc import Iterable, Mapping, Sequence

from collector.services.sight import EDGE_MS, Line
from collector.services.views import Score
from collector.timeline import union, without

WINDOW_MS = 900_000
"""Results of the last quarter of an hour are scored."""
TOLERATED = 4
SLOW_BELOW = 0.7
"""What scores less is slow: "poor" in the specification's words."""
FEWEST = 3
"""Fewer results say nothing."""


def score(results: Mapping[int, float | None], slow_ms: int, line: Line, timeout_ms: int) -> Score:
    """`results`: seconds that each took, by time; None for one that failed."""
    satisfied = tolerating = frustrated = failed = 0
    objective = slow_ms / 1000
    around = timeout_ms + EDGE_MS
    counts = without(line.works, union((start - around, end + EDGE_MS) for start, end in line.cut))
    for at, seconds in results.items():
        if seconds is None:
            failed += any(start <= at < end for start, end in counts)
        elif seconds <= objective:
            satisfied += 1
        elif seconds <= TOLERATED * objective:
            tolerating += 1
        else:
            frustrated += 1
    return Score(satisfied, tolerating, frustrated + failed, failed)


def total(scores: Iterable[Score]) -> Score:
    """Of all together."""
    found: Sequence[Score] = list(scores)
    return Score(
        sum(each.satisfied for each in found),
        sum(each.tolerating for each in found),
        sum(each.frustrated for each in found),
        sum(each.failed for each in found),
    )


def is_slow(found: Score | None) -> bool:
    """Whether it took so long so often when it worked."""
    pace = found.pace if found is not None and found.worked >= FEWEST else None
    return pace is not None and pace < SLOW_BELOW
