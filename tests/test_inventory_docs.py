"""`docs/registry.md` names every table, column, header, setting and placeholder, and its examples can be imported."""

import re
from pathlib import Path

import pytest
from support_registry import THEN, open_registry, proposal, small_province

from inventory import tables
from inventory.changes import put_service
from inventory.exchange.sheets import SHEETS, Sheet
from inventory.plan import OF_SERVICES, PLACEHOLDERS, SETTINGS

PAGE = (Path(__file__).parent.parent / "docs" / "registry.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title!r}"
    return found.group(1)


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS.keys())
def test_every_column_of_a_file_has_its_line_with_its_vietnamese_headers(sheet: Sheet) -> None:
    text = section(sheet.name)
    for column in sheet.columns:
        start = f"| `{column.name}` | {', '.join(column.aliases)} | "
        lines = [line for line in text.splitlines() if line.startswith(start)]
        assert len(lines) == 1, f"no line {start!r} in {sheet.name}"
        assert ("Needed." in lines[0]) == column.needed, column.name
    assert sheet.title in PAGE


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS.keys())
def test_every_column_of_a_table_is_in_its_file(sheet: Sheet) -> None:
    assert {column.name for column in sheet.table.columns} - {"id"} == {
        column.name for column in sheet.columns
    }


@pytest.mark.parametrize(
    "table", [tables.checks, tables.registry, tables.devices, tables.device_versions], ids=str
)
def test_every_column_of_the_other_tables_is_named(table: object) -> None:
    text = section("What follows from it: checks") + section("Machines")
    for column in table.columns:  # type: ignore[attr-defined]
        assert column.name == "id" or f"`{column.name}`" in text, column


def test_every_column_of_the_table_of_secrets_is_named() -> None:
    assert all(f"`{column.name}`" in section("Secrets") for column in tables.secrets.columns)


def test_every_setting_is_named_with_its_default() -> None:
    text = section("settings").replace("`127.0.0.1`", "127.0.0.1")
    for name, default in SETTINGS.items():
        assert f"| `{name}` | {default} | " in text


def test_every_placeholder_is_named() -> None:
    assert all(f"`{{{name}}}`" in section("service_checks") for name in OF_SERVICES)
    assert all(f"`{{{name}}}`" in section("templates") for name in PLACEHOLDERS)


@pytest.mark.parametrize("name", SHEETS)
def test_each_example_can_be_imported(name: str, tmp_path: Path) -> None:
    (example,) = re.findall(r"```csv\n(.*?)```", section(name), re.DOTALL)
    (tmp_path / f"{name}.csv").write_text(example, encoding="utf-8")
    with open_registry() as state:
        small_province(state)
        put_service(state, THEN, code="dvc", name="Cổng")
        found = proposal(state, tmp_path / f"{name}.csv")
    assert list(found.faults) == []
    assert found.changes
