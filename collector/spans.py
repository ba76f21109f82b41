"""From results to spans: a fold that does not care about order, repetition or how reports were cut.

Results of one check in one epoch are numbered by `k` without a hole, so the set of results alone says which
neighbours belong together: `k` and `k + 1` are one span exactly when both are known, their status and kind of
reason are equal, and no more than `REACH` intervals lie between them. That is a property of each pair and of
nothing else. Whatever order results come in, and however often, the same spans remain; every pair that was decided
stays decided, so a span needs to remember only its two ends.

An ordinal is measured once (the outbox numbers a result in the transaction that stores it), and a resend has the
same content. A second content for a known ordinal is against the protocol and changes nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter, sub

from collector.facts import Row, Run

REACH = 2.5
"""For so many intervals a result speaks; after that nothing is known until the next one."""
VOUCHING = frozenset({"up", "degraded"})
"""With these a check has reached what it looked at: as good as each other for availability."""

_k_first = attrgetter("k_first")
_k_last = attrgetter("k_last")
_last_at = attrgetter("last_at")


@dataclass(slots=True)
class Span:
    """Results `k_first`..`k_last` of one check and epoch, all with one status and one kind of reason.

    Mutable, because a busy centre extends thousands of them each second; only its `Stream` does so. `reason` is
    that of the last result, with its arguments: they may differ within a span (`loss|0.2`, `loss|0.4`).
    """

    k_first: int
    k_last: int
    first_at: int
    last_at: int
    agent_first: int
    """Original times, by the agent's own clock."""
    agent_last: int
    status: str
    reason: str


def kind(reason: str) -> str:
    """A reason without its arguments."""
    return reason.partition("|")[0]


