"""Users, sessions and tokens, in the state store. Blocking: routes call it from worker threads."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.clock import Clock
from core.errors import BadInput
from inventory.state import State
from web.auth.limiter import Limiter, network_of
from web.auth.roles import Role, User
from web.auth.secrets import Passwords, check_password_rules, digest, new_secret
from web.tables import API_TOKENS, SESSIONS, USERS

MINUTE = 60_000
HOUR = 60 * MINUTE
IDLE_MS = 12 * HOUR
"""A session that is not used for so long ends."""
LIFE_MS = 7 * 24 * HOUR
"""And each ends after so long."""
WINDOW_MS = 15 * MINUTE
PER_ACCOUNT = 10
PER_ADDRESS = 30
TOKEN_PREFIX = "nhip_"  # noqa: S105 -- not a secret: it lets people and scanners recognise one


@dataclass(frozen=True, slots=True)
class Account:
    """A user as listed."""

    name: str
    role: Role
    created_at: int
    seen_at: int | None
    """Last use of any session that has not ended."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The answer to a sign-in: a session id, or how long to wait, or neither: name or password is wrong."""

    session: str | None = None
    wait_ms: int = 0


class Auth:
    def __init__(self, state: State, clock: Clock, passwords: Passwords | None = None) -> None:
        self._state, self._clock = state, clock
        self._passwords = passwords or Passwords()
        self._accounts = Limiter(PER_ACCOUNT, WINDOW_MS)
        self._addresses = Limiter(PER_ADDRESS, WINDOW_MS)
        self._limits = threading.Lock()
        self._hashing = threading.BoundedSemaphore(2)  # argon2id takes 64 MiB each time

    # Users

    def add_user(self, name: str, role: Role, password: str) -> None:
        """Raises BadInput: the name is empty, too long or taken, or the password breaks its rules."""
        check_password_rules(password)
        name = fold(name)
        now, stored = self._clock.now(), self._passwords.hash(password)
        with self._state.write() as connection:
            if connection.scalar(sa.select(USERS.c.id).where(USERS.c.name == name)) is not None:
                raise BadInput(f"a user {name!r} exists already")
            connection.execute(
                USERS.insert().values(
                    name=name, role=int(role), password=stored, created_at=now, password_at=now
                )
            )

    def set_password(self, name: str, password: str) -> None:
        """And end all sessions of that user. Raises BadInput: no such user, or the password breaks its rules."""
        check_password_rules(password)
        stored = self._passwords.hash(password)
        with self._state.write() as connection:
            user = connection.scalar(sa.select(USERS.c.id).where(USERS.c.name == fold(name)))
            if user is None:
                raise BadInput(f"there is no user {name!r}")
            connection.execute(
                USERS.update()
                .where(USERS.c.id == user)
                .values(password=stored, password_at=self._clock.now())
            )
            connection.execute(SESSIONS.delete().where(SESSIONS.c.user == user))

    def remove_user(self, name: str) -> None:
        """And end all sessions of that user. Raises BadInput: no such user."""
        with self._state.write() as connection:
            gone = connection.execute(USERS.delete().where(USERS.c.name == fold(name)))
            if not gone.rowcount:
                raise BadInput(f"there is no user {name!r}")

    def users(self) -> Sequence[Account]:
        seen = sa.select(sa.func.max(SESSIONS.c.seen_at)).where(SESSIONS.c.user == USERS.c.id)
        query = sa.select(USERS.c.name, USERS.c.role, USERS.c.created_at, seen.scalar_subquery())
        with self._state.read() as connection:
            rows = connection.execute(query.order_by(USERS.c.name)).all()
        return [Account(name, Role(role), created_at, last) for name, role, created_at, last in rows]

    # Sessions

    def sign_in(self, name: str, password: str, address: str) -> SignIn:
        """A new session for `name`. A wrong name and a wrong password are answered alike, in the same time."""
        now, name = self._clock.now(), name.strip().casefold()
        network = network_of(address)
        with self._limits:
            wait = max(self._accounts.wait_ms(name, now), self._addresses.wait_ms(network, now))
            if wait:
                return SignIn(wait_ms=wait)
            # Counted before the password is checked: guesses sent all at once must not all pass.
            self._accounts.attempt(name, now)
            self._addresses.attempt(network, now)
        with self._state.read() as connection:
            row = connection.execute(
                sa.select(USERS.c.id, USERS.c.password).where(USERS.c.name == name)
            ).one_or_none()
        with self._hashing:
            if not self._passwords.verify(row.password if row else None, password) or row is None:
                return SignIn()
            better = self._passwords.hash(password) if self._passwords.outdated(row.password) else None
        with self._limits:
            self._accounts.forget(name)
            self._addresses.forget(network)
        session = new_secret()
        with self._state.write() as connection:
            if better:
                connection.execute(USERS.update().where(USERS.c.id == row.id).values(password=better))
            connection.execute(SESSIONS.delete().where(_ended(now)))
            connection.execute(
                SESSIONS.insert().values(
                    hash=digest(session), user=row.id, created_at=now, seen_at=now, address=address
                )
            )
        return SignIn(session=session)

    def user_of_session(self, session: str) -> User | None:
        """Who has that session; None when it has ended. Using it keeps it from idling."""
        now, key = self._clock.now(), digest(session)
        query = (
            sa.select(USERS.c.name, USERS.c.role, SESSIONS.c.seen_at)
            .join(SESSIONS, SESSIONS.c.user == USERS.c.id)
            .where(SESSIONS.c.hash == key, sa.not_(_ended(now)))
        )
        with self._state.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if now - row.seen_at > MINUTE:  # not at each request: a write is a sync to disk
            with self._state.write() as connection:
                connection.execute(SESSIONS.update().where(SESSIONS.c.hash == key).values(seen_at=now))
        return User(row.name, Role(row.role))

    def sign_out(self, session: str) -> None:
        with self._state.write() as connection:
            connection.execute(SESSIONS.delete().where(SESSIONS.c.hash == digest(session)))

    # Tokens of programs

    def create_token(self, name: str, role: Role, valid_ms: int) -> str:
        """A token for a program, shown this once; it is sent as `Authorization: Bearer <token>`."""
        token, now = TOKEN_PREFIX + new_secret(), self._clock.now()
        with self._state.write() as connection:
            connection.execute(
                API_TOKENS.insert().values(
                    hash=digest(token),
                    name=fold(name),
                    role=int(role),
                    created_at=now,
                    expires_at=now + valid_ms,
                )
            )
        return token

    def user_of_token(self, token: str) -> User | None:
        """Which program has that token; None when there is none or it has expired."""
        if not token.startswith(TOKEN_PREFIX):
            return None
        now = self._clock.now()
        with self._state.read() as connection:
            row = connection.execute(
                sa.select(API_TOKENS).where(
                    API_TOKENS.c.hash == digest(token), API_TOKENS.c.expires_at > now
                )
            ).one_or_none()
        if row is None:
            return None
        if row.used_at is None or now - row.used_at > MINUTE:
            with self._state.write() as connection:
                connection.execute(
                    API_TOKENS.update().where(API_TOKENS.c.id == row.id).values(used_at=now)
                )
        return User(row.name, Role(row.role), program=True)


def fold(name: str) -> str:
    """The name under which a user or token is kept; BadInput when it cannot be one."""
    folded = name.strip().casefold()
    if not 1 <= len(folded) <= 64 or not folded.isprintable():
        raise BadInput("a name has 1 to 64 printable characters")
    return folded


def _ended(now: int) -> sa.ColumnElement[bool]:
    return sa.or_(SESSIONS.c.seen_at <= now - IDLE_MS, SESSIONS.c.created_at <= now - LIFE_MS)
