"""Outages: found in timelines, matched with those that are stored, and every change kept.

An outage is a longest stretch in which nothing vouched for a unit and something said that it was down. Unknown time
inside does not end it; only what vouches does. It keeps its id for as long as what is found overlaps what is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from collector import verdict_tables as tables
from collector.judge import LINE_FAILS, ROUTER_LOST, SILENT
from collector.timeline import Stretch
from collector.views import Outage, OutageChange, Sentence
from core.values import Cause, Status

_TELLING = {SILENT: 0, ROUTER_LOST: 1, LINE_FAILS: 2}
"""Which reason an outage is shown with when several held during it: the one that saw most."""

SETTLING_MS = 60_000
"""A unit that was never up before and is up after so short a time was being installed."""

CHANGES: Mapping[tuple[str, str], Sequence[str]] = {
    ("none", "open"): ("opened",),
    ("none", "ended"): ("opened", "closed"),
    ("open", "open"): ("revised",),
    ("open", "ended"): ("closed",),
    ("open", "none"): ("retracted",),
    ("ended", "ended"): ("revised",),
    ("ended", "open"): ("opened",),
    ("ended", "none"): ("retracted",),
    ("retracted", "open"): ("opened",),
    ("retracted", "ended"): ("opened", "closed"),
}
"""What happens to an outage when it was stored as the first and is found as the second. Whatever is not here is an
error. Two equal states are a change only if times or reason differ."""


class Found(NamedTuple):
    """An outage in a timeline."""

    began_at: int
    ended_at: int | None
    reason: str
    at_edge: bool
    """Nothing before it is known to have been up: it may have begun earlier than the timeline can tell."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be stored: `what` happened to `outage`, whose id is 0 when it is new."""

    what: Sequence[str]
    outage: Outage


def find(timeline: Sequence[Stretch], start: int) -> tuple[int, list[Found]]:
    """The outages that touch `start` or come after it, and from which time on these are all."""
    first = next((i for i, stretch in enumerate(timeline) if stretch.end > start), len(timeline))
    if first < len(timeline) and timeline[first].status is not Status.UP:
        while first > 0 and timeline[first - 1].status is not Status.UP:
            first -= 1
    found: list[Found] = []
    stretches: list[Stretch] = []
    seen_up = first > 0
    for stretch in timeline[first:]:
        if stretch.status is Status.UP:
            found += _outage(stretches, stretch.start, at_edge=not seen_up)
            stretches, seen_up = [], True
        else:
            stretches.append(stretch)
    found += _outage(stretches, None, at_edge=not seen_up)
    return (timeline[first].start if first < len(timeline) else start), found


def _outage(stretches: Sequence[Stretch], ended_at: int | None, *, at_edge: bool) -> list[Found]:
    down = [stretch for stretch in stretches if stretch.status is Status.DOWN]
    if not down:
        return []
    reason = max((stretch.reason for stretch in down), key=lambda reason: _TELLING.get(reason, -1))
    began_at = down[0].start if at_edge else stretches[0].start
    if at_edge and ended_at is not None and ended_at - began_at < SETTLING_MS:
        return []
    return [Found(began_at, ended_at, reason, at_edge)]


def reconcile(unit: str, found: Iterable[Found], stored: Sequence[Outage], now: int) -> list[Change]:
    """What has to change so that what is stored says what was found. `stored` are all that may overlap."""
    changes: list[Change] = []
    left = sorted(stored, key=lambda outage: (outage.retracted, outage.id))
    for each in found:
        match = next((outage for outage in left if _overlap(each, outage)), None)
        if match is None:
            new = Outage(0, unit, each.began_at, now, each.ended_at, each.reason, 0, retracted=False)
            changes.append(Change(CHANGES["none", _state(new)], new))
            continue
        left.remove(match)
        began_at = min(each.began_at, match.began_at) if each.at_edge else each.began_at
        now_so = replace(
            match, began_at=began_at, ended_at=each.ended_at, reason=each.reason, retracted=False
        )
        if now_so != match:
            now_so = replace(now_so, revision=match.revision + 1)
            changes.append(Change(CHANGES[_state(match), _state(now_so)], now_so))
    for outage in left:
        if not outage.retracted:
            ended_at = now if outage.ended_at is None else outage.ended_at
            gone = replace(outage, retracted=True, ended_at=ended_at, revision=outage.revision + 1)
            changes.append(Change(CHANGES[_state(outage), "none"], gone))
    return changes


def end(outage: Outage, at: int) -> Change:
    """An open outage that is over for another reason than that something vouched."""
    ended = replace(outage, ended_at=max(at, outage.began_at), revision=outage.revision + 1)
    return Change(CHANGES[_state(outage), _state(ended)], ended)


def _state(outage: Outage) -> str:
    if outage.retracted:
        return "retracted"
    return "open" if outage.ended_at is None else "ended"


