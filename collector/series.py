"""Series: the figures of a check, each with a small number of its own under which its samples are stored."""

import re
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from collector.tables import series
from inventory.state import State

FIGURES_PER_CHECK = 32
PART_FIGURES_PER_CHECK = 512
"""Of the parts of a thing (`PART`)."""
REFUSED = 0
"""Stands for no series: the check has as many other figures as it may have."""
PART = "#"
"""Between the name of a figure and the part of the thing that it is of: `in_bits_per_second#ether1`."""
_FIGURE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PART_LENGTH = 64


@lru_cache(maxsize=16_384)
def is_figure(name: str) -> bool:
    """Whether a figure may have this name."""
    figure, of_part, part = name.partition(PART)
    whole = not of_part or (part.isprintable() and 0 < len(part) <= _PART_LENGTH)
    return whole and _FIGURE.fullmatch(figure) is not None


class SeriesTable:
    """Interns (check, figure) in the state store. Reads are from memory, safe from any thread."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._of: dict[int, tuple[int, str]] = {}
        self._of_check: dict[int, dict[str, int]] = {}
        self._ids: dict[str, NDArray[np.int32]] = {}
        self._of_parts: dict[str, dict[int, int]] = {}
        """Of figures of parts, which have few checks each and would fill arrays with nothing."""
        with state.read() as connection:
            self._know(connection.execute(sa.select(series)).all())

    def id_of(self, check: int, figure: str) -> int:
        """The series of a figure of a check, made if it is not there; REFUSED if it may not be."""
        return int(self.ids_of(np.array([check]), figure)[0])

    def ids_of(self, checks: NDArray[np.int64], figure: str) -> NDArray[np.int32]:
        """`id_of` for many checks at once. The ids of checks must be the registry's: small whole numbers."""
        with self._lock:
            if PART in figure:
                return self._ids_of_part(checks, figure)
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

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._of)

    def of(self, series_id: int) -> tuple[int, str] | None:
        """The (check, figure) of a series."""
        return self._of.get(series_id)

    def of_check(self, check: int) -> Mapping[str, int]:
        """The series of a check by figure."""
        return self._of_check.get(check, {})

    def _ids_of_part(self, checks: NDArray[np.int64], figure: str) -> NDArray[np.int32]:
        each = checks.tolist()
        known = self._of_parts.setdefault(figure, {})
        new = [check for check in set(each) - known.keys() if self._has_room(check, of_part=True)]
        if new:
            self._make(sorted(new), figure)
        return np.array([known.get(check, REFUSED) for check in each], np.int32)

    def _has_room(self, check: int, *, of_part: bool = False) -> bool:
        there = sum((PART in figure) == of_part for figure in self._of_check.get(check, {}))
        return there < (PART_FIGURES_PER_CHECK if of_part else FIGURES_PER_CHECK)

    def _make(self, checks: list[int], figure: str) -> None:
        rows = [{"check_id": check, "figure": figure} for check in checks]
        with self._state.write() as connection:
            connection.execute(series.insert(), rows)
            made = connection.execute(
                sa.select(series).where(series.c.figure == figure, series.c.check_id.in_(checks))
            ).all()
        self._know(made)

    def _know(self, rows: Sequence[sa.Row[tuple[Any, ...]]]) -> None:
        # New dicts each time: who iterates over the old ones is not disturbed.
        changed = {check: dict(self._of_check.get(check, {})) for check in {row.check_id for row in rows}}
        for row in rows:
            self._of[row.id] = (row.check_id, row.figure)
            changed[row.check_id][row.figure] = row.id
            if PART in row.figure:
                self._of_parts.setdefault(row.figure, {})[row.check_id] = row.id
            else:
                self._grow(row.figure, row.check_id)[row.check_id] = row.id
        self._of_check.update(changed)

    def _grow(self, figure: str, check: int) -> NDArray[np.int32]:
        ids = self._ids.get(figure)
        if ids is None:
            ids = np.zeros(0, np.int32)
        if check >= len(ids):
            ids = np.concatenate([ids, np.zeros(max(64, len(ids), check + 1 - len(ids)), np.int32)])
        self._ids[figure] = ids
        return ids
