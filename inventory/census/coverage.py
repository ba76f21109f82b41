"""How well officials are provided with machines: counts that add up, from a unit to its district, its level and the province. Pure.

What a machine does not tell counts in no part of it: each share has its own whole (`memory_known` for `memory_low`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from typing import Literal

import msgspec

from core.values import Level
from inventory.census.facts import PCS, Counted, Facts
from inventory.census.systems import SYSTEMS, System, Told, known

DAY_MS = 86_400_000
SILENT_DAYS = 30
LOW_MEMORY_MB = 7_000
"""Less than 8 GB: of these, what firmware and graphics keep for themselves leaves more."""
LOW_FREE_RATIO = 0.1
OLD_YEARS = 7
SOON_DAYS = 180
Behind = Literal[
    "pcs",
    "silent",
    "memory_low",
    "system_ended",
    "system_ends_soon",
    "antivirus_missing",
    "disk_low",
    "age_old",
]
"""Counts of which people ask which machines they are."""
TARGETS: Mapping[Level, float] = {Level.COMMUNE: 0.9}
"""PCs per official; of other levels 1."""
_EPOCH = date(1970, 1, 1).toordinal()
LOCAL_MS = 7 * 3_600_000
"""The province's clock is that far ahead of UTC."""


class Counts(msgspec.Struct, frozen=True):
    """Of machines that officials work with (PCs and laptops), all of them heard within SILENT_DAYS but the `silent`."""

    units: int = 0
    staff: int = 0
    staff_known: int = 0
    """Units of which it is known how many officials they have."""
    wanted: int = 0
    """PCs that these officials should have, by the target of their unit's level."""
    pcs: int = 0
    pcs_where_staff_known: int = 0
    short: int = 0
    """PCs that units lack, added up: what one has too many helps no other."""
    silent: int = 0
    memory_known: int = 0
    memory_low: int = 0
    system_known: int = 0
    system_ended: int = 0
    system_ends_soon: int = 0
    antivirus_known: int = 0
    antivirus_missing: int = 0
    disk_known: int = 0
    disk_low: int = 0
    age_known: int = 0
    age_old: int = 0
    age_years: int = 0
    """Sum of ages."""
    others: Mapping[str, int] = {}
    """Machines of other classes that were heard, by class."""

    def __add__(self, other: "Counts") -> "Counts":
        return total([self, other])

    @property
    def per_official(self) -> float | None:
        """PCs per official, where the officials are known; 1 is one each."""
        return None if not self.staff else round(self.pcs_where_staff_known / self.staff, 4)


def total(several: Sequence[Counts]) -> Counts:
    """Of several units together."""
    names = [name for name in Counts.__struct_fields__ if name != "others"]
    others: dict[str, int] = {}
    for counts in several:
        for name, count in counts.others.items():
            others[name] = others.get(name, 0) + count
    sums = {name: sum(getattr(counts, name) for counts in several) for name in names}
    return Counts(**sums, others=dict(sorted(others.items())))


