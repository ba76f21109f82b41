"""The lives of agents, and how far each has told what it measured, from the headers of their reports."""

from collections.abc import Iterable

from collector.evidence import Life
from core.wire import Header

LifeKey = tuple[str, int, str]
"""Unit, start by the agent's own clock, boot id."""


class Lives:
    """In whatever order headers come, and however often, the same is known. `touched` holds the keys of lives that were
    made or changed, for whoever stores them."""

    def __init__(self) -> None:
        self._of: dict[str, dict[LifeKey, Life]] = {}
        self._told: dict[str, int] = {}
        self.touched: set[LifeKey] = set()

    def take(self, unit: str, header: Header) -> None:
        error, life = header.clock_error or 0, header.life
        oldest_at = header.health.oldest_at if header.counters.waiting else None
        told = (header.sent_at if oldest_at is None else oldest_at) - error
        self._told[unit] = max(told, self._told.get(unit, told))
        key = (unit, life.started_at, life.boot_id)
        known = self._of.setdefault(unit, {}).get(key)
        started_at, booted_at = life.started_at - error, life.booted_at - error
        if known is not None:
            # Each report has its own estimate of the clock's error: one of them holds, whatever came first.
            started_at, booted_at = min(started_at, known.started_at), min(booted_at, known.booted_at)
        fresh = Life(
            started_at, booted_at, life.boot_id, life.clean_shutdown if known is None else known.clean
        )
        if fresh != known:
            self._of[unit][key] = fresh
            self.touched.add(key)

    def put(self, lives: Iterable[tuple[LifeKey, Life]]) -> None:
        """Take back what was stored."""
        for key, life in lives:
            self._of.setdefault(key[0], {})[key] = life

    def get(self, key: LifeKey) -> Life:
        return self._of[key[0]][key]

    def of(self, unit: str) -> list[Life]:
        """In order of their starts."""
        return sorted(self._of.get(unit, {}).values(), key=lambda life: life[:3])

    def told_until(self, unit: str) -> int:
        """Everything that the unit's agent measured before this time is in; 0 if it never reported."""
        return self._told.get(unit, 0)
