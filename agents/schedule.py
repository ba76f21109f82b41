"""When each check is due. Pure: takes `now` in milliseconds of a clock that does not jump, waits for nothing.

Each check has its place in its interval, found from its id: neighbours in number stand far apart in time, and the
place stays the same through changes of the plan and restarts. Due times are whole intervals from that place on, so
nothing drifts however late a run starts.
"""

import heapq
from collections.abc import Callable, Iterable

from core.values import Check

_GOLDEN = 0x9E37_79B9_7F4A_7C15


def phase(check: int, interval_ms: int) -> int:
    """Where in its interval a check stands: multiples of the golden ratio fill a circle evenly (Knuth, 6.4)."""
    return (check * _GOLDEN % (1 << 64)) * interval_ms >> 64


class Schedule:
    """The checks of a plan and when each is due next."""

    def __init__(self, place: Callable[[Check], int] | None = None) -> None:
        """`place`: where in its interval a check stands, if not where `phase` says."""
        self._place = place or (lambda check: phase(check.id, check.interval_ms))
        self.skipped = 0
        """Runs that were due while the one before had not ended."""
        self._checks: dict[int, Check] = {}
        self._next: dict[int, int] = {}
        self._heap: list[tuple[int, int]] = []
        self._running: set[int] = set()

    def replace(self, checks: Iterable[Check], now: int) -> None:
        """Take over a plan. A check whose interval is as before keeps its next due time."""
        old, self._checks = self._checks, {check.id: check for check in checks}
        kept = {
            id_: self._next[id_]
            for id_, check in self._checks.items()
            if id_ in old and old[id_].interval_ms == check.interval_ms
        }
        self._next = {
            id_: kept.get(id_) or self._after(check, now - 1) for id_, check in self._checks.items()
        }
        self._heap = [(when, id_) for id_, when in self._next.items()]
        heapq.heapify(self._heap)

    def next_at(self) -> int | None:
        """When something is due; None when there are no checks."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: int) -> list[Check]:
        """The checks to start now, each counted as running until `ended`.

        One whose last run still goes on is skipped and counted. Due times that passed while nobody asked (a
        machine that slept) are not made up for.
        """
        started = []
        while self._heap and self._heap[0][0] <= now:
            _, id_ = self._heap[0]
            check = self._checks[id_]
            self._next[id_] = self._after(check, now)
            heapq.heapreplace(self._heap, (self._next[id_], id_))
            if id_ in self._running:
                self.skipped += 1
            else:
                self._running.add(id_)
                started.append(check)
        return started

    def out_of_turn(self, check: int) -> Check | None:
        """Start a check out of turn; None when there is none such, or it runs already."""
        if check not in self._checks or check in self._running:
            return None
        self._running.add(check)
        return self._checks[check]

    def ended(self, check: int) -> None:
        """The run of this check is over."""
        self._running.discard(check)

    def _after(self, check: Check, now: int) -> int:
        return now + check.interval_ms - (now - self._place(check)) % check.interval_ms
