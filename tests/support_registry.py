"""A state store with the registry's tables, small provinces, and files made of rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from inventory.changes import Proposal, apply, propose, put
from inventory.exchange.csv_files import write_csv
from inventory.exchange.files import csv_of, read_files
from inventory.exchange.sheets import SHEETS
from inventory.state import State

NOW = 1_790_000_000_000
THEN = 1_609_434_000_000
"""2021-01-01, midnight in Vietnam."""


@contextmanager
def open_registry() -> Iterator[State]:
    with TemporaryDirectory() as folder:
        state = State(Path(folder) / "state.db")
        state.create_all()
        try:
            yield state
        finally:
            state.close()


def small_province(state: State, now: int = NOW) -> None:
    """The province, a department, a district and two communes, since 2021."""
    units = [
        {"code": "33", "name": "Tỉnh", "level": "province", "parent": None},
        {"code": "so-yt", "name": "Sở Y tế", "level": "department", "parent": "33"},
        {"code": "323", "name": "Huyện", "level": "district", "parent": "33"},
        {"code": "11950", "name": "Xã Một", "level": "commune", "parent": "323"},
        {"code": "11953", "name": "Xã Hai", "level": "commune", "parent": "323"},
    ]
    put(state, now, {"units": [{**unit, "valid_from": THEN} for unit in units]})


def csv_file(folder: Path, name: str, *rows: Sequence[str]) -> Path:
    path = folder / name
    path.write_bytes(write_csv(rows))
    return path


def proposal(state: State, *paths: Path, now: int = NOW, end_missing: bool = False) -> Proposal:
    lines, faults = read_files(paths)
    with state.read() as connection:
        return propose(connection, lines, now, faults=faults, end_missing=end_missing)


def take(state: State, *paths: Path, now: int = NOW, end_missing: bool = False) -> bool:
    with state.write() as connection:
        lines, faults = read_files(paths)
        return apply(connection, propose(connection, lines, now, faults=faults, end_missing=end_missing))


def exported(state: State) -> Mapping[str, bytes]:
    with state.read() as connection:
        return {name: csv_of(connection, sheet) for name, sheet in SHEETS.items()}


def write_export(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    paths = []
    for name, data in files.items():
        paths.append(folder / f"{name}.csv")
        paths[-1].write_bytes(data)
    return paths
