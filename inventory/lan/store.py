"""Puts what an agent heard in its LAN into the state store."""

import json
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from core.wire import Document
from inventory.lan.tables import sightings
from inventory.lan.told import Kept, Seen, bridged, swept, together

KEPT = 8_192
"""MACs of a unit: phones invent a new one for each visit. Who was seen longest ago gives way."""
_AT_ONCE = 500
"""MACs in one query."""


def store_lan(connection: sa.Connection, *, unit: str, document: Document, received_at: int) -> None:
    """Take in a sweep. One from the future counts as of when it was received.

    Raises:
        BadInput: the document is none of a LAN; nothing is stored.
    """
    _keep(connection, unit, swept(document.body).sightings, _time(document, received_at))


def store_bridge(connection: sa.Connection, *, unit: str, document: Document, received_at: int) -> None:
    """The same of what a switch or a router told of the machines at it.

    Raises:
        BadInput: the document is none of a bridge; nothing is stored.
    """
    _keep(connection, unit, bridged(document.body).seen(), _time(document, received_at))


def _time(document: Document, received_at: int) -> int:
    return max(0, min(document.at, received_at))


def _keep(connection: sa.Connection, unit: str, told: Sequence[Seen], at: int) -> None:
    before = _known(connection, unit, [seen.mac for seen in told])
    after = dict(before)
    for seen in told:
        after[seen.mac] = together(after.get(seen.mac), seen, at)
    rows = [_row(unit, mac, kept) for mac, kept in after.items() if before.get(mac) != kept]
    if rows:
        connection.execute(sa.insert(sightings).prefix_with("OR REPLACE"), rows)
    if len(after) > len(before):
        _drop_old(connection, unit)


def _known(connection: sa.Connection, unit: str, macs: list[str]) -> dict[str, Kept]:
    c = sightings.c
    found: dict[str, Kept] = {}
    for start in range(0, len(macs), _AT_ONCE):
        some = macs[start : start + _AT_ONCE]
        rows = connection.execute(sa.select(sightings).where(c.unit == unit, c.mac.in_(some)))
        found |= {row.mac: kept_of(row) for row in rows}
    return found


def kept_of(row: sa.Row[tuple[object, ...]]) -> Kept:
    """What a row of the table says."""
    return Kept(
        row.first_seen,
        row.last_seen,
        json.loads(row.addresses),
        json.loads(row.names),
        json.loads(row.hints),
    )


def _row(unit: str, mac: str, kept: Kept) -> dict[str, object]:
    return {
        "unit": unit,
        "mac": mac,
        "first_seen": kept.first_seen,
        "last_seen": kept.last_seen,
        "addresses": _text(kept.addresses),
        "names": _text(kept.names),
        "hints": _text(kept.hints),
    }


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _drop_old(connection: sa.Connection, unit: str) -> None:
    c = sightings.c
    query = sa.select(c.mac).where(c.unit == unit).order_by(c.last_seen.desc(), c.mac).offset(KEPT)
    old: Iterable[str] = connection.scalars(query).all()
    for mac in old:
        connection.execute(sa.delete(sightings).where(c.unit == unit, c.mac == mac))
