"""The asset book of a unit: what of it is clear, what is left to a person, what is only in one of the two; and taking a file into it."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Path, Query, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.errors import BadInput
from inventory.assets import keeper
from inventory.assets.book import Book, read_book
from inventory.assets.read import read_book as read_file
from inventory.assets.sheet import BOOK, PASSED_OVER
from inventory.exchange.diff import Change
from inventory.exchange.faults import BadRows, Fault
from web.auth.guard import require
from web.auth.roles import Role, User
from web.book import BOOK_COLUMNS, CHANGES, COLUMNS, MACHINE, NAME
from web.context import context_of
from web.faults import fault
from web.i18n import Speaker, language_of, local_time, mark, speaker
from web.pages.machines.tables import Format, Table, as_file
from web.pages.machines.unit import known_unit
from web.pages.rendering import render

MOST = 700 << 10
"""Bytes of a file that is taken by the page, which has to send it twice; the command line takes more."""
LISTED = 200
"""Faults and changes that are shown; more are counted."""
SOON_DAYS = 60
TOO_LARGE, NOT_CHOSEN = mark("The file is too large for the page: use “nhip inventory book import”."), mark("Choose a file first.")  # fmt: skip
CHANGED = mark("The book was changed meanwhile: look at the changes again.")

router = APIRouter()
Code = Annotated[str, Path(max_length=40)]
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that somebody wants in the book. `data` comes back with the form that agrees."""

    name: str
    data: bytes
    whole: bool

    @property
    def packed(self) -> str:
        return base64.urlsafe_b64encode(self.data).decode()


@router.get("/units/{code}/book")
def book(
    request: Request,
    code: Code,
    done: Annotated[bool, Query()] = False,
    part: Annotated[Literal["unclear", "unseen", "unlisted"] | None, Query()] = None,
    format: Format = None,  # noqa: A002 - it is what the address says
) -> Response:
    """`done`: a file was taken. As a file it has the whole history, and can be taken in again; `part` is a list to work through."""
    context, now = context_of(request), context_of(request).clock.now()
    known_unit(context, code)
    if format and part:
        beside = read_book(context.state, context.machines, code, now)
        return as_file(_part(speaker(language_of(request), now), beside, part), format, now)
    if format:
        with context.state.read() as connection:
            rows = keeper.versions(connection, code)
        names = [column.name for column in BOOK.columns]
        shown = ([column.show(getattr(row, column.name)) for column in BOOK.columns] for row in rows)
        return as_file(Table(f"so-tai-san-{code}", names, shown), format, now)
    found = read_book(context.state, context.machines, code, now)
    return _page(request, code, found, done=done)


@router.post("/units/{code}/book")
async def propose(
    request: Request,
    code: Code,
    _user: Technician,
    file: Annotated[UploadFile | None, File()] = None,
    whole: Annotated[bool, Form()] = False,
) -> Response:
    """What a file would change, or what is wrong with it. Nothing is changed yet."""
    known_unit(context_of(request), code)
    data = b"" if file is None else await file.read(MOST + 1)
    name = (file.filename or "")[:100] if file else ""
    if not data or len(data) > MOST:
        return await run_in_threadpool(_again, request, code, TOO_LARGE if data else NOT_CHOSEN)
    return await run_in_threadpool(_preview, request, code, Wanted(name, data, whole))


@router.post("/units/{code}/book/take")
async def take(
    request: Request,
    code: Code,
    user: Technician,
    packed: Annotated[str, Form(max_length=MOST * 2)],
    shown: Annotated[str, Form(max_length=64)],
    name: Annotated[str, Form(max_length=100)] = "",
    whole: Annotated[bool, Form()] = False,
) -> Response:
    """Take the file that was shown, if it would still change what was shown."""
    context = context_of(request)
    known_unit(context, code)
    try:
        wanted = Wanted(name, base64.urlsafe_b64decode(packed), whole)
    except (ValueError, binascii.Error):
        return await run_in_threadpool(_again, request, code, NOT_CHOSEN)

    def keep() -> Response:
        lines, faults = read_file(wanted.name, wanted.data)
        now = context.clock.now()
        try:
            keeper.take(context.state, code, lines, user.name, now, faults=faults, whole=whole, shown=shown)
        except BadRows:
            return _preview(request, code, wanted)
        except BadInput:
            return _preview(request, code, wanted, CHANGED)
        return RedirectResponse(f"/units/{quote(code, safe='')}/book?done=true", 303)

    return await run_in_threadpool(keep)


