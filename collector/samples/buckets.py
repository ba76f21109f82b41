"""Buckets of points, for engines whose server cannot make them exactly."""

import itertools
from collections.abc import Iterable, Iterator

from collector.samples import Bucket, Point
from collector.samples.quantiles import quantile


def bucketed(points: Iterable[Point], bucket_ms: int) -> Iterator[Bucket]:
    """`points`, in order of time, gathered in buckets aligned to multiples of `bucket_ms`; no empty ones."""
    for at, group in itertools.groupby(points, lambda point: point.at - point.at % bucket_ms):
        values = sorted(point.value for point in group)
        mean = sum(values) / len(values)
        yield Bucket(
            at, values[0], mean, values[-1], len(values), quantile(values, 0.5), quantile(values, 0.95)
        )
