"""Machines in LANs, in their first form: the host facts that an agent reports of its own machine, and what devices that it
asked over SNMP said of themselves.

Documents of hosts have the keys of GLPI's inventory format, those of devices the keys that `docs/registry.md` lists; here
only name and kind are read out of them.

One version for each different content, told apart by its digest. A document that says what was known only moves
the times of its version, so that the same documents, in any order and any number of times, leave the same versions.

A device keeps its newest KEPT versions by when they were last seen. Which ones these are, when each was last seen and
which is the newest is the same in any order still. One thing is not: a content that was dropped and comes back counts
as first seen when it came back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from core.errors import BadInput
from core.wire import Document
from inventory.census.words import lines
from inventory.state import State
from inventory.tables import device_versions
from inventory.tables import devices as devices_table

MAX_BODY = 256 << 10
"""Bytes of one document as canonical JSON: a switch of a thousand interfaces has 150 KB."""
MAX_ASKED = 512
"""Devices of a unit that were asked: as many addresses as anybody makes up."""
KEPT = 200
"""Versions of one device: a document that changes each hour fills 13 MB and not the disk."""


_SAID = ("name", "vendor", "model", "serial", "location", "version")
_SAID_OF: Mapping[str, tuple[str, ...]] = {
    "hardware": ("name",),
    "bios": ("ssn", "smanufacturer", "smodel", "assettag"),
}


@dataclass(frozen=True, slots=True)
class Device:
    """A machine as last seen. `name` is what it calls itself, `kind` what it is (`pc`), `versions` how many are kept."""

    id: int
    unit: str
    agent: str
    """Whose own machine it is; empty for one that was asked."""
    address: str
    """At which it was asked; empty for an agent's own machine."""
    name: str
    kind: str
    first_seen: int
    last_seen: int
    versions: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceVersion:
    """One content of a device's document; `at` is when it was first seen, `last_seen` when last."""

    id: int
    device: int
    at: int
    last_seen: int
    body: dict[str, Any]
    digest: str


def store_host(
    connection: sa.Connection, *, unit: str, agent: str, document: Document, received_at: int
) -> bool:
    """Take in the facts of an agent's own machine; True if they say something that was not known and is kept.

    A document from the future counts as of when it was received.

    Raises:
        BadInput: the document is larger than MAX_BODY or is not plain JSON; nothing is stored.
    """
    return _store(connection, {"unit": unit, "agent": agent, "address": ""}, "pc", document, received_at)


def store_device(connection: sa.Connection, *, unit: str, document: Document, received_at: int) -> bool:
    """Take in what a device said of itself, known by its unit and address; True as in `store_host`.

    Raises:
        BadInput: the document has no address, is too large, is not plain JSON, or is of one device more than a unit has.
    """
    body = dict(document.body)
    address = body.pop("address", None)
    if not isinstance(address, str) or not 0 < len(address) <= 255:
        raise BadInput("document of a device without its address", where="$.address")
    key = _asked(connection, unit, address)
    return _store(connection, key, "device", msgspec.structs.replace(document, body=body), received_at)


def known_device(connection: sa.Connection, unit: str, address: str, at: int) -> int:
    """The id of a device that was asked at `at`, by its unit and address, whether or not it says what it is.

    Raises:
        BadInput: it is one more than a unit has.
    """
    rest = {"kind": "device", "words": words(address, {})}
    return _see(connection, devices_table, _asked(connection, unit, address), rest, at)[0]


def _asked(connection: sa.Connection, unit: str, address: str) -> dict[str, Any]:
    c = devices_table.c
    others = sa.select(sa.func.count()).where(c.unit == unit, c.address != "", c.address != address)
    if (connection.scalar(others) or 0) >= MAX_ASKED:
        raise BadInput(f"the unit has {MAX_ASKED} other devices already", where="$.address")
    return {"unit": unit, "agent": "", "address": address}


def _store(
    connection: sa.Connection, key: dict[str, Any], kind: str, document: Document, received_at: int
) -> bool:
    text = _canonical(document.body)
    at = max(0, min(document.at, received_at))
    device = _see(connection, devices_table, key, {"kind": kind}, at)[0]
    version = {"device": device, "digest": sha256(text.encode()).hexdigest()}
    id_, new = _see(connection, device_versions, version, {"body": text}, at)
    dropped = _drop_old(connection, device)
    c, d = device_versions.c, devices_table.c
    newest = sa.select(c.id).where(c.device == device).order_by(*_newest_first(device_versions)).limit(1)
    if connection.scalar(newest) == id_:
        found_by = words(key["address"], document.body)
        told = sa.update(devices_table).where(d.id == device, d.words != found_by).values(words=found_by)
        connection.execute(told)
    return new and id_ not in dropped


def devices(state: State, unit: str | None) -> Sequence[Device]:
    """The machines of a unit, agents' own first, each with its newest document; those of all units for None."""
    c = devices_table.c
    query = _with_newest().order_by(c.unit, c.address, c.agent)
    if unit is not None:
        query = query.where(c.unit == unit)
    with state.read() as connection:
        return [_device(row) for row in connection.execute(query)]


def words(address: str, body: Mapping[str, Any]) -> str:
    """What a device is found by: its name, address, serial, model, place, and its MACs and addresses; as `inventory.census.words` has it."""
    told: list[object] = [address, *(body.get(name) for name in _SAID)]
    for section, names in _SAID_OF.items():
        part = body.get(section)
        told += [part.get(name) for name in names] if isinstance(part, dict) else []
    for section in ("networks", "interfaces"):
        rows = body.get(section)
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                told += [row.get(name) for name in ("mac", "ipaddress", "ipaddress6")]
    return lines(text for text in told if isinstance(text, str))


