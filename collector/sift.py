"""Which results of a report are taken, and as what: rows with corrected times, or refused with a reason.

One bad result never loses the good ones beside it. Most reports are all good, and the test for that costs a few
passes in C; only the others are looked at result by result.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

from collector.columns import NOTHING, Packed, pack
from collector.facts import Row
from collector.series import is_figure
from core.values import Status
from core.wire import Report

FUTURE_MS = 300_000
"""A result may be this far past its reception: clocks differ, and their error is an estimate."""
BEFORE_MS = 300_000
"""And this far before its agent's enrolment, for the same cause."""
MAX_REASON = 500
FUTURE, BEFORE, UNKNOWN_CHECK, UNKNOWN_STATUS = (
    "future",
    "before enrolment",
    "unknown check",
    "unknown status",
)

_STATUSES = frozenset(status.value for status in Status)


class Sifted(NamedTuple):
    """What is taken of a report."""

    rows: Sequence[Row]
    samples: Packed
    refused: Mapping[str, int]
    """Results that are not taken, by reason."""
    refused_samples: int
    """Samples whose figure has a name that none may have."""
    newest_at: int | None
    """Corrected time of the newest result; None when there is none."""


def sift(report: Report, known: set[int], received_at: int, enrolled_at: int) -> Sifted:
    """Sort out the results of a report. `known` are the checks that its agent may report on."""
    results, figures, refused_samples = report.results, report.figures, 0
    if not all(map(is_figure, figures)):
        refused_samples = sum(len(column.value) for name, column in figures.items() if not is_figure(name))
        figures = {name: column for name, column in figures.items() if is_figure(name)}
    error = report.header.clock_error or 0
    at = [when - error for when in results.at] if error else results.at
    if not at:
        return Sifted((), NOTHING, {}, refused_samples, None)
    reason = results.reason
    if len("".join(reason)) > MAX_REASON:
        reason = [text[:MAX_REASON] for text in reason]
    columns = zip(results.check, results.k, at, results.at, results.status, reason, strict=True)
    rows = list(map(tuple.__new__, repeat(Row), columns))
    latest, earliest, newest = received_at + FUTURE_MS, max(0, enrolled_at - BEFORE_MS), max(at)
    if (
        newest <= latest
        and min(at) >= earliest
        and known.issuperset(results.check)
        and _STATUSES.issuperset(results.status)
    ):
        return Sifted(rows, pack(results.check, at, figures), {}, refused_samples, newest)
    why = [_why_not(row, known, earliest, latest) for row in rows]
    refused = Counter(reason for reason in why if reason)
    taken = [row for row, reason in zip(rows, why, strict=True) if not reason]
    # Refused results have no samples, and the number of their check may be anything: it is not looked up.
    check = [row.check if not reason else 0 for row, reason in zip(rows, why, strict=True)]
    keep = [not reason for reason in why]
    return Sifted(taken, pack(check, at, figures, keep), refused, refused_samples, newest)


def _why_not(row: Row, known: set[int], earliest: int, latest: int) -> str:
    if row.check not in known:
        return UNKNOWN_CHECK
    if row.status not in _STATUSES:
        return UNKNOWN_STATUS
    if row.at > latest:
        return FUTURE
    return BEFORE if row.at < earliest else ""
