"""Loss accounting: of each epoch of an agent, which results came, which were dropped, and whether the sums close.

Everything here is a union of ranges or the newest of some counters, so the order and the number of times in which
reports come makes no difference; only `duplicated` counts the times themselves.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import msgspec

from collector.views import EpochCount
from core.wire import Counters, Dropped, Header

MAX_PARTIAL = 1_000
"""Drops whose single results are not known (`count` less than the width), kept of one epoch."""


class Ranges(msgspec.Struct):
    """A set of whole numbers as ranges: `first[i]..last[i]`, in order, neither touching nor overlapping."""

    first: list[int] = []
    last: list[int] = []

    def add(self, first: int, last: int) -> int:
        """Put `first..last` in; returns how many of them were in already."""
        # Those that touch or overlap it: from the first that ends at first - 1 or later to the last that begins by last + 1.
        low = bisect_left(self.last, first - 1)
        high = bisect_left(self.first, last + 2)
        before = self.count(first, last, low, high)
        if low < high:
            first, last = min(first, self.first[low]), max(last, self.last[high - 1])
        self.first[low:high], self.last[low:high] = [first], [last]
        return before

    def count(self, first: int, last: int, low: int = 0, high: int | None = None) -> int:
        """How many of `first..last` are in; `low` and `high` bound the search."""
        low = max(low, bisect_left(self.last, first))
        high = len(self.first) if high is None else high
        found = 0
        while low < high and self.first[low] <= last:
            found += min(last, self.last[low]) - max(first, self.first[low]) + 1
            low += 1
        return found

    def has(self, number: int) -> bool:
        return self.count(number, number) == 1

    def total(self) -> int:
        return sum(self.last) - sum(self.first) + len(self.first)


class Account(msgspec.Struct):
    """One epoch. Made by `take`, which says what is taken; read by `count`."""

    received: Ranges = msgspec.field(default_factory=Ranges)
    """Numbers (`n`) of results."""
    reports: Ranges = msgspec.field(default_factory=Ranges)
    """Numbers (`seq`) of reports."""
    duplicated: int = 0
    refused: dict[str, int] = {}
    dropped: Ranges = msgspec.field(default_factory=Ranges)
    """Results of drops that took all of their range."""
    partial: list[tuple[int, int, int]] = []
    """(first, last, count) of drops that did not."""
    newest: int = 0
    """`seq` of the report that `counters` came with."""
    counters: Counters | None = None

    def take(
        self,
        header: Header,
        numbers: Sequence[tuple[int, int]],
        drops: Sequence[Dropped],
        refused: Mapping[str, int],
    ) -> None:
        """Add a report with the `numbers` of its results, as `runs`. One that came before changes only `duplicated`."""
        if self.reports.add(header.seq, header.seq):
            self.duplicated += sum(last - first + 1 for first, last in numbers)
            return
        for first, last in numbers:
            self.duplicated += self.received.add(first, last)
        for reason, count in refused.items():
            self.refused[reason] = self.refused.get(reason, 0) + count
        for drop in drops:
            if drop.what != "results":
                continue
            if drop.count == drop.last - drop.first + 1:
                self.dropped.add(drop.first, drop.last)
            elif len(self.partial) < MAX_PARTIAL:
                self.partial = sorted([*self.partial, (drop.first, drop.last, drop.count)])
        if header.seq > self.newest:
            self.newest, self.counters = header.seq, header.counters

    def count(self, epoch: str) -> EpochCount:
        """What came of everything the agent says it produced.

        A result can be dropped by the agent and be here: its report arrived and the answer was lost. It counts as
        received.
        """
        counters = self.counters or Counters(0, 0, 0, 0, 0)
        received = self.received.total()
        dropped = counters.dropped - self._dropped_and_here()
        return EpochCount(
            epoch=epoch,
            produced=counters.produced,
            received=received,
            duplicated=self.duplicated,
            dropped=dropped,
            waiting=counters.waiting,
            refused=dict(self.refused),
            missing=counters.produced - dropped - counters.waiting - received,
        )

    def _dropped_and_here(self) -> int:
        whole = sum(
            self.received.count(first, last)
            for first, last in zip(self.dropped.first, self.dropped.last, strict=True)
        )
        # Of a partial drop: those of `count` for which there is no room among the results that did not come.
        partial = sum(
            max(0, count + self.received.count(first, last) - (last - first + 1))
            for first, last, count in self.partial
        )
        return whole + partial


def runs(numbers: Sequence[int]) -> Sequence[tuple[int, int]]:
    """Whole numbers, in any order, as ranges (first, last); one number twice is in two ranges."""
    if not numbers:
        return []
    first, last = numbers[0], numbers[-1]
    # What a sound agent sends is one run, or a few in order.
    if last - first + 1 == len(numbers) and list(numbers) == list(range(first, last + 1)):
        return [(first, last)]
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
