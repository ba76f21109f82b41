"""Which results of a report are taken, and as what: rows with corrected times, or refused with a reason.

One bad result never loses the good ones beside it. Most reports are all good, and the test for that costs a few
passes in C; only the others are looked at result by result.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collector.columns import NOTHING, Packed, pack
from collector.facts import Row, Run, in_runs, runs_of
from collector.series import is_figure
from core.values import Status
from core.wire import Figures, Report

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

    runs: Sequence[Run]
    results: int
    """How many there are in the runs."""
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
    if not all(is_figure(name) for each in figures for name in each.value):
        figures, refused_samples = _with_good_names(figures)
    error = report.header.clock_error or 0
    agent_at = results.times()
    at = results.times(error) if error else agent_at
    if not at:
        return Sifted((), 0, NOTHING, {}, refused_samples, None)
    outcome = [(status, reason[:MAX_REASON], count) for status, reason, count in results.outcome]
    latest, earliest, newest = received_at + FUTURE_MS, max(0, enrolled_at - BEFORE_MS), max(at)
    if newest <= latest and min(at) >= earliest and _STATUSES.issuperset(each[0] for each in outcome):
        runs = runs_of(results.check, results.k, at, agent_at, outcome)
        if known.issuperset([run.check for run in runs]):
            return Sifted(runs, len(at), pack(results.check, at, figures), {}, refused_samples, newest)
    words = [each[:2] for each in outcome for _ in range(each[2])]
    rows = [
        Row(*row, *said)
        for row, said in zip(zip(results.check, results.k, at, agent_at, strict=True), words, strict=True)
    ]
    why = [_why_not(row, known, earliest, latest) for row in rows]
    refused = Counter(reason for reason in why if reason)
    taken = [row for row, reason in zip(rows, why, strict=True) if not reason]
    # Refused results have no samples, and the number of their check may be anything: it is not looked up.
    check = [row.check if not reason else 0 for row, reason in zip(rows, why, strict=True)]
    keep = [not reason for reason in why]
    runs = in_runs(taken)
    return Sifted(runs, len(taken), pack(check, at, figures, keep), refused, refused_samples, newest)


def _with_good_names(figures: Sequence[Figures]) -> tuple[list[Figures], int]:
    """Without figures whose name none may have, and how many samples those had."""
    refused = sum(len(value) for each in figures for name, value in each.value.items() if not is_figure(name))
    good = [
        Figures(each.row, {name: value for name, value in each.value.items() if is_figure(name)})
        for each in figures
    ]
    return good, refused


def _why_not(row: Row, known: set[int], earliest: int, latest: int) -> str:
    if row.check not in known:
        return UNKNOWN_CHECK
    if row.status not in _STATUSES:
        return UNKNOWN_STATUS
    if row.at > latest:
        return FUTURE
    return BEFORE if row.at < earliest else ""
