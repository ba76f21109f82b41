"""`nhip units`: what people type, on a real data folder."""

from pathlib import Path

import pytest
from support_registry import csv_file
from typer.testing import CliRunner, Result

from cli.data import open_state
from cli.units import app
from core.errors import BadInput
from inventory.registry import Registry
from inventory.seed import SEEDS

HEADER = ("code", "name", "level", "parent")
LATE = 32_000_000_000_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    units("import", str(SEEDS), "--yes", data=tmp_path / "data")
    return tmp_path / "data"


def units(*words: str, data: Path, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], input=typed, catch_exceptions=False)


def name_of(data: Path, code: str) -> str | None:
    with open_state(data) as state:
        unit = Registry(state).unit(code, LATE)
        return unit.name if unit else None


def test_a_new_folder_takes_the_seed_and_a_second_time_changes_nothing(data: Path) -> None:
    assert name_of(data, "33") == "Tỉnh Hưng Yên"
    again = units("import", str(SEEDS), "--yes", data=data)
    assert again.exit_code == 0
    assert "Nothing would change" in again.output


def test_an_import_shows_its_changes_and_asks(data: Path, tmp_path: Path) -> None:
    rows = [("11950", "Phường Mới", "commune", "323"), ("x1", "Xã Thử", "commune", "323")]
    path = str(csv_file(tmp_path, "units.csv", HEADER, *rows))
    asked = units("import", path, data=data, typed="n\n")
    assert asked.exit_code == 1
    assert "name Phường Lam Sơn → Phường Mới" in asked.output
    assert "+ units x1: name Xã Thử, level commune, parent 323" in asked.output
    assert "1 to add, 1 to change" in asked.output
    assert name_of(data, "11950") == "Phường Lam Sơn"
    agreed = units("import", path, data=data, typed="y\n")
    assert agreed.exit_code == 0
    assert name_of(data, "11950") == "Phường Mới"


def test_a_dry_run_changes_nothing(data: Path, tmp_path: Path) -> None:
    path = csv_file(tmp_path, "units.csv", HEADER, ("x1", "Xã Thử", "commune", "323"))
    done = units("import", str(path), "--dry-run", data=data)
    assert done.exit_code == 0
    assert "1 to add" in done.output
    assert name_of(data, "x1") is None


def test_every_fault_is_listed_and_nothing_is_changed(data: Path, tmp_path: Path) -> None:
    rows = [("x1", "Xã", "thôn", "323"), ("x2", "", "commune", "999")]
    path = csv_file(tmp_path, "units.csv", HEADER, *rows)
    runner = CliRunner()
    done = runner.invoke(app, ["import", str(path), "--yes", "--data", str(data)])
    assert isinstance(done.exception, BadInput)
    assert done.stderr.splitlines() == [
        "units.csv, row 2, column level: bad level thôn",
        "units.csv, row 3, column name: empty",
        "units.csv, row 3, column parent: unknown parent 999",
    ]


def test_missing_units_end_only_when_that_is_asked_for(data: Path, tmp_path: Path) -> None:
    units("export", str(tmp_path / "units.csv"), data=data)
    lines = (tmp_path / "units.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("11950,")]
    (tmp_path / "units.csv").write_text("\n".join(kept), encoding="utf-8")
    assert "Nothing would change" in units("import", str(tmp_path / "units.csv"), data=data).output
    ended = units("import", str(tmp_path / "units.csv"), "--end-missing", "--yes", data=data)
    assert "- units 11950: valid_to (empty) →" in ended.output
    assert name_of(data, "11950") is None


@pytest.mark.parametrize("target", ["out", "out.xlsx", "units.csv"])
def test_what_is_exported_is_what_is_imported(data: Path, tmp_path: Path, target: str) -> None:
    done = units("export", str(tmp_path / target), data=data)
    assert done.exit_code == 0
    again = units("import", str(tmp_path / target), "--end-missing", data=data)
    assert "Nothing would change" in again.output


def test_one_table_can_be_exported(data: Path, tmp_path: Path) -> None:
    done = units("export", str(tmp_path / "out"), "--table", "templates", data=data)
    assert done.output.splitlines() == [str(tmp_path / "out" / "templates.csv")]
    assert (tmp_path / "out" / "templates.csv").read_bytes() == (SEEDS / "templates.csv").read_bytes()
    with pytest.raises(BadInput, match="no table 'colours'"):
        units("export", str(tmp_path / "out"), "--table", "colours", data=data)


def test_an_empty_folder_is_no_import(data: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no CSV or XLSX file"):
        units("import", str(tmp_path / "empty"), data=data)
