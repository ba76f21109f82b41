"""What is to be sent, durably. Each function is one transaction; `now` is an argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from alerts.messages import Message
from alerts.schedule import next_attempt
from alerts.tables import CURSOR, DESTINATIONS, OUTBOX
from collector.views import OutageChange
from inventory.state import State

KEPT_MS = 90 * 24 * 3_600_000
"""How long a message is kept after it was settled."""


class SendState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    """Given up after a day of attempts."""
    CANCELLED = "cancelled"
    """The destination was removed meanwhile."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as shown; `outage` is 0 for one that is of none. `error` is the last attempt's, `due_at` the next attempt's time while it waits."""

    id: int
    destination: str
    outage: int
    title: str
    state: SendState
    created_at: int
    due_at: int
    done_at: int | None
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Due:
    """The oldest waiting message of a destination."""

    id: int
    destination: int
    url: str
    title: str
    body: str


def first_start(state: State, now: int) -> None:
    """Note the first start ever; later ones change nothing."""
    with state.write() as connection:
        if connection.scalar(sa.select(CURSOR.c.id)) is None:
            connection.execute(CURSOR.insert().values(id=1, change=0, started_at=now))


def cursor(state: State) -> int:
    """Id of the last change that was turned into messages."""
    with state.read() as connection:
        return int(connection.scalar(sa.select(CURSOR.c.change)) or 0)


def take(
    state: State,
    changes: Sequence[tuple[OutageChange, Mapping[str, Message]]],
    now: int,
) -> None:
    """Put the messages of `changes` (by language) out for every destination and move the cursor: both or neither.

    A change without a message is one that people are not told of.
    """
    with state.write() as connection:
        row = connection.execute(sa.select(CURSOR.c.change, CURSOR.c.started_at)).one()
        query = sa.select(DESTINATIONS.c.id, DESTINATIONS.c.language)
        to = connection.execute(query.where(DESTINATIONS.c.removed_at.is_(None))).all()
        rows = [
            _waiting(destination, change.id, change.outage.id, message, now)
            for change, messages in changes
            if change.id > row.change and change.at >= row.started_at
            for destination, language in to
            if (message := messages.get(language)) is not None
        ]
        if rows:
            connection.execute(OUTBOX.insert(), rows)
        last = max([row.change, *(change.id for change, _ in changes)])
        connection.execute(CURSOR.update().values(change=last))


def add(connection: sa.Connection, number: int, messages: Mapping[str, Message], now: int) -> None:
    """Put a message that is of no outage out for every destination, in the caller's transaction. `number` is below 0, and of no
    other message."""
    query = sa.select(DESTINATIONS.c.id, DESTINATIONS.c.language)
    rows = [
        _waiting(destination, number, 0, messages[language], now)
        for destination, language in connection.execute(query.where(DESTINATIONS.c.removed_at.is_(None)))
        if language in messages
    ]
    if rows:
        connection.execute(OUTBOX.insert(), rows)


def add_to(connection: sa.Connection, destination: int, number: int, message: Message, now: int) -> None:
    """The same for one destination."""
    connection.execute(OUTBOX.insert(), _waiting(destination, number, 0, message, now))


def _waiting(destination: int, change: int, outage: int, message: Message, now: int) -> dict[str, object]:
    return {
        "destination": destination,
        "change": change,
        "outage": outage,
        "title": message.title,
        "body": message.body,
        "state": SendState.WAITING,
        "created_at": now,
        "due_at": now,
        "attempts": 0,
        "error": "",
    }


def due(state: State, now: int) -> Sequence[Due]:
    """Of each destination the oldest message that waits, if its time has come.

    Only the oldest: messages reach a destination in the order in which things happened, and one that cannot be
    reached is asked by one message at a time.
    """
    waiting = OUTBOX.c.state == SendState.WAITING
    oldest = sa.select(sa.func.min(OUTBOX.c.id)).where(waiting).group_by(OUTBOX.c.destination)
    query = (
        sa.select(OUTBOX.c.id, OUTBOX.c.destination, DESTINATIONS.c.url, OUTBOX.c.title, OUTBOX.c.body)
        .join(DESTINATIONS, DESTINATIONS.c.id == OUTBOX.c.destination)
        .where(OUTBOX.c.id.in_(oldest), OUTBOX.c.due_at <= now)
    )
    with state.read() as connection:
        return [Due(*row) for row in connection.execute(query)]


def settle(state: State, id_: int, error: str, now: int) -> None:
    """Note how an attempt ended; `error` empty: delivered."""
    with state.write() as connection:
        row = connection.execute(sa.select(OUTBOX).where(OUTBOX.c.id == id_)).one()
        if row.state != SendState.WAITING:  # cancelled while it was on its way
            return
        attempts = row.attempts + 1
        values: dict[str, object] = {"attempts": attempts, "error": error}
        if not error:
            values |= {"state": SendState.SENT, "done_at": now}
        elif (again := next_attempt(attempts, row.created_at, now)) is None:
            values |= {"state": SendState.FAILED, "done_at": now}
        else:
            values |= {"due_at": again}
        connection.execute(OUTBOX.update().where(OUTBOX.c.id == id_).values(values))


def prune(state: State, now: int) -> int:
    """Forget messages that were settled long ago; how many. What waits is never among them."""
    with state.write() as connection:
        done = connection.execute(OUTBOX.delete().where(OUTBOX.c.done_at <= now - KEPT_MS))
    return done.rowcount


def recent(state: State, limit: int) -> Sequence[Sent]:
    """The newest messages first."""
    query = (
        sa.select(
            OUTBOX.c.id,
            DESTINATIONS.c.name,
            OUTBOX.c.outage,
            OUTBOX.c.title,
            OUTBOX.c.state,
            OUTBOX.c.created_at,
            OUTBOX.c.due_at,
            OUTBOX.c.done_at,
            OUTBOX.c.attempts,
            OUTBOX.c.error,
        )
        .join(DESTINATIONS, DESTINATIONS.c.id == OUTBOX.c.destination)
        .order_by(OUTBOX.c.id.desc())
        .limit(limit)
    )
    with state.read() as connection:
        return [
            Sent(id_, name, outage, title, SendState(state_), *rest)
            for id_, name, outage, title, state_, *rest in connection.execute(query)
        ]


def counts(state: State) -> dict[str, int]:
    """Messages in each state."""
    query = sa.select(OUTBOX.c.state, sa.func.count()).group_by(OUTBOX.c.state)
    with state.read() as connection:
        found = {str(name): int(count) for name, count in connection.execute(query)}
    return {name: found.get(name, 0) for name in SendState}
