"""Migrations: they make exactly the tables that the code declares, once, and refuse a file from the future."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import web.main  # noqa: F401 - brings every room's tables into the metadata
from core.errors import BadInput
from inventory.state import METADATA, State
from web.migrate import behind, migrate


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
