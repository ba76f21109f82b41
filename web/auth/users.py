"""People who sign in: kept in the state store, changed by `nhip user …`."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.errors import BadInput
from inventory.state import State
from web.auth.roles import Role
from web.auth.secrets import Passwords, check_password_rules, new_password
from web.tables import SESSIONS, USERS

FIRST_ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """A user as listed."""

    name: str
    role: Role
    created_at: int
    seen_at: int | None
    """Last use of any session that has not ended."""


def create_first_admin(state: State, now: int) -> str | None:
    """Make the user `admin` when there is nobody at all; its password, which is shown this once."""
    with state.read() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(USERS)):
            return None
    password = new_password()
    add_user(state, FIRST_ADMIN, Role.ADMIN, password, now)
    return password


def add_user(
    state: State, name: str, role: Role, password: str, now: int, passwords: Passwords | None = None
) -> None:
    """Raises BadInput: the name is empty, too long or taken, or the password breaks its rules."""
    check_password_rules(password)
    name = fold(name)
    stored = (passwords or Passwords()).hash(password)
    with state.write() as connection:
        if connection.scalar(sa.select(USERS.c.id).where(USERS.c.name == name)) is not None:
            raise BadInput(f"a user {name!r} exists already")
        connection.execute(
            USERS.insert().values(name=name, role=int(role), password=stored, created_at=now, password_at=now)
        )


def set_password(state: State, name: str, password: str, now: int) -> None:
    """And end all sessions of that user. Raises BadInput: no such user, or the password breaks its rules."""
    check_password_rules(password)
    stored = Passwords().hash(password)
    with state.write() as connection:
        user = connection.scalar(sa.select(USERS.c.id).where(USERS.c.name == fold(name)))
        if user is None:
            raise BadInput(f"there is no user {name!r}")
        connection.execute(USERS.update().where(USERS.c.id == user).values(password=stored, password_at=now))
        connection.execute(SESSIONS.delete().where(SESSIONS.c.user == user))


def remove_user(state: State, name: str) -> None:
    """And end all sessions of that user. Raises BadInput: no such user."""
    with state.write() as connection:
        if not connection.execute(USERS.delete().where(USERS.c.name == fold(name))).rowcount:
            raise BadInput(f"there is no user {name!r}")


def users(state: State) -> Sequence[Account]:
    """All of them, by name."""
    seen = sa.select(sa.func.max(SESSIONS.c.seen_at)).where(SESSIONS.c.user == USERS.c.id)
    query = sa.select(USERS.c.name, USERS.c.role, USERS.c.created_at, seen.scalar_subquery())
    with state.read() as connection:
        rows = connection.execute(query.order_by(USERS.c.name)).all()
    return [Account(name, Role(role), created_at, last) for name, role, created_at, last in rows]


def fold(name: str) -> str:
    """The name under which a user or token is kept; BadInput when it cannot be one."""
    folded = name.strip().casefold()
    if not 1 <= len(folded) <= 64 or not folded.isprintable():
        raise BadInput("a name has 1 to 64 printable characters")
    return folded
