"""CSV in and out.

Written for people who open files in a spreadsheet: text that a spreadsheet would take for a formula gets an
apostrophe in front, which reading takes away again. UTF-8 with a byte order mark, without which Excel shows
Vietnamese as noise.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence

from core.errors import BadInput
from inventory.exchange.lines import Grid

MAX_BYTES = 16 << 20

_FORMULA = ("=", "+", "-", "@", "'", "\t", "\r")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read_csv(data: bytes) -> Grid:
    """The cells of a CSV file, separated by comma, semicolon or tab; UTF-8, or UTF-16 with its mark.

    Raises:
        BadInput: it is larger than MAX_BYTES, no text, or its quotes do not close.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(f"{len(data)} bytes, the limit is {MAX_BYTES}")
    text = _decode(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    grid: list[Sequence[str]] = []
    try:
        grid.extend([_unguard(cell) for cell in row] for row in reader)
    except csv.Error as error:
        raise BadInput(str(error), where=f"row {len(grid) + 1}") from error
    return grid


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Cells as a CSV file that `read_csv` reads back as they were."""
    lines = (",".join(_quote(_guard(cell)) for cell in row) for row in rows)
    return codecs.BOM_UTF8 + "".join(f"{line}\n" for line in lines).encode()


def _decode(data: bytes) -> str:
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(f"not {encoding.upper()} text", todo="Save it as “CSV UTF-8” or as XLSX") from error
    if "\0" in text:
        raise BadInput("not a text file", todo="Save it as “CSV UTF-8” or as XLSX")
    return text


def _separator(text: str) -> str:
    """What the first line that is not blank uses most, outside of quotes."""
    first = next((line for line in io.StringIO(text) if line.strip(" \t\r\n,;")), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(",;\t", key=bare.count)


def _guard(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _quote(cell: str) -> str:
    # Semicolon and tab too: where those separate, a cell in the middle must not begin a formula.
    if re.search(r'[",;\t\r\n]', cell) or cell != cell.strip():
        doubled = cell.replace('"', '""')
        return f'"{doubled}"'
    return cell
