"""Which results of a report are taken, and as what: rows with corrected times, or refused with a reason.

One bad result never loses the good ones beside it. Most reports are all good, and the test for that costs a few
passes in C; only the others are looked at result by result.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from collector.facts import Row
from core.errors import BadInput
from core.values import Status
from core.wire import Report

FUTURE_MS = 300_000
"""A result may be this far past its reception: clocks differ, and their error is an estimate."""
BEFORE_MS = 300_000
"""And this far before its agent's enrolment, for the same cause."""
MAX_REASON = 500
MAX_NUMBER = 1 << 53
"""Past this not every JSON reader keeps whole numbers whole."""
MAX_NAME = 64

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


def require_sound(report: Report) -> None:
    """Numbers that could not be stored, and orders that cannot be: such a report is not taken at all.

    Raises:
        BadInput: names the place in the report.
    """
    header, results = report.header, report.results
    if not 0 < len(header.epoch) <= MAX_NAME:
        raise BadInput("an epoch has 1 to 64 characters", where="$.header.epoch")
    numbers = [header.seq, header.sent_at, header.clock_error or 0, header.counters.produced]
    numbers += [header.counters.dropped, header.counters.waiting]
    numbers += [number for drop in report.dropped for number in (drop.first, drop.last, drop.count)]
    if max(numbers) > MAX_NUMBER or min(numbers) < -MAX_NUMBER or header.seq < 1:
        raise BadInput("a number is out of bounds", where="$.header")
    for name, least in (("n", 1), ("k", 1), ("check", 0), ("at", 0)):
        column: list[int] = getattr(results, name)
        if column and not least <= min(column) <= max(column) <= MAX_NUMBER:
            raise BadInput("a number is out of bounds", where=f"$.results.{name}")


def sift(report: Report, known: set[int], received_at: int, enrolled_at: int) -> Sifted:
    """Sort out the results of a sound report. `known` are the checks that its agent may report on."""
    results = report.results
    error = report.header.clock_error or 0
    at = [when - error for when in results.at] if error else results.at
    if not at:
        return Sifted([], at, None, {})
    latest, earliest = received_at + FUTURE_MS, max(0, enrolled_at - BEFORE_MS)
    reason = results.reason
    if max(map(len, reason)) > MAX_REASON:
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
