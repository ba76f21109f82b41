"""Who may send: join tokens, enrolment, and the credential that each request of an agent carries.

Tokens and secrets are kept as plain SHA-256. That is right for them, and would be wrong for passwords: both are
256 random bits that no person chose, so there is nothing for a slow hash to protect, and it would have to be paid
again with every report.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from collector.tables import agents, join_tokens
from core.clock import Clock
from core.errors import BadInput, Refused
from core.wire import Enrol, Enrolled
from inventory.state import State

DAY_MS = 86_400_000
REREAD_MS = 5_000
"""Another process may enrol or revoke: what is known of agents is at most this old."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,256}")
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent that may send."""

    agent: str
    unit: str
    enrolled_at: int


class Agents:
    """The agents of the state store. Safe from any thread; `authenticate` answers from memory."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._known: dict[str, tuple[AgentRow, bytes]] = {}
        self._read_at: int | None = None

    def create_token(self, unit: str, *, valid_ms: int = DAY_MS) -> str:
        """A new join token for one agent of `unit`, shown this once: only its hash is kept.

        Raises:
            BadInput: the unit's code cannot be part of an agent's name.
        """
        if not _UNIT.fullmatch(unit):
            raise BadInput(f"{unit!r} is not a unit code", todo="Use letters, digits, dot, dash, underscore")
        token, now = _token(), self._clock.now()
        with self._state.write() as connection:
            taken = set(connection.scalars(sa.select(join_tokens.c.agent).where(join_tokens.c.unit == unit)))
            free = (f"{unit}-{secrets.token_hex(2)}" for _ in range(100_000))
            connection.execute(
                join_tokens.insert().values(
                    token_hash=_hash(token),
                    agent=next(agent for agent in free if agent not in taken),
                    unit=unit,
                    created_at=now,
                    expires_at=now + valid_ms,
                )
            )
        return token

    def enrol(self, request: Enrol) -> Enrolled:
        """Make the token's agent. The same token and secret again get the same answer, so a lost answer costs nothing.

        Raises:
            BadInput: the secret does not have the form that `core.wire.Enrol` asks for.
            Refused: the token is unknown, expired, or used with another secret.
        """
        if not _SECRET.fullmatch(request.secret):
            raise BadInput("the secret must be 32 to 256 letters, digits, - or _", where="$.secret")
        secret_hash, now = _hash(request.secret), self._clock.now()
        with self._state.write() as connection:
            token = connection.execute(
                sa.select(join_tokens).where(join_tokens.c.token_hash == _hash(request.token))
            ).one_or_none()
            if token is None:
                raise Refused("this join token is not known")
            if token.used_at is not None:
                row = connection.execute(sa.select(agents).where(agents.c.agent == token.agent)).one()
                if row.revoked_at is None and hmac.compare_digest(row.secret_hash, secret_hash):
                    return Enrolled(agent=token.agent, unit=token.unit)
                raise Refused("this join token was used already")
            if token.expires_at <= now:
                raise Refused("this join token has expired")
            connection.execute(
                agents.insert().values(
                    agent=token.agent,
                    unit=token.unit,
                    secret_hash=secret_hash,
                    enrolled_at=now,
                    hostname=request.hostname[:255],
                    version=request.version[:64],
                )
            )
            connection.execute(
                join_tokens.update().where(join_tokens.c.agent == token.agent).values(used_at=now)
            )
        self._read()
        return Enrolled(agent=token.agent, unit=token.unit)

    def authenticate(self, authorization: str | None) -> AgentRow:
        """The agent that sent `Authorization: Bearer <agent>.<secret>`.

        Raises:
            Refused: there is no such header, agent or secret, or the agent is revoked.
        """
        scheme, _, credential = (authorization or "").partition(" ")
        agent, _, secret = credential.strip().rpartition(".")
        if scheme.lower() != "bearer" or not agent:
            raise Refused("an agent's credential is needed")
        self._reread_when_old()
        row, secret_hash = self._known.get(agent, (None, b""))
        if not hmac.compare_digest(_hash(secret), secret_hash) or row is None:
            raise Refused("this credential is not valid")
        return row

    def revoke(self, agent: str) -> bool:
        """From now on nothing of this agent is taken. False if there is no such agent or it was revoked before."""
        with self._state.write() as connection:
            changed = connection.execute(
                agents.update()
                .where(agents.c.agent == agent, agents.c.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
            )
        self._read()
        return changed.rowcount > 0

    def get(self, agent: str) -> AgentRow | None:
        self._reread_when_old()
        known = self._known.get(agent)
        return known[0] if known else None

    def all(self) -> Sequence[AgentRow]:
        """All agents that are not revoked, in order of enrolment."""
        self._reread_when_old()
        return [row for row, _ in self._known.values()]

    def _reread_when_old(self) -> None:
        if self._read_at is None or not 0 <= self._clock.now() - self._read_at < REREAD_MS:
            self._read()

    def _read(self) -> None:
        read_at = self._clock.now()
        with self._state.read() as connection:
            rows = connection.execute(
                sa.select(agents).where(agents.c.revoked_at.is_(None)).order_by(agents.c.enrolled_at)
            ).all()
        # One assignment: who reads meanwhile sees all of the old or all of the new.
        self._known = {r.agent: (AgentRow(r.agent, r.unit, r.enrolled_at), r.secret_hash) for r in rows}
        self._read_at = read_at


def _token() -> str:
    """256 random bits, which no command line takes for an option."""
    while (token := secrets.token_urlsafe(32)).startswith("-"):
        pass
    return token


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
