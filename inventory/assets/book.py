"""The asset book of a unit beside what was heard there: which row is which machine, what is only in one of the two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory.assets import keeper
from inventory.assets.keeper import BookRow
from inventory.assets.match import Fit, Matching, Seen, Written, match
from inventory.census.lists import Listed, of_unit
from inventory.findings.decide import DAY_MS, RULES
from inventory.lan.reads import Sighting, read_sightings
from inventory.machines.reads import Machines
from inventory.state import State

_INVENTED = 2
"""The bit of a MAC's first octet that says that no maker gave it (IEEE 802)."""


@dataclass(frozen=True, slots=True)
class Book:
    """`rows` by asset number. `names`: what machines call themselves, by the keys in `matching`: machines' names, and MACs of what
    only sweeps heard."""

    unit: str
    rows: Mapping[str, BookRow]
    names: Mapping[str, str]
    matching: Matching

    def of_machine(self, name: str) -> BookRow | None:
        """The row that a machine is; None where it is in none, or in which is not clear."""
        number = next((row for row, fit in self.matching.found.items() if fit.machine == name), None)
        return None if number is None else self.rows[number]

    def may_be(self, name: str) -> Sequence[BookRow]:
        """Rows that a machine may be, where that is not clear."""
        fits = (fit for some in self.matching.unclear.values() for fit in some if fit.machine == name)
        return [self.rows[fit.row] for fit in fits]

    def fits(self, number: str) -> Sequence[Fit]:
        """The machine that a row is, or those that it may be."""
        found = self.matching.found.get(number)
        return [found] if found else self.matching.unclear.get(number, ())


def read_book(state: State, machines: Machines, unit: str, now: int) -> Book:
    """As of now. Without a book nothing is held against it: `unlisted` is empty, too."""
    with state.read() as connection:
        rows = {row.asset_number: row for row in keeper.current(connection, unit, now)}
        sightings = read_sightings(connection, unit) if rows else []
    listed = of_unit(state, machines, unit) if rows else []
    macs = {mac for each in listed for mac in each.facts.macs}
    heard = [each for each in sightings if each.mac not in macs and _stays(each, sightings)]
    seen = [*map(_machine, listed), *map(_heard, heard)]
    return Book(
        unit,
        rows,
        {each.key: each.hostname for each in seen},
        match((_written(row) for row in rows.values()), seen),
    )


def _stays(each: Sighting, all_of_them: Sequence[Sighting]) -> bool:
    """Phones that invent their address, and what was heard no more for long, are nobody's assets."""
    swept = max(other.last_seen for other in all_of_them)
    forgotten = swept - each.last_seen > RULES.unknown.forgotten_days * DAY_MS
    return not (int(each.mac[1], 16) & _INVENTED or forgotten)


def _written(row: BookRow) -> Written:
    return Written(row.asset_number, row.asset_number, row.serial, row.mac, row.hostname)


def _machine(each: Listed) -> Seen:
    facts = each.facts
    return Seen(each.name, facts.asset, facts.serial, facts.macs, facts.hostname)


def _heard(each: Sighting) -> Seen:
    return Seen(each.mac, "", "", (each.mac,), next(iter(each.names), ""))
