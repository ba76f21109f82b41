"""Tokens with which programs read the API and the metrics: bound to a role, and each expires."""

import sqlalchemy as sa

from inventory.state import State
from web.auth.roles import Role, User
from web.auth.secrets import digest, new_secret
from web.auth.users import fold
from web.tables import API_TOKENS

PREFIX = "nhip_"
"""Lets people, and scanners of published code, recognise one."""
MINUTE = 60_000


def create_token(state: State, name: str, role: Role, now: int, valid_ms: int) -> str:
    """A token for a program, shown this once; it is sent as `Authorization: Bearer <token>`."""
    token = PREFIX + new_secret()
    with state.write() as connection:
        connection.execute(
            API_TOKENS.insert().values(
                hash=digest(token), name=fold(name), role=int(role), created_at=now, expires_at=now + valid_ms
            )
        )
    return token


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
