"""The figure by which a line is commonly billed: the 95th percentile of its five-minute means over a calendar month.

Of all five minutes of the month the busiest twentieth (`n // 20`) is left out, and the busiest of the rest is the figure: a
mean that was measured (nearest rank), not one interpolated between two. Five minutes without a sample are not counted
as idle; how many have one is told beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from collector.samples import Bucket

FIVE_MINUTES = 300_000
"""ms. Every time zone of today is whole five minutes off UTC, so a month is a whole number of them."""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month as far as it is over, in ms UTC: its five minutes that had an end by then."""

    start: int
    end: int

    @property
    def expected(self) -> int:
        """How many five minutes it has so far."""
        return (self.end - self.start) // FIVE_MINUTES


def month_of(year: int, month: int, zone: tzinfo, now: int) -> Month:
    """That month as clocks in `zone` show it. `year` is 1970 to 9998; empty when it has not begun at `now` (ms UTC)."""
    start = round(datetime(year, month, 1, tzinfo=zone).timestamp() * 1000)
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    end = round(datetime(*following, 1, tzinfo=zone).timestamp() * 1000)
    return Month(start, max(start, min(end, now - now % FIVE_MINUTES)))


def percentile_95(buckets: Iterable[Bucket]) -> float | None:
    """The 95th percentile of the means of `buckets`, in their unit; None without any."""
    means = sorted(bucket.mean for bucket in buckets)
    return means[len(means) - 1 - len(means) // 20] if means else None
