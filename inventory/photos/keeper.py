"""Photos in the state store, each under the name that its machine had: it goes with the machine when that is merged or split."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from core.errors import BadInput
from inventory.photos.jpeg import Jpeg
from inventory.photos.tables import photo_bodies, photos
from inventory.state import State

MOST = 20
"""Photos of a machine."""
MOST_STORED = 4 << 30
"""Bytes of all photos: 10,000 of the largest."""
_p = photos.c


@dataclass(frozen=True, slots=True)
class Photo:
    """One that was not removed. `size` in bytes, `digest` is the SHA-256 of the picture."""

    id: int
    note: str
    who: str
    at: int
    digest: str
    width: int
    height: int
    size: int


_COLUMNS = (_p.id, _p.note, _p.who, _p.at, _p.digest, _p.width, _p.height, _p.size)


def add(state: State, keys: Sequence[str], name: str, picture: Jpeg, note: str, who: str, at: int) -> int:
    """Keep one of the machine with these `keys`, under `name`, one of them; its id.

    A picture is kept once for a machine, and one that was removed does not come back because a phone sends it again.

    Raises:
        BadInput: the machine has MOST of them, or all together would be more than MOST_STORED.
    """
    digest = sha256(picture.body).hexdigest()
    of_machine, stands = _p.subject.in_(keys), _p.removed_at.is_(None)
    again = sa.or_(stands, sa.and_(_p.who == who, _p.at == at))
    with state.write() as connection:
        there = connection.scalar(
            sa.select(_p.id).where(of_machine, _p.digest == digest, again).order_by(_p.removed_at).limit(1)
        )
        if there is not None:
            return int(there)
        count = connection.scalar(sa.select(sa.func.count()).where(of_machine, stands)) or 0
        if count >= MOST:
            raise BadInput(
                f"the machine has {count} photos",
                where="photo",
                todo="Remove one that is not needed any more",
            )
        stored = connection.scalar(sa.select(sa.func.sum(_p.size)).where(stands)) or 0
        if stored + len(picture.body) > MOST_STORED:
            raise BadInput(
                "the centre has no room for more photos", where="photo", todo="Remove some of other machines"
            )
        row = {
            "subject": name,
            "note": note,
            "who": who,
            "at": at,
            "digest": digest,
            "width": picture.width,
            "height": picture.height,
            "size": len(picture.body),
        }
        made = connection.execute(sa.insert(photos), row).inserted_primary_key
        number = int(made[0]) if made else 0
        connection.execute(sa.insert(photo_bodies), {"photo": number, "body": picture.body})
    return number


def of_machine(connection: sa.Connection, keys: Sequence[str]) -> list[Photo]:
    """Of the machine with these keys, by the time at which they were taken."""
    query = sa.select(*_COLUMNS).where(_p.subject.in_(keys), _p.removed_at.is_(None))
    return [Photo(*row) for row in connection.execute(query.order_by(_p.at, _p.id))]


def counts(connection: sa.Connection, keys: Iterable[str]) -> Mapping[str, int]:
    """How many there are under each of these keys that has some."""
    wanted = sa.func.json_each(json.dumps(list(keys))).table_valued("value").c.value
    query = sa.select(_p.subject, sa.func.count()).where(
        _p.subject.in_(sa.select(wanted)), _p.removed_at.is_(None)
    )
    return {row.subject: row[1] for row in connection.execute(query.group_by(_p.subject))}


def body(connection: sa.Connection, keys: Sequence[str], number: int) -> tuple[str, bytes] | None:
    """(digest, picture) of one of the machine with these keys; None when it has none of that number, or it was removed."""
    query = (
        sa.select(_p.digest, photo_bodies.c.body)
        .join_from(photos, photo_bodies, photo_bodies.c.photo == _p.id)
        .where(_p.id == number, _p.subject.in_(keys))
    )
    row = connection.execute(query).first()
    return None if row is None else (row.digest, row.body)


def remove(state: State, keys: Sequence[str], number: int, who: str, now: int) -> bool:
    """Remove the picture of one, for good; that it was there, and who removed it, stays. False when it is not there."""
    query = (
        sa.update(photos)
        .where(_p.id == number, _p.subject.in_(keys), _p.removed_at.is_(None))
        .values(removed_at=now, removed_by=who)
    )
    with state.write() as connection:
        found = bool(connection.execute(query).rowcount)
        if found:
            connection.execute(sa.delete(photo_bodies).where(photo_bodies.c.photo == number))
    return found
