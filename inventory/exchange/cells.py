"""What may stand in a cell: each reader takes a cell's text and gives its value, or raises `Wrong` with the reason.

`show` is the way back: for every value of a reader, reading what `show` wrote gives that value again.
"""

import ipaddress
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone

from inventory.hours import LONGEST as LONGEST_HOURS
from inventory.hours import BadHours
from inventory.hours import hours as read_hours
from inventory.identity import forms
from inventory.plan import OF_SERVICES, PLACEHOLDER, PLACEHOLDERS, host_of

Scalar = str | int | float | None
Reader = Callable[[str], Scalar]

LONGEST = 4_000
"""Characters of one cell."""
LONGEST_PARAMS = 16_000
"""Of a cell that holds a whole scenario."""
LOCAL = timezone(timedelta(hours=7))
"""Dates in files are those of Vietnam, which has had no other offset since 1975."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_YEARS = range(1900, 3000)


class Wrong(ValueError):
    """The text of a cell cannot be taken; says why, as `key|argument`."""


def clean(text: str, longest: int = LONGEST) -> str:
    """The text of a cell as everyone means it: composed accents, one line, no blanks around it."""
    if len(text) > longest:
        raise Wrong(f"too long|{len(text)} characters, the limit is {longest}")
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


def networks(cell: str) -> str:
    """Any number of IP networks or addresses, kept as networks with one space between them."""
    found = []
    for part in re.split(r"[\s,;]+", cell):
        try:
            if part:
                found.append(str(ipaddress.ip_network(part, strict=False)))
        except ValueError as error:
            raise Wrong(f"bad network|{_short(part)}") from error
    return " ".join(found)


def address(cell: str) -> str:
    """Of a service: a host, `host:port`, or a URL without what could be a secret or a placeholder."""
    plain = cell if "://" in cell else f"//{cell}"
    if not host_of(cell) or re.search(r"[\s{}|@]", cell) or re.search(r"[?#]", plain):
        raise Wrong(f"bad address|{_short(cell)}")
    host(host_of(cell))
    return cell


def proxy(cell: str) -> str:
    """`host:port` or a URL, with a user before `@` if need be; `${secret:NAME}` for what is one."""
    if not re.fullmatch(
        r"([a-z0-9+]+://)?([^\s@]+@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?/?", cell
    ):
        raise Wrong(f"bad address|{_short(cell)}")
    return cell


def stream(cell: str) -> str:
    """The end of a URL, from the port or the path on."""
    if not re.fullmatch(r"(:[0-9]{1,5})?(/[^\s{}]*)?", cell):
        raise Wrong(f"bad stream|{_short(cell)}")
    return cell


def hours(cell: str) -> str:
    """The hours of a service (`inventory.hours`), kept as those show themselves."""
    try:
        shown = str(read_hours(cell))
    except BadHours as error:
        raise Wrong(f"bad hours|{_short(str(error))}") from error
    if len(shown) > LONGEST_HOURS:
        raise Wrong(f"too long|{len(shown)} characters, the limit is {LONGEST_HOURS}")
    return shown


def percent(cell: str) -> float:
    """A number of percent up to 100, with point or comma; its sign may stand behind it."""
    plain = cell.removesuffix("%").strip().replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?([eE]-[0-9]{1,3})?", plain):
        raise Wrong(f"bad number|{_short(cell)}")
    if not float(plain) <= 100:
        raise Wrong(f"out of range|{_short(cell)} is not between 0 and 100")
    return round(float(plain), 4)


def pattern(cell: str) -> str:
    """A target, with at most one placeholder."""
    return _pattern(cell, PLACEHOLDERS)


def service_pattern(cell: str) -> str:
    """A target of a service's check: the placeholders of its service beside at most one other."""
    _pattern(re.sub("|".join(rf"\{{{name}\}}" for name in OF_SERVICES), "x", cell), PLACEHOLDERS)
    return cell


def _pattern(cell: str, known: Sequence[str]) -> str:
    names = PLACEHOLDER.findall(cell)
    for name in names:
        if name not in known:
            raise Wrong(f"unknown placeholder|{{{_short(name)}}}")
    if len(names) > 1 or set(PLACEHOLDER.sub("", cell)) & set("{}"):
        raise Wrong(f"bad target|{_short(cell)}")
    return cell


def params(cell: str) -> str:
    """A JSON object, kept in one canonical form; empty for an empty one."""
    return _params(cell, LONGEST)


def long_params(cell: str) -> str:
    """As `params`, with room for a scenario."""
    return _params(cell, LONGEST_PARAMS)


def _params(cell: str, longest: int) -> str:
    try:
        found = json.loads(cell, parse_constant=_no_constant)
        if not isinstance(found, dict):
            raise Wrong("not a JSON object")
        canonical = json.dumps(found, sort_keys=True, ensure_ascii=False, allow_nan=False)
        if not _keeps(canonical, longest):
            canonical = json.dumps(found, sort_keys=True)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"bad JSON|{_short(str(error))}") from error
    if len(canonical) > longest:
        raise Wrong(f"too long|{len(canonical)} characters, the limit is {longest}")
    return canonical if found else ""


def _keeps(text: str, longest: int) -> bool:
    """Whether a text would come through a file as it is."""
    try:
        return clean(text, longest) == text
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


_DAYS = (
    re.compile(r"(?P<y>[0-9]{4})(-(?P<m>[0-9]{1,2})(-(?P<d>[0-9]{1,2})([T ][0-9:.]+)?)?)?"),
    re.compile(
        r"((?P<d>[0-9]{1,2})(?P<sign>[/.-]))?(?P<m>[0-9]{1,2})(?(sign)(?P=sign)|[/.-])(?P<y>[0-9]{4})"
    ),
)
_SPREADSHEET = date(1899, 12, 30).toordinal()
"""Day 0 of spreadsheets."""


def day(cell: str) -> str:
    """A day, or as much of it as is known: 15/06/2019, 2019-06-15, 06/2019, 2019; also the number that a spreadsheet has for
    one (43631). Kept as 2019-06-15, 2019-06 or 2019."""
    try:
        if re.fullmatch(r"[0-9]{5}", cell):
            found = date.fromordinal(_SPREADSHEET + int(cell))
            return _known_year(found.year, found.isoformat())
        parts = next(match for pattern in _DAYS if (match := pattern.fullmatch(cell)))
        year, month, dom = (int(parts[name] or 1) for name in ("y", "m", "d"))
        known = 10 if parts["d"] else 7 if parts["m"] else 4
        return _known_year(year, date(year, month, dom).isoformat()[:known])
    except (ValueError, StopIteration) as error:
        raise Wrong(f"bad date|{_short(cell)}") from error


def _known_year(year: int, found: str) -> str:
    if year not in _YEARS:
        raise ValueError(year)
    return found


def mac(cell: str) -> str:
    """Of a network adapter, in any form; kept as `3c:52:82:00:00:01`."""
    digits = forms.mac(cell).lower()
    if not digits:
        raise Wrong(f"bad MAC|{_short(cell)}")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


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
