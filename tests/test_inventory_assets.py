"""Asset books: read as offices write them, taken whole or not at all, kept with versions, and given back as they were."""

import io
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_assets import HEADER, UNIT, book, book_csv, book_xlsx, take
from support_machines import DAY, NOW

from inventory.assets import keeper
from inventory.assets.keeper import last_day
from inventory.assets.read import read_book
from inventory.assets.sheet import BOOK, PASSED_OVER
from inventory.exchange import cells
from inventory.exchange.cells import Wrong
from inventory.exchange.csv_files import write_csv
from inventory.exchange.faults import BadRows
from inventory.exchange.lines import plain
from inventory.state import State

PAGE = (Path(__file__).parent.parent / "docs" / "inventories.md").read_text(encoding="utf-8")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state.db")
    made.create_all()
    yield made
    made.close()


@pytest.mark.parametrize("data", [book_csv(), book_xlsx()], ids=["csv", "xlsx"])
def test_a_book_is_read_below_its_title_with_vietnamese_headers(state: State, data: bytes) -> None:
    assert [change.what for change in take(state, data, NOW)] == ["add"] * 3
    printer, first, second = book(state, NOW)
    assert (first.asset_number, first.serial, first.user, first.room) == (
        "TS-2022-0001",
        "SN000001",
        "Đặng Văn Sơn",
        "Văn phòng",
    )
    assert (first.bought, first.warranty_end) == ("2022-06-15", "2025-06-15")
    assert (second.bought, second.hostname, printer.bought) == ("2022-06", "VP-DONGTIEN-02", "2015")
    assert (first.unit, first.who, first.valid_from, first.valid_to) == (UNIT, "lan", NOW, None)
    assert book(state, NOW, "11950") == []


def test_headings_and_sums_in_columns_that_are_passed_over_are_no_rows(state: State) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in (["STT", "Mã tài sản", "Nguyên giá"], ["I. Văn phòng"], [1, "TS1", 14_500_000], ["Tổng cộng", None, "=SUM(C3:C3)"]):  # fmt: skip
        sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    take(state, out.getvalue(), NOW)
    assert [row.asset_number for row in book(state, NOW)] == ["TS1"]


def test_english_headers_are_understood_too(state: State) -> None:
    header = ("Asset tag", "Serial number", "MAC address", "Computer name", "User", "Department", "Purchase date", "Warranty end")  # fmt: skip
    row = ("A1", "SN1", "3C-52-82-00-00-01", "PC1", "An", "HR", "2019-06-15", "2022-06")
    take(state, write_csv([header, row]), NOW)
    (found,) = book(state, NOW)
    assert (found.mac, found.hostname, found.room, found.warranty_end) == (
        "3c:52:82:00:00:01",
        "PC1",
        "HR",
        "2022-06",
    )


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("15/06/2019", "2019-06-15"),
        ("5/6/2019", "2019-06-05"),
        ("15-06-2019", "2019-06-15"),
        ("15.6.2019", "2019-06-15"),
        ("2019-06-15", "2019-06-15"),
        ("2019-06-15T00:00:00", "2019-06-15"),
        ("06/2019", "2019-06"),
        ("2019-06", "2019-06"),
        ("2019", "2019"),
        ("43631", "2019-06-15"),
    ],
)
def test_days_are_read_as_people_and_spreadsheets_write_them(cell: str, kept: str) -> None:
    assert cells.day(cell) == kept
    assert cells.day(kept) == kept


@pytest.mark.parametrize(
    "cell", ["31/02/2019", "15/06/19", "06/15/2019", "0", "12/13", "2019/", "15/06-2019", "năm 2019", "00/2019", "1/0/2019", "99999999", "1234", "٢٠١٩"]
)  # fmt: skip
def test_what_is_no_day_is_told(cell: str) -> None:
    with pytest.raises(Wrong, match="bad date"):
        cells.day(cell)


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_every_day_is_read_in_each_form(day: date) -> None:
    forms = (f"{day:%d/%m/}{day.year}", day.isoformat(), f"{day.day}.{day.month}.{day.year}")
    assert {cells.day(form) for form in forms} == {day.isoformat()}
    assert last_day(day.isoformat()) == day
    assert last_day(cells.day(f"{day.month}/{day.year}")) >= day
    assert last_day(str(day.year)) == date(day.year, 12, 31)


