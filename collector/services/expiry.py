"""What ends by itself, and when people are to be warned of it: certificates, domains, and worries about chains. Pure.

A warning is due 30, 14, 7 and 1 days ahead, each once for one certificate. Two times that lie within a day of one another are of
the same: they are measured from many places, at many times, by clocks that differ. A renewed one ends much later.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from collector.services.views import Expiry
from collector.spans import kind

DAY_MS = 86_400_000
AHEAD = (30, 14, 7, 1)
"""Days."""
CERTIFICATE, DOMAIN = "certificate", "domain"
WORRIES = frozenset({"weak certificate", "certificate for another name"})
"""Kinds of reason that people are told of once for as long as they last."""
FORGOTTEN_MS = DAY_MS
"""A worry that was not met for so long is over: when it comes again, it is told again."""


class SeenEnd(NamedTuple):
    """From one unit, by one check of a service: when the first certificate of its chain ends."""

    service: str
    label: str
    unit: str
    at: int
    ends_at: int


class Warned(NamedTuple):
    """People were told of this: an end `days` ahead of it; 0 days for a worry, which was last met `at`."""

    service: str
    kind: str
    label: str
    ends_at: int
    days: int
    at: int


def ends(seen: Iterable[SeenEnd]) -> list[Expiry]:
    """Each certificate once, with the units that saw it, the one that ends first before others; the median of what
    they saw is its end."""
    found: list[Expiry] = []
    by_check: dict[tuple[str, str], list[SeenEnd]] = {}
    for each in seen:
        by_check.setdefault((each.service, each.label), []).append(each)
    for (service, label), of_check in by_check.items():
        together: list[SeenEnd] = []
        for each in sorted(of_check, key=lambda one: (one.ends_at, one.unit)):
            if together and each.ends_at - together[0].ends_at >= DAY_MS:
                found.append(_one(service, label, together))
                together = []
            together.append(each)
        found.append(_one(service, label, together))
    return sorted(found, key=lambda each: (each.expires_at, each.service, each.label))


def _one(service: str, label: str, seen: Sequence[SeenEnd]) -> Expiry:
    ends_at = seen[len(seen) // 2].ends_at
    return Expiry(service, CERTIFICATE, label, ends_at, tuple(sorted({each.unit for each in seen})))


def due(expiry: Expiry, warned: Iterable[Warned], now: int) -> int | None:
    """How many days ahead (one of AHEAD) people are to be warned now; None: not, or not again."""
    left = expiry.expires_at - now
    days = min((each for each in AHEAD if left <= each * DAY_MS), default=None)
    if days is None:
        return None
    told = any(
        (each.service, each.kind, each.label) == (expiry.service, expiry.kind, expiry.label)
        and abs(each.ends_at - expiry.expires_at) < DAY_MS
        and each.days <= days
        for each in warned
        if each.days
    )
    return None if told else days


class Worry(NamedTuple):
    """A fault of a chain that a check of a service meets now. `reason` is the probe's."""

    service: str
    label: str
    reason: str


def worries(met: Iterable[Worry]) -> list[Worry]:
    """Those that people are told of, each kind once for a check of a service; of several reasons the first by letter."""
    found: dict[tuple[str, str, str], Worry] = {}
    for each in sorted(met):
        if kind(each.reason) in WORRIES:
            found.setdefault((each.service, each.label, kind(each.reason)), each)
    return list(found.values())


def is_new(worry: Worry, warned: Iterable[Warned], now: int) -> bool:
    """Whether people were not told of it, or it had been away for long enough."""
    key = (worry.service, kind(worry.reason), worry.label, 0)
    return not any(
        (each.service, each.kind, each.label, each.days) == key and now - each.at < FORGOTTEN_MS
        for each in warned
    )