def _overlap(found: Found, outage: Outage) -> bool:
    return (outage.ended_at is None or found.began_at < outage.ended_at) and (
        found.ended_at is None or outage.began_at < found.ended_at
    )


def write(connection: sa.Connection, changes: Sequence[Change], now: int) -> list[OutageChange]:
    """Store the changes; returns them as they are told to others, with ids."""
    told = []
    for change in changes:
        values = _values(change.outage)
        outage = change.outage
        if outage.id == 0:
            key = connection.execute(tables.outages.insert().values(values)).inserted_primary_key
            outage = replace(outage, id=int(key[0]) if key else 0)
        else:
            connection.execute(tables.outages.update().where(tables.outages.c.id == outage.id).values(values))
        for what in change.what:
            row = connection.execute(
                tables.outage_changes.insert().values(at=now, what=what, outage=outage.id, **values)
            )
            key = row.inserted_primary_key
            told.append(OutageChange(int(key[0]) if key else 0, now, what, outage))
    return told


def _values(outage: Outage) -> dict[str, object]:
    return {
        "unit": outage.unit,
        "began_at": outage.began_at,
        "detected_at": outage.detected_at,
        "ended_at": outage.ended_at,
        "reason": outage.reason,
        "revision": outage.revision,
        "retracted": outage.retracted,
        "subject": outage.subject,
        "cause": outage.cause,
        "final": outage.final,
        "root": outage.root,
        "evidence": _json.encode(outage.evidence).decode(),
    }


def read_since(connection: sa.Connection, since: int) -> list[Outage]:
    """All outages, retracted ones too, that are open or ended at `since` or later."""
    table = tables.outages
    rows = connection.execute(
        sa.select(table).where(table.c.ended_at.is_(None) | (table.c.ended_at >= since)).order_by(table.c.id)
    )
    return [_outage_of(row) for row in rows]


def read_page(
    connection: sa.Connection,
    unit: str | None,
    *,
    open_only: bool,
    cause: Cause | None = None,
    before: int | None,
    limit: int,
) -> list[Outage]:
    """Newest first. Retracted ones are among them unless only open ones are asked for."""
    table = tables.outages
    query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
    if unit is not None:
        query = query.where(table.c.unit == unit)
    if open_only:
        query = query.where(table.c.ended_at.is_(None), table.c.retracted.is_(False))
    if cause is not None:
        query = query.where(table.c.cause == cause)
    if before is not None:
        query = query.where(table.c.id < before)
    return [_outage_of(row) for row in connection.execute(query)]


def read_one(connection: sa.Connection, id: int) -> Outage | None:  # noqa: A002 - what it is
    row = connection.execute(sa.select(tables.outages).where(tables.outages.c.id == id)).one_or_none()
    return _outage_of(row) if row is not None else None


def read_explained(connection: sa.Connection, root: int) -> list[Outage]:
    """Those whose root is this one, oldest first."""
    table = tables.outages
    query = sa.select(table).where(table.c.root == root, table.c.retracted.is_(False)).order_by(table.c.id)
    return [_outage_of(row) for row in connection.execute(query)]


def counts(connection: sa.Connection) -> dict[tuple[str, Cause], int]:
    """How many there were of each unit, by cause, without retracted ones."""
    c = tables.outages.c
    query = (
        sa.select(c.unit, c.cause, sa.func.count()).where(c.retracted.is_(False)).group_by(c.unit, c.cause)
    )
    return {(unit, Cause(cause)): count for unit, cause, count in connection.execute(query)}


def read_revisions(connection: sa.Connection, outage: int) -> list[OutageChange]:
    """What happened to one outage, oldest first."""
    table = tables.outage_changes
    query = sa.select(table).where(table.c.outage == outage).order_by(table.c.id)
    return [_change_of(row) for row in connection.execute(query)]


def read_changes(connection: sa.Connection, after: int, limit: int) -> list[OutageChange]:
    """Oldest first."""
    table = tables.outage_changes
    rows = connection.execute(sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(limit))
    return [_change_of(row) for row in rows]


def _change_of(row: sa.Row[tuple[object, ...]]) -> OutageChange:
    return OutageChange(row.id, row.at, row.what, replace(_outage_of(row), id=row.outage))


def _outage_of(row: sa.Row[tuple[object, ...]]) -> Outage:
    return Outage(
        id=row.id,
        unit=row.unit,
        began_at=row.began_at,
        detected_at=row.detected_at,
        ended_at=row.ended_at,
        reason=row.reason,
        revision=row.revision,
        retracted=row.retracted,
        subject=row.subject,
        cause=Cause(row.cause),
        final=row.final,
        root=row.root,
        evidence=_evidence.decode(row.evidence),
    )


_json = msgspec.json.Encoder()
_evidence = msgspec.json.Decoder(tuple[Sentence, ...])
