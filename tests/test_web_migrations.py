"""Migrations: they make exactly the tables that the code declares, once, and refuse a file from the future."""

import csv
import io
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from support_registry import exported

import web.main  # noqa: F401 - brings every room's tables into the metadata
from core.errors import BadInput
from inventory.rebuild import rebuild, rebuild_if_due
from inventory.registry import Registry
from inventory.seed import SEEDS
from inventory.state import METADATA, State
from web.migrate import behind, migrate, upgrade


def test_a_migrated_file_has_exactly_the_declared_tables(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    migrate(state)
    with state.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    state.close()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    assert behind(state) > 0
    migrate(state)
    assert behind(state) == 0
    migrate(state)
    state.close()


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    migrate(state)
    with state.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from-the-future'")
    with pytest.raises(BadInput, match="newer version"):
        migrate(state)
    state.close()


def test_services_of_before_become_services_with_one_check_whose_history_goes_on(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    upgrade(state, "0007")
    was = ("dvc", "Cổng", "http", "https://x/", '{"verify": true}', 30_000, 10_000)
    meaning = ("33", "33", "http", "https://x/", '{"verify": true}', "dvc")
    with state.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO services (code, name, kind, target, params, interval_ms, timeout_ms, valid_from)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 5)",
            was,
        )
        connection.exec_driver_sql(
            "INSERT INTO units (code, name, level, position, valid_from) VALUES ('33', 'Tỉnh', 'province', 1, 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO templates (level, vantage, label, role, service, valid_from)"
            " VALUES ('province', 'unit', 'S', 'service', '*', 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO checks (id, vantage, about, kind, target, params, service, interval_ms, timeout_ms,"
            " meaning, since) VALUES (77, '33', '33', 'http', 'https://x/', ?, 'dvc', 1, 1, ?, 0)",
            (was[4], sha256(json.dumps(meaning).encode()).hexdigest()),
        )
    migrate(state)
    with state.write() as connection:
        rebuild(connection, 10)
    registry = Registry(state)
    service = registry.service("dvc", 10)
    assert service is not None
    assert (service.name, service.address) == ("Cổng", "")
    assert [(c.name, c.kind, c.target) for c in registry.service_checks("dvc", 10)] == [
        ("HTTP", "http", "https://x/")
    ]
    assert {number: each.check.interval_ms for number, each in registry.checks().items()} == {77: 30_000}
    state.close()


SEED = SEEDS / "templates.csv"
HAS = {"vendor": "cisco", "user": "an", "password": "${secret:mang}"}


def old_province(path: Path, *templates: Mapping[str, object]) -> State:
    """As it was set up before configurations were read: with a switch that can be signed in to."""
    state = State(path / "state.db")
    upgrade(state, "0021")
    rows: dict[str, list[Mapping[str, object]]] = {
        "units": [
            {"code": "33", "name": "Tỉnh", "level": "province", "position": 1},
            {"code": "1", "name": "Xã", "level": "commune", "parent": "33", "position": 1},
        ],
        "watched_devices": [
            {
                "unit": "1",
                "name": "Switch",
                "kind": "switch",
                "address": "10.0.0.2",
                "access": json.dumps(HAS),
            }
        ],
        "templates": list(templates),
    }
    with state.write() as connection:
        for table, lines in rows.items():
            for line in lines:
                connection.execute(sa.insert(METADATA.tables[table]), {"valid_from": 0, **line})
        rebuild(connection, 10)
    return state


PING = {
    "level": "all",
    "vantage": "unit",
    "label": "Thiết bị",
    "role": "device",
    "kind": "icmp",
    "target": "{device}",
}
PING |= {"interval_ms": 10_000, "timeout_ms": 2_000}


def read_now(state: State) -> list[tuple[str, str]]:
    """What is planned once the upgraded application looks at it first."""
    migrate(state)
    rebuild_if_due(state, 20)
    return sorted((each.check.kind, each.check.target) for each in Registry(state).checks().values())


def test_a_province_of_before_has_configurations_read_after_an_upgrade(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = old_province(tmp_path, PING)
    assert [each.check.kind for each in Registry(state).checks().values()] == ["icmp"]
    assert read_now(state) == [("config", "10.0.0.2"), ("icmp", "10.0.0.2")]
    assert "Cấu hình thiết bị" in caplog.text
    (line,) = [each for each in exported_templates(state) if each["kind"] == "config"]
    with SEED.open(encoding="utf-8-sig", newline="") as file:
        (fresh,) = [row for row in csv.DictReader(file) if row["kind"] == "config"]
    assert {name: value for name, value in line.items() if name != "valid_from"} == {
        name: value for name, value in fresh.items() if name != "valid_from"
    }
    state.close()


CONFIG = PING | {"label": "Cấu hình", "role": "survey", "kind": "config", "target": "{config}"}


@pytest.mark.parametrize(
    "templates",
    [
        [PING, CONFIG | {"valid_to": 5}],
        [PING, CONFIG | {"level": "department"}],
        [PING, PING | {"label": "Cấu hình thiết bị", "role": "device", "valid_to": 5}],
        [],
    ],
    ids=["ended", "their own", "another of that name", "none at all"],
)
def test_what_people_decided_about_it_stays_decided(
    tmp_path: Path, templates: list[Mapping[str, object]]
) -> None:
    state = old_province(tmp_path, *templates)
    assert ("config", "10.0.0.2") not in read_now(state)
    state.close()


def exported_templates(state: State) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(state)["templates"].decode("utf-8-sig"), newline="")))
