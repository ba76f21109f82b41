"""The file of an asset book, CSV or XLSX, to lines with every fault of every cell. No I/O."""

from collections.abc import Mapping, Sequence

from core.errors import BadInput
from inventory.assets.sheet import BOOK, PASSED_OVER
from inventory.exchange.cells import Wrong
from inventory.exchange.csv_files import read_csv
from inventory.exchange.faults import Fault
from inventory.exchange.lines import Cell, Grid, Line, plain, read_lines
from inventory.exchange.xlsx_files import read_xlsx

TITLE_ROWS = 20
"""Rows at the top of a sheet among which its header is looked for: books begin with the office's name and a title."""
_KNOWN = frozenset(plain(name) for column in BOOK.columns for name in (column.name, *column.aliases))


def read_book(name: str, data: bytes) -> tuple[list[Line], list[Fault]]:
    """All lines of the file, and everything that is wrong with it. What kind of file it is shows in its content.

    In a workbook, sheets without any column of the book are passed over, if there is one that has.
    """
    try:
        grids: Mapping[str, Grid] = (
            {f"{name}, sheet {sheet}": grid for sheet, grid in read_xlsx(data).items()}
            if data.startswith(b"PK")
            else {name: read_csv(data)}
        )
    except BadInput as error:
        return [], [Fault(name, 0, "", str(error))]
    tables = {source: _table(grid) for source, grid in grids.items()}
    books = {source: table for source, table in tables.items() if table is not None}
    if not books:
        return [], [Fault(name, 0, "", "no header of an asset book|needed is a column asset_number")]
    lines: list[Line] = []
    faults: list[Fault] = []
    for source, table in books.items():
        read, wrong = read_lines(BOOK, source, table)
        lines += read
        faults += wrong
    return lines, faults


def _table(grid: Grid) -> Grid | None:
    """The grid with nothing above its header and nothing in the columns that are passed over; None where there is no header.

    So a row that says something in such columns alone, a heading or the sum of prices, is an empty one.
    """
    for at, row in enumerate(grid[:TITLE_ROWS]):
        if "asset number" in {_column(cell) for cell in row}:
            over = {n for n, cell in enumerate(row) if _column(cell) in PASSED_OVER}
            above: list[Sequence[Cell]] = [[] for _ in range(at)]
            return [*above, *(["" if n in over else cell for n, cell in enumerate(row)] for row in grid[at:])]
    # Without its needed column it is still the book, when it looks like one: that is then told as what is missing.
    first = next((row for row in grid if any(isinstance(c, Wrong) or c.strip() for c in row)), ())
    return grid if {_column(cell) for cell in first} & _KNOWN else None


def _column(cell: Cell) -> str:
    if isinstance(cell, Wrong):
        return ""
    name = plain(cell)
    number = BOOK.column("asset_number")
    return "asset number" if name in {plain(each) for each in (number.name, *number.aliases)} else name
