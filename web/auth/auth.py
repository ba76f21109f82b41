"""Signing in, and who makes a request. Blocking, in the state store: routes call it from worker threads."""

import threading
from dataclasses import dataclass

import sqlalchemy as sa

from core.clock import Clock
from inventory.state import State
from web.auth import tokens
from web.auth.limiter import Limiter, network_of
from web.auth.roles import Role, User
from web.auth.secrets import Passwords, digest, new_secret
from web.tables import SESSIONS, USERS

MINUTE = 60_000
HOUR = 60 * MINUTE
IDLE_MS = 12 * HOUR
"""A session that is not used for so long ends."""
LIFE_MS = 7 * 24 * HOUR
"""And each ends after so long."""
WINDOW_MS = 15 * MINUTE
PER_ACCOUNT = 10
PER_ADDRESS = 30


@dataclass(frozen=True, slots=True)
class SignIn:
    """The answer to a sign-in: a session id, or how long to wait, or neither: name or password is wrong."""

    session: str | None = None
    wait_ms: int = 0


class Auth:
    def __init__(self, state: State, clock: Clock, passwords: Passwords | None = None) -> None:
        self._state, self._clock = state, clock
        self._passwords = passwords or Passwords()
        _ = self._passwords.nobody
        self._accounts = Limiter(PER_ACCOUNT, WINDOW_MS)
        self._addresses = Limiter(PER_ADDRESS, WINDOW_MS)
        self._limits = threading.Lock()
        self._hashing = threading.BoundedSemaphore(2)  # argon2id takes 64 MiB each time

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

    def user_of_token(self, token: str) -> User | None:
        """Which program has that token; None when there is none or it has expired."""
        return tokens.user_of_token(self._state, token, self._clock.now())


def _ended(now: int) -> sa.ColumnElement[bool]:
    return sa.or_(SESSIONS.c.seen_at <= now - IDLE_MS, SESSIONS.c.created_at <= now - LIFE_MS)
