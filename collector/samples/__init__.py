"""The sample store: every measured figure. One small interface, two engines, one contract suite."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Batch(NamedTuple):
    """Samples as parallel arrays: series ids, times (ms UTC), values (finite)."""

    series: NDArray[np.int32]
    at: NDArray[np.int64]
    value: NDArray[np.float64]


class Point(NamedTuple):
    at: int
    value: float


class Bucket(NamedTuple):
    """All samples of a series with `at <= t < at + bucket_ms`. `collector.samples.quantiles` says what a quantile is."""

    at: int
    min: float
    mean: float
    max: float
    samples: int
    median: float
    p95: float


class SampleStore(Protocol):
    """Where samples live. Blocking; called from worker threads. All times are ms UTC."""

    def append(self, batch: Batch, mark: int) -> None:
        """Store the batch and, with it, `mark`: durable together or not at all. Returns when on disk."""

    def mark(self) -> int:
        """The highest mark stored; 0 in an empty store. Who replays a journal starts after it."""

    def latest(self) -> Mapping[int, Point]:
        """The newest sample of each series, from memory."""

    def range(self, series: int, start: int, end: int) -> Sequence[Point]:
        """Samples of one series with `start <= at < end`, oldest first; a resent sample appears once."""

    def downsample(self, series: int, start: int, end: int, bucket_ms: int) -> Sequence[Bucket]:
        """As `range`, gathered in buckets aligned to multiples of `bucket_ms`; empty buckets are left out.

        Where the samples themselves are past their retention, the 5 min and 1 h rollups answer: exactly, but for the
        median and the 95th percentile of buckets wider than a rollup's, which are estimates then.
        """

    def maintain(self, now: int) -> None:
        """Compact finished days, build rollups, let go what is past its retention. Safe to call at any time."""

    def close(self) -> None: ...
