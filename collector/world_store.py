"""The evidence on disk: spans, contacts, and when the collector listened. SQL only; `collector/world.py` decides."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice

import sqlalchemy as sa

from collector.evidence import Contact, Life
from collector.lives import LifeKey, Lives
from collector.notices import NoticeKey, Notices, Stored
from collector.presence import Presence
from collector.spans import Span
from collector.tracks import Track
from collector.verdict_tables import contacts, listening, lives, notices, spans, world_mark


@dataclass(frozen=True, slots=True)
class Touched:
    """Keys of what was made, changed or merged away."""

    spans: set[tuple[int, str, int]] = field(default_factory=set)
    contacts: set[tuple[str, int]] = field(default_factory=set)
    listening: set[int] = field(default_factory=set)
    lives: set[LifeKey] = field(default_factory=set)
    notices: set[NoticeKey] = field(default_factory=set)

    def with_all_of(self, other: "Touched") -> "Touched":
        return Touched(
            self.spans | other.spans,
            self.contacts | other.contacts,
            self.listening | other.listening,
            self.lives | other.lives,
            self.notices | other.notices,
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """What is there now, of the keys that were touched."""

    spans: Sequence[tuple[int, str, Span]]
    contacts: Sequence[tuple[str, Contact]]
    listening: Sequence[Contact]
    lives: Sequence[tuple[LifeKey, Life]]
    notices: Sequence[tuple[NoticeKey, Stored]]


def contents(
    touched: Touched,
    tracks: Mapping[int, Track],
    presence: Mapping[str, Presence],
    alive: Presence,
    lives: Lives,
    notices: Notices,
) -> Contents:
    """What memory holds of the keys that were touched; what is not there was merged away or let go of."""
    return Contents(
        spans=[
            (check, epoch, span)
            for check, epoch, k in touched.spans
            if (span := tracks[check].streams[epoch].at_ordinal(k))
        ],
        contacts=[
            (unit, stretch)
            for unit, first_at in touched.contacts
            if (stretch := presence[unit].beginning_at(first_at))
        ],
        listening=[stretch for first_at in touched.listening if (stretch := alive.beginning_at(first_at))],
        lives=[(key, lives.get(key)) for key in touched.lives],
        notices=[(key, said) for key in touched.notices if (said := notices.get(key))],
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What is read at the start, besides spans."""

    contacts: Mapping[str, Sequence[Contact]]
    listening: Sequence[Contact]
    lives: Sequence[tuple[LifeKey, Life]]
    notices: Sequence[tuple[NoticeKey, Stored]]
    mark: int


_SPAN = [
    spans.c.k_first,
    spans.c.k_last,
    spans.c.first_at,
    spans.c.last_at,
    spans.c.agent_first,
    spans.c.agent_last,
    spans.c.status,
    spans.c.reason,
]
_KEY = [spans.c.check_id, spans.c.epoch]
_CONTACT = [contacts.c.first_at, contacts.c.last_at, contacts.c.until]
_LISTENING = [listening.c.first_at, listening.c.last_at, listening.c.until]


def read(connection: sa.Connection, since: int) -> Kept:
    """Contacts, listening and notices that reach `since` or later, and of each unit the contact before."""
    before = (
        sa.select(contacts.c.unit, sa.func.max(contacts.c.first_at))
        .where(contacts.c.until < since)
        .group_by(contacts.c.unit)
    )
    heard = connection.execute(
        sa.select(contacts.c.unit, *_CONTACT)
        .where(
            (contacts.c.until >= since) | sa.tuple_(contacts.c.unit, contacts.c.first_at).in_(before),
        )
        .order_by(contacts.c.unit, contacts.c.first_at)
    )
    alive = connection.execute(
        sa.select(*_LISTENING).where(listening.c.until >= since).order_by(listening.c.first_at)
    )
    return Kept(
        contacts={
            unit: [Contact(*row[1:]) for row in group]
            for unit, group in groupby(heard, key=lambda row: row[0])
        },
        listening=[Contact(*row) for row in alive],
        lives=[
            ((row.unit, row.agent_started, row.boot_id), _life_of(row))
            for row in connection.execute(sa.select(lives))
        ],
        notices=[
            ((row.unit, row.agent_at, row.kind, row.source), Stored(row.at, row.text))
            for row in connection.execute(sa.select(notices).where(notices.c.at >= since))
        ],
        mark=read_mark(connection),
    )


def _life_of(row: sa.Row[tuple[object, ...]]) -> Life:
    return Life(row.started_at, row.booted_at, row.boot_id, row.clean)


def read_mark(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(world_mark.c.mark)) or 0


