"""Files that are not what they say: each gets a clear answer, within bounds, and changes nothing."""

import contextlib
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_registry import NOW, open_registry, proposal, small_province

from core.errors import BadInput
from inventory.exchange import cells
from inventory.exchange.csv_files import MAX_BYTES, read_csv
from inventory.exchange.files import read_files
from inventory.exchange.lines import read_lines, sheet_like
from inventory.exchange.sheets import SHEETS, Sheet
from inventory.exchange.xlsx_files import read_xlsx, write_xlsx
from inventory.state import State

FUZZ = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
BOOK = write_xlsx({"units": [("code", "name", "level", "parent"), ("a", "Xã", "commune", "323")]})
FILE = "code,name,level,parent\n33,Tỉnh,province,\n323,Huyện,district,33\n".encode()


@pytest.fixture(scope="module")
def state() -> Iterator[State]:
    with open_registry() as state:
        small_province(state)
        yield state


def reasons(state: State, path: Path) -> list[str]:
    return [fault.reason for fault in proposal(state, path).faults]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("units.csv", b"", "no column of the table units"),
        ("units.csv", b"\n\n;;;\n", "no column of the table units"),
        (
            "x.csv",
            b"one,two\n1,2\n",
            "no table of the registry|known are units, links, services, service_checks, watched_devices, templates, settings, maintenance",
        ),
        ("units.csv", bytes(range(256)) * 9, "not UTF-8 text. Save it as “CSV UTF-8” or as XLSX"),
        (
            "units.csv",
            "code,tên\n".encode("cp1258", "ignore") + b"\xea",
            "not UTF-8 text. Save it as “CSV UTF-8” or as XLSX",
        ),
        ("units.csv", b"\xff\xfe\x00", "not UTF-16-LE text. Save it as “CSV UTF-8” or as XLSX"),
        ("units.csv", b"code\0name", "not a text file. Save it as “CSV UTF-8” or as XLSX"),
        ("units.csv", b'code,name\n"a,b\n', "row 2: unexpected end of data"),
        ("units.csv", b"code," + b"x" * 140_000, "row 1: field larger than field limit (131072)"),
        ("units.csv", b"," * 70 + b"code", "too many columns|71, the limit is 64"),
        ("units.csv", b"code\n" + b"a\n" * 20_001, "too many rows|20002, the limit is 20000"),
        ("units.csv", b" " * (MAX_BYTES + 1), f"{MAX_BYTES + 1} bytes, the limit is {MAX_BYTES}"),
        ("so.xlsx", b"", "not a workbook. Save it as XLSX again"),
        ("so.xlsx", FILE, "not a workbook. Save it as XLSX again"),
        ("so.xlsx", BOOK[:-30], "not a workbook. Save it as XLSX again"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_taken_is_answered_plainly(
    state: State, tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert reasons(state, path) == [reason]


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def _book_with(sheet: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return _zip({**parts, "xl/worksheets/sheet1.xml": sheet})


def test_a_zip_bomb_is_refused_before_it_is_opened() -> None:
    bomb = _book_with(b"<x>" + b"a" * (40 << 20) + b"</x>")
    assert len(bomb) < 100_000
    tracemalloc.start()
    with pytest.raises(BadInput, match="limits"):
        read_xlsx(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


def test_a_bomb_that_lies_about_its_size_costs_no_more_than_it_says() -> None:
    honest = _book_with(b"<x>" + b"a" * (20 << 20) + b"</x>")
    size = ((20 << 20) + 7).to_bytes(4, "little")
    assert size in honest
    with pytest.raises(BadInput, match="not a workbook"):
        read_xlsx(honest.replace(size, (1000).to_bytes(4, "little")))


def test_many_parts_are_refused() -> None:
    with pytest.raises(BadInput, match="501 parts"):
        read_xlsx(_zip({str(number): b"" for number in range(501)}))


def test_entities_that_multiply_are_refused() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha" * 10}">' for n in range(10))
    sheet = (
        f'<?xml version="1.0"?><!DOCTYPE x [{entities}]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row></sheetData></worksheet>'
    )
    with pytest.raises(BadInput, match="not a workbook"):
        read_xlsx(_book_with(sheet.encode()))


def test_a_cell_at_the_far_end_of_a_sheet_does_not_make_it_large() -> None:
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<dimension ref="A1:XFD1048576"/><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>code</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    tracemalloc.start()
    grid = read_xlsx(_book_with(sheet.encode()))["units"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert grid == [["code"]]
    assert peak < 16 << 20


def test_a_sheet_that_says_it_is_smaller_than_it_is_is_read_whole() -> None:
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<dimension ref="A1:A1"/><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
        '<row r="2"><c r="B2" t="inlineStr"><is><t>c</t></is></c></row></sheetData></worksheet>'
    )
    assert read_xlsx(_book_with(sheet.encode()))["units"] == [["a", "b"], ["", "c"]]


@FUZZ
@given(
    st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_a_grid_or_bad_input(data: bytes) -> None:
    for read in (read_csv, read_xlsx):
        with contextlib.suppress(BadInput):
            read(data)


@FUZZ
@given(st.lists(st.tuples(st.integers(0, len(BOOK) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_workbook_is_read_or_refused(damage: list[tuple[int, int]]) -> None:
    data = bytearray(BOOK)
    for at, value in damage:
        data[at] = value
    with contextlib.suppress(BadInput):
        read_xlsx(bytes(data))


@FUZZ
@given(st.lists(st.tuples(st.integers(0, len(FILE) - 1), st.integers(0, 255)), max_size=6))
def test_a_damaged_file_is_proposed_or_faulted_and_never_breaks(
    state: State, damage: list[tuple[int, int]]
) -> None:
    data = bytearray(FILE)
    for at, value in damage:
        data[at] = value
    try:
        grid = read_csv(bytes(data))
    except BadInput:
        return
    sheet = sheet_like(grid) or SHEETS["units"]
    lines, faults = read_lines(sheet, "f", grid)
    assert all(str(fault) for fault in faults)
    assert all(set(line.values) <= {column.name for column in sheet.columns} for line in lines)


@FUZZ
@given(st.sampled_from(list(SHEETS.values())), st.lists(st.text(max_size=20), max_size=14))
def test_any_text_in_any_cell_is_a_value_that_shows_as_itself_or_is_wrong(
    sheet: Sheet, row: list[str]
) -> None:
    for column, text in zip(sheet.columns, row, strict=False):
        with contextlib.suppress(cells.Wrong):
            value = column.read(cells.clean(text))
            assert column.read(cells.clean(column.show(value))) == value


def test_a_folder_in_place_of_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "units.csv").mkdir()
    lines, faults = read_files([tmp_path / "units.csv"])
    assert lines == {}
    assert [fault.reason for fault in faults] == ["Is a directory"]


def test_a_large_file_of_nonsense_is_answered_within_seconds(state: State, tmp_path: Path) -> None:
    rows = "".join(f"u{n},Xã,commune,u{n + 1}\n" for n in range(5_000))
    (tmp_path / "units.csv").write_text(f"code,name,level,parent\n{rows}", encoding="utf-8")
    found = proposal(state, tmp_path / "units.csv", now=NOW)
    assert len(found.faults) == 5_000
    assert found.faults[-1].reason == "unknown parent|u5000"
