"""Batches for tests of sample stores."""

import numpy as np

from collector.samples import Batch


def batch(*rows: tuple[int, int, float]) -> Batch:
    """A batch of (series, at, value)."""
    series, at, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Batch(np.array(series, np.int32), np.array(at, np.int64), np.array(value, np.float64))
