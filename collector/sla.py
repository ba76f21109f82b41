"""Availability from a timeline. Pure. Degraded counts as up; unknown time is told apart and counts as neither."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from collector.timeline import Stretch
from collector.views import Uptime
from core.values import Status

HOUR_MS = 3_600_000
PERIODS = {"24h": 24 * HOUR_MS, "7d": 7 * 24 * HOUR_MS, "30d": 30 * 24 * HOUR_MS}


class Availability:
    """Sums over a timeline, made once, so that any period of it costs two searches."""

    def __init__(self, timeline: Iterable[Stretch]) -> None:
        """`timeline` in order and disjoint. What it leaves out is unknown; its last stretch goes on until asked."""
        self._starts: list[int] = []
        self._up: list[int] = []
        """Milliseconds up before the start at the same index."""
        self._down: list[int] = []
        self._status: list[Status] = []
        up = down = 0
        end = None
        for stretch in timeline:
            if end is not None and stretch.start > end:
                self._note(end, Status.UNKNOWN, up, down)
            self._note(stretch.start, stretch.status, up, down)
            up += (stretch.end - stretch.start) * _is_up(stretch.status)
            down += (stretch.end - stretch.start) * (stretch.status is Status.DOWN)
            end = stretch.end

    def _note(self, start: int, status: Status, up: int, down: int) -> None:
        self._starts.append(start)
        self._status.append(status)
        self._up.append(up)
        self._down.append(down)

    def uptime(self, start: int, end: int) -> Uptime:
        """Of the period from `start` until before `end`; the three parts sum exactly to its length."""
        end = max(start, end)
        up_before, down_before = self._until(start)
        up_then, down_then = self._until(end)
        up, down = up_then - up_before, down_then - down_before
        return Uptime(start=start, end=end, up=up, down=down, unknown=end - start - up - down)

    def _until(self, at: int) -> tuple[int, int]:
        """Milliseconds up and down before `at`."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return 0, 0
        into, status = at - self._starts[index], self._status[index]
        return self._up[index] + into * _is_up(status), self._down[index] + into * (status is Status.DOWN)


def _is_up(status: Status) -> bool:
    return status in (Status.UP, Status.DEGRADED)


def coarse(timeline: Sequence[Stretch]) -> list[Stretch]:
    """The timeline as availability sees it: degraded is up, and neighbours of one status are one stretch."""
    whole: list[Stretch] = []
    for stretch in timeline:
        status = Status.UP if stretch.status is Status.DEGRADED else stretch.status
        reason = "" if status is Status.UP else stretch.reason
        last = whole[-1] if whole else None
        if last and last.end == stretch.start and last.status == status and last.reason == reason:
            whole[-1] = last._replace(end=stretch.end)
        else:
            whole.append(Stretch(stretch.start, stretch.end, status, reason))
    return whole