def search_devices(connection: sa.Connection, forms: Sequence[Sequence[str]], limit: int) -> list[Device]:
    """Those of all units in which one form of each word is found, what the first names exactly in front; none without words."""
    if not forms:
        return []
    c = devices_table.c
    wheres = [sa.or_(*(c.words.contains(form, autoescape=True) for form in each)) for each in forms]
    exactly = c.words.contains(f"\n{forms[0][-1]}\n", autoescape=True)
    query = _with_newest().where(*wheres).order_by(~exactly, c.unit, c.address, c.agent).limit(limit)
    return [_device(row) for row in connection.execute(query)]


def macs(connection: sa.Connection) -> set[str]:
    """MACs of all agents' own machines and of all devices that were asked, as they told last."""
    found: set[str] = set()
    _, _, newest = _newest()
    own = devices_table.join(device_versions, device_versions.c.id == newest)
    for part in ("$.networks", "$.interfaces"):
        rows = sa.func.json_each(device_versions.c.body, part).table_valued("value", "type")
        mac = sa.func.json_extract(rows.c.value, "$.mac")
        # What is no object is no JSON by itself, and asking it for a part is an error.
        query = sa.select(mac).select_from(own.join(rows, sa.true())).where(rows.c.type == "object")
        found.update(text.lower() for text in connection.scalars(query) if isinstance(text, str))
    return found


def versions(state: State, device_id: int, newest: int = KEPT) -> Sequence[DeviceVersion]:
    """What a device's document said, oldest first: the `newest` versions by when they were first seen."""
    c = device_versions.c
    last = (
        sa.select(c.id)
        .where(c.device == device_id)
        .order_by(c.first_seen.desc(), c.digest.desc())
        .limit(newest)
    )
    query = sa.select(device_versions).where(c.id.in_(last)).order_by(c.first_seen, c.digest)
    with state.read() as connection:
        rows = connection.execute(query).all()
    return [
        DeviceVersion(
            id=row.id,
            device=row.device,
            at=row.first_seen,
            last_seen=row.last_seen,
            body=json.loads(row.body),
            digest=row.digest,
        )
        for row in rows
    ]


def _with_newest() -> sa.Select[Any]:
    """Devices, each with its newest document and how many versions of it are kept: none of one whose configuration alone is read."""
    other, of_device, newest = _newest()
    count = sa.select(sa.func.count()).select_from(other).where(of_device).correlate(devices_table)
    only = device_versions.c.id == newest
    return sa.select(
        devices_table, device_versions.c.body, count.scalar_subquery().label("versions")
    ).select_from(devices_table.outerjoin(device_versions, only))


def _newest() -> tuple[sa.FromClause, sa.ColumnElement[bool], sa.ScalarSelect[int]]:
    """Versions, those of a device of the table, and the id of the newest of them."""
    other = device_versions.alias()
    of_device = other.c.device == devices_table.c.id
    newest = sa.select(other.c.id).where(of_device).order_by(*_newest_first(other)).limit(1)
    return other, of_device, newest.correlate(devices_table).scalar_subquery()


def _newest_first(table: sa.FromClause) -> tuple[sa.ColumnElement[Any], ...]:
    """The order in which versions are newer than others: total, so that it does not depend on who came first."""
    return table.c.last_seen.desc(), table.c.digest.desc()


def _drop_old(connection: sa.Connection, device: int) -> frozenset[int]:
    """Drop what a device has above KEPT versions; the ids that went."""
    c = device_versions.c
    query = sa.select(c.id).where(c.device == device).order_by(*_newest_first(device_versions)).offset(KEPT)
    old = frozenset(connection.scalars(query))
    if old:
        connection.execute(sa.delete(device_versions).where(c.id.in_(old)))
    return old


def _canonical(body: dict[str, Any]) -> str:
    try:
        text = json.dumps(
            body, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuse
        )
        size = len(text.encode())
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput(f"document is not plain JSON: {error}") from error
    if size > MAX_BODY:
        raise BadInput(f"document of {size} bytes, the limit is {MAX_BODY}")
    return text


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _see(
    connection: sa.Connection, table: sa.Table, key: dict[str, Any], rest: dict[str, Any], at: int
) -> tuple[int, bool]:
    """Widen the time in which a row was seen to take in `at`, or make it: its id, and whether it is new."""
    c = table.c
    where = sa.and_(*(c[name] == value for name, value in key.items()))
    row = connection.execute(sa.select(c.id, c.first_seen, c.last_seen).where(where)).first()
    if row is None:
        values = key | rest | {"first_seen": at, "last_seen": at}
        made = connection.execute(sa.insert(table).values(values)).inserted_primary_key
        return int(made[0]) if made else 0, True
    if not row.first_seen <= at <= row.last_seen:
        seen = {"first_seen": min(row.first_seen, at), "last_seen": max(row.last_seen, at)}
        connection.execute(sa.update(table).where(c.id == row.id).values(seen))
    return row.id, False


def _device(row: sa.Row[tuple[Any, ...]]) -> Device:
    body = json.loads(row.body) if row.body else {}
    hardware = body if row.address else body.get("hardware")
    name = hardware.get("name") if isinstance(hardware, dict) else None
    kind = body.get("kind") if row.address else None
    return Device(
        id=row.id,
        unit=row.unit,
        agent=row.agent,
        address=row.address,
        name=name if isinstance(name, str) and name else row.address or row.agent,
        kind=kind if isinstance(kind, str) and kind else row.kind,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        versions=row.versions,
        body=body,
    )
