"""What an import does: shows it first, all or nothing, history kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_registry import NOW, THEN, csv_file, exported, open_registry, proposal, small_province, take

from core.errors import BadInput
from inventory.changes import apply, put_link, put_unit
from inventory.exchange.faults import BadRows
from inventory.exchange.files import write_files
from inventory.exchange.xlsx_files import write_xlsx
from inventory.registry import Registry
from inventory.state import State

HEADER = ("code", "name", "level", "parent")
DAY = 86_400_000


@pytest.fixture
def state() -> Iterator[State]:
    with open_registry() as state:
        small_province(state)
        yield state


def changes(state: State, *paths: Path, end_missing: bool = False) -> list[tuple[str, str, str]]:
    found = proposal(state, *paths, end_missing=end_missing)
    assert list(found.faults) == []
    return [(change.what, change.table, str(change.key[0])) for change in found.changes]


def test_a_new_row_is_shown_and_then_added(state: State, tmp_path: Path) -> None:
    path = csv_file(tmp_path, "units.csv", HEADER, ("11956", "Xã Ba", "commune", "323"))
    assert changes(state, path) == [("add", "units", "11956")]
    assert Registry(state).unit("11956", NOW) is None
    assert take(state, path)
    added = Registry(state).unit("11956", NOW)
    assert added
    assert (added.name, added.valid_from, added.valid_to) == ("Xã Ba", NOW, None)


def test_a_row_that_says_what_is_there_changes_nothing(state: State, tmp_path: Path) -> None:
    path = csv_file(tmp_path, "units.csv", HEADER, ("11950", "Xã Một", "commune", "323"))
    assert changes(state, path) == []
    assert not take(state, path)


def test_a_row_that_differs_begins_a_new_version_and_keeps_the_old(state: State, tmp_path: Path) -> None:
    path = csv_file(tmp_path, "units.csv", HEADER, ("11950", "Phường Một", "commune", "323"))
    (change,) = proposal(state, path).changes
    assert (change.what, change.corrects, dict(change.fields)) == (
        "change",
        False,
        {"name": ("Xã Một", "Phường Một")},
    )
    take(state, path)
    names = [Registry(state).unit("11950", at).name for at in (NOW - 1, NOW)]  # type: ignore[union-attr]
    assert names == ["Xã Một", "Phường Một"]


def test_a_row_that_names_its_beginning_corrects_that_version(state: State, tmp_path: Path) -> None:
    row = ("11950", "Xã Mốt", "commune", "323", "2021-01-01")
    path = csv_file(tmp_path, "units.csv", (*HEADER, "valid_from"), row)
    (change,) = proposal(state, path).changes
    assert change.corrects
    take(state, path)
    assert Registry(state).unit("11950", THEN).name == "Xã Mốt"  # type: ignore[union-attr]


def test_a_row_from_a_date_to_come_closes_the_version_before_it(state: State, tmp_path: Path) -> None:
    row = ("11950", "Phường Một", "commune", "323", "1/7/2027")
    take(state, csv_file(tmp_path, "units.csv", (*HEADER, "valid_from"), row))
    registry = Registry(state)
    now = registry.unit("11950", NOW)
    assert now
    assert (now.name, now.valid_to) == ("Xã Một", 1_814_374_800_000)
    assert registry.unit("11950", 1_814_374_800_000).name == "Phường Một"  # type: ignore[union-attr]


def test_a_row_from_before_the_first_version_ends_where_that_begins(state: State, tmp_path: Path) -> None:
    row = ("33", "Tỉnh Cũ", "province", "", "1997-01-01")
    take(state, csv_file(tmp_path, "units.csv", (*HEADER, "valid_from"), row))
    old = Registry(state).unit("33", THEN - 1)
    assert old
    assert (old.name, old.valid_to) == ("Tỉnh Cũ", THEN)


def test_a_row_with_an_end_ends(state: State, tmp_path: Path) -> None:
    row = ("11950", "Xã Một", "commune", "323", "2027-07-01")
    path = csv_file(tmp_path, "units.csv", (*HEADER, "valid_to"), row)
    assert changes(state, path) == [("end", "units", "11950")]
    take(state, path)
    assert changes(state, path) == []


def test_a_column_that_the_file_has_not_stays_as_it_is(state: State, tmp_path: Path) -> None:
    put_unit(state, NOW - DAY, code="11950", staff=12, address="Số 1")
    take(state, csv_file(tmp_path, "units.csv", HEADER, ("11950", "Phường Một", "commune", "323")))
    unit = Registry(state).unit("11950", NOW)
    assert unit
    assert (unit.staff, unit.address) == (12, "Số 1")


def test_an_empty_cell_of_a_column_that_is_there_empties_it(state: State, tmp_path: Path) -> None:
    put_unit(state, NOW - DAY, code="11950", staff=12)
    row = ("11950", "Xã Một", "commune", "323", "")
    take(state, csv_file(tmp_path, "units.csv", (*HEADER, "staff"), row))
    assert Registry(state).unit("11950", NOW).staff is None  # type: ignore[union-attr]


def test_what_is_missing_in_the_file_stays(state: State, tmp_path: Path) -> None:
    take(state, csv_file(tmp_path, "units.csv", HEADER, ("33", "Tỉnh", "province", "")))
    assert len(Registry(state).units(NOW)) == 5


def test_what_is_missing_ends_when_that_is_asked_for(state: State, tmp_path: Path) -> None:
    put_link(state, NOW, unit="11953", kind="wan", gateway="10.0.0.1")
    rows = [
        ("33", "Tỉnh", "province", ""),
        ("323", "Huyện", "district", "33"),
        ("11953", "Xã Hai", "commune", "323"),
    ]
    path = csv_file(tmp_path, "units.csv", HEADER, *rows)
    assert sorted(changes(state, path, end_missing=True)) == [
        ("end", "units", "11950"),
        ("end", "units", "so-yt"),
    ]
    take(state, path, end_missing=True)
    registry = Registry(state)
    assert [unit.code for unit in registry.units(NOW)] == ["33", "323", "11953"]
    assert [unit.code for unit in registry.units(NOW - 1)] == ["33", "so-yt", "323", "11950", "11953"]


def test_a_version_that_never_began_is_removed_when_it_is_missing(state: State, tmp_path: Path) -> None:
    put_unit(state, NOW, code="11956", name="Xã Ba", level="commune", parent="323", valid_from=NOW + DAY)
    path = csv_file(tmp_path, "units.csv", HEADER, ("33", "Tỉnh", "province", ""))
    assert ("remove", "units", "11956") in changes(state, path, end_missing=True)


def test_a_fault_in_one_file_keeps_the_others_out(state: State, tmp_path: Path) -> None:
    good = csv_file(tmp_path, "units.csv", HEADER, ("11956", "Xã Ba", "commune", "323"))
    bad = csv_file(tmp_path, "links.csv", ("unit", "kind"), ("11956", "thư"))
    before = exported(state)
    with pytest.raises(BadRows) as caught:
        take(state, good, bad)
    assert [str(fault) for fault in caught.value.faults] == ["links.csv, row 2, column kind: bad kind thư"]
    assert exported(state) == before


def test_files_that_need_each_other_go_in_together(state: State, tmp_path: Path) -> None:
    units = csv_file(tmp_path, "units.csv", HEADER, ("11956", "Xã Ba", "commune", "323"))
    links = csv_file(tmp_path, "links.csv", ("unit", "kind", "gateway"), ("11956", "wan", "10.1.1.1"))
    take(state, links, units)
    assert Registry(state).unit("11956", NOW)


def test_a_proposal_is_refused_when_the_registry_has_moved_on(state: State, tmp_path: Path) -> None:
    found = proposal(state, csv_file(tmp_path, "units.csv", HEADER, ("11956", "Xã Ba", "commune", "323")))
    put_unit(state, NOW, code="11950", staff=3)
    with state.write() as connection, pytest.raises(BadInput, match="meanwhile"):
        apply(connection, found)


def test_vietnamese_headers_and_levels_are_understood(state: State, tmp_path: Path) -> None:
    header = (
        "STT",
        "Mã đơn vị",
        "Tên đơn vị",
        "Cấp",
        "Trực thuộc",
        "Số cán bộ",
        "Vĩ độ",
        "Kinh độ",
        "Từ ngày",
    )
    row = ("9", "11956", "Xã Ba", "Xã", "323", "21", "20,65", "106,05", "01/07/2025")
    take(state, csv_file(tmp_path, "danh-sach.csv", header, row))
    unit = Registry(state).unit("11956", NOW)
    assert unit
    assert (unit.name, unit.level, unit.staff, unit.latitude, unit.longitude) == (
        "Xã Ba",
        "commune",
        21,
        20.65,
        106.05,
    )


def test_a_csv_file_of_any_name_is_known_by_its_columns(state: State, tmp_path: Path) -> None:
    path = csv_file(tmp_path, "tháng 6.csv", ("unit", "kind", "hub"), ("11950", "internet", "10.1.1.1"))
    assert changes(state, path) == [("add", "links", "11950")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_and_encodings_of_spreadsheets_are_read(
    state: State, tmp_path: Path, separator: str, encoding: str
) -> None:
    path = tmp_path / "units.csv"
    rows = [HEADER, ("11956", "Xã Ba", "commune", "323")]
    path.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    assert changes(state, path) == [("add", "units", "11956")]


def test_decomposed_accents_are_composed(state: State, tmp_path: Path) -> None:
    row = ("11950", "Xa\u0303 Mo\u0323\u0302t", "commune", "323")
    assert changes(state, csv_file(tmp_path, "units.csv", HEADER, row)) == []


def test_rows_and_columns_without_anything_are_passed_over(state: State, tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_text("\n,,,,\ncode,name,level,parent,\n,,,,\n11956,Xã Ba,commune,323,\n\n", encoding="utf-8")
    assert changes(state, path) == [("add", "units", "11956")]


def test_a_workbook_has_a_sheet_for_each_table(state: State, tmp_path: Path) -> None:
    path = tmp_path / "so-do.xlsx"
    units = [HEADER, (11956, "Xã Ba", "commune", 323.0)]
    links = [("unit", "kind", "bandwidth_down_kbps"), ("11956", "wan", 20_000)]
    path.write_bytes(write_xlsx({"Đơn vị": units, "links": links, "Sheet3": []}))
    assert changes(state, path) == [("add", "units", "11956"), ("add", "links", "11956")]


def test_an_export_is_a_folder_a_workbook_or_one_table(state: State, tmp_path: Path) -> None:
    with state.read() as connection:
        folder = write_files(connection, tmp_path / "out")
        (book,) = write_files(connection, tmp_path / "out.xlsx")
        (one,) = write_files(connection, tmp_path / "units.csv", ["units"])
        with pytest.raises(BadInput, match="one table"):
            write_files(connection, tmp_path / "all.csv")
        with pytest.raises(BadInput, match=r"none/units\.csv"):
            write_files(connection, tmp_path / "none" / "units.csv", ["units"])
    assert one.read_bytes() == folder[0].read_bytes()
    assert [path.name for path in folder] == [f"{name}.csv" for name in exported(state)]
    assert changes(state, book, end_missing=True) == []
    assert changes(state, *folder, end_missing=True) == []


def test_text_that_would_be_a_formula_is_disarmed_and_comes_back_as_it_was(
    state: State, tmp_path: Path
) -> None:
    names = ["=1+1", "+84 321", "-x", "@x", "'x", "'=x", "a;=1", 'b"c', "a,b"]
    for number, name in enumerate(names):
        put_unit(state, NOW, code=f"x{number}", name=name, level="commune", parent="323")
    data = exported(state)["units"].decode("utf-8-sig")
    cells = [cell.strip('"') for line in data.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert '"a;=1"' in data
    with state.read() as connection:
        paths = write_files(connection, tmp_path / "out") + write_files(connection, tmp_path / "out.xlsx")
    for path in paths:
        assert changes(state, path) == []
