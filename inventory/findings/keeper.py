"""Findings in the state store: opened when they begin to follow from what was heard and said, closed when they no longer do."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from core.errors import BadInput
from inventory.census.facts import Counted
from inventory.devices import macs
from inventory.findings.decide import Finding, Had, Heard, Mark, findings
from inventory.findings.tables import device_marks
from inventory.findings.tables import findings as table
from inventory.lan.classes import class_of
from inventory.lan.tables import sightings
from inventory.lan.vendors import vendor
from inventory.state import State

Says = Literal["approved", "retired", "verified", "noted"]
"""`verified`: somebody stood before it; `noted`: a note alone. Findings follow from the other two."""
VERDICTS = ("approved", "retired")
MOST = 1_000
"""Subjects of one word of people's."""
_f, _m = table.c, device_marks.c


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding as it is kept. `closed_at` is None while it stands."""

    id: int
    unit: str
    kind: str
    subject: str
    device: str
    name: str
    since: int
    last_seen: int
    opened_at: int
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class KeptMark:
    id: int
    unit: str
    subject: str
    says: str
    note: str
    who: str
    at: int


def refresh(state: State, machines: Sequence[Counted], current: Callable[[str], str], now: int) -> int:
    """Bring the findings of all units up to what follows now; how many were opened or closed.

    `current` gives a machine's name of now for one that it had when people spoke of it; other texts as they are.
    """
    with state.read() as connection:
        wanted = _wanted(connection, machines, current)
        standing = {
            (row.unit, row.kind, row.subject): row
            for row in connection.execute(sa.select(table).where(_f.closed_at.is_(None)))
        }
    new = [key for key in wanted if key not in standing]
    gone = [row.id for key, row in standing.items() if key not in wanted]
    changed = [
        {"of_id": row.id, "to_name": finding.name, "to_device": finding.device, "to_seen": finding.last_seen}
        for key, finding in wanted.items()
        if (row := standing.get(key)) is not None
        and (row.name, row.device, row.last_seen) != (finding.name, finding.device, finding.last_seen)
    ]
    if not (new or gone or changed):
        return 0
    with state.write() as connection:
        if new:
            rows = [
                {"unit": unit, **_row(wanted[unit, kind, subject]), "opened_at": now}
                for unit, kind, subject in new
            ]
            connection.execute(sa.insert(table), rows)
        if changed:
            connection.execute(_CHANGE, changed)
        for id_ in gone:
            connection.execute(sa.update(table).where(_f.id == id_).values(closed_at=now))
    return len(new) + len(gone)


def _wanted(
    connection: sa.Connection, machines: Sequence[Counted], current: Callable[[str], str]
) -> Mapping[tuple[str, str, str], Finding]:
    heard: dict[str, list[Heard]] = defaultdict(list)
    for row in connection.execute(_SIGHTINGS):
        names, hints = json.loads(row.names), json.loads(row.hints)
        name, kind = next(iter(names), ""), class_of(hints, list(names), vendor(row.mac))
        heard[row.unit].append(Heard(row.mac, kind, name, row.first_seen, row.last_seen))
    had: dict[str, list[Had]] = defaultdict(list)
    for each in machines:
        facts = each.facts
        had[each.unit].append(Had(each.name, facts.kind, facts.hostname, facts.macs, each.last_seen))
    marks: dict[str, list[Mark]] = defaultdict(list)
    spoken = sa.select(device_marks).where(_m.undone_at.is_(None), _m.says.in_(VERDICTS)).order_by(_m.id)
    for row in connection.execute(spoken):
        marks[row.unit].append(Mark(current(row.subject), row.says, row.at))
    known = macs(connection).union(*(each.facts.macs for each in machines))
    return {
        (unit, found.kind, found.subject): found
        for unit in {*heard, *had}
        for found in findings(heard[unit], had[unit], known, marks[unit])
    }


def _row(finding: Finding) -> dict[str, object]:
    names = ("kind", "subject", "device", "name", "since", "last_seen")
    return {name: getattr(finding, name) for name in names}


def read(
    connection: sa.Connection, unit: str | None = None, kind: str | None = None, *, standing: bool = True
) -> Iterable[KeptFinding]:
    """By id. `standing`: those that were not closed; else all."""
    wheres: list[sa.ColumnElement[bool]] = [_f.closed_at.is_(None)] if standing else []
    wheres += [_f.unit == unit] if unit is not None else []
    wheres += [_f.kind == kind] if kind is not None else []
    for row in connection.execute(sa.select(table).where(*wheres).order_by(_f.id)):
        yield KeptFinding(*row)


def mark(
    state: State, unit: str, subjects: Sequence[str], says: Says, note: str, who: str, at: int
) -> list[int]:
    """Keep what somebody said of devices of a unit at a time; the ids of what is kept, in the order of `subjects`.

    The same word of the same person at the same time is kept once: what was said without a line is sent until it arrives.

    Raises:
        BadInput: there are none, or more than MOST; or a note alone is empty.
    """
    if not 0 < len(subjects) <= MOST:
        raise BadInput(f"{len(subjects)} devices", where="$.subjects", todo=f"Name 1 to {MOST} of them")
    if says == "noted" and not note.strip():
        raise BadInput("a note without a word", where="$.note", todo="Write one")
    ids = []
    with state.write() as connection:
        for subject in subjects:
            row = {"unit": unit, "subject": subject, "says": says, "note": note, "who": who, "at": at}
            there = connection.scalar(sa.select(_m.id).filter_by(**row))
            made = None if there else connection.execute(sa.insert(device_marks), row).inserted_primary_key
            ids.append(int(made[0]) if made else int(there or 0))
    return ids


def unmark(state: State, number: int, now: int) -> bool:
    """Undo one; False when there is none that stands."""
    query = sa.update(device_marks).where(_m.id == number, _m.undone_at.is_(None)).values(undone_at=now)
    with state.write() as connection:
        return bool(connection.execute(query).rowcount)


def marks(
    connection: sa.Connection, unit: str | None = None, *, subjects: Sequence[str] | None = None
) -> list[KeptMark]:
    """What stands, of a unit or of devices in any unit, by the time at which it was said."""
    wheres: list[sa.ColumnElement[bool]] = [_m.undone_at.is_(None)]
    wheres += [_m.unit == unit] if unit is not None else []
    wheres += [_m.subject.in_(subjects)] if subjects is not None else []
    query = sa.select(_m.id, _m.unit, _m.subject, _m.says, _m.note, _m.who, _m.at).where(*wheres)
    return [KeptMark(*row) for row in connection.execute(query.order_by(_m.at, _m.id))]


_SIGHTINGS = sa.select(
    sightings.c.unit,
    sightings.c.mac,
    sightings.c.names,
    sightings.c.hints,
    sightings.c.first_seen,
    sightings.c.last_seen,
)
_CHANGE = (
    sa.update(table)
    .where(_f.id == sa.bindparam("of_id"))
    .values(name=sa.bindparam("to_name"), device=sa.bindparam("to_device"), last_seen=sa.bindparam("to_seen"))
)
