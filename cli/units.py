"""`nhip units …`: the registry as files: units, links, services, devices, templates, settings, maintenance."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli.data import DEFAULT_DATA, DataDir, open_state
from core.clock import SystemClock
from core.errors import BadInput
from inventory.changes import apply, propose
from inventory.exchange.diff import Change
from inventory.exchange.files import read_files, write_files
from inventory.exchange.sheets import SHEETS, Sheet

app = typer.Typer(help="The registry as files, and its history: import, export.", no_args_is_help=True)

_SIGNS = {"add": "+", "change": "~", "end": "-", "remove": "x"}


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV and XLSX files, or folders of CSV files.")],
    data: DataDir = DEFAULT_DATA,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    end_missing: Annotated[
        bool, typer.Option("--end-missing", help="What is in the registry and not in the files ends now.")
    ] = False,
) -> None:
    """Take files into the registry: all of them or nothing, after showing what would change.

    A CSV file is known by its name (units.csv, links.csv, …) or by its columns; a workbook has one sheet for each
    table. Every fault is listed with its row, column and reason.

    Example: nhip units import units.csv links.csv --dry-run
    """
    lines, faults = read_files([file for path in files for file in _files(path)])
    with open_state(data) as state:
        with state.read() as connection:
            now = SystemClock().now()
            proposal = propose(connection, lines, now, faults=faults, end_missing=end_missing)
        if proposal.faults:
            for fault in proposal.faults:
                print(fault, file=sys.stderr)
            raise BadInput(f"{len(proposal.faults)} faults", todo="Nothing was changed")
        for text in describe(proposal.changes):
            print(text)
        if not proposal.changes or dry_run:
            return
        if not yes and not typer.confirm("Change the registry so?"):
            raise typer.Exit(1)
        with state.write() as connection:
            apply(connection, proposal)
    print("Done.")


@app.command("export")
def export(
    to: Annotated[Path, typer.Argument(help="A folder for CSV files, an .xlsx file, or one .csv file.")],
    data: DataDir = DEFAULT_DATA,
    table: Annotated[
        list[str] | None, typer.Option(help=f"Only this table ({', '.join(SHEETS)}); may be repeated.")
    ] = None,
) -> None:
    """Write the registry with its whole history to files that `nhip units import` takes.

    Example: nhip units export registry.xlsx
    """
    names = table or list(SHEETS)
    for name in names:
        if name not in SHEETS:
            raise BadInput(f"no table {name!r}", where="--table", todo=f"Known are {', '.join(SHEETS)}")
    if to.suffix.lower() == ".csv" and table is None:
        names = [to.stem if to.stem in SHEETS else "units"]
    with open_state(data) as state, state.read() as connection:
        for path in write_files(connection, to, names):
            print(path)


def describe(
    changes: Sequence[Change], sheets: Mapping[str, Sheet] = SHEETS, of: str = "registry"
) -> Iterator[str]:
    """The changes for people, one line each, and a last line that counts them."""
    for change in changes:
        yield _line(change, sheets[change.table])
    if not changes:
        yield f"Nothing would change: the {of} says all of this already."
        return
    counts = {what: sum(change.what == what for change in changes) for what in _SIGNS}
    yield ", ".join(f"{count} to {what}" for what, count in counts.items() if count)


def _line(change: Change, sheet: Sheet) -> str:
    columns = {column.name: column for column in sheet.columns}
    key = " ".join(str(part) for part in change.key if part)
    parts = []
    for name, (before, after) in change.fields.items():
        if name in sheet.key or (change.what == "add" and after in ("", None)):
            continue
        old, new = columns[name].show(before), columns[name].show(after)
        parts.append(
            f"{name} {new}" if change.what == "add" else f"{name} {old or '(empty)'} → {new or '(empty)'}"
        )
    since = ""
    if change.what == "change" and not change.corrects:
        since = f" from {columns['valid_from'].show(change.version.start)}"
    return f"{_SIGNS[change.what]} {change.table} {key}{since}{': ' if parts else ''}{', '.join(parts)}"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.suffix.lower() in (".csv", ".xlsx"))
        if not found:
            raise BadInput("no CSV or XLSX file in this folder", where=str(path))
        return found
    return [path]
