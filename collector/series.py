"""Series: the figures of a check, each with a small number of its own under which its samples are stored."""

import re
import threading
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from collector.tables import series
from inventory.state import State

FIGURES_PER_CHECK = 32
REFUSED = 0
"""Stands for no series: the check has FIGURES_PER_CHECK other figures already."""
_FIGURE = re.compile(r"[a-z][a-z0-9_]{0,63}")


@lru_cache(maxsize=1_024)
def is_figure(name: str) -> bool:
    """Whether a figure may have this name."""
    return _FIGURE.fullmatch(name) is not None


class SeriesTable:
    """Interns (check, figure) in the state store. Reads are from memory, safe from any thread."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._of: dict[int, tuple[int, str]] = {}
        self._of_check: dict[int, dict[str, int]] = {}
        self._ids: dict[str, NDArray[np.int32]] = {}
        with state.read() as connection:
            for row in connection.execute(sa.select(series)):
                self._know(row.id, row.check_id, row.figure)

    def id_of(self, check: int, figure: str) -> int:
        """The series of a figure of a check, made if it is not there; REFUSED if it may not be."""
        return int(self.ids_of(np.array([check]), figure)[0])

    def ids_of(self, checks: NDArray[np.int64], figure: str) -> NDArray[np.int32]:
        """`id_of` for many checks at once. The ids of checks must be the registry's: small whole numbers."""
        with self._lock:
            ids = self._ids.get(figure)
            if ids is None or (len(checks) and int(checks.max()) >= len(ids)):
                ids = self._grow(figure, int(checks.max()) if len(checks) else 0)
            found = ids[checks]
            if not found.all():
                new = [
                    check for check in np.unique(checks[found == REFUSED]).tolist() if self._has_room(check)
                ]
                if new:
                    self._make(new, figure)
                    found = self._ids[figure][checks]
            return found

    def of(self, series_id: int) -> tuple[int, str] | None:
        """The (check, figure) of a series."""
        return self._of.get(series_id)

    def of_check(self, check: int) -> Mapping[str, int]:
        """The series of a check by figure."""
        return self._of_check.get(check, {})

    def _has_room(self, check: int) -> bool:
        return len(self._of_check.get(check, {})) < FIGURES_PER_CHECK

    def _make(self, checks: list[int], figure: str) -> None:
        rows = [{"check_id": check, "figure": figure} for check in checks]
        with self._state.write() as connection:
            connection.execute(series.insert(), rows)
            made = connection.execute(
                sa.select(series).where(series.c.figure == figure, series.c.check_id.in_(checks))
            ).all()
        for row in made:
            self._know(row.id, row.check_id, row.figure)

    def _know(self, series_id: int, check: int, figure: str) -> None:
        self._of[series_id] = (check, figure)
        # A new dict each time: who iterates over the old one is not disturbed.
        self._of_check[check] = {**self._of_check.get(check, {}), figure: series_id}
        self._grow(figure, check)[check] = series_id

    def _grow(self, figure: str, check: int) -> NDArray[np.int32]:
        ids = self._ids.get(figure)
        if ids is None:
            ids = np.zeros(0, np.int32)
        if check >= len(ids):
            ids = np.concatenate([ids, np.zeros(max(64, len(ids), check + 1 - len(ids)), np.int32)])
        self._ids[figure] = ids
        return ids
