"""All that findings follow from, read out of the state store and decided unit by unit."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import sqlalchemy as sa

from inventory.census.facts import CLASSES, Counted
from inventory.census.keeper import of_machines
from inventory.census.tables import machine_facts
from inventory.configs.compliance import Fault, faults
from inventory.configs.host_keys import pinned_in
from inventory.configs.store import edges, refused_keys, text_of
from inventory.devices import macs
from inventory.differences.tables import machine_notes
from inventory.findings.configs import Looked, config_findings
from inventory.findings.decide import DAY_MS, RULES, VERDICTS, Finding, Had, Heard, Mark, findings
from inventory.findings.parts import Noted, part_findings
from inventory.findings.tables import device_marks
from inventory.lan.classes import class_of
from inventory.lan.tables import sightings
from inventory.lan.vendors import vendor
from inventory.machines.reads import AGENT
from inventory.machines.tables import faces
from inventory.tables import devices, watched_devices

Key = tuple[str, tuple[str, str, int]]
"""Unit and `Finding.key`."""
MOST_TEXTS = 1 << 14
_known: dict[tuple[str, str], Sequence[Fault]] = {}
"""What is wrong in texts that were read before, by vendor and digest: neither texts nor rules change while this runs."""
_m, _s, _d, _w = device_marks.c, sightings.c, devices.c, watched_devices.c
_n, _f = machine_notes.c, faces.c


def gather(
    connection: sa.Connection,
    machines: Sequence[Counted],
    names: Mapping[int, str],
    current: Callable[[str], str],
    now: int,
    units: Collection[str] | None = None,
) -> Mapping[Key, Finding]:
    """What is found in all units, or in these, as of `now`; `machines` are those in them. `names`, `current`: see `keeper.refresh`."""
    heard, had = _heard(connection, units), defaultdict(list)
    for each in machines:
        facts = each.facts
        had[each.unit].append(Had(each.name, facts.kind, facts.hostname, facts.macs, each.last_seen))
    marks: dict[str, list[Mark]] = defaultdict(list)
    spoken = sa.select(device_marks).where(
        _m.undone_at.is_(None), _m.says.in_(VERDICTS), in_units(_m.unit, units)
    )
    for row in connection.execute(spoken.order_by(_m.id)):
        marks[row.unit].append(Mark(current(row.subject), row.says, row.at, row.kind))
    known = macs(connection).union(*(each.facts.macs for each in machines))
    if units is not None:
        known |= _of_others(connection, names, {each.mac for some in heard.values() for each in some} - known)
    found = [
        (unit, each)
        for unit in {*heard, *had}
        for each in findings(heard[unit], had[unit], known, marks[unit])
    ]

    own = {each.name for each in machines}
    here = {face: name for face, name in names.items() if name in own}
    parts = _noted(connection, here, now)
    for unit, machine in ((unit, each) for unit, all_ in had.items() for each in all_):
        found += [
            (unit, each) for each in part_findings(machine, parts.get(machine.name, ()), marks[unit], now)
        ]

    def wrong(vendor_of: str, digest: str) -> Sequence[Fault]:
        return _faults(connection, vendor_of, digest)

    for unit, device in _looked(connection, now, units):
        found += [(unit, each) for each in config_findings(device, marks[unit], wrong, now)]
    return {(unit, each.key): each for unit, each in found}


def in_units(column: sa.ColumnElement[str], units: Collection[str] | None) -> sa.ColumnElement[bool]:
    """Whether it is one of these, where there are any."""
    return sa.true() if units is None else column.in_(units)


def _of_others(connection: sa.Connection, names: Mapping[int, str], wanted: Collection[str]) -> set[str]:
    """MACs of machines, in any unit, that have or had one of these."""
    hits = connection.scalars(_WITH_MACS, {"wanted": json.dumps(sorted(wanted))})
    machines = of_machines(connection, names, {names[face] for face in hits if face in names})
    return {mac for each in machines for mac in each.facts.macs}


def _heard(connection: sa.Connection, units: Collection[str] | None) -> dict[str, list[Heard]]:
    found: dict[str, list[Heard]] = defaultdict(list)
    columns = (_s.unit, _s.mac, _s.names, _s.hints, _s.first_seen, _s.last_seen)
    for row in connection.execute(sa.select(*columns).where(in_units(_s.unit, units))):
        names, hints = json.loads(row.names), json.loads(row.hints)
        name, kind = next(iter(names), ""), class_of(hints, list(names), vendor(row.mac))
        found[row.unit].append(Heard(row.mac, kind, name, row.first_seen, row.last_seen))
    return found


def _noted(connection: sa.Connection, names: Mapping[int, str], now: int) -> dict[str, list[Noted]]:
    """What of memory and disks changed, by machine, as far back as anything is told of it."""
    found: dict[str, list[Noted]] = defaultdict(list)
    query = (
        sa.select(_n.face, AGENT, _f.last_seen, _n.at, _n.kind, _n.subject, _n.told, _n.delta)
        .join(faces, _f.id == _n.face)
        .where(
            _n.face.in_(sa.select(_ids.c.value)),
            _n.kind.in_(("memory", "disk")),
            _n.at > now - RULES.parts.forgotten_days * DAY_MS,
        )
    )
    for face, agent, *rest in connection.execute(query, {"ids": json.dumps(list(names))}):
        if face in names:
            found[names[face]].append(Noted(agent or "", *rest))
    return found


def _looked(
    connection: sa.Connection, now: int, units: Collection[str] | None
) -> Iterator[tuple[str, Looked]]:
    """Devices whose configuration is kept, by what the registry calls them now."""
    named = {
        (row.unit, row.address): row
        for row in connection.execute(
            sa.select(_w.unit, _w.address, _w.name, _w.kind, _w.access).where(
                _w.valid_from <= now, sa.or_(_w.valid_to.is_(None), _w.valid_to > now)
            )
        )
    }
    looks, refused = edges(connection, units), refused_keys(connection)
    for row in connection.execute(sa.select(_d.id, _d.unit, _d.address).where(_d.id.in_(looks))):
        registered = named.get((row.unit, row.address))
        kind = registered.kind if registered is not None and registered.kind in CLASSES else "router"
        name = registered.name if registered is not None else row.address
        pinned = pinned_in(registered.access) if registered is not None else ""
        yield row.unit, Looked(row.id, kind, name, looks[row.id], refused.get(row.id, ()), pinned)


def _faults(connection: sa.Connection, vendor_of: str, digest: str) -> Sequence[Fault]:
    found = _known.get((vendor_of, digest))
    if found is None:
        found = tuple(faults(vendor_of, text_of(connection, digest)))
        if len(_known) >= MOST_TEXTS:
            _known.clear()
        _known[vendor_of, digest] = found
    return found


_ids = sa.func.json_each(sa.bindparam("ids")).table_valued("value")
_mac = sa.func.json_each(machine_facts.c.facts, "$.macs").table_valued("value")
_WITH_MACS = (
    sa.select(machine_facts.c.face)
    .distinct()
    .select_from(machine_facts.join(_mac, sa.true()))
    .where(
        _mac.c.value.in_(sa.select(sa.func.json_each(sa.bindparam("wanted")).table_valued("value").c.value))
    )
)
