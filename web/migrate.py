"""Brings the state store to this version's tables, with Alembic. Every table is born in a migration."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.errors import BadInput
from inventory.state import State

FOLDER = Path(__file__).parent / "migrations"


def migrate(state: State) -> None:
    """All steps that are missing, in one transaction; nothing when none is.

    Raises:
        BadInput: the file was made by a newer version, whose step is not known here.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)
    with state.read() as connection:
        at = _revision(connection)
    if at == script.get_current_head():
        return
    if at is not None and at not in {step.revision for step in script.walk_revisions()}:
        raise BadInput(
            f"made by a newer version (step {at})", where=str(state.path), todo="Install that version"
        )
    with state.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