@dataclass(frozen=True, slots=True)
class Office:
    """What coverage needs of a unit."""

    code: str
    level: Level
    parent: str | None
    staff: int | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts of each unit alone, of each with all below it, and of each level."""

    alone: Mapping[str, Counts] = field(default_factory=dict)
    below: Mapping[str, Counts] = field(default_factory=dict)
    levels: Mapping[Level, Counts] = field(default_factory=dict)


def of_units(
    offices: Iterable[Office], machines: Iterable[Counted], now: int, systems: Iterable[System] = SYSTEMS
) -> dict[str, Counts]:
    """Of each unit alone, as of `now`. Machines of units that are not among `offices` count nowhere."""
    by_unit: dict[str, list[Counted]] = {}
    for machine in machines:
        by_unit.setdefault(machine.unit, []).append(machine)
    support = _Support(tuple(systems))
    return {office.code: _of_unit(office, by_unit.get(office.code, []), now, support) for office in offices}


def summed(offices: Iterable[Office], alone: Mapping[str, Counts]) -> Coverage:
    """What units are worth together. A unit without counts of its own counts as one without officials and machines."""
    places = {office.code: office for office in offices}
    below = {code: alone.get(code, Counts()) for code in places}
    levels: dict[Level, Counts] = {}
    for code, office in places.items():
        own = alone.get(code, Counts())
        levels[office.level] = levels.get(office.level, Counts()) + own
        parent, passed = office.parent, {code}
        while parent in places and parent not in passed:
            below[parent] += own
            passed.add(parent)
            parent = places[parent].parent
    return Coverage({code: alone.get(code, Counts()) for code in places}, below, levels)


def those_below(offices: Iterable[Office], code: str) -> set[str]:
    """The codes of a unit and of all units below it."""
    children: dict[str | None, list[str]] = {}
    for office in offices:
        children.setdefault(office.parent, []).append(office.code)
    found, waiting = set[str](), [code]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += children.get(one, [])
    return found


def day_of(now: int) -> int:
    """The day that it is in the province: days since 1970."""
    return (now + LOCAL_MS) // DAY_MS


def date_of(day: int) -> date:
    return date.fromordinal(_EPOCH + day)


class _Support:
    """Systems are told in few ways by many machines: each is looked up once."""

    def __init__(self, systems: tuple[System, ...]) -> None:
        self._systems = systems
        self._found: dict[Told, System | None] = {}

    def until(self, facts: Facts) -> date | None:
        told = Told(facts.system, facts.version, facts.kernel)
        if told not in self._found:
            self._found[told] = known(told, self._systems)
        found = self._found[told]
        return None if found is None else found.until


def counts_in(machine: Counted, now: int, support: _Support) -> Iterator[str]:
    """The counts in which a machine is one, by their names in Counts; none where it is no PC."""
    facts = machine.facts
    if facts.kind not in PCS:
        return
    if machine.last_seen < now - SILENT_DAYS * DAY_MS:
        yield "silent"
        return
    today = date_of(day_of(now))
    until = support.until(facts)
    shares: tuple[tuple[str, bool, str, bool], ...] = (
        ("memory_known", facts.memory_mb is not None, "memory_low", (facts.memory_mb or 0) < LOW_MEMORY_MB),
        ("system_known", until is not None, "system_ended", until is not None and until < today),
        ("antivirus_known", facts.antivirus is not None, "antivirus_missing", not facts.antivirus),
        ("disk_known", facts.free_ratio is not None, "disk_low", (facts.free_ratio or 0) < LOW_FREE_RATIO),
        ("age_known", facts.made is not None, "age_old", today.year - (facts.made or 0) >= OLD_YEARS),
    )
    yield "pcs"
    for told, is_told, bad, is_bad in shares:
        if is_told:
            yield told
            if is_bad:
                yield bad
    if until is not None and 0 <= (until - today).days < SOON_DAYS:
        yield "system_ends_soon"


def behind(
    count: Behind, machines: Iterable[Counted], now: int, systems: Iterable[System] = SYSTEMS
) -> list[Counted]:
    """The machines that a count is made of."""
    support = _Support(tuple(systems))
    return [each for each in machines if count in counts_in(each, now, support)]


def _of_unit(office: Office, machines: list[Counted], now: int, support: _Support) -> Counts:
    words = Counter(word for each in machines for word in counts_in(each, now, support))
    others: Counter[str] = Counter()
    years = 0
    for each in machines:
        heard = each.last_seen >= now - SILENT_DAYS * DAY_MS
        if heard and each.facts.kind not in PCS:
            others[each.facts.kind] += 1
        elif heard and each.facts.made is not None:
            years += max(0, date_of(day_of(now)).year - each.facts.made)
    staff, pcs = office.staff, words["pcs"]
    wanted = 0 if staff is None else ceil(round(staff * TARGETS.get(office.level, 1.0), 6))
    return Counts(
        units=1,
        staff=staff or 0,
        staff_known=int(staff is not None),
        wanted=wanted,
        pcs_where_staff_known=pcs if staff else 0,
        short=max(0, wanted - pcs),
        age_years=years,
        others=dict(sorted(others.items())),
        **words,
    )
