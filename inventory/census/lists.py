"""Machines in lists: those of a unit, and those that somebody searches for, by the facts that were made of each."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from inventory.census.facts import Facts
from inventory.census.keeper import OF_AGENT, OF_HEARD, refresh, together
from inventory.census.tables import machine_facts
from inventory.census.words import wanted
from inventory.lan.reads import Sighting, search_sightings
from inventory.machines.reads import Machines, newest_of_agents
from inventory.machines.tables import faces, heard
from inventory.state import State
from inventory.tables import devices

_decoder = msgspec.json.Decoder(Facts)


@dataclass(frozen=True, slots=True)
class Listed:
    """A machine by whatever agents it has, in the unit where it was heard last. `first_seen` in any unit."""

    name: str
    unit: str
    first_seen: int
    last_seen: int
    facts: Facts


def of_unit(state: State, machines: Machines, unit: str) -> list[Listed]:
    """Those that were heard last in this unit, by their hostnames; as of now."""
    refresh(state, unit=unit)
    machines.refresh()
    with state.read() as connection:
        keys = connection.scalars(sa.select(faces.c.key).where(faces.c.unit == unit))
        found = _listed(connection, machines, {machines.current(key) for key in keys})
    return sorted((each for each in found if each.unit == unit), key=_by_hostname)


def of_province(state: State, machines: Machines) -> list[Listed]:
    """All of them, by units and hostnames; as of the last taking of stock."""
    names = set(machines.names_of_faces().values())
    with state.read() as connection:
        found = _listed(connection, machines, names)
    return sorted(found, key=lambda each: (each.unit, *_by_hostname(each)))


def of_machine(state: State, machines: Machines, name: str) -> Listed | None:
    """One by its name of now; None where its facts were not made yet."""
    return named(state, machines, [name]).get(name)


def named(state: State, machines: Machines, names: Iterable[str]) -> dict[str, Listed]:
    """Several by their names of now; those whose facts were not made yet are not among them."""
    with state.read() as connection:
        return {each.name: each for each in _listed(connection, machines, names)}


def search(state: State, machines: Machines, query: str, limit: int) -> list[Listed]:
    """Those of the whole province in which every word of `query` is found, what it names exactly first; at most `limit`.

    A machine is found as of the last taking of stock. Nothing is found without a word.
    """
    forms = wanted(query)
    if not forms:
        return []
    machines.refresh()
    c = machine_facts.c
    hit_query = (
        sa.select(faces.c.key)
        .join(machine_facts, c.face == faces.c.id)
        .where(*(sa.or_(*(c.words.contains(form, autoescape=True) for form in each)) for each in forms))
        .order_by(~c.words.contains(f"\n{forms[0][-1]}\n", autoescape=True), faces.c.unit, c.face)
        .limit(2 * limit)  # few machines have more than two agents
    )
    with state.read() as connection:
        hits = connection.scalars(hit_query).all()
        names = list(dict.fromkeys(map(machines.current, hits)))[:limit]
        found = {each.name: each for each in _listed(connection, machines, names)}
    return [found[name] for name in names if name in found]


def search_lans(state: State, query: str, limit: int) -> list[Sighting]:
    """The same of what sweeps heard in LANs and nothing else of that unit tells of, neither inventories nor devices that are asked; the
    one heard last first."""
    c = machine_facts.c
    with state.read() as connection:
        sighted = search_sightings(connection, wanted(query), 2 * limit)
        units = {each.unit for each in sighted}
        facts = connection.execute(
            sa.select(faces.c.unit, c.facts)
            .join(machine_facts, c.face == faces.c.id)
            .where(faces.c.unit.in_(units))
        )
        known = {(row.unit, mac) for row in facts for mac in _decoder.decode(row.facts).macs}
        asked: dict[str, str] = {}
        for row in connection.execute(
            sa.select(devices.c.unit, devices.c.words).where(devices.c.unit.in_(units))
        ):
            asked[row.unit] = asked.get(row.unit, "") + row.words
    return [
        each
        for each in sighted
        if (each.unit, each.mac) not in known and f"\n{each.mac}\n" not in asked.get(each.unit, "")
    ][:limit]


def _listed(connection: sa.Connection, machines: Machines, names: Iterable[str]) -> list[Listed]:
    owner = {face: name for name in names for face in machines.faces_of(name)}
    ids = {"ids": json.dumps(list(owner))}
    first: dict[str, int] = {}
    for face, seen in connection.execute(_FACES, ids):
        first[owner[face]] = min(seen, first.get(owner[face], seen))
    heard_of: dict[str, list[Any]] = {}
    for row in connection.execute(_TOLD, ids):
        heard_of.setdefault(owner[row.face], []).append(row)
    found = []
    for name, rows in heard_of.items():
        latest = max(rows, key=lambda row: row.at)
        # Those of what came within the last minutes may not be made yet: what was told before is shown until then.
        made = newest_of_agents(row for row in rows if row.facts is not None)
        if made:
            facts = together([_decoder.decode(row.facts) for row in made])
            found.append(Listed(name, latest.unit, first[name], latest.at, facts))
    return found


def _by_hostname(listed: Listed) -> tuple[str, str]:
    return listed.facts.hostname.casefold(), listed.name


_ids = sa.func.json_each(sa.bindparam("ids")).table_valued("value")
_FACES = sa.select(faces.c.id, faces.c.first_seen).join(_ids, _ids.c.value == faces.c.id)
_TOLD = (
    sa.select(*OF_AGENT, machine_facts.c.facts)
    .select_from(_ids)
    .join(heard, heard.c.face == _ids.c.value)
    .outerjoin(machine_facts, OF_HEARD)
)
