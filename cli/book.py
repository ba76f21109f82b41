"""`nhip inventory book …`: the asset book of a unit from a file, back into one, and beside what was heard."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.data import DEFAULT_DATA, DataDir, open_state
from cli.units import describe
from core.clock import SystemClock
from core.errors import BadInput
from inventory.assets import keeper
from inventory.assets.book import read_book as read_beside
from inventory.assets.read import read_book
from inventory.assets.sheet import BOOK
from inventory.exchange.csv_files import MAX_BYTES
from inventory.machines.reads import Machines
from inventory.registry import Registry
from inventory.state import State

app = typer.Typer(help="Asset books of units: import, export, check.", no_args_is_help=True)
Unit = Annotated[str, typer.Argument(help="The unit's code.")]


@app.command("import")
def import_(
    unit: Unit,
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file.")],
    data: DataDir = DEFAULT_DATA,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="The file is the whole book: what is not in it ends now.")
    ] = False,
) -> None:
    """Take a file into the asset book of a unit: all of it or nothing, after showing what would change.

    Headers may be Vietnamese or English. Every fault is listed with its row, column and reason.

    Example: nhip inventory book import 11950 so-tai-san.xlsx --dry-run
    """
    lines, faults = read_book(file.name, _bytes(file))
    with open_state(data) as state:
        now = SystemClock().now()
        _known(state, unit, now)
        with state.read() as connection:
            proposal = keeper.propose(connection, unit, lines, now, faults=faults, whole=whole)
        if proposal.faults:
            for fault in proposal.faults:
                print(fault, file=sys.stderr)
            raise BadInput(f"{len(proposal.faults)} faults", todo="Nothing was changed")
        for text in describe(proposal.changes, {BOOK.name: BOOK}, "book"):
            print(text)
        if not proposal.changes or dry_run:
            return
        if not yes and not typer.confirm("Change the book so?"):
            raise typer.Exit(1)
        who = f"{getpass.getuser()} (command line)"
        keeper.take(state, unit, lines, who, now, whole=whole, shown=proposal.digest)
    print("Done.")


@app.command("export")
def export(
    unit: Unit,
    to: Annotated[Path, typer.Argument(help="A .csv or .xlsx file.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Write the asset book of a unit with its whole history to a file that `nhip inventory book import` takes.

    Example: nhip inventory book export 11950 so-tai-san.xlsx
    """
    if to.suffix.lower() not in (".csv", ".xlsx"):
        raise BadInput("neither .csv nor .xlsx", where=str(to))
    with open_state(data) as state, state.read() as connection:
        rows = keeper.versions(connection, unit)
    try:
        to.write_bytes(keeper.as_csv(rows) if to.suffix.lower() == ".csv" else keeper.as_xlsx(rows))
    except OSError as error:
        raise BadInput(error.strerror or "cannot be written", where=str(to)) from error
    print(f"{to}: {len(rows)} rows")


@app.command("check")
def check(unit: Unit, data: DataDir = DEFAULT_DATA) -> None:
    """Say which rows of a book are which machine is not clear, what was never heard, and what is in no row.

    Example: nhip inventory book check 11950
    """
    with open_state(data) as state:
        now = SystemClock().now()
        _known(state, unit, now)
        book = read_beside(state, Machines(state), unit, now)
    for number, fits in book.matching.unclear.items():
        may_be = ", ".join(
            f"{book.names[fit.machine] or fit.machine} ({' '.join(fit.agrees)} agrees"
            f"{', ' + ' '.join(fit.differs) + ' differs' if fit.differs else ''})"
            for fit in fits
        )
        print(f"not clear: {number}: {may_be}")
    for number in book.matching.unseen:
        row = book.rows[number]
        print(f"never heard: {number} {row.description} {row.user}".rstrip())
    for machine in book.matching.unlisted:
        print(f"not in the book: {book.names[machine] or machine}")
    told = book.matching
    print(
        f"{len(book.rows)} rows: {len(told.found)} found, {len(told.unclear)} not clear, "
        f"{len(told.unseen)} never heard; {len(told.unlisted)} machines not in the book"
    )


def _known(state: State, unit: str, now: int) -> None:
    if Registry(state).unit(unit, now) is None:
        raise BadInput(f"no unit {unit!r}", todo="`nhip units export` lists them")


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise BadInput(f"{file.stat().st_size} bytes, the limit is {MAX_BYTES}", where=str(file))
        return file.read_bytes()
    except OSError as error:
        raise BadInput(error.strerror or "cannot be read", where=str(file)) from error
