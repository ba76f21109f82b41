"""Taking stock: what follows from all that was heard of machines, brought up to now."""

import threading
from collections.abc import Collection, Iterable

from inventory.census import keeper as census
from inventory.census.coverage import Office, day_of, of_units
from inventory.differences import keeper as differences
from inventory.findings import keeper as findings
from inventory.machines.reads import Machines
from inventory.records import Unit
from inventory.state import State

_turn = threading.Lock()


def take_stock(
    state: State, machines: Machines, units: Iterable[Unit], now: int, only: Collection[str] | None = None
) -> None:
    """Make the facts of machines that were heard since the last time, then findings and the day's coverage. One at a time.

    `only`: of these units, when what people said can have changed nothing in others.
    """
    with _turn:
        for unit in [None] if only is None else only:
            census.refresh(state, unit=unit)
        names = machines.names_of_faces()
        with state.read() as connection:
            counted = census.counted(connection, names, only)
        findings.refresh(state, counted, names, machines.current, now, only)
        asked = [each for each in offices(units) if only is None or each.code in only]
        census.keep_day(state, day_of(now), of_units(asked, counted, now))


def follow(state: State, machines: Machines) -> bool:
    """Keep what changed at some machines that were heard since; whether there may be more. After an update of the centre there are
    years of it, which nothing else has to wait for."""
    return differences.refresh(state, machines.names_of_faces(), differences.AT_ONCE) == differences.AT_ONCE


def offices(units: Iterable[Unit]) -> list[Office]:
    """What coverage needs of units."""
    return [Office(unit.code, unit.level, unit.parent, unit.staff) for unit in units]
