"""Windows of planned work: announced, listed, ended, from the command line as from code."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_registry import NOW, csv_file, open_registry, small_province, take
from typer.testing import CliRunner, Result

from cli.data import open_state
from cli.maintenance import app
from core.errors import BadInput
from inventory.exchange.faults import BadRows
from inventory.maintenance import add_window, end_window, read_windows
from inventory.records import Maintenance
from inventory.registry import Registry
from inventory.seed import seed
from inventory.state import State

HOUR = 3_600_000
WORK = Maintenance("323", True, "Thay cáp", NOW + HOUR, NOW + 4 * HOUR)


@pytest.fixture
def state() -> Iterator[State]:
    with open_registry() as state:
        small_province(state)
        yield state


def test_the_registry_tells_windows_past_present_and_to_come(state: State) -> None:
    registry = Registry(state)
    past = Maintenance("11950", False, "Sửa điện", NOW - 2 * HOUR, NOW - HOUR)
    for window in (WORK, past):
        add_window(state, NOW, window)
    assert registry.maintenance() == ()
    assert registry.refresh()
    assert registry.maintenance() == (past, WORK)


def test_a_window_that_is_open_ends_now_and_keeps_its_beginning(state: State) -> None:
    number, _ = add_window(state, NOW, WORK)
    assert end_window(state, NOW + 2 * HOUR, number) == WORK
    (window,) = Registry(state).maintenance()
    assert (window.valid_from, window.valid_to) == (NOW + HOUR, NOW + 2 * HOUR)
    with pytest.raises(BadInput, match="over already"):
        end_window(state, NOW + 2 * HOUR, number)


def test_a_window_that_has_not_begun_is_taken_back_and_its_number_is_not_used_again(state: State) -> None:
    number, _ = add_window(state, NOW, WORK)
    end_window(state, NOW, number)
    assert Registry(state).maintenance() == ()
    assert end_window(state, NOW, number) is None
    assert add_window(state, NOW, WORK)[0] != number


def test_the_same_work_twice_at_one_time_is_refused_and_other_work_is_not(state: State) -> None:
    add_window(state, NOW, WORK)
    inside = Maintenance("323", True, " Thay cáp ", NOW + 2 * HOUR, None)
    with pytest.raises(BadInput, match="same work"):
        add_window(state, NOW, inside)
    add_window(state, NOW, Maintenance("323", True, "Cắt điện", NOW + 2 * HOUR, NOW + 3 * HOUR))
    add_window(state, NOW, Maintenance("323", True, "Thay cáp", NOW + 4 * HOUR, NOW + 5 * HOUR))
    assert [window.valid_to for window in Registry(state).maintenance()] == [
        NOW + 4 * HOUR,
        NOW + 3 * HOUR,
        NOW + 5 * HOUR,
    ]


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        (Maintenance("nowhere", False, "x", NOW, NOW + 1), "unknown unit nowhere"),
        (Maintenance("323", False, "x", NOW, NOW), "ends before it begins"),
        (Maintenance("323", False, " ", NOW, NOW + 1), "needs a note"),
        (Maintenance("323", False, "\x00", NOW, NOW + 1), "not a character"),
    ],
)
def test_a_window_that_cannot_be_is_refused(state: State, window: Maintenance, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        add_window(state, NOW, window)
    assert Registry(state).maintenance() == ()


def test_windows_come_from_files_with_vietnamese_headers(state: State, tmp_path: Path) -> None:
    header = ("Mã đơn vị", "Nội dung", "Cả đơn vị trực thuộc", "Từ ngày", "Đến ngày")
    row = ("323", "Thay cáp", "Có", "2026-11-25T22:00", "2026-11-26T01:00")
    take(state, csv_file(tmp_path, "Bảo trì.csv", header, row))
    (window,) = Registry(state).maintenance()
    assert (window.below, window.valid_to) == (True, window.valid_from + 3 * HOUR)
    with pytest.raises(BadRows, match="neither yes nor no maybe"):
        take(state, csv_file(tmp_path, "maintenance.csv", header, ("323", "x", "maybe", "", "")))


def nhip(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=False)


def test_work_is_added_listed_and_ended_at_the_command_line_in_vietnamese_time(tmp_path: Path) -> None:
    with open_state(tmp_path) as state:
        seed(state, NOW, addresses=False)
    words = (
        "add",
        "323",
        "--from",
        "2126-11-25 22:00",
        "--to",
        "26/11/2126",
        "--below",
        "--note",
        "Thay cáp",
    )
    assert nhip(tmp_path, *words).output == "1\n"
    nhip(tmp_path, "add", "11950", "--note", "Cắt điện")
    first, second = sorted(nhip(tmp_path, "list").output.splitlines())
    assert first == "1\t323 and below\t2126-11-25T22:00:00.000+07:00\t2126-11-26\tThay cáp"
    assert second.startswith("2\t11950\t")
    assert second.endswith("\t-\tCắt điện\topen")
    for number in ("1", "2"):
        assert nhip(tmp_path, "end", number).output.startswith(f"ended: {number}\t")
    assert nhip(tmp_path, "list").output == ""
    assert nhip(tmp_path, "list", "--past").output.startswith("2\t11950\t")
    with open_state(tmp_path) as state, state.read() as connection:
        assert list(read_windows(connection)) == [2]
    with pytest.raises(BadInput, match="no window has the number 7"):
        nhip(tmp_path, "end", "7")
    with pytest.raises(BadInput, match="no time: 'tomorrow'"):
        nhip(tmp_path, "add", "323", "--note", "x", "--from", "tomorrow")
