"""Everything that is wrong with a file is named by row, column and reason, all of it at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_registry import NOW, THEN, csv_file, exported, open_registry, proposal, small_province

from inventory.changes import put, put_link, put_service, put_template, put_unit, set_setting
from inventory.exchange.faults import BadRows
from inventory.exchange.xlsx_files import write_xlsx
from inventory.state import State

DAY = 86_400_000


@pytest.fixture
def state() -> Iterator[State]:
    with open_registry() as state:
        small_province(state)
        put_service(state, THEN, code="dvc", name="Cổng")
        yield state


def faults(state: State, path: Path, *, end_missing: bool = False) -> list[tuple[int, str, str]]:
    found = proposal(state, path, end_missing=end_missing).faults
    return [(fault.row, fault.column, fault.reason) for fault in found]


HEADER = "code,name,level,parent"
UNITS = {
    "an unknown parent": (f"{HEADER}\na,A,commune,999", (2, "parent", "unknown parent|999")),
    "no parent": (f"{HEADER}\na,A,commune,", (2, "parent", "needs a parent|a")),
    "a province with a parent": (
        f"{HEADER}\n33,Tỉnh,province,323",
        (2, "parent", "a province has no parent"),
    ),
    "a second province": (f"{HEADER}\n34,Tỉnh,province,", (2, "level", "a second province|33")),
    "a parent that is not above": (
        f"{HEADER}\na,A,district,11950",
        (2, "parent", "parent is not of a higher level|11950|parent of a"),
    ),
    "a duplicate code": (f"{HEADER}\na,A,commune,323\na,B,commune,323", (3, "code", "duplicate|row 2")),
    "a bad level": (f"{HEADER}\na,A,thôn,323", (2, "level", "bad level|thôn")),
    "a bad code": (f"{HEADER}\n11 950,A,commune,323", (2, "code", "bad code|11 950")),
    "an empty name": (f"{HEADER}\na,,commune,323", (2, "name", "empty")),
    "a bad number": (f"{HEADER},staff\na,A,commune,323,1.5", (2, "staff", "bad number|1.5")),
    "a negative number": (
        f"{HEADER},staff\na,A,commune,323,-1",
        (2, "staff", "out of range|-1 is not between 0 and 1000000"),
    ),
    "a latitude off the earth": (
        f"{HEADER},latitude,longitude\na,A,commune,323,91,106",
        (2, "latitude", "out of range|91 is not between -90 and 90"),
    ),
    "a longitude that is no number": (
        f"{HEADER},latitude,longitude\na,A,commune,323,20,nan",
        (2, "longitude", "bad number|nan"),
    ),
    "half of a place": (
        f"{HEADER},latitude\na,A,commune,323,20",
        (2, "latitude", "latitude and longitude go together"),
    ),
    "an unknown column": (f"{HEADER},colour\na,A,commune,323,red", (1, "colour", "unknown column")),
    "a missing column": ("code,level,parent\na,commune,323", (1, "name", "missing column")),
    "a column twice": (f"{HEADER},Tên\na,A,commune,323,B", (1, "name", "column twice")),
    "a value past the columns": (f"{HEADER}\na,A,commune,323,x", (2, "5", "value outside of the columns")),
    "a date that is none": (f"{HEADER},valid_from\na,A,commune,323,soon", (2, "valid_from", "bad date|soon")),
    "the 31st of February": (
        f"{HEADER},valid_from\na,A,commune,323,31/2/2025",
        (2, "valid_from", "bad date|31/2/2025"),
    ),
    "an end before the beginning": (
        f"{HEADER},valid_from,valid_to\na,A,commune,323,2025-01-02,2025-01-02",
        (2, "valid_to", "ends before it begins"),
    ),
    "versions that overlap": (
        f"{HEADER},valid_from,valid_to\na,A,commune,323,2024-01-01,\na,B,commune,323,2025-01-01,",
        (3, "valid_from", "overlaps another version of the same"),
    ),
    "a child older than its parent": (
        f"{HEADER},valid_from\na,A,commune,323,2020-01-01",
        (2, "parent", "parent does not exist all the time|323|parent of a"),
    ),
    "a sign that is no text": (f"{HEADER}\na,A\u0007B,commune,323", (2, "name", "not a character|U+0007")),
    "a cell too long": (
        f"{HEADER}\na,{'A' * 4001},commune,323",
        (2, "name", "too long|4001 characters, the limit is 4000"),
    ),
}


@pytest.mark.parametrize(("text", "fault"), UNITS.values(), ids=UNITS.keys())
def test_a_units_file_is_told_of(
    state: State, tmp_path: Path, text: str, fault: tuple[int, str, str]
) -> None:
    path = tmp_path / "units.csv"
    path.write_text(text, encoding="utf-8")
    assert faults(state, path) == [fault]


OTHERS = {
    "a link of no unit": ("links", "unit,kind\n999,wan", (2, "unit", "unknown unit|999")),
    "a link of no kind": ("links", "unit,kind\n11950,leased", (2, "kind", "bad kind|leased")),
    "an address that is none": (
        "links",
        "unit,kind,gateway\n11950,wan,10.0.0.300",
        (2, "gateway", "bad address|10.0.0.300"),
    ),
    "one bad address of two": (
        "links",
        "unit,kind,anchors\n11950,internet,1.1.1.1 a_b!c",
        (2, "anchors", "bad address|a_b!c"),
    ),
    "a check of an unknown service": (
        "service_checks",
        "service,name,kind,target\nx,X,http,t",
        (2, "service", "unknown service|x"),
    ),
    "an address with what may be a secret": (
        "services",
        "code,name,address\nx,X,https://u:p@x.vn/",
        (2, "address", "bad address|https://u:p@x.vn/"),
    ),
    "an address that is no host": (
        "services",
        "code,name,address\nx,X,a_b!c",
        (2, "address", "bad address|a_b!c"),
    ),
    "a promise past all": (
        "services",
        "code,name,objective_percent\nx,X,100.5",
        (2, "objective_percent", "out of range|100.5 is not between 0 and 100"),
    ),
    "hours that are none": (
        "services",
        "code,name,hours\nx,X,T9 07:00-17:00",
        (2, "hours", "bad hours|T9 07:00-17:00"),
    ),
    "a proxy that is none": ("links", "unit,kind,proxy\n11950,wan,a b", (2, "proxy", "bad address|a b")),
    "a stream that is none": (
        "watched_devices",
        "unit,name,kind,address,stream\n11950,C,camera,10.0.0.9,live",
        (2, "stream", "bad stream|live"),
    ),
    "a check without a target": (
        "service_checks",
        "service,name,kind,target\ndvc,X,http,",
        (2, "target", "empty"),
    ),
    "params that are no object": (
        "service_checks",
        "service,name,kind,target,params\ndvc,X,http,t,[1]",
        (2, "params", "bad JSON|not a JSON object"),
    ),
    "params with what JSON has not": (
        "service_checks",
        'service,name,kind,target,params\ndvc,X,http,t,"{""a"": NaN}"',
        (2, "params", "bad JSON|NaN is not JSON"),
    ),
    "an interval too short": (
        "service_checks",
        "service,name,kind,target,interval_ms\ndvc,X,http,t,5",
        (2, "interval_ms", "out of range|5 is not between 100 and 86400000"),
    ),
    "a placeholder that is not of services": (
        "service_checks",
        "service,name,kind,target\ndvc,X,http,{gw}{host}",
        (2, "target", "unknown placeholder|{gw}"),
    ),
    "a template of an unknown service": (
        "templates",
        "level,vantage,label,role,service\nall,unit,X,service,qlvb",
        (2, "service", "unknown service|qlvb"),
    ),
    "a template with service and target": (
        "templates",
        "level,vantage,label,role,service,target\nall,unit,X,service,*,t",
        (2, "target", "the checks of the service say this"),
    ),
    "a template without a pace": (
        "templates",
        "level,vantage,label,role,kind,target,interval_ms\nall,unit,X,lan,icmp,{gateway},5000",
        (2, "timeout_ms", "empty"),
    ),
    "an unknown placeholder": (
        "templates",
        "level,vantage,label,role,kind,target,interval_ms,timeout_ms\nall,unit,X,lan,icmp,{gw},5000,1000",
        (2, "target", "unknown placeholder|{gw}"),
    ),
    "a brace too many": (
        "templates",
        "level,vantage,label,role,kind,target,interval_ms,timeout_ms\nall,unit,X,lan,icmp,{hub}},5000,1000",
        (2, "target", "bad target|{hub}}"),
    ),
    "a role that is none": (
        "templates",
        "level,vantage,label,role,service\nall,unit,X,wan,*",
        (2, "role", "bad role|wan"),
    ),
    "an unknown setting": ("settings", "name,value\ncolour,red", (2, "name", "unknown setting|colour")),
    "a setting that is no number": (
        "settings",
        "name,value\nheartbeat_ms,often",
        (2, "value", "bad number|often"),
    ),
    "a centre that is no address": (
        "settings",
        "name,value\ncentre,http://x",
        (2, "value", "bad address|http://x"),
    ),
}


@pytest.mark.parametrize(("table", "text", "fault"), OTHERS.values(), ids=OTHERS.keys())
def test_another_file_is_told_of(
    state: State, tmp_path: Path, table: str, text: str, fault: tuple[int, str, str]
) -> None:
    path = tmp_path / f"{table}.csv"
    path.write_text(text, encoding="utf-8")
    assert faults(state, path) == [fault]


def test_units_that_are_each_others_parents_are_all_named(state: State, tmp_path: Path) -> None:
    rows = [("a", "A", "district", "b"), ("b", "B", "district", "c"), ("c", "C", "commune", "a")]
    path = csv_file(tmp_path, "units.csv", ("code", "name", "level", "parent"), *rows)
    assert faults(state, path) == [
        (row, "parent", f"cycle in parents|{code}") for row, code in enumerate("abc", 2)
    ]


def test_a_unit_that_is_its_own_parent_is_named(state: State, tmp_path: Path) -> None:
    path = csv_file(tmp_path, "units.csv", ("code", "name", "level", "parent"), ("a", "A", "commune", "a"))
    assert faults(state, path) == [(2, "parent", "cycle in parents|a")]


def test_parents_that_change_places_over_time_are_no_cycle(state: State, tmp_path: Path) -> None:
    header = ("code", "name", "level", "parent", "valid_from", "valid_to")
    rows = [
        ("a", "A", "district", "33", "2022-01-01", "2023-01-01"),
        ("a", "A", "commune", "b", "2023-01-01", ""),
        ("b", "B", "commune", "a", "2022-01-01", "2023-01-01"),
        ("b", "B", "district", "33", "2023-01-01", ""),
    ]
    assert faults(state, csv_file(tmp_path, "units.csv", header, *rows)) == []


def test_a_district_does_not_end_under_its_communes(state: State, tmp_path: Path) -> None:
    header = ("code", "name", "level", "parent", "valid_to")
    path = csv_file(tmp_path, "units.csv", header, ("323", "Huyện", "district", "33", "2027-07-01"))
    assert faults(state, path) == [
        (0, "parent", f"parent does not exist all the time|323|parent of {code}")
        for code in ("11950", "11953")
    ]


def test_all_faults_of_all_rows_are_listed_at_once(state: State, tmp_path: Path) -> None:
    text = "code,name,level,staff,x\n1,A,commune,z,\n,B,thôn,1,\n3,C,commune,-5,"
    path = tmp_path / "units.csv"
    path.write_text(text, encoding="utf-8")
    assert {(row, column) for row, column, _ in faults(state, path)} >= {
        (1, "x"),
        (2, "staff"),
        (2, "parent"),
        (3, "code"),
        (3, "level"),
        (4, "staff"),
        (4, "parent"),
    }


def test_children_of_a_row_with_a_bad_cell_are_not_blamed_for_it(state: State, tmp_path: Path) -> None:
    header = ("code", "name", "level", "parent", "staff")
    rows = [("324", "Huyện", "district", "33", "x"), ("a", "Xã", "commune", "324", "")]
    assert faults(state, csv_file(tmp_path, "units.csv", header, *rows)) == [(2, "staff", "bad number|x")]


def test_formulas_errors_and_truth_values_in_a_workbook_are_refused_cell_by_cell(
    state: State, tmp_path: Path
) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.title = "units"
    for row in [
        ("code", "name", "level", "parent"),
        ("a", "=1+1", "commune", "323"),
        ("b", True, "commune", "323"),
    ]:
        sheet.append(row)
    sheet.append(("c", "#REF!", "commune", "323"))
    sheet["B4"].data_type = "e"
    book.save(tmp_path / "so.xlsx")
    assert faults(state, tmp_path / "so.xlsx") == [
        (2, "name", "formula"),
        (3, "name", "neither text nor number|True"),
        (4, "name", "error|#REF!"),
    ]


def test_a_sheet_of_an_unknown_name_is_refused(state: State, tmp_path: Path) -> None:
    path = tmp_path / "so.xlsx"
    path.write_bytes(write_xlsx({"Ghi chú": [("gì đó",)]}))
    (fault,) = proposal(state, path).faults
    assert fault.source == "so.xlsx, sheet Ghi chú"
    assert fault.reason.startswith("no table of the registry")


def test_a_file_that_is_not_there_is_a_fault(state: State, tmp_path: Path) -> None:
    assert faults(state, tmp_path / "units.csv") == [(0, "", "No such file or directory")]


def test_rows_from_code_are_held_to_the_same_rules(state: State) -> None:
    before = exported(state)
    with pytest.raises(BadRows) as caught:
        put_link(state, NOW, unit="nope", kind="x", gateway="1.2.3.4.5", colour="red")
    assert [(fault.column, fault.reason) for fault in caught.value.faults] == [
        ("kind", "bad kind|x"),
        ("gateway", "bad address|1.2.3.4.5"),
        ("colour", "unknown column"),
    ]
    for attempt in (
        lambda: put_unit(state, NOW, code="a"),
        lambda: put_template(state, NOW, level="all", vantage="unit", label="X"),
        lambda: set_setting(state, NOW, "colour", "red"),
        lambda: put(state, NOW, {"units": [{"name": "no code"}]}),
    ):
        with pytest.raises(BadRows):
            attempt()
    assert exported(state) == before