class Stream:
    """All spans of one check and one epoch, by ordinal. `touched` holds each `k_first` whose span was made,
    changed or merged away, for whoever stores them; it is emptied there."""

    __slots__ = ("in_order", "known_before", "reach", "spans", "touched")

    def __init__(self, interval_ms: int, spans: Sequence[Span] = (), known_before: int = 0) -> None:
        """`known_before`: ordinals up to this one are in spans that were not loaded."""
        self.spans = list(spans)
        self.reach = int(REACH * interval_ms)
        self.touched: set[int] = set()
        self.known_before = known_before
        self.in_order = all(a.last_at <= b.first_at for a, b in zip(self.spans, self.spans[1:], strict=False))

    def extend(self, run: Run) -> int | None:
        """As `add` of each of its rows, for a run that prolongs the last span in the same words; None, and nothing
        done, for any other."""
        if not self.spans:
            return None
        _, k, times, agent_times, status, reason = run
        last = self.spans[-1]
        before = last.last_at
        if k != last.k_last + 1 or status != last.status or reason != last.reason:
            return None
        if not 0 <= times[0] - before <= self.reach:
            return None
        if len(times) > 1:
            steps = list(map(sub, times[1:], times))
            if min(steps) < 0 or max(steps) > self.reach:
                return None
        last.k_last, last.last_at, last.agent_last = k + len(times) - 1, times[-1], agent_times[-1]
        self.touched.add(last.k_first)
        return before

    def add(self, row: Row) -> int | None:
        """Fold one result in. Returns the time from which on something is known now that was not; None for a
        duplicate."""
        _, k, at, agent_at, status, reason = row
        spans = self.spans
        if spans:
            last = spans[-1]
            if k == last.k_last + 1 and self._joins(last.last_at, last.status, last.reason, row):
                before = last.last_at
                last.k_last, last.last_at, last.agent_last, last.reason = k, at, agent_at, reason
                self.touched.add(last.k_first)
                return before
            if k <= last.k_last:
                return self._insert(row)
            self.in_order = self.in_order and last.last_at <= at
        spans.append(Span(k, k, at, at, agent_at, agent_at, status, reason))
        self.touched.add(k)
        return at

    def _insert(self, row: Row) -> int | None:
        _, k, at, agent_at, status, reason = row
        spans = self.spans
        index = bisect_right(spans, k, key=_k_first)
        left = spans[index - 1] if index else None
        if left is not None and k <= left.k_last:
            return None
        right = spans[index]
        with_left = (
            left is not None
            and left.k_last == k - 1
            and self._joins(left.last_at, left.status, left.reason, row)
        )
        with_right = (
            right.k_first == k + 1
            and right.status == status
            and kind(right.reason) == kind(reason)
            and 0 <= right.first_at - at <= self.reach
        )
        if with_left:
            assert left is not None  # noqa: S101 -- for the type checker: with_left says so
            before = left.last_at
            self.touched.add(left.k_first)
            if with_right:
                self.touched.add(right.k_first)
                left.k_last, left.last_at = right.k_last, right.last_at
                left.agent_last, left.reason = right.agent_last, right.reason
                del spans[index]
            else:
                left.k_last, left.last_at, left.agent_last, left.reason = k, at, agent_at, reason
        elif with_right:
            before = at
            self.touched |= {right.k_first, k}
            right.k_first, right.first_at, right.agent_first = k, at, agent_at
        else:
            before = at
            spans.insert(index, Span(k, k, at, at, agent_at, agent_at, status, reason))
            self.touched.add(k)
        self.in_order = self.in_order and self._fits(bisect_left(spans, k, key=_k_last))
        return before

    def _joins(self, last_at: int, status: str, reason: str, row: Row) -> bool:
        """Whether `row` continues a span that ended with these."""
        return (
            status == row.status
            and 0 <= row.at - last_at <= self.reach
            and (reason == row.reason or kind(reason) == kind(row.reason))
        )

    def _fits(self, index: int) -> bool:
        spans = self.spans
        return (index == 0 or spans[index - 1].last_at <= spans[index].first_at) and (
            index + 1 == len(spans) or spans[index].last_at <= spans[index + 1].first_at
        )

    def since(self, start: int) -> Iterator[Span]:
        """Spans that end at `start` or later. Cheap while times grow with ordinals, as they nearly always do."""
        if self.in_order:
            yield from self.spans[bisect_left(self.spans, start, key=_last_at) :]
        else:
            yield from (span for span in self.spans if span.last_at >= start)

    def at_ordinal(self, k_first: int) -> Span | None:
        """The span that begins with this ordinal, if there is one."""
        index = bisect_left(self.spans, k_first, key=_k_first)
        found = self.spans[index] if index < len(self.spans) else None
        return found if found is not None and found.k_first == k_first else None

    def settle(self, before: int) -> bool:
        """Make neighbours one that ended before this time and count for the same in availability, whatever their
        reasons; says whether there were any. A line that loses packets else leaves thousands of spans a day.

        That too is a property of each pair: what is whole in the end does not depend on when this was done, nor on
        what came between. Spans on both sides of a missing ordinal wait for it.
        """
        spans, whole = self.spans, self.spans[:1]
        for right in spans[1:]:
            left = whole[-1]
            if not (right.last_at < before and self._count_alike(left, right)):
                whole.append(right)
                continue
            self.touched |= {left.k_first, right.k_first}
            left.status = right.status if left.status == right.status else "up"
            left.reason = "" if left.status == "up" else right.reason
            left.k_last, left.last_at, left.agent_last = right.k_last, right.last_at, right.agent_last
        self.spans = whole
        return len(whole) < len(spans)

    def _count_alike(self, left: Span, right: Span) -> bool:
        return (
            left.k_last + 1 == right.k_first
            and 0 <= right.first_at - left.last_at <= self.reach
            and (left.status == right.status or {left.status, right.status} <= VOUCHING)
        )

    def forget(self, before: int, stay: Collection[int] = ()) -> None:
        """Let go of stored spans that ended before this time, up to the first that is not stored yet or begins with
        an ordinal in `stay`. The last one always stays: it is what the check said last."""
        gone = 0
        while (
            gone < len(self.spans) - 1
            and self.spans[gone].last_at < before
            and self.spans[gone].k_first not in self.touched
            and self.spans[gone].k_first not in stay
        ):
            gone += 1
        if gone:
            self.known_before = max(self.known_before, self.spans[gone - 1].k_last)
            del self.spans[:gone]
