"""When something was there: signs of life, each good for a while, gathered to stretches that do not overlap.

A sign at `at` that is good for `hold` ms covers [at, at + hold]; a stretch is a connected piece of the union of
those. So the same signs give the same stretches, in whatever order and however often they come.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from operator import attrgetter

from collector.evidence import Contact
from collector.spans import REACH
from collector.tracks import Planned

_first_at = attrgetter("first_at")
_until = attrgetter("until")


BEAT_HOLD_MS = 3_500
"""Heartbeats come each 2 s, and TCP sends again what a line loses: one may be a second and a half late."""


class Holds:
    """For how long a report of a unit's agent is good: until the next one should have come."""

    def __init__(self, registry: Planned) -> None:
        self._registry, self._revision = registry, -1
        self._of: dict[str, int] = {}

    def of(self, unit: str) -> int:
        if self._revision != self._registry.revision:
            self._revision, self._of = self._registry.revision, {}
        hold = self._of.get(unit)
        if hold is None:
            hold = max(BEAT_HOLD_MS, int(REACH * self._registry.plan(unit).report_every_ms))
            self._of[unit] = hold
        return hold


class Presence:
    """Stretches in order of time. `touched` holds each `first_at` whose stretch was made, changed or merged away."""

    __slots__ = ("stretches", "touched")

    def __init__(self, stretches: Iterable[Contact] = ()) -> None:
        self.stretches = list(stretches)
        self.touched: set[int] = set()

    def add(self, at: int, hold: int) -> int | None:
        """Take in one sign. Returns `at` if that says more than that the last stretch goes on, else None."""
        stretches = self.stretches
        if stretches and stretches[-1].last_at <= at <= stretches[-1].until:
            first, _, until = stretches[-1]
            stretches[-1] = Contact(first, at, max(until, at + hold))
            self.touched.add(first)
            return None
        merged = Contact(at, at, at + hold)
        low = bisect_left(stretches, at, key=_until)
        high = low
        while high < len(stretches) and stretches[high].first_at <= merged.until:
            each = stretches[high]
            self.touched.add(each.first_at)
            merged = Contact(
                min(merged.first_at, each.first_at),
                max(merged.last_at, each.last_at),
                max(merged.until, each.until),
            )
            high += 1
        stretches[low:high] = [merged]
        self.touched.add(merged.first_at)
        return at

    def since(self, start: int) -> list[Contact]:
        """Stretches that reach `start` or later, and the one before them."""
        return self.stretches[max(0, bisect_left(self.stretches, start, key=_until) - 1) :]

    def beginning_at(self, first_at: int) -> Contact | None:
        index = bisect_left(self.stretches, first_at, key=_first_at)
        found = self.stretches[index] if index < len(self.stretches) else None
        return found if found is not None and found.first_at == first_at else None

    def forget(self, before: int, stay: Collection[int] = ()) -> None:
        """Let go of stored stretches that ended before this time, but for the last of them, after which a silence may
        have begun. What is not stored yet stays, and what begins at a time in `stay`."""
        past = max(0, bisect_left(self.stretches, before, key=_until) - 1)
        self.stretches[:past] = [
            each for each in self.stretches[:past] if each.first_at in self.touched or each.first_at in stay
        ]
