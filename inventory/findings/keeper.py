"""Findings in the state store: opened when they begin to follow from what was heard and said, closed when they no longer do."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from core.errors import BadInput
from inventory.census.facts import Counted
from inventory.findings.configs import device_of
from inventory.findings.decide import KINDS, Finding, key_of
from inventory.findings.gather import gather, in_units
from inventory.findings.tables import device_marks
from inventory.findings.tables import findings as table
from inventory.state import State

Says = Literal["approved", "retired", "verified", "noted"]
"""`verified`: somebody stood before it; `noted`: a note alone. Findings follow from the other two."""
SUBJECT = "^([0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{32}|device-[1-9][0-9]{0,17})$"
"""A MAC, a machine's name, or a device that is asked for its configuration."""
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
    detail: str


@dataclass(frozen=True, slots=True)
class KeptMark:
    id: int
    unit: str
    subject: str
    says: str
    note: str
    who: str
    at: int
    kind: str
    """Of which kind of finding; empty: of the device."""


def refresh(
    state: State,
    machines: Sequence[Counted],
    names: Mapping[int, str],
    current: Callable[[str], str],
    now: int,
    units: Collection[str] | None = None,
) -> int:
    """Bring the findings of all units, or of these, up to what follows now; how many were opened or closed.

    `names` says which machine each face stands in (`Machines.names_of_faces`); `current` gives a machine's name of now for one that it had when people spoke of it; other texts as they are.
    """
    with state.read() as connection:
        wanted = gather(connection, machines, names, current, now, units)
        standing = {
            (row.unit, key_of(row.kind, row.subject, row.since)): row
            for row in connection.execute(
                sa.select(table).where(_f.closed_at.is_(None), in_units(_f.unit, units))
            )
        }
    new = [key for key in wanted if key not in standing]
    gone = [row.id for key, row in standing.items() if key not in wanted]
    changed = [
        {"of_id": row.id, **{f"to_{name}": getattr(finding, name) for name in _MOVES}}
        for key, finding in wanted.items()
        if (row := standing.get(key)) is not None
        and any(getattr(row, name) != getattr(finding, name) for name in _MOVES)
    ]
    if not (new or gone or changed):
        return 0
    with state.write() as connection:
        if new:
            rows = [{"unit": key[0], **_row(wanted[key]), "opened_at": now} for key in new]
            connection.execute(sa.insert(table), rows)
        if changed:
            connection.execute(_CHANGE, changed)
        for id_ in gone:
            connection.execute(sa.update(table).where(_f.id == id_).values(closed_at=now))
    return len(new) + len(gone)


def _row(finding: Finding) -> dict[str, object]:
    names = ("kind", "subject", "device", "name", "since", "last_seen", "detail")
    return {name: getattr(finding, name) for name in names}


def read(
    connection: sa.Connection,
    unit: str | None = None,
    kinds: Collection[str] = KINDS,
    *,
    standing: bool = True,
) -> Iterable[KeptFinding]:
    """By id. `standing`: those that were not closed; else all."""
    wheres: list[sa.ColumnElement[bool]] = [_f.closed_at.is_(None)] if standing else []
    wheres += [_f.unit == unit] if unit is not None else []
    wheres += [_f.kind.in_(kinds)] if kinds is not KINDS else []
    for row in connection.execute(sa.select(table).where(*wheres).order_by(_f.id)):
        yield KeptFinding(*row)


def mark(
    state: State,
    unit: str,
    subjects: Sequence[str],
    says: Says,
    note: str,
    who: str,
    at: int,
    kind: str = "",
) -> list[int]:
    """Keep what somebody said of devices of a unit at a time; the ids of what is kept, in the order of `subjects`.

    The same word of the same person at the same time is kept once: what was said without a line is sent until it arrives.
    With a `kind` it is what was found of this kind that is approved, and not the device.

    Raises:
        BadInput: there are none, or more than MOST; a note alone is empty; or what is said cannot be said of that.
    """
    if not 0 < len(subjects) <= MOST:
        raise BadInput(f"{len(subjects)} devices", where="$.subjects", todo=f"Name 1 to {MOST} of them")
    if says == "noted" and not note.strip():
        raise BadInput("a note without a word", where="$.note", todo="Write one")
    if kind and says != "approved":
        raise BadInput(
            f"what was found cannot be {says}", where="$.says", todo="Approve it, or leave kind out"
        )
    if not kind and any(device_of(subject) is not None for subject in subjects):
        raise BadInput(
            "nothing follows from this", where="$.kind", todo="Say which kind of finding is approved"
        )
    ids = []
    with state.write() as connection:
        for subject in subjects:
            row = {
                "unit": unit,
                "subject": subject,
                "says": says,
                "note": note,
                "who": who,
                "at": at,
                "kind": kind,
            }
            there = connection.scalar(sa.select(_m.id).filter_by(**row))
            made = None if there else connection.execute(sa.insert(device_marks), row).inserted_primary_key
            ids.append(int(made[0]) if made else int(there or 0))
    return ids


def unmark(state: State, number: int, now: int) -> KeptMark | None:
    """Undo one; as it was, None when there is none that stands."""
    with state.write() as connection:
        row = connection.execute(_MARKS.where(_m.id == number)).first()
        if row is None:
            return None
        connection.execute(sa.update(device_marks).where(_m.id == number).values(undone_at=now))
        return KeptMark(*row)


def marks(
    connection: sa.Connection, unit: str | None = None, *, subjects: Sequence[str] | None = None
) -> list[KeptMark]:
    """What stands, of a unit or of devices in any unit, by the time at which it was said."""
    wheres = [_m.unit == unit] if unit is not None else []
    wheres += [_m.subject.in_(subjects)] if subjects is not None else []
    return [KeptMark(*row) for row in connection.execute(_MARKS.where(*wheres).order_by(_m.at, _m.id))]


_MARKS = sa.select(_m.id, _m.unit, _m.subject, _m.says, _m.note, _m.who, _m.at, _m.kind).where(
    _m.undone_at.is_(None)
)
_MOVES = ("name", "device", "last_seen", "detail", "since")
"""What of a finding is as it follows now."""
_CHANGE = (
    sa.update(table)
    .where(_f.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(f"to_{name}") for name in _MOVES})
)