def _part(say: Speaker, book: Book, part: Literal["unclear", "unseen", "unlisted"]) -> Table:
    """What the page lists, as a table: rows of the book with the machines that they may be, or machines that are in no row."""
    name = f"so-tai-san-{book.unit}-{part}"
    if part == "unlisted":
        titles = [say.gettext(title) for title in (NAME, MACHINE)]
        return Table(name, titles, [(book.names[each], each) for each in _by_name(book)])
    numbers = book.matching.unseen if part == "unseen" else book.matching.unclear
    titles = [*(say.gettext(title) for title in BOOK_COLUMNS.values()), say.gettext(MACHINE)]
    rows = [
        (
            *(getattr(book.rows[number], column) for column in BOOK_COLUMNS),
            ", ".join(book.names[fit.machine] or fit.machine for fit in book.fits(number)),
        )
        for number in numbers
    ]
    return Table(name, titles, rows)


def _by_name(book: Book) -> Sequence[str]:
    return sorted(book.matching.unlisted, key=lambda each: ((book.names[each] or each).casefold(), each))


def _preview(request: Request, code: str, wanted: Wanted, error: str = "") -> Response:
    context, now = context_of(request), context_of(request).clock.now()
    lines, faults = read_file(wanted.name, wanted.data)
    with context.state.read() as connection:
        proposal = keeper.propose(connection, code, lines, now, faults=faults, whole=wanted.whole)
    say = speaker(language_of(request), now)
    details = {
        "unit": code,
        "wanted": wanted,
        "error": error and say.gettext(error),
        "faults": [_told(say, each) for each in proposal.faults[:LISTED]],
        "more_faults": max(0, len(proposal.faults) - LISTED),
        "changes": [_change(each) for each in proposal.changes[:LISTED]],
        "more": max(0, len(proposal.changes) - LISTED),
        "shown": proposal.digest,
        "COLUMNS": COLUMNS,
        "CHANGES": CHANGES,
    }
    return render(request, "assets/preview.html", details, 422 if proposal.faults else 200)


def _again(request: Request, code: str, error: str) -> Response:
    context = context_of(request)
    found = read_book(context.state, context.machines, code, context.clock.now())
    return _page(request, code, found, error=error)


def _page(request: Request, code: str, found: Book, *, done: bool = False, error: str = "") -> Response:
    now = context_of(request).clock.now()
    today = local_time(now).date()
    details = {
        "unit": code,
        "book": found,
        "done": done,
        "error": error and speaker(language_of(request), now).gettext(error),
        "over": {
            number
            for number, row in found.rows.items()
            if row.warranty_end and keeper.last_day(row.warranty_end) < today
        },
        "soon": {
            number
            for number, row in found.rows.items()
            if row.warranty_end
            and timedelta(0) <= keeper.last_day(row.warranty_end) - today <= timedelta(SOON_DAYS)
        },
        "unlisted": _by_name(found),
        "address_of": lambda fit: _address(code, fit.machine),
        "address": lambda machine: _address(code, machine),
        "COLUMNS": COLUMNS,
        "HEADERS": [column.aliases[0] for column in BOOK.columns if column.name in BOOK_COLUMNS],
        "PASSED_OVER": sorted(PASSED_OVER),
    }
    return render(request, "assets/book.html", details, 422 if error else 200)


def _address(code: str, machine: str) -> str:
    return f"/units/{quote(code, safe='')}/machines/{machine}" if ":" in machine else f"/machines/{machine}"


def _told(say: Speaker, each: Fault) -> tuple[int, str, str]:
    """(row, column in words, reason in words)."""
    column = COLUMNS.get(each.column)
    return each.row, say.gettext(column) if column else each.column, fault(say, each.reason)


def _change(each: Change) -> tuple[str, str, Sequence[tuple[str, str, str]]]:
    """(what, asset number, fields with what they were and are)."""
    columns = {column.name: column for column in BOOK.columns}
    fields = [
        (name, columns[name].show(before), columns[name].show(after))
        for name, (before, after) in each.fields.items()
        if name not in (*BOOK.key, "valid_from", "valid_to") and (before or after)
    ]
    return each.what, str(each.key[0]), fields
