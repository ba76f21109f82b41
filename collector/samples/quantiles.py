"""Quantiles of the samples of a bucket, and of buckets that are made of smaller ones.

A quantile is everywhere the linear interpolation between the two samples around the rank `q * (n - 1)` (Hyndman and
Fan's type 7), which is what DuckDB's `quantile_cont`, MetricsQL's `quantile_over_time` and numpy compute. The median of two
samples is their mean.

Quantiles of parts do not add up to the quantile of the whole. So a rollup keeps some of them, RANKS, closer to each other
towards the top, where the 95th percentile of a longer time is looked for; `merged` takes each part for spread evenly between
two of those.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RANKS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.995, 1.0)
"""The quantiles that are known of each part; the first and last are its least and greatest sample."""
MEDIAN, P95 = RANKS.index(0.5), RANKS.index(0.95)
_STEPS = 40
_GRID = (np.arange(_STEPS) + 0.5) / _STEPS
_SPREAD = np.array([np.interp(_GRID, RANKS, one) for one in np.eye(len(RANKS))])
"""Turns what is known of a part into _STEPS values, each of which stands for as many of its samples."""


def quantile(ordered: Sequence[float], q: float) -> float:
    """The quantile `q`, 0 to 1, of at least one number in rising order."""
    rank = q * (len(ordered) - 1)
    below = math.floor(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


def merged(known: NDArray[np.float64], samples: NDArray[np.int64]) -> tuple[float, float]:
    """Median and 95th percentile of several parts together, from the RANKS of each, a row each, and their sizes.

    An estimate, which lies between the least and the greatest of the parts' own figures, as the true one does.
    """
    values = (known @ _SPREAD).ravel()
    order = np.argsort(values)
    weights = np.repeat(samples / _STEPS, _STEPS)[order]
    places = (np.cumsum(weights) - weights / 2) / weights.sum()
    median, p95 = (
        float(
            np.clip(
                np.interp(RANKS[which], places, values[order]), known[:, which].min(), known[:, which].max()
            )
        )
        for which in (MEDIAN, P95)
    )
    return median, p95
