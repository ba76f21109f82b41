"""One direction of a line, as a decider: what becomes of a packet that enters now. No I/O, no clock.

A line has a delay, a jitter that never reorders, a loss that a seed makes repeatable, a rate with a bounded buffer,
and it can be cut. Every packet that enters is counted in exactly one of `Counts`' fates, so the sums close.
"""

import random
from dataclasses import dataclass

import msgspec

BUFFER_NS = 500_000_000
"""What a rate-limited line holds back at most: half a second's worth, as provider modems do."""
MAX_WAITING = 50_000
"""Packets under way in one direction at most, so that a flood stays bounded in memory."""


class Conditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one direction is like. `jitter_ms` spreads the delay evenly over delay ± jitter; `rate_bps` is bits per
    second, 0 for no limit; `loss` a ratio from 0 to 1."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    rate_bps: float = 0.0
    cut: bool = False

    def fault(self) -> str:
        """What is wrong with these figures, for people; empty when nothing is."""
        if not 0 <= self.loss <= 1:
            return f"loss is a ratio from 0 to 1, not {self.loss}"
        if self.delay_ms < 0 or self.jitter_ms < 0 or self.rate_bps < 0:
            return "delay, jitter and rate cannot be negative"
        return ""


@dataclass(slots=True)
class Counts:
    """Packets since the line was made. entered = forwarded + lost + cut + overflowed + failed + under way."""

    entered: int = 0
    forwarded: int = 0
    forwarded_bytes: int = 0
    lost: int = 0
    cut: int = 0
    overflowed: int = 0
    failed: int = 0
    """The far end's device did not take it (it was down)."""

    @property
    def under_way(self) -> int:
        return self.entered - self.forwarded - self.lost - self.cut - self.overflowed - self.failed


class Direction:
    """Admits packets at one end and says when they are due at the other. Times are monotonic nanoseconds."""

    __slots__ = ("_chance", "_free_at", "_last_due", "conditions", "counts")

    def __init__(self, seed: int, conditions: Conditions | None = None) -> None:
        self.conditions = conditions or Conditions()
        self.counts = Counts()
        self._chance = random.Random(seed)
        self._free_at = 0
        self._last_due = 0

    def admit(self, now: int, size: int) -> int | None:
        """When the packet of `size` bytes that entered `now` is due at the far end; None when it never will be."""
        here, counts = self.conditions, self.counts
        counts.entered += 1
        if here.cut:
            counts.cut += 1
            return None
        # One draw a packet, whatever else is set, so that the same seed loses the same packets.
        if self._chance.random() < here.loss:
            counts.lost += 1
            return None
        start = now
        if here.rate_bps:
            start = max(now, self._free_at)
            if start - now > BUFFER_NS:
                counts.overflowed += 1
                return None
            start += int(size * 8e9 / here.rate_bps)
            self._free_at = start
        if counts.under_way > MAX_WAITING:
            counts.overflowed += 1
            return None
        due = start + int(here.delay_ms * 1e6)
        if here.jitter_ms:
            due = max(start, due + int(self._chance.uniform(-here.jitter_ms, here.jitter_ms) * 1e6))
        # A line does not reorder: who left later never arrives earlier.
        self._last_due = due = max(due, self._last_due)
        return due

    def arrives(self) -> bool:
        """Whether a packet that is due now gets out: a cut takes what was under way with it."""
        if self.conditions.cut:
            self.counts.cut += 1
            return False
        return True
