"""Cookies, as a browser keeps them through one visit (RFC 6265). Pure; times are ms since 1970.

Every visit begins without any, so nothing is carried over, and no list of public suffixes is needed to keep visits apart.
"""

import ipaddress
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agents.probes.urls import Url

MOST, MOST_OF_HOST, LONGEST = 200, 50, 4_096
_DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)", re.ASCII)
_DAY, _YEAR = re.compile(r"(\d{1,2})(?:\D|$)", re.ASCII), re.compile(r"(\d{2,4})(?:\D|$)", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FIRST_YEAR = 1601


@dataclass(frozen=True, slots=True)
class Cookie:
    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    ends: int | None
    """None: with the visit."""


@dataclass(slots=True)
class Jar:
    _kept: dict[tuple[str, str, str], Cookie] = field(default_factory=dict)

    def take(self, url: Url, fields: Iterable[str], now: int) -> None:
        """Keep what an answer from `url` sets (its Set-Cookie fields), and forget what it takes back."""
        for text in fields:
            cookie = parse(text, url, now)
            if cookie is None:
                continue
            key = (cookie.domain, cookie.path, cookie.name)
            if cookie.ends is not None and cookie.ends <= now:
                self._kept.pop(key, None)
            elif key in self._kept or self._has_room(cookie.domain):
                self._kept[key] = cookie

    def header(self, url: Url, now: int) -> str:
        """The Cookie field of a request to `url`; empty for none. Longer paths first, then the older (section 5.4)."""
        path = url.path.partition("?")[0]
        sent = [
            cookie
            for cookie in self._kept.values()
            if (cookie.host_only and url.host == cookie.domain)
            or (not cookie.host_only and _within(url.host, cookie.domain))
            if _path_matches(path, cookie.path)
            if url.secure or not cookie.secure
            if cookie.ends is None or cookie.ends > now
        ]
        sent.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in sent)

    def value(self, name: str) -> str | None:
        return next((cookie.value for cookie in self._kept.values() if cookie.name == name), None)

    def values(self) -> list[str]:
        return [cookie.value for cookie in self._kept.values()]

    def _has_room(self, domain: str) -> bool:
        of_host = sum(cookie.domain == domain for cookie in self._kept.values())
        return len(self._kept) < MOST and of_host < MOST_OF_HOST


def parse(text: str, url: Url, now: int) -> Cookie | None:
    """A Set-Cookie field of an answer from `url` (sections 5.2 and 5.3); None where nothing is to be kept."""
    pair, *rest = text.split(";")
    name, equals, value = pair.partition("=")
    name, value = (name.strip(" \t"), value.strip(" \t")) if equals else ("", name.strip(" \t"))
    if not (name or value) or len(name) + len(value) > LONGEST or _CONTROL.search(text):
        return None
    said: dict[str, str] = {}
    for part in rest:
        key, _, content = part.partition("=")
        said[key.strip(" \t").lower()] = content.strip(" \t")
    domain = said.get("domain", "").lower().removeprefix(".")
    if domain and (not _within(url.host, domain) or ("." not in domain and domain != url.host)):
        return None
    path = said.get("path", "")
    if not path.startswith("/"):
        path = _default_path(url)
    host_only = not domain or (domain == url.host and _is_address(domain))
    return Cookie(name, value, domain or url.host, host_only, path, "secure" in said, _ends(said, now))


def _ends(said: dict[str, str], now: int) -> int | None:
    age = said.get("max-age", "")
    if re.fullmatch(r"-?\d{1,15}", age, re.ASCII):  # it counts before Expires
        return now + int(age) * 1000 if int(age) > 0 else 0
    return date(said["expires"]) if "expires" in said else None


def date(text: str) -> int | None:
    """A cookie's date, in whatever way servers write it (section 5.1.1); None where it is none."""
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _DELIMITERS.split(text):
        if time is None and (found := _TIME.match(token)):
            time = (int(found[1]), int(found[2]), int(found[3]))
        elif day is None and (found := _DAY.match(token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < _FIRST_YEAR:
        return None
    with suppress(ValueError):
        hour, minute, second = time
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp() * 1000)
    return None


def _within(host: str, domain: str) -> bool:
    """Section 5.1.3: the same, or below it; an address is never below anything."""
    return host == domain or (host.endswith(f".{domain}") and not _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _path_matches(path: str, wanted: str) -> bool:
    """Section 5.1.4."""
    return path == wanted or (path.startswith(wanted) and (wanted.endswith("/") or path[len(wanted)] == "/"))


def _default_path(url: Url) -> str:
    path = url.path.partition("?")[0]
    return path[: path.rindex("/")] or "/"
