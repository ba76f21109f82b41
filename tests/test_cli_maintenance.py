"""`nhip maintenance`, as typed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.data import open_state
from cli.main import app
from core.clock import SystemClock
from core.errors import BadInput
from inventory.changes import put_unit
from inventory.registry import Registry

runner = CliRunner()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with open_state(tmp_path) as state:
        now = SystemClock().now()
        put_unit(state, now, code="33", name="Tỉnh", level="province", valid_from=0)
        put_unit(state, now, code="323", name="Huyện", level="district", parent="33", valid_from=0)
    return tmp_path


def run(data: Path, *words: str) -> str:
    done = runner.invoke(app, ["maintenance", *words, "--data", str(data)])
    if done.exception is not None:
        raise done.exception
    return done.output


def planned(data: Path) -> list[tuple[str, str, str]]:
    with open_state(data) as state:
        return [(each.unit, each.scope, each.note) for each in Registry(state).maintenance()]


WINDOW = ("--from", "2020-01-01", "--to", "2999-01-01")


def test_work_that_is_planned_is_listed_and_can_be_ended(data: Path) -> None:
    assert "planned" in run(data, "add", "323", *WINDOW, "--note", "Thay tủ mạng", "--below")
    assert "was planned already" in run(data, "add", "323", *WINDOW, "--note", "Thay tủ mạng", "--below")
    assert planned(data) == [("323", "below", "Thay tủ mạng")]
    assert "Thay tủ mạng" in run(data, "list")
    assert "ended: Thay tủ mạng" in run(data, "end", "323")
    assert "Thay tủ mạng" not in run(data, "list")
    assert "Thay tủ mạng" in run(data, "list", "--all")


def test_what_cannot_be_planned_says_why(data: Path) -> None:
    with pytest.raises(BadInput, match="unknown unit"):
        run(data, "add", "999", *WINDOW, "--note", "x")
    with pytest.raises(BadInput, match="--from: 'soon' is no time"):
        run(data, "add", "323", "--from", "soon", "--to", "2999-01-01", "--note", "x")
    with pytest.raises(BadInput, match="ends before it begins"):
        run(data, "add", "323", "--from", "2026-01-02", "--to", "2026-01-01", "--note", "x")
    with pytest.raises(BadInput, match="no work goes on"):
        run(data, "end", "323")
