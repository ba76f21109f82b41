"""From a grid of texts to lines of values, with every fault of every cell."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory.exchange.cells import Scalar, Wrong, clean
from inventory.exchange.faults import Fault
from inventory.exchange.sheets import SHEETS, Column, Sheet

Cell = str | Wrong
"""What a file holds in a place: text, or something that is no text and why it cannot be taken."""
Grid = Sequence[Sequence[Cell]]

MAX_ROWS = 20_000
MAX_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file. `values` holds the columns that the file has; those in `bad` could not be read."""

    source: str
    row: int
    values: Mapping[str, Scalar]
    bad: frozenset[str] = frozenset()


def sheet_of(name: str) -> Sheet | None:
    """The sheet of this table name or Vietnamese title."""
    wanted = plain(name)
    return next((s for s in SHEETS.values() if wanted in (plain(s.name), plain(s.title))), None)


def sheet_like(grid: Grid) -> Sheet | None:
    """The sheet that shares most columns with the header of `grid`; None if no sheet shares any."""
    _, header = _header(grid)
    names = {plain(cell) for cell in header if isinstance(cell, str)}

    def shared(sheet: Sheet) -> tuple[int, int]:
        found = [bool(names & _names(column)) for column in sheet.columns if column.name != "valid_from"]
        needed = [bool(names & _names(column)) for column in sheet.columns if column.needed]
        return sum(found), sum(needed) - len(needed)

    best = max(SHEETS.values(), key=shared)
    return best if shared(best)[0] else None


def read_lines(sheet: Sheet, source: str, grid: Grid) -> tuple[list[Line], list[Fault]]:
    """All lines below the header, and all faults of header and cells. Empty rows are passed over."""
    at, header = _header(grid)
    columns, faults = _columns(sheet, source, at, header)
    if len(grid) > MAX_ROWS:
        return [], [Fault(source, 0, "", f"too many rows|{len(grid)}, the limit is {MAX_ROWS}")]
    if len(header) > MAX_COLUMNS:
        return [], [Fault(source, at, "", f"too many columns|{len(header)}, the limit is {MAX_COLUMNS}")]
    if not any(columns):
        return [], [Fault(source, at, "", f"no column of the table {sheet.name}")]
    missing = frozenset(c.name for c in sheet.columns if c.needed and c not in columns)
    lines = []
    for row, texts in enumerate(grid[at:], start=at + 1):
        if any(isinstance(cell, Wrong) or cell.strip() for cell in texts):
            values, wrong = _values(columns, texts)
            faults += [Fault(source, row, name, reason) for name, reason in wrong]
            bad = missing | {name for name, _ in wrong}
            lines.append(Line(source, row, values, bad))
    return lines, faults


def _header(grid: Grid) -> tuple[int, Sequence[Cell]]:
    """The first row with anything in it, and its number from 1."""
    for row, cells in enumerate(grid, start=1):
        if any(isinstance(cell, Wrong) or cell.strip() for cell in cells):
            return row, cells
    return len(grid), ()


def _columns(
    sheet: Sheet, source: str, at: int, header: Sequence[Cell]
) -> tuple[list[Column | None], list[Fault]]:
    columns: list[Column | None] = []
    faults = []
    for cell in header[:MAX_COLUMNS]:
        name = "" if isinstance(cell, Wrong) else cell.strip()
        found = next((column for column in sheet.columns if plain(name) in _names(column)), None)
        if isinstance(cell, Wrong):
            faults.append(Fault(source, at, "", str(cell)))
        elif name and found is None:
            faults.append(Fault(source, at, name[:60], "unknown column"))
        elif found and found in columns:
            faults.append(Fault(source, at, found.name, "column twice"))
            found = None
        columns.append(found)
    faults += [
        Fault(source, at, column.name, "missing column")
        for column in sheet.columns
        if column.needed and column not in columns
    ]
    return columns, faults


def _values(
    columns: Sequence[Column | None], texts: Sequence[Cell]
) -> tuple[dict[str, Scalar], list[tuple[str, str]]]:
    values: dict[str, Scalar] = {}
    wrong: list[tuple[str, str]] = []
    for index, cell in enumerate(texts[len(columns) :], start=len(columns) + 1):
        if isinstance(cell, Wrong) or cell.strip():
            wrong.append((str(index), "value outside of the columns"))
            break
    for index, column in enumerate(columns):
        if column is None:
            continue
        try:
            read_cell(column, texts[index] if index < len(texts) else "", values)
        except Wrong as error:
            wrong.append((column.name, str(error)))
    return values, wrong


def read_cell(column: Column, cell: Cell, values: dict[str, Scalar]) -> None:
    """Put what a cell says into `values`.

    Raises:
        Wrong: it cannot be taken; why.
    """
    if isinstance(cell, Wrong):
        raise cell
    text = clean(cell, column.longest)
    if text:
        values[column.name] = column.read(text)
    elif column.needed:
        raise Wrong("empty")
    elif not column.kept:
        values[column.name] = column.blank


def _names(column: Column) -> set[str]:
    return {plain(name) for name in (column.name, *column.aliases)}


def plain(name: str) -> str:
    """A header as everyone means it: capitals, underscores and blanks do not matter."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace("_", " ").split())
