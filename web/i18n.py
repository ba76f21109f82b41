"""Language and forms: messages, times, durations and numbers as Vietnamese officials write them, or in English.

Messages are English in the code and the templates, so English needs no catalogue. The others are read from
`web/locale/*/LC_MESSAGES/messages.po` when they are first used: nothing is compiled, and nothing can be out of date.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.requests import HTTPConnection

LOCALES = Path(__file__).parent / "locale"
LANGUAGES: Mapping[str, str] = {"vi": "Tiếng Việt", "en": "English"}
DEFAULT = "vi"
COOKIE = "lang"
HERE = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Việt Nam has kept UTC+7 without summer time since 1975, so no time zone data has to be installed."""

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
_DATES: Mapping[str, tuple[str, str]] = {"vi": ("dd/MM/yyyy", "dd/MM"), "en": ("d MMM yyyy", "d MMM")}


def mark(message: str) -> str:
    """The message itself, marked for the catalogues: it is translated where it is shown."""
    return message


def language_of(connection: HTTPConnection) -> str:
    """The language that the visitor chose, else Vietnamese."""
    chosen = connection.cookies.get(COOKIE, DEFAULT)
    return chosen if chosen in LANGUAGES else DEFAULT


@dataclass(frozen=True, slots=True)
class Speaker:
    """One language. `now` is what "today" means for times that leave out the date."""

    language: str
    now: int
    _messages: Mapping[str, tuple[str, ...]] = field(repr=False)

    def gettext(self, message: str, /, **arguments: object) -> str:
        """The message in this language, its `{names}` filled in."""
        text = (self._messages.get(message) or (message,))[0]
        return text.format(**arguments) if arguments else text

    def ngettext(self, one: str, many: str, count: int, /, **arguments: object) -> str:
        """As `gettext`, for `count` things; `{count}` is written as numbers are."""
        forms = self._messages.get(one) or (one, many)
        text = forms[0] if count == 1 or len(forms) == 1 else forms[1]
        return text.format(count=self.number(count), **arguments)

    # Times

    def moment(self, at: int) -> str:
        """Date and time to the second."""
        return self._format(at, f"{_DATES[self.language][0]} HH:mm:ss")

    def day(self, iso: str) -> str:
        """A day that is written as 2026-11-23; as it is where it is none."""
        try:
            at = date.fromisoformat(iso)
        except ValueError:
            return iso
        return str(format_date(at, _DATES[self.language][0], locale=self.language))

    def day_of(self, at: int) -> str:
        """The day on which `at` (ms UTC) is here."""
        return self._format(at, _DATES[self.language][0])

    def short(self, at: int) -> str:
        """The time, and the date unless it is today's; the year unless it is this year's."""
        then, today = local_time(at), local_time(self.now)
        if then.date() == today.date():
            return self._format(at, "HH:mm:ss")
        return self._format(at, f"{_DATES[self.language][then.year == today.year]} HH:mm")

    def clock(self, at: int) -> str:
        """The time of day alone, to the second."""
        return self._format(at, "HH:mm:ss")

    def iso(self, at: int) -> str:
        """For machines that read the page (`<time datetime>`)."""
        return local_time(at).isoformat(timespec="seconds")

    def _format(self, at: int, pattern: str) -> str:
        return str(format_datetime(local_time(at), pattern, locale=self.language))

    def duration(self, ms: float) -> str:
        """The two largest units, cut off: a thing is not said to have lasted longer than it did."""
        seconds = int(ms) // SECOND
        days, rest = divmod(seconds, 86_400)
        hours, rest = divmod(rest, 3_600)
        minutes, seconds = divmod(rest, 60)
        parts = [
            (days, self.ngettext("{count} day", "{count} days", days)),
            (hours, self.ngettext("{count} hour", "{count} hours", hours)),
            (minutes, self.ngettext("{count} minute", "{count} minutes", minutes)),
            (seconds, self.ngettext("{count} second", "{count} seconds", seconds)),
        ]
        while len(parts) > 1 and not parts[0][0]:
            parts.pop(0)
        return " ".join([parts[0][1], *(text for count, text in parts[1:2] if count)])

    def ago(self, at: int) -> str:
        """How long ago; a time to come (a clock may be off) counts as now."""
        return self.gettext("{duration} ago", duration=self.duration(max(0, self.now - at)))

    # Numbers

    def number(self, value: float, digits: int = 0) -> str:
        """Grouped, with exactly `digits` decimals."""
        return str(
            format_decimal(value, "#,##0" + ("." + "0" * digits if digits else ""), locale=self.language)
        )

    def percent(self, ratio: float | None, digits: int = 2) -> str:
        """A ratio in percent, cut off: 99.999 is not 100. None is a dash."""
        if ratio is None:
            return "–"
        scale: int = 10**digits
        # The tiny amount mends what binary fractions lose of a figure such as 0.29.
        cut = math.floor(ratio * 100 * scale + 1e-9) / scale
        return f"{self.number(cut, 0 if cut in (0, 100) else digits)} %"

    def bytes(self, count: float) -> str:
        size, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
        while size >= 1024 and len(units) > 1:
            size /= 1024
            units.pop(0)
        return f"{self.number(size, 0 if units[0] == 'B' or size >= 100 else 1)} {units[0]}"

    def seconds(self, value: float) -> str:
        """A measured duration, in the unit that suits it: µs, ms, s, or days and hours."""
        if value < 0:
            return "−" + self.seconds(-value)
        if value >= 120:
            return self.duration(value * 1000)
        units = ((1, "s"), (1e3, "ms"), (1e6, "µs"))
        factor, unit = next((one for one in units if value * one[0] >= 1 or not value), units[-1])
        scaled = value * factor
        return f"{self.number(scaled, 0 if scaled >= 100 or not scaled else 1)} {unit}"


def speaker(language: str, now: int) -> Speaker:
    """Whoever speaks that language, at a time."""
    return Speaker(language, now, messages(language))


def local_time(at: int) -> datetime:
    """`at` (ms UTC) as a clock on a wall here shows it."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(HERE)


@cache
def messages(language: str) -> Mapping[str, tuple[str, ...]]:
    """Translations by English message (the singular one); each has as many forms as the language has plurals."""
    path = po_path(language)
    return {} if language == "en" else _forms(read_catalogue(path))


def po_path(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def read_catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def _forms(catalogue: Catalog) -> Mapping[str, tuple[str, ...]]:
    found = {}
    for message in catalogue:
        key, text = message.id, message.string
        if key and text:
            found[key if isinstance(key, str) else key[0]] = (text,) if isinstance(text, str) else tuple(text)
    return found
