"""The addresses at the centre that a unit's inventory agents may post to: a token in the address says which unit it is.

Of a token only its SHA-256 is kept: it is 256 random bits, which no person chose. A unit without one takes no posts.
"""

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from core.errors import BadInput
from inventory.machines.tables import inventory_addresses
from inventory.state import State

PREFIX = "/api/v1/inventories/"
_c = inventory_addresses.c


@dataclass(frozen=True, slots=True)
class Address:
    """One that was made. `id` is what people call it by, because nobody can read the token any more."""

    id: int
    unit: str
    made_at: int
    who: str
    closed_at: int | None


def open_address(state: State, unit: str, now: int, who: str) -> str:
    """A new path for the agents of `unit`, shown this once."""
    token = secrets.token_urlsafe(32)
    row = {"token_hash": _hash(token), "unit": unit, "made_at": now, "who": who}
    with state.write() as connection:
        connection.execute(sa.insert(inventory_addresses), row)
    return PREFIX + token


def close_addresses(state: State, unit: str, now: int) -> int:
    """From now on nothing is taken at any address of `unit` that was made before; how many there were.

    Raises:
        BadInput: it has none that is open.
    """
    query = (
        sa.update(inventory_addresses).where(_c.unit == unit, _c.closed_at.is_(None)).values(closed_at=now)
    )
    with state.write() as connection:
        closed = connection.execute(query).rowcount
    if not closed:
        raise BadInput(f"{unit!r} has no address that is open", todo="`nhip inventory addresses` lists them")
    return closed


def addresses(state: State) -> list[Address]:
    query = sa.select(_c.id, _c.unit, _c.made_at, _c.who, _c.closed_at).order_by(_c.unit, _c.id)
    with state.read() as connection:
        return [Address(*row) for row in connection.execute(query)]


def unit_of(connection: sa.Connection, token: str) -> str | None:
    """Whose address this is; None when it is nobody's, or was closed."""
    query = sa.select(_c.unit).where(_c.token_hash == _hash(token), _c.closed_at.is_(None))
    found: str | None = connection.execute(query).scalar()
    return found


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
