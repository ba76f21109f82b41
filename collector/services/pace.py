"""How long the looks at services took lately: in memory, from reports as they come, for scores of the last quarter of an hour.

A set of results by their times, so order and repetition make no difference. It begins anew with the process.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from collector.columns import Packed
from collector.facts import Run
from collector.services.apdex import WINDOW_MS
from collector.tracks import Planned

FIGURE = "total_seconds"
KEPT_MS = WINDOW_MS + 60_000
_SWEEP_MS = 60_000


class Pace:
    """Safe from any thread."""

    def __init__(self, registry: Planned) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._of: dict[int, dict[int, float | None]] = {}
        self._swept_at = 0

    def take(self, runs: Iterable[Run], samples: Packed, received_at: int) -> None:
        """Take in what a report says; idempotent."""
        since = received_at - KEPT_MS
        took = [(row, value) for name, row, value in samples.figures if name == FIGURE]
        failed = [run for run in runs if run.status == "down" and run.at[-1] >= since]
        if not (took or failed):
            return
        with self._lock:
            for row, value in took:
                self._take_times(samples, row, value, since)
            for run in failed:
                if self._is_of_service(run.check):
                    of_check = self._of.setdefault(run.check, {})
                    of_check |= dict.fromkeys((at for at in run.at if at >= since), None)
            if received_at - self._swept_at >= _SWEEP_MS:
                self._swept_at = received_at
                self._forget(since)

    def _take_times(self, samples: Packed, row: bytes, value: bytes, since: int) -> None:
        rows = np.frombuffer(row, np.int64)
        checks = np.frombuffer(samples.check, np.int64)[rows].tolist()
        times = np.frombuffer(samples.at, np.int64)[rows].tolist()
        for check, at, seconds in zip(checks, times, np.frombuffer(value).tolist(), strict=True):
            # Of a failed look the time until it failed says nothing of how quick it is.
            if at >= since and self._is_of_service(check):
                self._of.setdefault(check, {}).setdefault(at, seconds)

    def _is_of_service(self, check: int) -> bool:
        planned = self._registry.check(check)
        return planned is not None and planned.service != ""

    def _forget(self, before: int) -> None:
        for check, results in list(self._of.items()):
            kept = {at: seconds for at, seconds in results.items() if at >= before}
            if kept:
                self._of[check] = kept
            else:
                del self._of[check]

    def of(self, checks: Sequence[int], since: int) -> Mapping[int, Mapping[int, float | None]]:
        """Results of these checks from `since` on, by time; those without a measured time in no result are left out."""
        with self._lock:
            found = {
                check: {at: seconds for at, seconds in self._of[check].items() if at >= since}
                for check in checks
                if check in self._of
            }
        return {check: results for check, results in found.items() if results}
