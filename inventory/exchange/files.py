"""Files of the registry on disk: which table is in which file, read and written."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from core.errors import BadInput
from inventory.exchange.csv_files import MAX_BYTES, read_csv, write_csv
from inventory.exchange.faults import Fault
from inventory.exchange.lines import Grid, Line, read_lines, sheet_like, sheet_of
from inventory.exchange.sheets import SHEETS, Sheet
from inventory.exchange.xlsx_files import read_xlsx, write_xlsx

Lines = dict[str, list[Line]]


def read_files(paths: Iterable[Path]) -> tuple[Lines, list[Fault]]:
    """All lines of CSV and XLSX files, by table, and everything that is wrong with them.

    A CSV file is named like its table (`units.csv`), or is known by its columns; a workbook has a sheet for each.
    """
    lines: Lines = {}
    faults: list[Fault] = []
    for path in paths:
        try:
            grids = _grids(path)
        except (BadInput, OSError) as error:
            reason = error.strerror or "cannot be read" if isinstance(error, OSError) else str(error)
            faults.append(Fault(path.name, 0, "", reason))
            continue
        for source, name, grid in grids:
            sheet = sheet_of(name) or (sheet_like(grid) if path.suffix.lower() != ".xlsx" else None)
            if sheet is not None:
                read, wrong = read_lines(sheet, source, grid)
                lines.setdefault(sheet.name, []).extend(read)
                faults += wrong
            elif grid or path.suffix.lower() != ".xlsx":
                known = ", ".join(SHEETS)
                faults.append(Fault(source, 0, "", f"no table of the registry|known are {known}"))
    return lines, faults


def read_table(connection: sa.Connection, sheet: Sheet) -> list[sa.RowMapping]:
    """All versions in a table, in the order in which they are exported."""
    columns = sheet.table.c
    first = [columns[column.name] for column in sheet.columns if column.kept]
    order = [*first, *(columns[name] for name in sheet.key), columns.valid_from]
    return list(connection.execute(sa.select(sheet.table).order_by(*order)).mappings())


def write_files(connection: sa.Connection, path: Path, names: Sequence[str] = tuple(SHEETS)) -> list[Path]:
    """Write tables to an XLSX file, a CSV file (of one table), or a folder of CSV files; the files written.

    Raises:
        BadInput: one CSV file is to hold several tables, or it cannot be written.
    """
    sheets = [SHEETS[name] for name in names]
    suffix = path.suffix.lower()
    if suffix == ".csv" and len(sheets) != 1:
        raise BadInput("a CSV file holds one table", todo="Name the table, a folder, or an .xlsx file")
    try:
        if suffix == ".xlsx":
            path.write_bytes(write_xlsx({sheet.name: _values(connection, sheet) for sheet in sheets}))
            return [path]
        if suffix == ".csv":
            path.write_bytes(csv_of(connection, sheets[0]))
            return [path]
        path.mkdir(parents=True, exist_ok=True)
        for sheet in sheets:
            (path / f"{sheet.name}.csv").write_bytes(csv_of(connection, sheet))
    except OSError as error:
        raise BadInput(error.strerror or "cannot be written", where=str(path)) from error
    return [path / f"{sheet.name}.csv" for sheet in sheets]


def csv_of(connection: sa.Connection, sheet: Sheet) -> bytes:
    """One table as a CSV file."""
    rows = (
        [column.show(row[column.name]) for column in sheet.columns] for row in read_table(connection, sheet)
    )
    return write_csv([[column.name for column in sheet.columns], *rows])


def _values(connection: sa.Connection, sheet: Sheet) -> Iterable[Sequence[str | int | float | None]]:
    """Header and rows for a workbook: numbers as numbers, times and yes and no as text, which no spreadsheet reinterprets."""
    yield [column.name for column in sheet.columns]
    for row in read_table(connection, sheet):
        yield [
            row[column.name]
            if column.show(row[column.name]) == str(row[column.name])
            and isinstance(row[column.name], (int, float))
            else column.show(row[column.name])
            for column in sheet.columns
        ]


def _grids(path: Path) -> Sequence[tuple[str, str, Grid]]:
    """(where it is, name of the table, cells) of each table in a file."""
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{path.stat().st_size} bytes, the limit is {MAX_BYTES}")
    data = path.read_bytes()
    if path.suffix.lower() == ".xlsx":
        sheets: Mapping[str, Grid] = read_xlsx(data)
        return [(f"{path.name}, sheet {name}", name, grid) for name, grid in sheets.items()]
    return [(path.name, path.stem, read_csv(data))]
