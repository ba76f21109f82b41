"""Tokens with which programs read the API and the metrics: bound to a role, and each expires."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.errors import BadInput
from inventory.state import State
from web.auth.roles import Role, User
from web.auth.secrets import digest, new_secret
from web.auth.users import fold
from web.tables import API_TOKENS

PREFIX = "nhip_"
"""Lets people, and scanners of published code, recognise one."""
MINUTE = 60_000
KEPT_MS = 90 * 24 * 60 * MINUTE
"""How long an expired token stays in the list: whoever asks why a program is refused finds it there."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as listed; the token itself is not known. `used_at` is right to a minute, None: never used."""

    id: int
    name: str
    role: Role
    created_at: int
    expires_at: int
    used_at: int | None


def create_token(state: State, name: str, role: Role, now: int, valid_ms: int) -> str:
    """A token for a program, shown this once; it is sent as `Authorization: Bearer <token>`."""
    token = PREFIX + new_secret()
    with state.write() as connection:
        connection.execute(API_TOKENS.delete().where(API_TOKENS.c.expires_at <= now - KEPT_MS))
        connection.execute(
            API_TOKENS.insert().values(
                hash=digest(token), name=fold(name), role=int(role), created_at=now, expires_at=now + valid_ms
            )
        )
    return token


def tokens(state: State) -> Sequence[Token]:
    """All of them, also those that expired lately, oldest first."""
    query = sa.select(
        API_TOKENS.c.id,
        API_TOKENS.c.name,
        API_TOKENS.c.role,
        API_TOKENS.c.created_at,
        API_TOKENS.c.expires_at,
        API_TOKENS.c.used_at,
    ).order_by(API_TOKENS.c.id)
    with state.read() as connection:
        rows = connection.execute(query).all()
    return [Token(id_, name, Role(role), *times) for id_, name, role, *times in rows]


def revoke_token(state: State, id_: int) -> Token:
    """From now on that token opens nothing; what it was. Raises BadInput: there is no such token."""
    found = next((token for token in tokens(state) if token.id == id_), None)
    if found is None:
        raise BadInput(f"there is no token {id_}", todo="See the numbers with: nhip user tokens")
    with state.write() as connection:
        connection.execute(API_TOKENS.delete().where(API_TOKENS.c.id == id_))
    return found


def user_of_token(state: State, token: str, now: int) -> User | None:
    """Which program has that token; None when there is none or it has expired."""
    if not token.startswith(PREFIX):
        return None
    query = sa.select(API_TOKENS).where(API_TOKENS.c.hash == digest(token), API_TOKENS.c.expires_at > now)
    with state.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.used_at is None or now - row.used_at > MINUTE:  # not at each request: a write is a sync to disk
        with state.write() as connection:
            connection.execute(API_TOKENS.update().where(API_TOKENS.c.id == row.id).values(used_at=now))
    return User(row.name, Role(row.role), program=True)
