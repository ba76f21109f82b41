"""Inventories into the state store: faces, versions, and what was heard last. Idempotent, in any order.

A report that says what its agent said before moves three times and makes no row.
"""

import base64
import binascii
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from core.errors import BadInput
from core.inventory_agents import unpacked
from core.wire import Document
from inventory.formats import Inventory, read_inventory
from inventory.formats.sections import steady
from inventory.machines import contents
from inventory.machines.again import Again, Key, Row, widen
from inventory.machines.quick import moving, quick_look
from inventory.machines.tables import faces, heard, machine_versions
from inventory.signs import read as read_signs

MAX_FACES = 20_000
"""Of one unit: what a flood of invented machines can fill."""


@dataclass(frozen=True, slots=True)
class Told:
    """One inventory as it came: from which unit, when, by whom."""

    unit: str
    at: int
    plain: bytes
    source: str = ""
    """Address that sent it."""
    client: str = ""


def told_by(unit: str, document: Document, received_at: int) -> Told:
    """The inventory in a document of an agent's relay.

    Raises:
        BadInput: the document is none of an inventory.
    """
    body = document.body
    packed = body.get("packed")
    if not isinstance(packed, str):
        raise BadInput("no inventory in it", where="$.packed")
    try:
        raw = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"not base64: {error}", where="$.packed") from error
    return Told(
        unit=unit,
        at=max(0, min(document.at, received_at)),
        plain=unpacked(raw)[0],
        source=str(body.get("source", ""))[:64],
        client=str(body.get("client", ""))[:120],
    )


def take(connection: sa.Connection, told: Told) -> bool:
    """Keep an inventory; True when it says something that its agent had not said before.

    Raises:
        BadInput: it is none, or is of one machine more than a unit may have; nothing is stored.
    """
    (outcome,) = take_all(connection, [told])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def take_all(connection: sa.Connection, reports: Sequence[Told]) -> list[bool | Exception]:
    """Keep inventories, each by itself: what `take` gives or raises for each. Many at once are cheaper than one by one.

    What nobody foresaw, too, costs the one that raises it and no other: nothing of it is stored.
    """
    try:
        with connection.begin_nested():
            return _take_all(connection, reports, nullcontext)
    except Exception:  # noqa: BLE001 - once more, each by itself, to find whose it is
        return _take_all(connection, reports, connection.begin_nested)


def _take_all(
    connection: sa.Connection, reports: Sequence[Told], guard: Callable[[], AbstractContextManager[object]]
) -> list[bool | Exception]:
    """`guard` undoes what one stored that raises; without, what nobody foresaw is raised here."""
    looks = [quick_look(told.plain) for told in reports]
    known = _Known(
        connection, {(told.unit, look.device) for told, look in zip(reports, looks, strict=True) if look}
    )
    foreseen = BadInput if guard is nullcontext else Exception
    again = Again()
    outcomes: list[bool | Exception] = []
    for told, look in zip(reports, looks, strict=True):
        rows = known.of((told.unit, look.device)) if look else ()
        row = next((row for row in rows if look is not None and row.quick == look.digest), None)
        if look is not None and row is not None:
            again.add(row, told.at, told.source, look.moving)
            outcomes.append(False)
            continue
        try:
            inventory = read_inventory(told.plain)
            key = told.unit, inventory.device_id
            if key in again:
                again.write(connection)
            with guard():
                outcomes.append(
                    _keep(connection, told, inventory, known.of(key), look.digest if look else b"")
                )
            known.forget(key)
        except foreseen as error:
            outcomes.append(error)
    again.write(connection)
    return outcomes


class _Known:
    """What was heard last of agents: those that are asked for are read at once, others when they are wanted."""

    def __init__(self, connection: sa.Connection, keys: Collection[Key]) -> None:
        self._connection = connection
        self._rows: dict[Key, list[Row]] = {}
        if keys:
            self._read(keys)

    def of(self, key: Key) -> Sequence[Row]:
        """Of each face that the agent has, the newest first."""
        if key not in self._rows:
            self._read([key])
        return self._rows[key]

    def _read(self, keys: Collection[Key]) -> None:
        self._rows |= {key: [] for key in keys}
        for row in self._connection.execute(_HEARD, {"keys": json.dumps(list(keys))}):
            self._rows[row.unit, row.device].append(row)

    def forget(self, key: Key) -> None:
        self._rows.pop(key, None)


