"""Samples on their way to the store, gathered over many reports as flat arrays, so that numpy works on them at once."""

from array import array
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from collector.samples import Batch
from collector.series import REFUSED
from core.wire import Column


class Columns:
    """Results and their figures of any number of reports."""

    def __init__(self) -> None:
        self._check, self._at = array("q"), array("q")
        self._figures: dict[str, _Figure] = {}
        self.samples = 0

    def add(
        self,
        check: list[int],
        at: list[int],
        figures: Mapping[str, Column],
        keep: Sequence[bool] | None,
    ) -> None:
        """Add a report. `keep` says which of its results count; None: all. Names and numbers are sound."""
        base = len(self._check)
        self._check.fromlist(check)
        self._at.fromlist(at)
        for name, column in figures.items():
            figure = self._figures.get(name)
            if figure is None:
                figure = self._figures[name] = _Figure()
            row, value = column.row, column.value
            if keep is not None:
                taken = [i for i, index in enumerate(row) if keep[index]]
                row, value = [row[i] for i in taken], [value[i] for i in taken]
            figure.row.fromlist(row)
            figure.value.fromlist(value)
            figure.base.append(base)
            figure.size.append(len(row))
            self.samples += len(row)

    def batch(self, ids_of: Callable[[NDArray[np.int64], str], NDArray[np.int32]]) -> tuple[Batch, int]:
        """All samples, and how many were refused because their check has too many figures."""
        if not self.samples:
            return Batch(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0)), 0
        check, at = np.frombuffer(self._check, np.int64), np.frombuffer(self._at, np.int64)
        parts: list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]] = []
        refused = 0
        for name, figure in self._figures.items():
            if not figure.row:
                continue
            row = np.frombuffer(figure.row, np.int64) + np.repeat(figure.base, figure.size)
            series, when, value = ids_of(check[row], name), at[row], np.frombuffer(figure.value, np.float64)
            good = series != REFUSED
            if not good.all():
                refused += int(len(good) - good.sum())
                series, when, value = series[good], when[good], value[good]
            parts.append((series, when, value))
        series, when, value = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Batch(series, when, value), refused


class _Figure:
    """`row` counts within a report; its results begin at `base`, and `size` of its rows are there."""

    __slots__ = ("base", "row", "size", "value")

    def __init__(self) -> None:
        self.row, self.value = array("q"), array("d")
        self.base: list[int] = []
        self.size: list[int] = []
