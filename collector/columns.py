"""Samples on their way to the store: packed as soon as a report is read, then gathered over many reports, so that
numpy works on all of them at once.

A report's lists of numbers are dear to keep and dear to come back to, once they have left the processor's cache.
`pack` turns them into bytes while they are there, which is cheap, and lets them go.
"""

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.samples import Batch
from collector.series import REFUSED
from core.wire import Figures


class Packed(NamedTuple):
    """The samples of one report. Numbers are 64 bits wide, in the machine's order."""

    size: int
    """Results of the report, all of them."""
    check: bytes
    at: bytes
    figures: Sequence[tuple[str, bytes, bytes]]
    """Name, rows, values: the value at `i` is of the result at index `rows[i]`."""


NOTHING = Packed(0, b"", b"", ())


def pack(
    check: list[int], at: list[int], figures: Sequence[Figures], keep: Sequence[bool] | None = None
) -> Packed:
    """Pack the figures of a report. `keep` says which of its results count; None: all."""
    packed = []
    for each in figures:
        row, taken = each.row, None
        if keep is not None:
            taken = [i for i, index in enumerate(row) if keep[index]]
            row = [row[i] for i in taken]
        rows, doubles = whole(len(row))(*row), real(len(row))
        packed += [
            (name, rows, doubles(*(value if taken is None else [value[i] for i in taken])))
            for name, value in each.value.items()
        ]
    if not packed:
        return NOTHING
    size = len(check)
    return Packed(size, whole(size)(*check), whole(size)(*at), packed)


@lru_cache(maxsize=512)
def whole(size: int) -> Callable[..., bytes]:
    """Packs so many whole numbers."""
    return struct.Struct(f"{size}q").pack


@lru_cache(maxsize=512)
def real(size: int) -> Callable[..., bytes]:
    """Packs so many real numbers."""
    return struct.Struct(f"{size}d").pack


class Columns:
    """The samples of any number of reports."""

    def __init__(self) -> None:
        self._check, self._at = bytearray(), bytearray()
        self._figures: dict[str, _Figure] = {}
        self._results = 0
        self.samples = 0

    def add(self, packed: Packed) -> None:
        self._check += packed.check
        self._at += packed.at
        for name, row, value in packed.figures:
            figure = self._figures.get(name)
            if figure is None:
                figure = self._figures[name] = _Figure()
            size = len(row) // 8
            figure.row += row
            figure.value += value
            figure.base.append(self._results)
            figure.size.append(size)
            self.samples += size
        self._results += packed.size

    def batch(self, ids_of: Callable[[NDArray[np.int64], str], NDArray[np.int32]]) -> tuple[Batch, int]:
        """All samples, and how many were refused because their check has too many figures."""
        check, at = np.frombuffer(self._check, np.int64), np.frombuffer(self._at, np.int64)
        parts: list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]] = []
        refused = 0
        for name, figure in self._figures.items():
            row = np.frombuffer(figure.row, np.int64) + np.repeat(figure.base, figure.size)
            if not len(row):
                continue
            series, when, value = ids_of(check[row], name), at[row], np.frombuffer(figure.value)
            good = series != REFUSED
            if not good.all():
                refused += int(len(good) - good.sum())
                series, when, value = series[good], when[good], value[good]
            parts.append((series, when, value))
        if not parts:
            return Batch(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0)), refused
        series, when, value = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Batch(series, when, value), refused


class _Figure:
    """`row` counts within a report; its results begin at `base`, and `size` of its rows are there."""

    __slots__ = ("base", "row", "size", "value")

    def __init__(self) -> None:
        self.row, self.value = bytearray(), bytearray()
        self.base: list[int] = []
        self.size: list[int] = []
