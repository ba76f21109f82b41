"""The newest figures of the checks of services, over all units: medians of their phases, and when certificates end.

Which series are of what is gathered anew when there are others; then a question costs two passes of numpy.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.samples import Point, SampleStore
from collector.samples.latest import Latest
from collector.series import PART, SeriesTable
from collector.services.expiry import DAY_MS, SeenEnd
from collector.services.views import Phase
from collector.spans import REACH
from collector.tracks import Planned

SECONDS = "_seconds"
PHASES = (
    "resolve",
    "connect",
    "tls",
    "handshake",
    "greeting",
    "sign_in",
    "open",
    "describe",
    "first_byte",
    "first_frame",
    "query",
    "step",
    "total",
)
"""Figures `<phase>_seconds` that tell how long a part of a look took; of a step the part's name follows behind `#`."""
LEFT = "certificate_days_left"


@dataclass(frozen=True, slots=True)
class _Series:
    """The series of one phase of one check of a service, from every unit."""

    ids: NDArray[np.int64]
    reach_ms: NDArray[np.int64]


class Newest:
    """Safe from any thread."""

    def __init__(self, registry: Planned, series: SeriesTable, store: SampleStore) -> None:
        self._registry, self._series, self._store = registry, series, store
        self._lock = threading.Lock()
        self._as_of: tuple[int, int] = (-1, -1)
        self._phases: dict[tuple[str, str, str], _Series] = {}
        self._ends: list[tuple[int, str, str, str, int]] = []

    def phases(self, now: int) -> list[Phase]:
        """The median of each phase of each check over the units that looked lately, by service, check and phase."""
        with self._lock:
            self._gather()
            phases = self._phases
        at, value = _arrays(self._store.latest(), max((int(s.ids.max()) for s in phases.values()), default=0))
        found = []
        for (service, label, phase), of in sorted(phases.items()):
            fresh = at[of.ids] >= now - of.reach_ms
            if fresh.any():
                found.append(
                    Phase(service, label, phase, float(np.median(value[of.ids][fresh])), int(fresh.sum()))
                )
        return found

    def ends(self, now: int) -> list[SeenEnd]:
        """When certificates end, as each unit saw them lately."""
        with self._lock:
            self._gather()
            ends = self._ends
        latest = self._store.latest()
        found = []
        for series, service, label, unit, reach_ms in ends:
            point = latest.get(series)
            if point is not None and point.at >= now - reach_ms:
                found.append(SeenEnd(service, label, unit, point.at, point.at + int(point.value * DAY_MS)))
        return found

    def _gather(self) -> None:
        as_of = self._registry.revision, self._series.count
        if as_of == self._as_of:
            return
        ids: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
        self._ends = []
        for check, planned in self._registry.checks().items():
            if not planned.service:
                continue
            reach_ms = int(REACH * planned.check.interval_ms)
            for figure, series in self._series.of_check(check).items():
                if figure == LEFT:
                    self._ends.append((series, planned.service, planned.label, planned.vantage, reach_ms))
                elif (phase := phase_of(figure)) is not None:
                    ids.setdefault((planned.service, planned.label, phase), []).append((series, reach_ms))
        self._phases = {
            key: _Series(np.array([s for s, _ in found]), np.array([r for _, r in found]))
            for key, found in ids.items()
        }
        self._as_of = as_of


def phase_of(figure: str) -> str | None:
    """`connect` of `connect_seconds`, `step#Đăng nhập` of `step_seconds#Đăng nhập`; None of what is no phase."""
    name, bar, part = figure.partition(PART)
    if not name.endswith(SECONDS) or name.removesuffix(SECONDS) not in PHASES:
        return None
    return name.removesuffix(SECONDS) + bar + part


def _arrays(latest: Mapping[int, Point], highest: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times and values by series id, as long as the highest needs; of none, a time before all others."""
    at, value = np.full(highest + 1, np.iinfo(np.int64).min), np.zeros(highest + 1)
    if isinstance(latest, Latest):
        batch = latest.arrays()
        there = batch.series <= highest
        at[batch.series[there]], value[batch.series[there]] = batch.at[there], batch.value[there]
        return at, value
    for series, point in latest.items():
        if series <= highest:
            at[series], value[series] = point.at, point.value
    return at, value


def of_service(phases: Sequence[Phase], code: str) -> list[Phase]:
    """Those of one service."""
    return [each for each in phases if each.service == code]
