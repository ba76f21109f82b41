"""Findings into the outbox: each at most once for each destination, in the same transaction as the message that tells of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from alerts import outbox
from alerts.digest import AFTER_MS, Telling, Wish, telling
from alerts.finding_messages import finding_message
from alerts.tables import DESTINATIONS, TOLD
from inventory.findings import keeper
from inventory.findings.tables import findings
from inventory.hours import Hours
from inventory.maintenance import read_windows
from inventory.state import State
from inventory.tables import units

LOOK_EVERY_MS = 60_000
FIRST_NUMBER = 1 << 40
"""Numbers of these messages are below minus this: those of warnings are above."""
KEPT_MS = 30 * 86_400_000
"""So long it is known who was told of a finding that is over."""
_d = DESTINATIONS.c


@dataclass(frozen=True, slots=True)
class _To:
    destination: int
    language: str
    telling: Telling


def tell(state: State, link: str, morning: Hours, now: int) -> int:
    """Put out what is to be told now; how many messages."""
    with state.read() as connection:
        if not any(_is_something(each.telling) for each in _due(connection, morning, now)):
            return 0
    with state.write() as connection:
        names = {code: name for code, (name, _) in _units(connection, now).items()}
        # Read again: a destination may have gone, or a finding be over, meanwhile.
        return sum(_put(connection, each, names, link, now) for each in _due(connection, morning, now))


def prune(state: State, now: int) -> None:
    """Forget who was told of findings that are long over: none of them opens again."""
    over = sa.select(findings.c.id).where(findings.c.closed_at < now - KEPT_MS)
    with state.write() as connection:
        connection.execute(sa.delete(TOLD).where(TOLD.c.finding.in_(over)))


def _is_something(found: Telling) -> bool:
    return bool(found.at_once or found.planned or found.digest_due)


def _due(connection: sa.Connection, morning: Hours, now: int) -> list[_To]:
    rows = connection.execute(
        sa.select(_d.id, _d.language, _d.findings_of, _d.at_once, _d.findings_since, _d.digest_at)
        .where(_d.removed_at.is_(None), _d.findings_of != "")
        .order_by(_d.id)
    ).all()
    if not rows:
        return []
    standing = list(keeper.read(connection, kinds=tuple(AFTER_MS)))
    parents = {code: parent for code, (_, parent) in _units(connection, now).items()}
    windows = list(read_windows(connection).values())
    found = []
    for row in rows:
        wish = Wish(row.findings_of, frozenset(json.loads(row.at_once)), row.findings_since, row.digest_at)
        query = sa.select(TOLD.c.finding, TOLD.c.at).where(TOLD.c.destination == row.id)
        told = {each.finding: each.at for each in connection.execute(query)}
        found.append(_To(row.id, row.language, telling(wish, standing, told, parents, windows, morning, now)))
    return found


def _put(connection: sa.Connection, to: _To, names: Mapping[str, str], link: str, now: int) -> int:
    messages = 0
    for some, digest in ((to.telling.at_once, False), (to.telling.digest, True)):
        if some:
            message = finding_message(some, names, to.language, link, now, digest=digest)
            outbox.add_to(
                connection, to.destination, -FIRST_NUMBER - min(each.id for each in some), message, now
            )
            messages += 1
    done = [*to.telling.at_once, *to.telling.digest, *to.telling.planned]
    if done:
        rows = [{"destination": to.destination, "finding": each.id, "at": now} for each in done]
        connection.execute(TOLD.insert(), rows)
    if to.telling.digest_due:
        connection.execute(DESTINATIONS.update().where(_d.id == to.destination).values(digest_at=now))
    return messages


def _units(connection: sa.Connection, now: int) -> dict[str, tuple[str, str | None]]:
    """Name and parent of each that exists now."""
    c = units.c
    query = sa.select(c.code, c.name, c.parent).where(
        c.valid_from <= now, sa.or_(c.valid_to.is_(None), c.valid_to > now)
    )
    return {code: (name, parent) for code, name, parent in connection.execute(query)}
