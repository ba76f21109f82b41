"""The data folder that the commands at the centre share, and the state store in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from inventory.state import State
from web.migrate import migrate

DataDir = Annotated[
    Path,
    typer.Option("--data", help="The centre's data folder.", envvar="NHIP_DATA", show_default=True),
]
DEFAULT_DATA = Path("/var/lib/nhip")


def state_path(data: Path) -> Path:
    return data / "state.db"


def is_enrolled(folder: Path) -> bool:
    """Whether the agent that keeps its files in `folder` has joined; one that was cut off while joining has not."""
    try:
        return bool(json.loads((folder / "credential.json").read_bytes()).get("agent"))
    except (OSError, ValueError):
        return False


@contextmanager
def open_state(data: Path) -> Iterator[State]:
    """The state store of `data`, migrated to this version; works beside a running centre.

    A guest never checkpoints the write-ahead log: that stays with the one process that serves.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = State(state_path(data), guest=True)
    try:
        migrate(state)
        yield state
    finally:
        state.close()
