"""Which results of a report are taken, and as what: rows with corrected times, or refused with a reason.

One bad result never loses the good ones beside it. Most reports are all good, and the test for that costs a few
passes in C; only the others are looked at result by result.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from collector.facts import Row
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
_row: Callable[[tuple[object, ...]], Row] = partial(tuple.__new__, Row)


@dataclass(frozen=True, slots=True)
class Sifted:
    """`at` has a corrected time for each result of the report; `keep` is None when all of them are taken."""

    rows: Sequence[Row]
    at: list[int]
    keep: Sequence[bool] | None
    refused: Mapping[str, int]


def sift(report: Report, known: set[int], received_at: int, enrolled_at: int) -> Sifted:
    """Sort out the results of a sound report. `known` are the checks that its agent may report on."""
    results = report.results
    error = report.header.clock_error or 0
    at = [when - error for when in results.at] if error else results.at
    if not at:
        return Sifted([], at, None, {})
    latest, earliest = received_at + FUTURE_MS, max(0, enrolled_at - BEFORE_MS)
    reason = results.reason
    if len("".join(reason)) > MAX_REASON:
        reason = [text[:MAX_REASON] for text in reason]
    rows = list(map(_row, zip(results.check, results.k, at, results.at, results.status, reason, strict=True)))
    if (
        max(at) <= latest
        and min(at) >= earliest
        and known.issuperset(results.check)
        and _STATUSES.issuperset(results.status)
    ):
        return Sifted(rows, at, None, {})
    why = [_why_not(row, known, earliest, latest) for row in rows]
    refused = Counter(reason for reason in why if reason)
    taken = [row for row, reason in zip(rows, why, strict=True) if not reason]
    return Sifted(taken, at, [not reason for reason in why], refused)


def _why_not(row: Row, known: set[int], earliest: int, latest: int) -> str:
    if row.check not in known:
        return UNKNOWN_CHECK
    if row.status not in _STATUSES:
        return UNKNOWN_STATUS
    if row.at > latest:
        return FUTURE
    return BEFORE if row.at < earliest else ""
