"""How fast and how often: the token bucket of the backlog, and back-off with full jitter. Pure."""

import random


class TokenBucket:
    """So many bytes a second, `burst` of them at once. What is taken may overdraw it; the debt is waited out."""

    def __init__(self, bytes_per_s: int, burst: int, now: int) -> None:
        self._level = float(burst)
        self._at = now
        self.set_rate(bytes_per_s, burst)

    def set_rate(self, bytes_per_s: int, burst: int) -> None:
        self._per_ms, self._burst = max(1, bytes_per_s) / 1000, burst
        self._level = min(self._level, burst)

    def ready_at(self, now: int) -> int:
        """When something may be taken next (`now` or later)."""
        self._fill(now)
        return now if self._level >= 0 else now + int(-self._level / self._per_ms) + 1

    def take(self, size: int, now: int) -> None:
        self._fill(now)
        self._level -= size

    def _fill(self, now: int) -> None:
        self._level = min(self._burst, self._level + max(0, now - self._at) * self._per_ms)
        self._at = max(self._at, now)


class Backoff:
    """After the n-th failure in a row, a wait from 0 to min(cap, base·2ⁿ) ms, all equally likely ("full jitter")."""

    def __init__(self, base_ms: int, cap_ms: int, chance: random.Random | None = None) -> None:
        self._base, self._cap = base_ms, cap_ms
        # Spreads agents in time and guards nothing, so it need not be unguessable.
        self._chance = chance or random.Random()  # noqa: S311
        self._failures = 0

    def failed(self) -> int:
        """Count a failure; returns how many ms to wait."""
        self._failures += 1
        return int(self._chance.uniform(0, min(self._cap, self._base * 2 ** min(self._failures, 30))))

    def succeeded(self) -> None:
        self._failures = 0
