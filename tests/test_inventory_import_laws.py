"""Laws of import and export, over registries that hypothesis makes up."""

import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support_registry import NOW, THEN, exported, open_registry, small_province, take, write_export

from inventory.changes import put
from inventory.exchange import cells
from inventory.exchange.csv_files import read_csv, write_csv
from inventory.exchange.files import write_files
from inventory.exchange.sheets import SHEETS
from inventory.exchange.xlsx_files import read_xlsx, write_xlsx
from inventory.state import State

LAW = settings(deadline=None, max_examples=15)
DAY = 86_400_000

any_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
signs = st.text(st.sampled_from("=+-@'\"; ,\t\n|{}ạẫ\u0323\u0302\u200b_x00AB5"), max_size=10)


def kept(text: str) -> str:
    """What can stand in the registry of a text."""
    plain = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cn"))
    return cells.clean(plain)


maybe_text = (any_text | signs).map(kept)
texts = maybe_text.map(lambda text: text or "x")
times = st.integers(THEN, NOW + 400 * DAY)
addresses = st.lists(st.ip_addresses().map(str) | st.sampled_from(["gw.lab", "x-1.y."]), max_size=2)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


def validity() -> st.SearchStrategy[dict[str, Any]]:
    pair = st.tuples(times, st.none() | st.integers(1, 10**11))
    return pair.map(lambda p: {"valid_from": p[0], "valid_to": None if p[1] is None else p[0] + p[1]})


