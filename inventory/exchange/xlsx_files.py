"""XLSX in and out. What is inside of the archive is bounded before anything of it is read."""

import io
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell

from core.errors import BadInput
from inventory.exchange.cells import Wrong
from inventory.exchange.csv_files import MAX_BYTES
from inventory.exchange.lines import MAX_COLUMNS, MAX_ROWS, Cell, Grid

MAX_PLAIN = 32 << 20
"""Bytes of all parts of a workbook after decompression."""
MAX_PARTS = 500


def read_xlsx(data: bytes) -> Mapping[str, Grid]:
    """The cells of each sheet by its name. Formulas and errors are not taken for text: those cells are `Wrong`.

    Raises:
        BadInput: no workbook, or one that is past the bounds.
    """
    _check_size(data)
    try:
        with warnings.catch_warnings():
            # openpyxl warns of each extension that it leaves out; none of them is a cell.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
            return {sheet.title: _grid(sheet) for sheet in book.worksheets}
    except Exception as error:
        raise BadInput(f"not a workbook: {type(error).__name__}", todo="Save it as XLSX again") from error


def write_xlsx(sheets: Mapping[str, Iterable[Sequence[str | int | float | None]]]) -> bytes:
    """A workbook; text stays text, whatever it begins with."""
    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise BadInput(f"{len(data)} bytes, the limit is {MAX_BYTES}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise BadInput("not a workbook", todo="Save it as XLSX again") from error
    # Reading stops at the size that the archive declares, so that a false one costs no more than it says.
    plain = sum(part.file_size for part in parts)
    if plain > MAX_PLAIN or len(parts) > MAX_PARTS:
        raise BadInput(
            f"{plain} bytes in {len(parts)} parts inside, the limits are {MAX_PLAIN} and {MAX_PARTS}"
        )


def _grid(sheet: Any) -> Grid:
    grid: list[list[Cell]] = []
    for row in sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS + 1):
        cells = [_text(cell) if cell.value is not None else "" for cell in row]
        while cells and cells[-1] == "":
            cells.pop()
        grid.append(cells)
    while grid and not grid[-1]:
        grid.pop()
    return grid


def _text(cell: Any) -> Cell:
    value = cell.value
    if cell.data_type in ("f", "e"):
        return Wrong("formula" if cell.data_type == "f" else f"error|{value}")
    if isinstance(value, bool):
        return Wrong(f"neither text nor number|{value}")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value)


def _cell(sheet: Any, value: str | float | None) -> Any:
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
    return cell
