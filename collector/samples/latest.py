"""The newest sample of each series, in two arrays indexed by series id."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from collector.samples import Batch, Point

NEVER = np.iinfo(np.int64).min


class Latest(Mapping[int, Point]):
    """A mapping of series ids to their newest points. Series ids are small whole numbers: gaps cost 16 bytes each.

    One thread takes, any thread reads. The arrays grow by being replaced, so a reader never sees a half.
    """

    def __init__(self) -> None:
        self._at: NDArray[np.int64] = np.full(1024, NEVER, np.int64)
        self._value: NDArray[np.float64] = np.zeros(1024)

    def take(self, batch: Batch) -> None:
        """Fold a batch in; samples older than what is known change nothing."""
        if not len(batch.series):
            return
        self._grow(int(batch.series.max()))
        series, at, value = batch
        newer = at > self._at[series]
        if not newer.all():
            series, at, value = series[newer], at[newer], value[newer]
        # Of several samples of one series numpy keeps the last assignment, which nearly always is the newest.
        self._value[series], self._at[series] = value, at
        if (at > self._at[series]).any():
            order = np.argsort(at, kind="stable")
            series = series[order]
            self._value[series], self._at[series] = value[order], at[order]

    def arrays(self) -> Batch:
        """All of it as a batch, in order of series."""
        series = np.flatnonzero(self._at != NEVER).astype(np.int32)
        return Batch(series, self._at[series], self._value[series])

    def _grow(self, highest: int) -> None:
        missing = highest + 1 - len(self._at)
        if missing > 0:
            missing = max(missing, len(self._at))
            self._value = np.concatenate([self._value, np.zeros(missing)])
            self._at = np.concatenate([self._at, np.full(missing, NEVER, np.int64)])

    def __getitem__(self, series: int) -> Point:
        at, value = self._at, self._value
        if not 0 <= series < min(len(at), len(value)) or at[series] == NEVER:
            raise KeyError(series)
        return Point(int(at[series]), float(value[series]))

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self._at != NEVER).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self._at != NEVER))