def rows(key: str, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to three rows that differ in `key`, each with its validity."""
    one = st.builds(lambda a, b: {**a, **b}, st.fixed_dictionaries(columns), validity())
    return st.lists(one, max_size=3, unique_by=lambda row: str(row[key]).strip())


places = st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180))
units = rows(
    "code",
    code=st.integers(0, 99).map(lambda n: f"0{n}-x"),
    name=texts,
    level=st.just("commune"),
    parent=st.sampled_from(["323", "33"]),
    staff=st.none() | st.integers(0, 1000),
    address=maybe_text,
    place=places,
)
links = rows(
    "kind",
    unit=st.just("11950"),
    kind=st.sampled_from(["wan", "internet"]),
    name=st.just(""),
    provider=maybe_text,
    circuit_id=maybe_text,
    bandwidth_down_kbps=st.none() | st.integers(0, 10**12),
    gateway=addresses,
    anchors=addresses,
    proxy=st.sampled_from(["", "10.0.0.1:3128", "http://${secret:user}:${secret:word}@proxy.lab:8080"]),
)
services = rows(
    "code",
    code=st.sampled_from(["dvc", "qlvb", "A_1"]),
    name=texts,
    owner=maybe_text,
    address=st.sampled_from(["", "qlvb.example", "https://x.vn:8443/app/", "10.0.0.1:80", "fd00::1"]),
    objective_percent=st.none() | st.floats(0, 100),
    slow_ms=st.none() | st.integers(1, 60_000),
    hours=st.sampled_from(["", "T2-T6 07:00-17:00; nghỉ 2/9", "CN 22:00-06:00"]),
    domain_until=st.none() | times,
    note=maybe_text,
)
service_checks = rows(
    "name",
    service=st.just("x"),
    name=texts,
    kind=st.sampled_from(["http", "tcp"]),
    target=st.sampled_from(["{address}", "{host}:25", "{host}@{resolver}", "rtsp://{stream}", "10.0.0.1"]),
    params=st.dictionaries(texts, json_values, max_size=2),
    interval_ms=st.integers(100, 86_400_000),
)
templates = rows(
    "level",
    level=st.sampled_from(["all", "commune", "province"]),
    vantage=st.sampled_from(["unit", "centre"]),
    label=texts,
    role=st.sampled_from(["lan", "hub", "line", "internet", "service", "device"]),
    kind=st.just("icmp"),
    target=st.sampled_from(["{gateway}", "{centre}:80", "10.0.0.1"]),
    interval_ms=st.integers(100, 10_000),
    timeout_ms=st.integers(1, 10_000),
)


watched_devices = rows(
    "name",
    unit=st.just("11950"),
    name=texts,
    kind=st.sampled_from(["camera", "router"]),
    address=st.ip_addresses().map(str),
    stream=st.sampled_from(["", "/live", ":8554/Streaming/Channels/101?a=b"]),
    access=st.dictionaries(texts, json_values, max_size=2),
)
maintenance = rows(
    "note",
    unit=st.sampled_from(["11950", "323"]),
    note=texts,
    below=st.booleans(),
)


def _fill(state: State, contents: dict[str, Any]) -> None:
    small_province(state, NOW)
    put(state, NOW, {"services": [{"code": "x", "name": "X", "valid_from": THEN}]})
    placed = [
        {**{k: v for k, v in row.items() if k != "place"}, "latitude": place[0], "longitude": place[1]}
        for row in contents["units"]
        for place in [row["place"] or (None, None)]
    ]
    put(state, NOW, {**contents, "units": placed})
    # Some of it changes, so that there is history.
    for name in ("units", "services"):
        for row in contents[name]:
            if row["valid_from"] < NOW and row["valid_to"] is None:
                put(state, NOW, {name: [{"code": row["code"], "name": "mới"}]})


registries = st.fixed_dictionaries(
    {
        "units": units,
        "links": links,
        "services": services,
        "service_checks": service_checks,
        "watched_devices": watched_devices,
        "templates": templates,
        "maintenance": maintenance,
    }
)


@LAW
@given(registries, st.booleans())
def test_an_export_into_an_empty_registry_gives_the_same_registry(
    contents: dict[str, Any], book: bool
) -> None:
    with open_registry() as state, open_registry() as other, TemporaryDirectory() as folder:
        _fill(state, contents)
        before = exported(state)
        with state.read() as connection:
            paths = write_files(connection, Path(folder) / ("all.xlsx" if book else "all"))
        take(other, *paths, now=NOW + DAY)
        assert exported(other) == before


@LAW
@given(registries, st.booleans(), st.booleans())
def test_importing_an_export_changes_nothing(contents: dict[str, Any], book: bool, end_missing: bool) -> None:
    with open_registry() as state, TemporaryDirectory() as folder:
        _fill(state, contents)
        with state.read() as connection:
            paths = write_files(connection, Path(folder) / ("all.xlsx" if book else "all"))
        assert not take(state, *paths, now=NOW + DAY, end_missing=end_missing)


@LAW
@given(registries, registries, st.booleans(), st.integers(0, DAY))
def test_an_import_done_twice_is_as_one(
    first: dict[str, Any], second: dict[str, Any], end_missing: bool, later: int
) -> None:
    """A file without dates, as people keep them, over a registry that says something else.

    What ends by its own date between the two is begun anew by the second, and rightly: that is another test's.
    """
    ends = [row["valid_to"] for rows in first.values() for row in rows if row.get("valid_to") is not None]
    assume(not any(NOW < end <= NOW + later for end in ends))
    with open_registry() as state, open_registry() as other, TemporaryDirectory() as folder:
        _fill(state, first)
        _fill(other, second)
        undated = {}
        for name, data in exported(other).items():
            grid = read_csv(data)
            last = {tuple(row[: len(SHEETS[name].key)]): row for row in grid}
            undated[name] = write_csv([[str(cell) for cell in row[:-2]] for row in last.values()])
        paths = write_export(Path(folder), undated)
        take(state, *paths, end_missing=end_missing)
        once = exported(state)
        assert not take(state, *paths, now=NOW + later, end_missing=end_missing)
        assert exported(state) == once


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(signs | any_text, min_size=1, max_size=4), min_size=1, max_size=4))
def test_csv_gives_back_every_cell(grid: list[list[str]]) -> None:
    # What a sheet of ours has first is a header: it settles what separates the cells.
    clean = [["code", "name"], *([kept(cell) for cell in row] for row in grid)]
    read = [list(row) for row in read_csv(write_csv(clean))]
    assert read == [[] if row == [""] else row for row in clean]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(signs | any_text, min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_workbook_gives_back_every_cell(grid: list[list[str]]) -> None:
    clean = [["x", *(kept(cell) for cell in row), "x"] for row in grid]
    assert read_xlsx(write_xlsx({"units": clean})) == {"units": clean}


@settings(deadline=None, max_examples=300)
@given(st.integers(-(10**12), 32_000_000_000_000))
def test_a_time_is_shown_so_that_it_is_read_back(at: int) -> None:
    assert cells.time(cells.show_time(at)) == at


def test_an_undated_line_begins_anew_what_has_ended_since_it_was_last_imported() -> None:
    service = {"code": "dvc", "name": "x"}
    with open_registry() as state:
        put(state, NOW - DAY, {"services": [{**service, "valid_from": NOW - DAY, "valid_to": NOW + 1}]})
        assert not put(state, NOW, {"services": [service]})
        assert put(state, NOW + 2, {"services": [service]})
