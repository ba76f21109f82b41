"""`/api/v1/units/{code}/book`: what a unit's asset book says, beside what was heard; taking a file into it; search over all books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Query
from starlette.requests import Request

from inventory.assets import keeper
from inventory.assets.book import read_book
from inventory.assets.keeper import BookRow
from inventory.assets.match import Fit
from inventory.assets.read import read_book as read_file
from inventory.assets.sheet import BOOK
from inventory.exchange.diff import Change
from inventory.exchange.faults import BadRows
from web.api.paging import Limit
from web.api.problems import Problem
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of

router = APIRouter(tags=["assets"])
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]


@dataclass(frozen=True, slots=True)
class BookedRow:
    """A row of the book. `machines`: the one that it is (`found`), those that it may be (`unclear`), or none (`unseen`)."""

    row: BookRow
    standing: Literal["found", "unclear", "unseen"]
    machines: Sequence[Fit]


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A machine that is in no row: its name, or a MAC that only sweeps heard."""

    machine: str
    hostname: str


@dataclass(frozen=True, slots=True)
class BookView:
    rows: Sequence[BookedRow]
    unlisted: Sequence[Unlisted]


@dataclass(frozen=True, slots=True)
class BookChange:
    """`what` is `add`, `change`, `end` or `remove`; `fields` with what they were and are."""

    what: str
    asset_number: str
    fields: Mapping[str, tuple[str, str]]


@router.get("/assets")
def assets(
    request: Request,
    q: Annotated[str, Query(max_length=200, description="Words, each a part of anything that a row says.")],
    limit: Limit = 50,
) -> list[BookRow]:
    """Rows of the books of all units that are searched for, what `q` names exactly first."""
    context = context_of(request)
    with context.state.read() as connection:
        return keeper.search(connection, q, context.clock.now(), limit)


@router.get("/units/{code}/book")
def book(request: Request, code: str) -> BookView:
    """All rows that hold now, by asset number, each with the machine that it is."""
    context = context_of(request)
    _known_unit(context, code)
    found = read_book(context.state, context.machines, code, context.clock.now())
    rows = [
        BookedRow(
            row,
            "found" if number in found.matching.found else "unclear" if found.fits(number) else "unseen",
            found.fits(number),
        )
        for number, row in found.rows.items()
    ]
    return BookView(rows, [Unlisted(each, found.names[each]) for each in found.matching.unlisted])


@router.get("/units/{code}/book/versions")
def versions(
    request: Request,
    code: str,
    asset_number: Annotated[str | None, Query(max_length=4_000, description="Only of this one.")] = None,
) -> list[BookRow]:
    """All that the book ever said, by asset number and time."""
    context = context_of(request)
    _known_unit(context, code)
    with context.state.read() as connection:
        return keeper.versions(connection, code, asset_number)


@router.post("/units/{code}/book")
def take(
    request: Request,
    code: str,
    user: Technician,
    file: Annotated[bytes, Body(media_type="application/octet-stream")],
    dry_run: Annotated[bool, Query(description="Say what would change, and change nothing.")] = False,
    whole: Annotated[bool, Query(description="What is not in the file ends now.")] = False,
) -> list[BookChange]:
    """Take a CSV or XLSX file (the body) into the book, all of it or nothing; what changed. Needs the role technician."""
    context = context_of(request)
    _known_unit(context, code)
    now = context.clock.now()
    lines, faults = read_file("file", file)
    if dry_run:
        with context.state.read() as connection:
            proposal = keeper.propose(connection, code, lines, now, faults=faults, whole=whole)
        if proposal.faults:
            raise BadRows(proposal.faults)
        return [_change(each) for each in proposal.changes]
    changes = keeper.take(context.state, code, lines, user.name, now, faults=faults, whole=whole)
    return [_change(each) for each in changes]


def booked(context: Context, unit: str, name: str) -> BookRow | None:
    """What the book of its unit says of a machine, where it is clear which row it is."""
    return read_book(context.state, context.machines, unit, context.clock.now()).of_machine(name)


def _change(change: Change) -> BookChange:
    columns = {column.name: column for column in BOOK.columns}
    fields = {
        name: (columns[name].show(before), columns[name].show(after))
        for name, (before, after) in change.fields.items()
        if name not in BOOK.key
    }
    return BookChange(change.what, str(change.key[0]), fields)


def _known_unit(context: Context, code: str) -> None:
    if context.registry.unit(code, context.clock.now()) is None:
        raise Problem("not-found", "no unit has that code")
