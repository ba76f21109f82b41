"""What may stand in a cell: each reader takes a cell's text and gives its value, or raises `Wrong` with the reason.

`show` is the way back: for every value of a reader, reading what `show` wrote gives that value again.
"""

import ipaddress
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone

from inventory.plan import PLACEHOLDER, PLACEHOLDERS

Scalar = str | int | float | None
Reader = Callable[[str], Scalar]

LONGEST = 4_000
"""Characters of one cell."""
LOCAL = timezone(timedelta(hours=7))
"""Dates in files are those of Vietnam, which has had no other offset since 1975."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_YEARS = range(1900, 3000)


class Wrong(ValueError):
    """The text of a cell cannot be taken; says why, as `key|argument`."""


def clean(text: str) -> str:
    """The text of a cell as everyone means it: composed accents, one line, no blanks around it."""
    if len(text) > LONGEST:
        raise Wrong(f"too long|{len(text)} characters, the limit is {LONGEST}")
    text = re.sub(r"[\t\r\n]+", " ", unicodedata.normalize("NFC", text)).strip()
    for sign in text:
        if unicodedata.category(sign) in ("Cc", "Cn", "Cs"):
            raise Wrong(f"not a character|U+{ord(sign):04X}")
    return text


def text(cell: str) -> str:
    return cell


def code(cell: str) -> str:
    """A short name that stands in addresses of pages and in names of agents."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", cell):
        raise Wrong(f"bad code|{_short(cell)}")
    return cell


def word(cell: str) -> str:
    """A name such as programs use: the kind of a check."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", cell):
        raise Wrong(f"bad word|{_short(cell)}")
    return cell


def one_of(name: str, choices: Mapping[str, str]) -> Reader:
    """One of the values of `choices`, or a key of it that means such a value."""
    values = set(choices.values())

    def read(cell: str) -> str:
        found = cell if cell in values else choices.get(cell.casefold())
        if found is None:
            raise Wrong(f"bad {name}|{_short(cell)}")
        return found

    return read


_YES = frozenset({"yes", "true", "1", "có", "x"})
_NO = frozenset({"no", "false", "0", "không"})


def yes(cell: str) -> bool:
    """Yes or no, in English or Vietnamese."""
    if cell.casefold() not in _YES | _NO:
        raise Wrong(f"neither yes nor no|{_short(cell)}")
    return cell.casefold() in _YES


def whole(low: int, high: int) -> Reader:
    def read(cell: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", cell):
            raise Wrong(f"bad number|{_short(cell)}")
        if not low <= int(cell) <= high:
            raise Wrong(f"out of range|{cell} is not between {low} and {high}")
        return int(cell)

    return read


def degrees(limit: int) -> Reader:
    """A coordinate; the decimal comma of Vietnamese spreadsheets is understood."""

    def read(cell: str) -> float:
        plain = cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", plain):
            raise Wrong(f"bad number|{_short(cell)}")
        if not -limit <= float(plain) <= limit:
            raise Wrong(f"out of range|{_short(cell)} is not between -{limit} and {limit}")
        # Seven places are a centimetre, and what every spreadsheet gives back unchanged; zero has no sign.
        return round(float(plain), 7) + 0.0

    return read


def host(cell: str) -> str:
    """An IPv4 or IPv6 address or a host name."""
    try:
        ipaddress.ip_address(cell)
    except ValueError:
        label = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
        named = re.fullmatch(rf"{label}(\.{label})*\.?", cell)
        if not named or len(cell) > 253 or re.fullmatch(r"[0-9.]+", cell):
            raise Wrong(f"bad address|{_short(cell)}") from None
    return cell


def hosts(cell: str) -> str:
    """Any number of hosts, kept with one space between them; commas and semicolons separate as well."""
    return " ".join(host(part) for part in re.split(r"[\s,;]+", cell) if part)


def pattern(cell: str) -> str:
    """A target, with at most one placeholder."""
    names = PLACEHOLDER.findall(cell)
    for name in names:
        if name not in PLACEHOLDERS:
            raise Wrong(f"unknown placeholder|{{{_short(name)}}}")
    if len(names) > 1 or set(PLACEHOLDER.sub("", cell)) & set("{}"):
        raise Wrong(f"bad target|{_short(cell)}")
    return cell


def params(cell: str) -> str:
    """A JSON object, kept in one canonical form; empty for an empty one."""
    try:
        found = json.loads(cell, parse_constant=_no_constant)
        if not isinstance(found, dict):
            raise Wrong("not a JSON object")
        canonical = json.dumps(found, sort_keys=True, ensure_ascii=False, allow_nan=False)
        if not _keeps(canonical):
            canonical = json.dumps(found, sort_keys=True)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"bad JSON|{_short(str(error))}") from error
    if len(canonical) > LONGEST:
        raise Wrong(f"too long|{len(canonical)} characters, the limit is {LONGEST}")
    return canonical if found else ""


def _keeps(text: str) -> bool:
    """Whether a text would come through a file as it is."""
    try:
        return clean(text) == text
    except Wrong:
        return False


def time(cell: str) -> int:
    """A date (2025-07-01 or 1/7/2025, midnight in Vietnam) or an ISO time, as ms UTC."""
    vietnamese = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", cell)
    try:
        if vietnamese:
            day, month, year = (int(part) for part in vietnamese.groups())
            found = datetime(year, month, day, tzinfo=LOCAL)
        else:
            found = datetime.fromisoformat(cell)
    except (ValueError, OverflowError) as error:
        raise Wrong(f"bad date|{_short(cell)}") from error
    if found.year not in _YEARS:
        raise Wrong(f"bad date|{_short(cell)}")
    if found.tzinfo is None:
        found = found.replace(tzinfo=LOCAL)
    return (found - _EPOCH) // _MS


def show(value: Scalar) -> str:
    return "" if value is None else str(value)


def show_yes(value: Scalar) -> str:
    return "yes" if value else "no"


def show_time(value: Scalar) -> str:
    """A date where it is one, or else the time to the millisecond."""
    if value is None:
        return ""
    local = (_EPOCH + int(value) * _MS).astimezone(LOCAL)
    if not (local.hour or local.minute or local.second or local.microsecond):
        return local.date().isoformat()
    return local.isoformat(timespec="milliseconds")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _short(cell: str) -> str:
    # A reason is one line for people, whatever stood in the cell; and `|` would end the argument.
    return cell.replace("|", "¦")[:60]
