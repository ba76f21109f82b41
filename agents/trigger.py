"""What is worth a look out of turn. Pure: what happened comes in with its time, decisions go out.

When a line goes bad, its path is.

When a line check that reached its target no longer does, the path is traced, at most once in CALM_MS; and once more when
all line checks reach theirs again, so that the way before, during and after the trouble can be compared.

When somebody changes a device's configuration, that is, once they are done: so long after the last change that was told, and
not much longer after the first.
"""

from collections.abc import Collection

from core.values import Status

CALM_MS = 300_000
SETTLED_MS, LATEST_MS = 60_000, 600_000
LINE_ROLES = frozenset({"line", "hub"})


class Trigger:
    """Decides when to trace, from the results of the line's checks."""

    def __init__(self) -> None:
        self._line: frozenset[int] = frozenset()
        self._reached: dict[int, bool] = {}
        self._traced_at: int | None = None
        self._owed = False
        """One more trace when the line is well again."""

    def watch(self, line: Collection[int]) -> None:
        """These are the checks of the line from now on."""
        self._line = frozenset(line)
        self._reached = {check: reached for check, reached in self._reached.items() if check in self._line}

    def take(self, check: int, status: Status, at: int) -> bool:
        """A result of a check at `at` (ms); True when the path is to be traced now. `unknown` says nothing."""
        if check not in self._line or status is Status.UNKNOWN:
            return False
        before, now = self._reached.get(check), status is not Status.DOWN
        self._reached[check] = now
        if before and not now:
            if self._traced_at is not None and 0 <= at - self._traced_at < CALM_MS:
                return False
            self._traced_at, self._owed = at, True
            return True
        if self._owed and all(self._reached.values()):
            self._owed = False
            return True
        return False


class Settling:
    """Checks that are to run when what they look at changes no more."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._due: dict[int, int] = {}

    def take(self, check: int, at: int) -> None:
        """What the check looks at changed at `at` (ms)."""
        first = self._first.setdefault(check, at)
        self._due[check] = min(at + SETTLED_MS, first + LATEST_MS)

    def due(self, now: int) -> list[int]:
        """Those that are to run now, once for all that changed."""
        found = [check for check, when in self._due.items() if when <= now]
        for check in found:
            del self._due[check], self._first[check]
        return found
