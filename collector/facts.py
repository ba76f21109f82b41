"""What ingest hands to the verdicts: results with corrected and original time, in runs of the same words."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One result of one check."""

    check: int
    k: int
    """Ordinal of the result within its check and epoch, from 1."""
    at: int
    """When it was measured, by the centre's clock: `agent_at` less the agent's clock error."""
    agent_at: int
    status: str
    reason: str


class Run(NamedTuple):
    """Results `k`, `k + 1`, … of one check that all say the same. Nearly all that a busy centre gets are of this kind,
    and a run is folded at once."""

    check: int
    k: int
    at: Sequence[int]
    agent_at: Sequence[int]
    status: str
    reason: str

    def rows(self) -> Iterator[Row]:
        check, k, times, agent_times, status, reason = self
        for i, at in enumerate(times):
            yield Row(check, k + i, at, agent_times[i], status, reason)


Words = tuple[str, str, int]
"""Status, reason, and how many results in a row have them."""


def runs_of(
    check: list[int], k: list[int], at: list[int], agent_at: list[int], words: Sequence[Words]
) -> list[Run]:
    """Results, as parallel columns in whatever order, as runs: a check's in the order in which they stand."""
    size = len(check)
    if len(words) == 1:
        # All say the same, and the checks of an agent come round and round: slices are taken faster than rows.
        status, reason, _ = words[0]
        try:
            around = check.index(check[0], 1)
        except ValueError:
            around = size
        first = check[:around]
        if check == (first * -(-size // around))[:size] and len(set(first)) == around:
            if around == size:
                columns = zip(check, k, zip(at, strict=True), zip(agent_at, strict=True), strict=True)
                return [Run(*each, status, reason) for each in columns]
            runs = [
                Run(each, k[i], at[i::around], agent_at[i::around], status, reason)
                for i, each in enumerate(first)
            ]
            if all(k[i::around] == list(range(run.k, run.k + len(run.at))) for i, run in enumerate(runs)):
                return runs
    said = [(status, reason) for status, reason, count in words for _ in range(count)]
    return in_runs(
        [Row(*row, *words) for row, words in zip(zip(check, k, at, agent_at, strict=True), said, strict=True)]
    )


def in_runs(rows: Iterable[Row]) -> list[Run]:
    """Rows as runs: those of each check in the order in which they stand."""
    of_check: dict[int, list[Row]] = {}
    for row in rows:
        of_check.setdefault(row.check, []).append(row)
    found: list[Run] = []
    for check, its in of_check.items():
        begin = 0
        for i in range(1, len(its) + 1):
            before = its[i - 1]
            if i < len(its) and _continues(before, its[i]):
                continue
            part = its[begin:i]
            times, agent_times = [row.at for row in part], [row.agent_at for row in part]
            found.append(Run(check, part[0].k, times, agent_times, before.status, before.reason))
            begin = i
    return found


def _continues(before: Row, row: Row) -> bool:
    return row.k == before.k + 1 and row.status == before.status and row.reason == before.reason
