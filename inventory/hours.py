"""The hours of a service: `T2-T6 07:00-11:30,13:30-17:00; T7 07:00-11:30; nghỉ 30/4, 1/5, 5/2/2027-11/2/2027`. Pure.

Parts stand between semicolons. One says days and times of the week; one that begins with `nghỉ` (or `off`) says dates
on which nothing is promised, each year or, with a year, once. An empty text means always. Days are `T2`…`T7` and
`CN`, or `Mon`…`Sun`; a time past midnight (`22:00-06:00`) goes on into the next day. Days are those of a fixed offset.
"""

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

VIETNAM_MS = 7 * 3_600_000
"""Ahead of UTC; there has been no other offset since 1975."""
DAY_MS = 86_400_000
_DAY, _WEEK = 1_440, 7 * 1_440
_MINUTE_MS = 60_000
_NAMES = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_DAYS = {
    name.casefold(): day
    for names in (_NAMES, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
    for day, name in enumerate(names)
}
_EPOCH = date(1970, 1, 1)
LONGEST = 500
"""Characters of a text that is read."""


class BadHours(ValueError):
    """The part of a text that says no hours."""


@dataclass(frozen=True, slots=True, order=True)
class Off:
    """Days on which nothing is promised, both included, as (month, day); `year` 0: each year."""

    from_: tuple[int, int, int]
    to: tuple[int, int, int]

    def has(self, day: date) -> bool:
        year = day.year if self.from_[0] else 0
        return self.from_ <= (year, day.month, day.day) <= self.to

    def __str__(self) -> str:
        first, last = _shown(self.from_), _shown(self.to)
        return first if first == last else f"{first}-{last}"


@dataclass(frozen=True, slots=True)
class Hours:
    """`weekly`: minutes of the week from Monday's midnight, in order and apart, as (from, to); `off`: days without."""

    weekly: tuple[tuple[int, int], ...] = ((0, _WEEK),)
    off: tuple[Off, ...] = ()

    def covers(self, at: int, offset_ms: int = VIETNAM_MS) -> bool:
        """Whether the hours hold at `at` (ms UTC)."""
        local = at + offset_ms
        day = _EPOCH + timedelta(days=local // DAY_MS)
        minute = local % DAY_MS // _MINUTE_MS
        return any(from_ <= minute < to for from_, to in self._of(day))

    def within(self, begin: int, end: int, offset_ms: int = VIETNAM_MS) -> Iterator[tuple[int, int]]:
        """The stretches of [begin, end) that the hours cover, in ms UTC, in order and apart."""
        open_: tuple[int, int] | None = None
        for number in range((begin + offset_ms) // DAY_MS, (end + offset_ms - 1) // DAY_MS + 1):
            midnight = number * DAY_MS - offset_ms
            for from_, to in self._of(_EPOCH + timedelta(days=number)):
                first = max(begin, midnight + from_ * _MINUTE_MS)
                last = min(end, midnight + to * _MINUTE_MS)
                if first >= last:
                    continue
                if open_ is not None and open_[1] < first:
                    yield open_
                    open_ = None
                open_ = (open_[0] if open_ else first, last)
        if open_ is not None:
            yield open_

    def _of(self, day: date) -> Iterator[tuple[int, int]]:
        return iter(()) if any(off.has(day) for off in self.off) else _clipped(self.weekly, day.weekday())

    def __str__(self) -> str:
        """The text that `hours` reads as these."""
        parts = [] if self.weekly == ((0, _WEEK),) else list(_groups(self.weekly))
        return "; ".join([*parts, *([f"nghỉ {', '.join(map(str, self.off))}"] if self.off else [])])


def hours(text: str) -> Hours:
    """Read a text.

    Raises:
        BadHours: with the part that cannot be read.
    """
    if len(text) > LONGEST:
        raise BadHours(f"{len(text)} characters")
    weekly: list[tuple[int, int]] = []
    off: set[Off] = set()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        dates = re.fullmatch(r"(?:nghỉ|off)\s+(.+)", part, re.IGNORECASE)
        if dates is None:
            weekly += _week(part)
        else:
            off |= {_off(each.strip()) for each in dates[1].split(",")}
    return Hours(_merged(weekly) or ((0, _WEEK),), tuple(sorted(off)))


def _week(part: str) -> Iterator[tuple[int, int]]:
    plain = re.sub(r"\s*([,-])\s*", r"\1", part)
    said = re.fullmatch(r"(?:([^\d\s]\S*)\s+)?(\d\S*)", plain)
    if said is None:
        raise BadHours(part)
    days = set(_days(said[1], part)) if said[1] else set(range(7))
    for times in said[2].split(","):
        found = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", times)
        if found is None:
            raise BadHours(part)
        from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
        from_, to = from_hour * 60 + from_minute, to_hour * 60 + to_minute
        if from_minute > 59 or to_minute > 59 or from_ >= _DAY or to > _DAY or from_ == to:
            raise BadHours(part)
        for day in days:
            yield from _placed(day * _DAY + from_, day * _DAY + to + (_DAY if to < from_ else 0))


def _days(text: str, part: str) -> Iterator[int]:
    for piece in text.casefold().split(","):
        first, _, last = piece.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise BadHours(part)
        day, end = _DAYS[first], _DAYS[last or first]
        yield from ((day + step) % 7 for step in range((end - day) % 7 + 1))


def _placed(from_: int, to: int) -> Iterator[tuple[int, int]]:
    yield from_, min(to, _WEEK)
    if to > _WEEK:
        yield 0, to - _WEEK


def _off(text: str) -> Off:
    dates = re.fullmatch(
        r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?(?:\s*-\s*(\d{1,2})/(\d{1,2})(?:/(\d{4}))?)?", text
    )
    if dates is None:
        raise BadHours(text)
    first = _date(dates[3], dates[2], dates[1], text)
    last = _date(dates[6], dates[5], dates[4], text) if dates[4] else first
    if last < first or (first[0] == 0) != (last[0] == 0):
        raise BadHours(text)
    return Off(first, last)


def _date(year: str | None, month: str, day: str, text: str) -> tuple[int, int, int]:
    found = int(year or 0), int(month), int(day)
    # A date of each year may be the 29th of February.
    if not 1 <= found[1] <= 12 or not 1 <= found[2] <= calendar.monthrange(found[0] or 2000, found[1])[1]:
        raise BadHours(text)
    return found


def _shown(when: tuple[int, int, int]) -> str:
    year, month, day = when
    return f"{day}/{month}/{year}" if year else f"{day}/{month}"


def _merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for from_, to in sorted(spans):
        if found and from_ <= found[-1][1]:
            found[-1] = (found[-1][0], max(to, found[-1][1]))
        else:
            found.append((from_, to))
    return tuple(found)


def _clipped(weekly: Iterable[tuple[int, int]], day: int) -> Iterator[tuple[int, int]]:
    """What of it is on a day of the week, in minutes of that day."""
    for from_, to in weekly:
        first, last = max(from_ - day * _DAY, 0), min(to - day * _DAY, _DAY)
        if first < last:
            yield first, last


def _groups(weekly: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Days that follow each other and are alike, as one part."""
    days = [tuple(_clipped(weekly, day)) for day in range(7)]
    first = 0
    for day in range(1, 8):
        if day < 7 and days[day] == days[first]:
            continue
        if days[first]:
            name = _NAMES[first] if day - 1 == first else f"{_NAMES[first]}-{_NAMES[day - 1]}"
            yield f"{name} {','.join(f'{_time(from_)}-{_time(to)}' for from_, to in days[first])}"
        first = day


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
