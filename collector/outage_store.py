"""Outages as they are stored: every change of each kept, with the outage as it was after it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import msgspec
import sqlalchemy as sa

from collector import verdict_tables as tables
from collector.outages import Change
from collector.services.subjects import ALONE, PREFIX, is_itself
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


OF_SERVICE = tables.outages.c.subject.startswith(PREFIX, autoescape=True)
OF_UNIT = sa.or_(sa.not_(OF_SERVICE), tables.outages.c.subject.endswith(f"|{ALONE}", autoescape=True))
"""Outages that are of the unit that they are stored with: not those of a service, or of the way to it, for several units."""


def read_since(connection: sa.Connection, since: int, *, of_services: bool = False) -> list[Outage]:
    """All outages of units and what is in them, or those of services; retracted ones too, that are open or ended at
    `since` or later."""
    table = tables.outages
    rows = connection.execute(
        sa.select(table)
        .where(table.c.ended_at.is_(None) | (table.c.ended_at >= since))
        .where(OF_SERVICE if of_services else sa.not_(OF_SERVICE))
        .order_by(table.c.id)
    )
    return [_outage_of(row) for row in rows]


def read_page(
    connection: sa.Connection,
    unit: str | None,
    *,
    open_only: bool,
    roots_only: bool = False,
    cause: Cause | None = None,
    service: str | None = None,
    before: int | None,
    limit: int,
) -> list[Outage]:
    """Newest first. Retracted ones are among them unless only open ones are asked for.

    Of a `unit`: its own and what is in it, and services that it alone cannot reach. Of a `service`: all.
    """
    table = tables.outages
    query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
    if unit is not None:
        query = query.where(table.c.unit == unit, OF_UNIT)
    if service is not None:
        whole = f"{PREFIX}{service}"
        query = query.where(
            (table.c.subject == whole) | table.c.subject.startswith(f"{whole}|", autoescape=True)
        )
    if open_only:
        query = query.where(table.c.ended_at.is_(None), table.c.retracted.is_(False))
    if roots_only:
        query = query.where(table.c.root.is_(None))
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


def read_explained_counts(connection: sa.Connection, roots: Collection[int]) -> dict[int, int]:
    """How many each of these explains; those that explain none are left out."""
    c = tables.outages.c
    query = (
        sa.select(c.root, sa.func.count()).where(c.root.in_(roots), c.retracted.is_(False)).group_by(c.root)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def counts(connection: sa.Connection) -> dict[tuple[str, Cause], int]:
    """How many there were of each unit, by cause, without retracted ones and those of services."""
    c = tables.outages.c
    query = (
        sa.select(c.unit, c.cause, sa.func.count())
        .where(c.retracted.is_(False), sa.not_(OF_SERVICE))
        .group_by(c.unit, c.cause)
    )
    return {(unit, Cause(cause)): count for unit, cause, count in connection.execute(query)}


def service_counts(connection: sa.Connection) -> dict[tuple[str, Cause], int]:
    """How many there were of each service itself, by cause, without retracted ones."""
    c = tables.outages.c
    query = (
        sa.select(c.subject, c.cause, sa.func.count())
        .where(c.retracted.is_(False), OF_SERVICE)
        .group_by(c.subject, c.cause)
    )
    return {
        (subject.removeprefix(PREFIX), Cause(cause)): count
        for subject, cause, count in connection.execute(query)
        if is_itself(subject)
    }


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
