"""Brings the state store to this version's tables, with Alembic. Every table is born in a migration."""

from pathlib import Path

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
    if not behind(state):
        return
    upgrade(state, "head")


def upgrade(state: State, revision: str) -> None:
    """The steps up to one."""
    config = _config()
    with state.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def behind(state: State) -> int:
    """How many steps the file is behind this version.

    Raises:
        BadInput: it is ahead of it.
    """
    with state.read() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
    steps = [step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()]
    if at is None:
        return len(steps)
    if at not in steps:
        raise BadInput(
            f"made by a newer version (step {at})", where=str(state.path), todo="Install that version"
        )
    return steps.index(at)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config