def _completed(connection: sa.Connection, inventory: Inventory, rows: Sequence[Row]) -> Mapping[str, Any]:
    """The whole of which the agent sent the sections that changed."""
    if not rows:
        raise BadInput("a part of an inventory whose whole never came", where="$.partial")
    known = rows[0]
    digest = connection.scalar(_DIGEST, {"wanted": known.version})
    whole = json.loads(contents.get(connection, digest or b""))
    return {**whole, **contents.unpack(known.moving), **inventory.content}


def _keep(
    connection: sa.Connection, told: Told, inventory: Inventory, rows: Sequence[Row], quick: bytes
) -> bool:
    content = _completed(connection, inventory, rows) if inventory.partial else inventory.content
    plain = contents.canonical(steady(content))
    signs = read_signs({"deviceid": inventory.device_id, "content": content})
    face, new_face = _face(connection, told, signs.key(told.unit), msgspec.json.encode(signs).decode())
    known = next((row for row in rows if row.face == face), None)
    near = known or next(iter(rows), None)
    base = None if near is None else connection.scalar(_DIGEST, {"wanted": near.version})
    digest, new_content = contents.put(connection, plain, base)
    version, new = _version(connection, face, digest, told.at, fresh=new_face or new_content)
    if known is None or (told.at, quick) > (known.at, known.quick):
        row = {
            "unit": told.unit,
            "device": inventory.device_id,
            "at": told.at,
            "face": face,
            "version": version,
            "quick": quick,
            "client": inventory.client or told.client,
            "source": told.source,
            "item_type": inventory.item_type,
            "faults": json.dumps(inventory.faults, ensure_ascii=False),
            "moving": contents.pack(moving(content)),
        }
        connection.execute(_HEARD_NEW, row)
    return new


def _face(connection: sa.Connection, told: Told, key: str, signs: str) -> tuple[int, bool]:
    """The row, and whether it was made now."""
    row = connection.execute(_FACE, {"wanted": key}).first()
    if row is not None:
        widen(connection, faces, row.id, told.at)
        return int(row.id), False
    if (connection.scalar(_FACES_OF, {"wanted": told.unit}) or 0) >= MAX_FACES:
        raise BadInput(f"the unit has {MAX_FACES} machines already", where="$")
    values = {"key": key, "unit": told.unit, "signs": signs, "first_seen": told.at, "last_seen": told.at}
    made = connection.execute(_FACE_NEW, values).inserted_primary_key
    return (int(made[0]) if made else 0), True


def _version(
    connection: sa.Connection, face: int, digest: bytes, at: int, *, fresh: bool
) -> tuple[int, bool]:
    """The row, and whether it was made now. `fresh`: its face or content was, so there is none."""
    row = None if fresh else connection.execute(_VERSION, {"of_face": face, "of_digest": digest}).first()
    if row is not None:
        widen(connection, machine_versions, row.id, at)
        return int(row.id), False
    values = {"face": face, "digest": digest, "first_seen": at, "last_seen": at}
    made = connection.execute(_VERSION_NEW, values).inserted_primary_key
    return (int(made[0]) if made else 0), True


# Made once: thousands come at the same time, and making a statement takes longer than running it.
_wanted = sa.func.json_each(sa.bindparam("keys")).table_valued("value")
# SQLite finds pairs in a list by reading the whole table; joined with them, by its key.
_HEARD = (
    sa.select(*(heard.c[name] for name in ("unit", "device", "at", "face", "version", "quick", "moving")))
    .select_from(_wanted)
    .join(
        heard,
        sa.and_(
            heard.c.unit == sa.func.json_extract(_wanted.c.value, "$[0]"),
            heard.c.device == sa.func.json_extract(_wanted.c.value, "$[1]"),
        ),
    )
    .order_by(heard.c.at.desc(), heard.c.face)
)
_HEARD_NEW = sa.insert(heard).prefix_with("OR REPLACE")
_FACE = sa.select(faces.c.id).where(faces.c.key == sa.bindparam("wanted"))
_FACES_OF = sa.select(sa.func.count()).where(faces.c.unit == sa.bindparam("wanted"))
_FACE_NEW = sa.insert(faces)
_DIGEST = sa.select(machine_versions.c.digest).where(machine_versions.c.id == sa.bindparam("wanted"))
_VERSION = sa.select(machine_versions.c.id).where(
    machine_versions.c.face == sa.bindparam("of_face"), machine_versions.c.digest == sa.bindparam("of_digest")
)
_VERSION_NEW = sa.insert(machine_versions)
