"""Whether a service kept what is promised of it: availability within its hours, planned work left out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.timeline import Interval, Stretch, common, length, union, when, without
from core.values import Status


@dataclass(frozen=True, slots=True)
class Kept:
    """Of a period, in ms: `up`, `down` and `unknown` within the service's hours, `planned` work in them, and time `outside`
    of them. They sum to the period's length."""

    start: int
    end: int
    up: int
    down: int
    unknown: int
    planned: int
    outside: int

    @property
    def ratio(self) -> float | None:
        """Availability: up over known time; None when nothing is known."""
        known = self.up + self.down
        return self.up / known if known else None


def kept(
    timeline: Sequence[Stretch],
    planned: Sequence[Interval],
    hours: Sequence[Interval],
    start: int,
    end: int,
) -> Kept:
    """`timeline` is the service's own; what it leaves out is unknown. `hours`: when it is promised, in order and apart."""
    whole = [(start, end)] if end > start else []
    promised = common(whole, hours)
    work = common(promised, union(planned))
    counted = without(promised, work)
    up = length(common(counted, when(timeline, Status.UP, Status.DEGRADED)))
    down = length(common(counted, when(timeline, Status.DOWN)))
    return Kept(
        start,
        max(start, end),
        up,
        down,
        length(counted) - up - down,
        length(work),
        length(whole) - length(promised),
    )
