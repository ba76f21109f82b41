"""What is due a while from now, in order of its time. Pure.

Bursts have few different spacings and timeouts, and with one delay whoever comes later is due later: so a plain line
for each delay, first in first out, is in order by itself. A heap of thousands would be sorted at every packet.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lines(Generic[T]):
    """Times and delays are nanoseconds. A `now` that goes back counts as that of the one before it in its line."""

    __slots__ = ("_lines", "_size")

    def __init__(self) -> None:
        self._lines: dict[int, deque[tuple[int, T]]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, now: int, delay: int, item: T) -> None:
        """Put `item` where it is due at `now + delay`."""
        line = self._lines.get(delay)
        if line is None:
            line = self._lines[delay] = deque()
        due = now + delay
        line.append((max(due, line[-1][0]) if line else due, item))
        self._size += 1

    def skip(self, over: Callable[[T], bool]) -> None:
        """Forget those at the heads of the lines whose time no longer matters, so that nobody wakes up for them."""
        for delay, line in list(self._lines.items()):
            while line and over(line[0][1]):
                line.popleft()
                self._size -= 1
            if not line:
                del self._lines[delay]

    def first(self) -> int | None:
        """When the next one is due; None if there is nobody."""
        return min((line[0][0] for line in self._lines.values()), default=None)

    def take(self, now: int) -> T | None:
        """The one that is due longest, out of its line; None if nobody is due by `now`."""
        since, delay = now + 1, -1
        for key, line in self._lines.items():
            if line[0][0] < since:
                since, delay = line[0][0], key
        if delay < 0:
            return None
        line = self._lines[delay]
        item = line.popleft()[1]
        self._size -= 1
        if not line:
            del self._lines[delay]
        return item
