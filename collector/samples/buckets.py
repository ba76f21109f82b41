"""Buckets of points, for engines whose server cannot make them exactly."""

import itertools
from collections.abc import Iterable, Iterator

from collector.samples import Bucket, Point


def bucketed(points: Iterable[Point], bucket_ms: int) -> Iterator[Bucket]:
    """`points`, in order of time, gathered in buckets aligned to multiples of `bucket_ms`; no empty ones."""
    for at, group in itertools.groupby(points, lambda point: point.at - point.at % bucket_ms):
        values = [point.value for point in group]
        yield Bucket(at, min(values), sum(values) / len(values), max(values), len(values))
