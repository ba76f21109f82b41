"""What a rollup keeps of each of its buckets, and how rows of rollups or of samples become the buckets asked for."""

# ruff: noqa: S608 - the names in these statements are ours
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from collector.samples import Bucket
from collector.samples.quantiles import MEDIAN, P95, RANKS, merged
from collector.samples.sources import Source

Columns = Mapping[str, NDArray[np.generic]]

_RANK = {"median": 0.5, "p95": 0.95, "q25": 0.25, "q75": 0.75, "q90": 0.9, "q98": 0.98, "q995": 0.995}
_KEPT = {Source.SAMPLES: 2, Source.FIVE_MINUTES: 2, Source.HOURS: len(_RANK)}
"""How many of these each source gives. Five minutes have too few samples for more to tell anything."""


def columns(source: Source) -> str:
    """What `source` tells of each bucket, as SQL names them."""
    return ", ".join(("low", "total", "high", "samples", *_quantiles(source)))


def schema(source: Source) -> str:
    """The columns of a rollup with their types."""
    return "series INTEGER, ts BIGINT, low DOUBLE, total DOUBLE, high DOUBLE, samples BIGINT" + "".join(
        f", {name} DOUBLE" for name in _quantiles(source)
    )


def upgrade(source: Source) -> str:
    """SQL for a rollup from before it kept quantiles: mean and greatest stand for them where the samples are gone."""
    names = _quantiles(source)
    add = "".join(f"ALTER TABLE {source.value} ADD COLUMN {name} DOUBLE;" for name in names)
    guess = ", ".join(f"{name} = {'high' if _RANK[name] > 0.75 else 'total / samples'}" for name in names)
    return f"{add} UPDATE {source.value} SET {guess};"


def gathered(source: Source, samples: str, bucket: str, *by: str) -> str:
    """SQL for the columns of each bucket, after `by` and `start`, of the rows `samples` (ts, value and `by`)."""
    names = _quantiles(source)
    keys = ", ".join((*by, "start"))
    quantiles = ", ".join(f"quantiles[{place}] AS {name}" for place, name in enumerate(names, 1))
    return f"""SELECT {keys}, low, total, high, samples, {quantiles} FROM (
        SELECT {"".join(f"{name}, " for name in by)}ts - ts % {bucket} AS start,
            min(value) AS low, sum(value) AS total, max(value) AS high, count(*) AS samples,
            quantile_cont(value, {[_RANK[name] for name in names]}) AS quantiles
        FROM {samples} GROUP BY {keys})"""


def joined(parts: Sequence[Columns]) -> list[Bucket]:
    """The buckets that `parts` make together, `start` and the columns of a source each; one `start`, one bucket."""
    parts = [part for part in parts if len(part["start"])]
    if not parts:
        return []
    start, total = _column(parts, "start"), _column(parts, "total").astype(np.float64)
    samples = _column(parts, "samples").astype(np.int64)
    known = np.concatenate([_known(part) for part in parts])
    order = np.argsort(start, kind="stable")
    start, total, samples, known = start[order], total[order], samples[order], known[order]

    starts, first = np.unique(start, return_index=True)
    counts = np.add.reduceat(samples, first)
    quantiles = known[first][:, (MEDIAN, P95)]
    for place in np.flatnonzero(np.diff(first, append=len(samples)) > 1):
        rows = slice(first[place], first[place + 1] if place + 1 < len(first) else None)
        quantiles[place] = merged(known[rows], samples[rows])
    return [
        Bucket(*row)
        for row in zip(
            starts.tolist(),
            np.minimum.reduceat(known[:, 0], first).tolist(),
            (np.add.reduceat(total, first) / counts).tolist(),
            np.maximum.reduceat(known[:, -1], first).tolist(),
            counts.tolist(),
            *quantiles.T.tolist(),
            strict=True,
        )
    ]


def _quantiles(source: Source) -> Sequence[str]:
    return list(_RANK)[: _KEPT[source]]


def _column(parts: Sequence[Columns], name: str) -> NDArray[np.generic]:
    return np.concatenate([np.ma.getdata(part[name]) for part in parts])


def _known(part: Columns) -> NDArray[np.float64]:
    """The RANKS of each row; those that its source does not give lie on the line between their neighbours."""
    ranks = {"low": 0.0, **{name: rank for name, rank in _RANK.items() if name in part}, "high": 1.0}
    names = sorted(ranks, key=ranks.__getitem__)
    given = np.column_stack([np.ma.getdata(part[name]).astype(np.float64) for name in names])
    between = [np.interp(RANKS, [ranks[name] for name in names], one) for one in np.eye(len(names))]
    return given @ np.array(between)
