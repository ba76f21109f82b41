"""Which table answers which part of a downsampled range: the samples themselves, or a rollup that is as exact."""

import itertools
from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum

DAY_MS = 86_400_000


class Kept(IntEnum):
    """What there is of a day, in the order in which a day grows old."""

    LOOSE = 0
    """Samples, not in order or not each once; no rollups."""
    TIDY = 1
    """Samples, in order and each once, and both rollups."""
    ROLLUPS = 2
    HOURS = 3


class Source(Enum):
    """Where a part of a range is read from; the value is the table's name, where it is one table."""

    SAMPLES = "samples"
    FIVE_MINUTES = "rollup_5m"
    HOURS = "rollup_1h"


ROLLUPS: Mapping[Source, int] = {Source.FIVE_MINUTES: 300_000, Source.HOURS: 3_600_000}
"""Width of the buckets of each rollup, in ms."""


def plan(start: int, end: int, bucket_ms: int, days: Mapping[int, Kept]) -> Iterator[tuple[Source, int, int]]:
    """Parts of [start, end), in order and without overlap, each with its source.

    `days` maps the starts of days to what is kept of them; a day that is not in it has no rollups. Of a tidy day that
    is asked for whole, a rollup whose buckets fit into `bucket_ms` gives the same answer as its samples, and is
    read instead. Where the samples are gone the finest rollup left answers, whatever `bucket_ms` is.
    """
    parts: list[tuple[Source, int, int]] = []
    reached = start
    for day in sorted(day for day in days if start < day + DAY_MS and day < end):
        first, last = max(start, day), min(end, day + DAY_MS)
        parts.append((Source.SAMPLES, reached, first))
        parts.append((_source(days[day], bucket_ms, last - first == DAY_MS), first, last))
        reached = last
    parts.append((Source.SAMPLES, reached, end))
    for source, group in itertools.groupby(
        (part for part in parts if part[1] < part[2]), lambda part: part[0]
    ):
        together = list(group)
        yield source, together[0][1], together[-1][2]


def _source(kept: Kept, bucket_ms: int, whole: bool) -> Source:
    if kept is Kept.LOOSE or (kept is Kept.TIDY and not whole):
        return Source.SAMPLES
    if kept is Kept.TIDY:
        return next((source for source, width in ROLLUPS.items() if width == bucket_ms), Source.SAMPLES)
    if kept is Kept.HOURS or bucket_ms % ROLLUPS[Source.HOURS] == 0:
        return Source.HOURS
    return Source.FIVE_MINUTES
