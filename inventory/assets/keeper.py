"""Asset books in the state store: taken whole or not at all, after showing what would change; nothing that was true is lost."""

import hashlib
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from core.errors import BadInput
from inventory.assets.sheet import BOOK
from inventory.assets.tables import asset_book
from inventory.census.words import lines, wanted
from inventory.exchange.csv_files import write_csv
from inventory.exchange.diff import Change, Outcome, compare
from inventory.exchange.faults import BadRows, Fault
from inventory.exchange.lines import Line
from inventory.exchange.xlsx_files import write_xlsx
from inventory.state import State

_b = asset_book.c
_SEARCHED = ("asset_number", "description", "serial", "mac", "hostname", "user", "room")
_NAMES = tuple(column.name for column in BOOK.columns)


@dataclass(frozen=True, slots=True)
class BookRow:
    """A version of what a unit's book says of one asset. Days are 2019-06-15, 2019-06 or 2019; what it does not say is empty."""

    unit: str
    asset_number: str
    description: str
    serial: str
    mac: str
    hostname: str
    user: str
    room: str
    bought: str
    warranty_end: str
    note: str
    valid_from: int
    valid_to: int | None
    who: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a file would make of the book of a unit, and what is wrong with it. `digest` names what would change."""

    unit: str
    outcome: Outcome
    faults: Sequence[Fault]

    @property
    def changes(self) -> Sequence[Change]:
        return self.outcome.changes

    @property
    def digest(self) -> str:
        told = [
            (c.what, c.key, sorted((k, v) for k, v in c.fields.items() if k in _SHOWN)) for c in self.changes
        ]
        return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]


_SHOWN = frozenset(_NAMES) - {"valid_from", "valid_to"}


def propose(
    connection: sa.Connection,
    unit: str,
    said: Sequence[Line],
    now: int,
    *,
    faults: Sequence[Fault] = (),
    whole: bool = False,
) -> Proposal:
    """Hold the lines of a file against the book. With `whole` the file is the whole book: what is not in it ends now.

    `faults` are those that reading the file gave.
    """
    rows = connection.execute(sa.select(asset_book).where(_b.unit == unit).order_by(_b.id)).mappings().all()
    outcome = compare(BOOK, rows, said, now, end_missing=(lambda _: True) if whole else None)
    found = [*faults, *outcome.faults, *_warranties(outcome)]
    return Proposal(unit, outcome, list(dict.fromkeys(found)))


def take(
    state: State,
    unit: str,
    said: Sequence[Line],
    who: str,
    now: int,
    *,
    faults: Sequence[Fault] = (),
    whole: bool = False,
    shown: str | None = None,
) -> Sequence[Change]:
    """Take the lines into the book, all of them or nothing; what changed. `shown`: the digest of what somebody agreed to.

    Raises:
        BadRows: something is wrong with the file.
        BadInput: the book was changed since `shown`.
    """
    with state.write() as connection:
        proposal = propose(connection, unit, said, now, faults=faults, whole=whole)
        if proposal.faults:
            raise BadRows(proposal.faults)
        if shown is not None and shown != proposal.digest:
            raise BadInput("the book was changed meanwhile", todo="Look at the changes again")
        for version in proposal.outcome.versions:
            if version.gone:
                connection.execute(sa.delete(asset_book).where(_b.id == version.id))
            elif version.before is not None and version.row != version.before:
                connection.execute(
                    sa.update(asset_book)
                    .where(_b.id == version.id)
                    .values(**version.row, words=_words(version.row))
                )
        fresh = [v.row for v in proposal.outcome.versions if v.before is None and not v.gone]
        if fresh:
            connection.execute(
                sa.insert(asset_book),
                [{**row, "unit": unit, "who": who, "words": _words(row)} for row in fresh],
            )
        return proposal.changes


def current(connection: sa.Connection, unit: str, now: int) -> list[BookRow]:
    """What the book says now, by asset number."""
    query = (
        _rows()
        .where(_b.unit == unit, _b.valid_from <= now, sa.or_(_b.valid_to.is_(None), _b.valid_to > now))
        .order_by(_b.asset_number)
    )
    return [BookRow(*row) for row in connection.execute(query)]


def search(connection: sa.Connection, query: str, now: int, limit: int) -> list[BookRow]:
    """Rows of all books that hold now and in which every word of `query` is found, what it names exactly first."""
    forms = wanted(query)
    if not forms:
        return []
    words = (sa.or_(*(_b.words.contains(form, autoescape=True) for form in each)) for each in forms)
    found = (
        _rows()
        .where(*words, _b.valid_from <= now, sa.or_(_b.valid_to.is_(None), _b.valid_to > now))
        .order_by(~_b.words.contains(f"\n{forms[0][-1]}\n", autoescape=True), _b.unit, _b.asset_number)
        .limit(limit)
    )
    return [BookRow(*row) for row in connection.execute(found)]


def versions(connection: sa.Connection, unit: str, asset_number: str | None = None) -> list[BookRow]:
    """All that it ever said, of one asset or of all; the oldest first."""
    query = _rows().where(_b.unit == unit).order_by(_b.asset_number, _b.valid_from)
    if asset_number is not None:
        query = query.where(_b.asset_number == asset_number)
    return [BookRow(*row) for row in connection.execute(query)]


def as_csv(rows: Sequence[BookRow]) -> bytes:
    """A file that `inventory.assets.read` takes."""
    return write_csv(_grid(rows))


def as_xlsx(rows: Sequence[BookRow]) -> bytes:
    """The same as a workbook. All of it is text, which no spreadsheet reinterprets."""
    return write_xlsx({BOOK.title: _grid(rows)})


def last_day(day: str) -> date:
    """The last day that a day of the book may mean: of 2019-06 it is the 30th."""
    year, month, dom = (int(part) for part in (*day.split("-"), "0", "0")[:3])
    return date(year, month or 12, dom or monthrange(year, month or 12)[1])


def _grid(rows: Sequence[BookRow]) -> Iterator[Sequence[str]]:
    yield _NAMES
    for row in rows:
        yield [column.show(getattr(row, column.name)) for column in BOOK.columns]


def _words(row: Mapping[str, Any]) -> str:
    return lines(str(row[name]) for name in _SEARCHED)


def _rows() -> sa.Select[Any]:
    return sa.select(*(_b[name] for name in BookRow.__slots__))


def _warranties(outcome: Outcome) -> Iterator[Fault]:
    for version in outcome.versions:
        bought, until = str(version.row["bought"]), str(version.row["warranty_end"])
        if version.line and bought and until and last_day(until).isoformat() < bought:
            yield Fault(version.line.source, version.line.row, "warranty_end", "before it was bought")