def read_spans(
    connection: sa.Connection, checks: Collection[int], since: int
) -> Iterator[tuple[int, str, int, list[Span]]]:
    """Check, epoch, the ordinal up to which spans were left out, and the spans from the first one on that reaches
    `since`; at least the last one of each."""
    for some in batches(checks):
        reaching = sa.case((spans.c.last_at >= since, spans.c.k_first))
        first = (
            sa.select(
                *_KEY,
                sa.func.coalesce(sa.func.min(reaching), sa.func.max(spans.c.k_first)).label("k"),
                sa.func.min(spans.c.k_first).label("oldest"),
            )
            .where(spans.c.check_id.in_(some))
            .group_by(*_KEY)
            .subquery()
        )
        rows = connection.execute(
            sa.select(*[*_KEY, first.c.k, first.c.oldest, *_SPAN])
            .join(first, (first.c.check_id == spans.c.check_id) & (first.c.epoch == spans.c.epoch))
            .where(spans.c.k_first >= first.c.k)
            .order_by(*_KEY, spans.c.k_first)
        )
        for (check, epoch, k, oldest), group in groupby(rows, key=lambda row: tuple(row[:4])):
            yield check, epoch, k - 1 if oldest < k else 0, [Span(*row[4:]) for row in group]


def read_old_spans(connection: sa.Connection, check: int, epoch: str, low: int, high: int) -> list[Span]:
    """The spans of one stream whose last ordinal is from `low` to `high`."""
    rows = connection.execute(
        sa.select(*_SPAN)
        .where(spans.c.check_id == check, spans.c.epoch == epoch, spans.c.k_last.between(low, high))
        .order_by(spans.c.k_first)
    )
    return [Span(*row) for row in rows]


def read_period(
    connection: sa.Connection, checks: Iterable[int], unit: str, start: int, end: int
) -> tuple[list[tuple[int, str, Span]], list[Contact], list[Contact]]:
    """Spans of these checks, contacts of the unit (with the one before), and when the collector listened."""
    found = connection.execute(
        sa.select(*_KEY, *_SPAN)
        .where(spans.c.check_id.in_(list(checks)), spans.c.last_at >= start, spans.c.first_at < end)
        .order_by(spans.c.first_at, spans.c.last_at, spans.c.epoch, spans.c.k_first)
    )
    before = (
        sa.select(sa.func.max(contacts.c.first_at))
        .where(contacts.c.unit == unit, contacts.c.first_at < start)
        .scalar_subquery()
    )
    heard = connection.execute(
        sa.select(*_CONTACT)
        .where(
            contacts.c.unit == unit,
            contacts.c.first_at >= sa.func.coalesce(before, start),
            contacts.c.first_at < end,
        )
        .order_by(contacts.c.first_at)
    )
    alive = connection.execute(
        sa.select(*_LISTENING)
        .where(listening.c.until >= start, listening.c.first_at < end)
        .order_by(listening.c.first_at)
    )
    return (
        [(row[0], row[1], Span(*row[2:])) for row in found],
        [Contact(*row) for row in heard],
        [Contact(*row) for row in alive],
    )


def batches(checks: Collection[int]) -> Iterator[Sequence[int]]:
    """In pieces that fit into one statement."""
    pieces = iter(sorted(checks))
    while piece := list(islice(pieces, 1_000)):
        yield piece


def checks_with_spans(connection: sa.Connection) -> list[int]:
    return list(connection.scalars(sa.select(spans.c.check_id).distinct()))


def write(connection: sa.Connection, touched: Touched, contents: Contents, mark: int) -> None:
    """Bring the touched keys to these contents: what is not among the contents is gone."""
    _replace(
        connection,
        spans,
        ("check_id", "epoch", "k_first"),
        touched.spans,
        [
            {
                "check_id": check,
                "epoch": epoch,
                "k_first": span.k_first,
                "k_last": span.k_last,
                "first_at": span.first_at,
                "last_at": span.last_at,
                "agent_first": span.agent_first,
                "agent_last": span.agent_last,
                "status": span.status,
                "reason": span.reason,
            }
            for check, epoch, span in contents.spans
        ],
    )
    _replace(
        connection,
        contacts,
        ("unit", "first_at"),
        touched.contacts,
        [{"unit": unit, **stretch._asdict()} for unit, stretch in contents.contacts],
    )
    _replace(
        connection,
        listening,
        ("first_at",),
        {(first_at,) for first_at in touched.listening},
        [stretch._asdict() for stretch in contents.listening],
    )
    _replace(
        connection,
        lives,
        ("unit", "agent_started", "boot_id"),
        touched.lives,
        [
            {"unit": unit, "agent_started": agent_started, **life._asdict()}
            for (unit, agent_started, _), life in contents.lives
        ],
    )
    _replace(
        connection,
        notices,
        ("unit", "agent_at", "kind", "source"),
        touched.notices,
        [
            {"unit": unit, "agent_at": agent_at, "kind": kind, "source": source, **said._asdict()}
            for (unit, agent_at, kind, source), said in contents.notices
        ],
    )
    connection.execute(world_mark.delete())
    connection.execute(world_mark.insert().values(id=1, mark=mark))


def _replace(
    connection: sa.Connection,
    table: sa.Table,
    key: Sequence[str],
    touched: Iterable[tuple[object, ...]],
    rows: Sequence[Mapping[str, object]],
) -> None:
    gone = [{f"key_{name}": part for name, part in zip(key, each, strict=True)} for each in touched]
    if gone:
        connection.execute(
            table.delete().where(*(table.c[name] == sa.bindparam(f"key_{name}") for name in key)), gone
        )
    if rows:
        connection.execute(table.insert(), rows)
