"""Outages as they are stored: every change of each kept, with the outage as it was after it."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import sqlalchemy as sa

from collector import verdict_tables as tables
from collector.outages import Change
from collector.views import Outage, OutageChange, Sentence
from core.values import Cause


def write(connection: sa.Connection, changes: Sequence[Change], now: int) -> list[OutageChange]:
    """Store the changes; returns them as they are told to others, with ids."""
    told = []
    for change in changes:
        values = _values(change.outage)
        outage = change.outage
        if outage.id == 0:
            key = connection.execute(tables.outages.insert().values(values)).inserted_primary_key
            outage = replace(outage, id=int(key[0]) if key else 0)
        else:
            connection.execute(tables.outages.update().where(tables.outages.c.id == outage.id).values(values))
        for what in change.what:
            row = connection.execute(
                tables.outage_changes.insert().values(at=now, what=what, outage=outage.id, **values)
            )
            key = row.inserted_primary_key
            told.append(OutageChange(int(key[0]) if key else 0, now, what, outage))
    return told


def _values(outage: Outage) -> dict[str, object]:
    return {
        "unit": outage.unit,
        "began_at": outage.began_at,
        "detected_at": outage.detected_at,
        "ended_at": outage.ended_at,
        "reason": outage.reason,
        "revision": outage.revision,
        "retracted": outage.retracted,
        "subject": outage.subject,
        "cause": outage.cause,
        "final": outage.final,
        "root": outage.root,
        "evidence": _json.encode(outage.evidence).decode(),
    }


def read_since(connection: sa.Connection, since: int) -> list[Outage]:
    """All outages, retracted ones too, that are open or ended at `since` or later."""
    table = tables.outages
    rows = connection.execute(
        sa.select(table).where(table.c.ended_at.is_(None) | (table.c.ended_at >= since)).order_by(table.c.id)
    )
    return [_outage_of(row) for row in rows]


def read_page(
    connection: sa.Connection,
    unit: str | None,
    *,
    open_only: bool,
    cause: Cause | None = None,
    before: int | None,
    limit: int,
) -> list[Outage]:
    """Newest first. Retracted ones are among them unless only open ones are asked for."""
    table = tables.outages
    query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
    if unit is not None:
        query = query.where(table.c.unit == unit)
    if open_only:
        query = query.where(table.c.ended_at.is_(None), table.c.retracted.is_(False))
    if cause is not None:
        query = query.where(table.c.cause == cause)
    if before is not None:
        query = query.where(table.c.id < before)
    return [_outage_of(row) for row in connection.execute(query)]


def read_one(connection: sa.Connection, id: int) -> Outage | None:  # noqa: A002 - what it is
    row = connection.execute(sa.select(tables.outages).where(tables.outages.c.id == id)).one_or_none()
    return _outage_of(row) if row is not None else None


def read_explained(connection: sa.Connection, root: int) -> list[Outage]:
    """Those whose root is this one, oldest first."""
    table = tables.outages
    query = sa.select(table).where(table.c.root == root, table.c.retracted.is_(False)).order_by(table.c.id)
    return [_outage_of(row) for row in connection.execute(query)]


def counts(connection: sa.Connection) -> dict[tuple[str, Cause], int]:
    """How many there were of each unit, by cause, without retracted ones."""
    c = tables.outages.c
    query = (
        sa.select(c.unit, c.cause, sa.func.count()).where(c.retracted.is_(False)).group_by(c.unit, c.cause)
    )
    return {(unit, Cause(cause)): count for unit, cause, count in connection.execute(query)}


def read_revisions(connection: sa.Connection, outage: int) -> list[OutageChange]:
    """What happened to one outage, oldest first."""
    table = tables.outage_changes
    query = sa.select(table).where(table.c.outage == outage).order_by(table.c.id)
    return [_change_of(row) for row in connection.execute(query)]


def read_changes(connection: sa.Connection, after: int, limit: int) -> list[OutageChange]:
    """Oldest first."""
    table = tables.outage_changes
    rows = connection.execute(sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(limit))
    return [_change_of(row) for row in rows]


def _change_of(row: sa.Row[tuple[object, ...]]) -> OutageChange:
    return OutageChange(row.id, row.at, row.what, replace(_outage_of(row), id=row.outage))


def _outage_of(row: sa.Row[tuple[object, ...]]) -> Outage:
    return Outage(
        id=row.id,
        unit=row.unit,
        began_at=row.began_at,
        detected_at=row.detected_at,
        ended_at=row.ended_at,
        reason=row.reason,
        revision=row.revision,
        retracted=row.retracted,
        subject=row.subject,
        cause=Cause(row.cause),
        final=row.final,
        root=row.root,
        evidence=_evidence.decode(row.evidence),
    )


_json = msgspec.json.Encoder()
_evidence = msgspec.json.Decoder(tuple[Sentence, ...])
