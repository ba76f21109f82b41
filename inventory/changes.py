"""Every change of the registry, from a file or from code: proposed, then applied whole or not at all."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import sqlalchemy as sa

from core.errors import BadInput
from inventory.exchange.cells import Scalar, Wrong
from inventory.exchange.diff import Change, Key, Outcome, compare
from inventory.exchange.faults import BadRows, Fault
from inventory.exchange.lines import Line, read_cell
from inventory.exchange.rules import broken
from inventory.exchange.sheets import SHEETS, Sheet
from inventory.rebuild import read_revision, rebuild
from inventory.state import State

Value = Scalar | Mapping[str, object] | Sequence[str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a change would do as of `now` to the registry of `revision`, and what is wrong with it."""

    now: int
    revision: int
    outcomes: Mapping[str, Outcome]
    faults: Sequence[Fault] = field(default_factory=list)

    @property
    def changes(self) -> Sequence[Change]:
        return [change for outcome in self.outcomes.values() for change in outcome.changes]


def propose(
    connection: sa.Connection,
    lines: Mapping[str, Sequence[Line]],
    now: int,
    *,
    faults: Sequence[Fault] = (),
    end_missing: bool = False,
    ending: Mapping[str, Callable[[Key], bool]] = MappingProxyType({}),
) -> Proposal:
    """Hold lines by table name against what is there. `faults` are those that reading the lines gave already.

    With `end_missing`, what is true now and in no line ends, in the tables that have lines; with `ending`, in these
    tables, what has a key of which that is said.
    """
    outcomes = {}
    for name, sheet in SHEETS.items():
        rows = connection.execute(sa.select(sheet.table).order_by(sheet.table.c.id)).mappings().all()
        said = lines.get(name, ())
        ends = ending.get(name) or (_any if end_missing and said else None)
        outcomes[name] = compare(sheet, rows, said, now, end_missing=ends)
    found = [
        *faults,
        *(fault for outcome in outcomes.values() for fault in outcome.faults),
        *broken(outcomes),
    ]
    return Proposal(now, read_revision(connection), outcomes, list(dict.fromkeys(found)))


def apply(connection: sa.Connection, proposal: Proposal) -> bool:
    """Write what was proposed, in the caller's transaction, and plan anew; False if there was nothing to change.

    Raises:
        BadRows: the proposal has faults.
        BadInput: the registry was changed since it was proposed.
    """
    if proposal.faults:
        raise BadRows(proposal.faults)
    if proposal.revision != read_revision(connection):
        raise BadInput("the registry was changed meanwhile", todo="Look at the changes again")
    if not proposal.changes:
        return False
    for outcome in proposal.outcomes.values():
        _write(connection, outcome)
    rebuild(connection, proposal.now)
    return True


def put(
    state: State,
    now: int,
    rows: Mapping[str, Sequence[Mapping[str, Value]]],
    *,
    ending: Mapping[str, Callable[[Key], bool]] = MappingProxyType({}),
) -> bool:
    """Add or change rows by table name; True if anything changed.

    The rules are those of an import: columns that a row does not name stay as they are, a row without
    `valid_from` holds from now on, and all of it happens or nothing. `params` may be a mapping, addresses a list.
    What is true now, in no row, and `ending` by table name and key, ends now.

    Raises:
        BadRows: something is wrong with the rows; nothing was changed.
    """
    lines: dict[str, Sequence[Line]] = {}
    faults: list[Fault] = []
    for name, given in rows.items():
        read = [_line(SHEETS[name], number, row) for number, row in enumerate(given, start=1)]
        lines[name] = [line for line, _ in read]
        faults += [fault for _, wrong in read for fault in wrong]
    with state.write() as connection:
        return apply(connection, propose(connection, lines, now, faults=faults, ending=ending))


def put_unit(state: State, now: int, **columns: Value) -> bool:
    """Add or change one unit: `code`, and the columns to set. See `put`."""
    return put(state, now, {"units": [columns]})


def put_link(state: State, now: int, **columns: Value) -> bool:
    """Add or change one link: `unit`, `kind` (and `name` if there are several), and the columns to set."""
    return put(state, now, {"links": [columns]})


def put_service(state: State, now: int, **columns: Value) -> bool:
    """Add or change one service: `code`, and the columns to set."""
    return put(state, now, {"services": [columns]})


def put_service_check(state: State, now: int, **columns: Value) -> bool:
    """Add or change one way in which a service is looked at: `service`, `name`, and the columns to set."""
    return put(state, now, {"service_checks": [columns]})


def put_template(state: State, now: int, **columns: Value) -> bool:
    """Add or change one template line: `level`, `vantage`, `label`, and the columns to set."""
    return put(state, now, {"templates": [columns]})


def set_setting(state: State, now: int, name: str, value: str | int) -> bool:
    """Set one of `inventory.plan.SETTINGS`."""
    return put(state, now, {"settings": [{"name": name, "value": value}]})


def _any(_key: Key) -> bool:
    return True


def _line(sheet: Sheet, number: int, row: Mapping[str, Value]) -> tuple[Line, list[Fault]]:
    values: dict[str, Scalar] = {}
    faults = []
    for name, value in row.items():
        column = next((column for column in sheet.columns if column.name == name), None)
        try:
            if column is None:
                raise Wrong("unknown column")
            read_cell(column, column.show(_scalar(value)), values)
        except Wrong as error:
            faults.append(Fault(sheet.name, number, name, str(error)))
    return Line(sheet.name, number, values, frozenset(fault.column for fault in faults)), faults


def _scalar(value: Value) -> Scalar:
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(value)
    return value


def _write(connection: sa.Connection, outcome: Outcome) -> None:
    table = outcome.sheet.table
    for version in outcome.versions:
        if version.gone:
            connection.execute(sa.delete(table).where(table.c.id == version.id))
        elif version.before is not None and version.row != version.before:
            connection.execute(sa.update(table).where(table.c.id == version.id).values(version.row))
    fresh = [v.row for v in outcome.versions if v.before is None and not v.gone]
    if fresh:
        connection.execute(sa.insert(table), fresh)