def test_a_date_in_a_workbook_is_a_date(state: State) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(["Mã tài sản", "Ngày mua", "Bảo hành đến"])
    sheet.append(["TS1", datetime(2019, 6, 15), 44562])  # noqa: DTZ001 - as workbooks have them
    out = io.BytesIO()
    made.save(out)
    take(state, out.getvalue(), NOW)
    (row,) = book(state, NOW)
    assert (row.bought, row.warranty_end) == ("2019-06-15", "2022-01-01")


def test_every_fault_is_told_with_its_row_and_column_and_nothing_is_taken(state: State) -> None:
    rows = (
        ("1", "", "Máy in", "", "", "", "", "", "", ""),
        ("2", "TS1", "", "", "", "", "", "32/01/2020", "", ""),
        ("3", "TS2", "", "", "", "", "", "2020", "2019", ""),
        ("4", "TS1", "", "", "", "", "", "", "", ""),
        ("5", "TS4", "", "", "", "", "", "", "", ""),
    )
    with pytest.raises(BadRows) as wrong:
        take(state, book_csv(*rows), NOW)
    found = {(fault.row, fault.column, fault.reason.partition("|")[0]) for fault in wrong.value.faults}
    assert found == {
        (6, "asset_number", "empty"),
        (7, "bought", "bad date"),
        (8, "warranty_end", "before it was bought"),
        (9, "asset_number", "duplicate"),
    }
    assert book(state, NOW) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no header"),
        (b"a,b\n1,2\n", "no header"),
        (b"PK\x03\x04 no workbook", "not a workbook"),
        ("Người sử dụng,Phòng\nAn,1\n".encode(), "missing column"),
        ("Mã tài sản,Màu sắc\nTS1,đỏ\n".encode(), "unknown column"),
        ("Mã tài sản,mã ts\nTS1,TS1\n".encode(), "column twice"),
        ("Mã tài sản\nTS1,x\n".encode(), "value outside"),
        ("Mã tài sản,địa chỉ MAC\nTS1,x\n".encode(), "bad MAC"),
        ("Mã tài sản\nTS1\n".encode("utf-16-be"), "not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_book_is_refused_with_the_reason(state: State, data: bytes, reason: str) -> None:
    with pytest.raises(BadRows, match=reason):
        take(state, data, NOW)


def test_what_changes_begins_a_new_version_and_what_is_missing_ends_only_when_told(state: State) -> None:
    take(state, book_csv(), NOW)
    moved = (("1", "TS-2022-0001", "Máy tính để bàn Dell", "SN000001", "", "Lê Thị Ngọc Ánh", "Văn phòng", "15/06/2022", "15/06/2025", ""),)  # fmt: skip
    (change,) = take(state, book_csv(*moved), NOW + DAY)
    assert (change.what, change.fields) == ("change", {"user": ("Đặng Văn Sơn", "Lê Thị Ngọc Ánh")})
    assert len(book(state, NOW + DAY)) == 3
    assert [row.user for row in book(state, NOW)][1] == "Đặng Văn Sơn"
    ended = take(state, book_csv(*moved), NOW + 2 * DAY, whole=True)
    assert [(change.what, change.key) for change in ended] == [
        ("end", ("TS-2022-0002",)),
        ("end", ("TS-2015-0009",)),
    ]
    assert [row.asset_number for row in book(state, NOW + 2 * DAY)] == ["TS-2022-0001"]
    with state.read() as connection:
        told = keeper.versions(connection, UNIT, "TS-2022-0001")
    assert [(row.user, row.valid_from, row.valid_to) for row in told] == [
        ("Đặng Văn Sơn", NOW, NOW + DAY),
        ("Lê Thị Ngọc Ánh", NOW + DAY, None),
    ]


def test_columns_that_a_file_does_not_have_stay_as_they_are(state: State) -> None:
    take(state, book_csv(), NOW)
    take(state, write_csv([("Mã tài sản", "Phòng"), ("TS-2022-0001", "Kế toán")]), NOW + DAY)
    row = book(state, NOW + DAY)[1]
    assert (row.room, row.user, row.serial) == ("Kế toán", "Đặng Văn Sơn", "SN000001")


def test_the_books_of_two_units_have_nothing_to_do_with_each_other(state: State) -> None:
    take(state, book_csv(), NOW)
    take(state, book_csv(), NOW, unit="11950")
    take(state, book_csv(("1", "TS9", *[""] * 8)), NOW + DAY, whole=True)
    assert [len(book(state, NOW + DAY, unit)) for unit in (UNIT, "11950")] == [1, 3]


def test_what_somebody_agreed_to_is_what_happens(state: State) -> None:
    lines, _ = read_book("so.csv", book_csv())
    with state.read() as connection:
        shown = keeper.propose(connection, UNIT, lines, NOW).digest
    take(state, book_csv(("1", "TS-2022-0001", *[""] * 8)), NOW)
    with pytest.raises(Exception, match="changed meanwhile"):
        keeper.take(state, UNIT, lines, "lan", NOW + 1, shown=shown)
    with state.read() as connection:
        shown = keeper.propose(connection, UNIT, lines, NOW + 1).digest
    assert len(keeper.take(state, UNIT, lines, "lan", NOW + 5, shown=shown)) == 3


def kept(text: str) -> str:
    plain = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cn"))
    return cells.clean(plain)


texts = (
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
    | st.text(st.sampled_from("=+-@'\"; ,\t\n|{}ạẫ\u0323\u0302_x00AB5"), max_size=10)
).map(kept)
days = (
    st.just("")
    | st.dates(date(1990, 1, 1), date(2019, 1, 1)).map(date.isoformat)
    | st.integers(1990, 2018).map(str)
)
later = st.just("") | st.dates(date(2020, 1, 1), date(2035, 1, 1)).map(date.isoformat)
BOOKS = st.lists(
    st.fixed_dictionaries(
        {
            "asset_number": texts.filter(bool),
            "description": texts,
            "serial": texts,
            "mac": st.sampled_from(["", "3c:52:82:00:00:01"]),
            "hostname": texts,
            "user": texts,
            "room": texts,
            "bought": days,
            "warranty_end": later,
            "note": texts,
        }
    ),
    max_size=5,
    unique_by=lambda row: row["asset_number"],
)


@settings(deadline=None, max_examples=30)
@given(BOOKS, BOOKS, st.booleans())
def test_a_book_goes_out_and_comes_back_as_it_was(
    first: list[dict[str, str]], second: list[dict[str, str]], workbook: bool
) -> None:
    """With all its history, into the same store without a change and into an empty one whole."""
    names = [column.name for column in BOOK.columns if column.name not in ("valid_from", "valid_to")]
    with TemporaryDirectory() as folder:
        states = [State(Path(folder) / f"{name}.db") for name in "ab"]
        for state in states:
            state.create_all()
        one, other = states
        for rows, at in ((first, NOW), (second, NOW + DAY)):
            take(one, write_csv([names, *([row[name] for name in names] for row in rows)]), at, whole=True)
        with one.read() as connection:
            before = keeper.versions(connection, UNIT)
        data = keeper.as_xlsx(before) if workbook else keeper.as_csv(before)
        assert take(one, data, NOW + 2 * DAY) == []
        take(other, data, NOW + 2 * DAY)
        with other.read() as connection:
            assert keeper.versions(connection, UNIT) == before
        for state in states:
            state.close()


headers = st.sampled_from([*HEADER, "serial", "mac", "=1+1", "", "\ufeff", *sorted(PASSED_OVER)[:3]])


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=200)
    | st.builds(
        lambda head, rows: write_csv([head, *rows]),
        st.lists(headers, max_size=6),
        st.lists(st.lists(texts | days, max_size=7), max_size=5),
    )
    | st.binary(max_size=80).map(lambda tail: b"PK\x03\x04" + tail)
)
def test_whatever_a_file_holds_it_is_lines_or_faults(data: bytes) -> None:
    lines, faults = read_book("x", data)
    number = BOOK.column("asset_number")
    if not lines and not faults:  # a header, and nothing below it
        text = plain(data.decode("utf-8-sig"))
        assert any(plain(name) in text for name in (number.name, *number.aliases))
    for line in lines:
        assert line.row > 0
        assert set(line.values) <= {column.name for column in BOOK.columns}
    for fault in faults:
        assert str(fault)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 5_000), st.binary(min_size=1, max_size=6))
def test_a_workbook_that_was_damaged_is_refused_or_read(at: int, damage: bytes) -> None:
    data = bytearray(book_xlsx())
    at %= len(data)
    data[at : at + len(damage)] = damage
    lines, faults = read_book("x", bytes(data))
    assert lines or faults


def test_the_manual_names_every_column_with_its_headers() -> None:
    for column in BOOK.columns:
        line = rf"^\| `{column.name}` \| {re.escape(', '.join(column.aliases))} \|"
        assert re.search(line, PAGE, re.MULTILINE), column.name
    assert all(name in PAGE for name in PASSED_OVER)
