"""Migrations: they make exactly the tables that the code declares, once, and refuse a file from the future."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import web.main  # noqa: F401 - brings every room's tables into the metadata
from core.errors import BadInput
from inventory.rebuild import rebuild
from inventory.registry import Registry
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
