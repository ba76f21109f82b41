"""Makes the table of checks follow the registry, in the transaction that changed it."""

import sqlalchemy as sa

from inventory import tables
from inventory.plan import Contents, Planned, plan
from inventory.records import (
    Link,
    Maintenance,
    Service,
    ServiceCheck,
    Setting,
    Template,
    Unit,
    WatchedDevice,
    record_of,
)
from inventory.state import State


def read_contents(connection: sa.Connection) -> Contents:
    """All versions of everything that plans are made of."""
    t = tables

    def rows(table: sa.Table, *order: sa.ColumnElement[object]) -> sa.MappingResult:
        return connection.execute(sa.select(table).order_by(*order, table.c.id)).mappings()

    return Contents(
        units=[record_of(Unit, row) for row in rows(t.units, t.units.c.position, t.units.c.code)],
        links=[record_of(Link, row) for row in rows(t.links)],
        services=[record_of(Service, row) for row in rows(t.services, t.services.c.code)],
        templates=[record_of(Template, row) for row in rows(t.templates)],
        settings=[record_of(Setting, row) for row in rows(t.settings)],
        devices=[record_of(WatchedDevice, row) for row in rows(t.watched_devices)],
        maintenance=[record_of(Maintenance, row) for row in rows(t.maintenance)],
        service_checks=[record_of(ServiceCheck, row) for row in rows(t.service_checks)],
    )


def rebuild(connection: sa.Connection, now: int) -> None:
    """Plan anew as of `now`, write what differs, and raise the registry's revision.

    A check keeps its id while it means the same; one that is not planned any more is ended, one that comes back
    goes on under its old id.
    """
    contents = read_contents(connection)
    wanted = {check.meaning: check for check in plan(contents, now)}
    known = {row.meaning: row for row in connection.execute(sa.select(tables.checks))}
    for meaning, row in known.items():
        if meaning not in wanted and row.until is None:
            _update(connection, row.id, {"until": now})
    fresh = []
    for meaning, check in wanted.items():
        values = _values(check)
        if meaning not in known:
            fresh.append(values | {"meaning": meaning, "since": now})
        elif changed := _changed(known[meaning], values | {"until": None}):
            _update(connection, known[meaning].id, changed)
    if fresh:
        connection.execute(sa.insert(tables.checks), fresh)
    _raise_revision(connection, now, contents.next_change(now))


def rebuild_if_due(state: State, now: int) -> bool:
    """Plan anew if something in the registry began or ended by itself since the last time; True if so.

    One small read when there is nothing to do: call it each minute or so.
    """
    with state.read() as connection:
        until = connection.scalar(sa.select(tables.registry.c.plan_until))
    if until is None or now < until:
        return False
    with state.write() as connection:
        rebuild(connection, now)
    return True


def read_revision(connection: sa.Connection) -> int:
    """Grows with each change of the registry; 0 before the first."""
    return connection.scalar(sa.select(tables.registry.c.revision)) or 0


def _values(check: Planned) -> dict[str, object]:
    return {name: getattr(check, name) for name in Planned.__dataclass_fields__}


def _changed(row: sa.Row[tuple[object, ...]], values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if row._mapping[name] != value}


def _update(connection: sa.Connection, id_: int, values: dict[str, object]) -> None:
    connection.execute(sa.update(tables.checks).where(tables.checks.c.id == id_).values(values))


def _raise_revision(connection: sa.Connection, now: int, plan_until: int | None) -> None:
    values = {"planned_at": now, "plan_until": plan_until}
    revision = read_revision(connection)
    if revision:
        connection.execute(sa.update(tables.registry).values(values | {"revision": revision + 1}))
    else:
        connection.execute(sa.insert(tables.registry), values | {"id": 1, "revision": 1})
