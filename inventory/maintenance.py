"""Windows of planned work: what is announced, begun and ended by people at the centre.

A window is a row of the registry like any other, so it can come from a file too; here are the two things that are
done to one window at a time. What happens in a window is kept apart from faults, so one is never moved silently.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace

import sqlalchemy as sa

from core.errors import BadInput
from inventory.changes import apply, propose
from inventory.exchange.cells import Wrong, clean
from inventory.exchange.lines import Line
from inventory.rebuild import rebuild
from inventory.records import Maintenance, record_of
from inventory.state import State
from inventory.tables import maintenance


def read_windows(connection: sa.Connection) -> Mapping[int, Maintenance]:
    """All windows by id, in the order in which they begin."""
    order = (maintenance.c.valid_from, maintenance.c.id)
    rows = connection.execute(sa.select(maintenance).order_by(*order)).mappings()
    return {row["id"]: record_of(Maintenance, row) for row in rows}


def add_window(state: State, now: int, window: Maintenance) -> tuple[int, Maintenance]:
    """Announce planned work, or note down after the fact that there was; its id, and the window as kept.

    Raises:
        BadRows: the unit or the service is not known, or the window ends before it begins.
        BadInput: the note is empty, or the same work (unit and note) has a window at that time already.
    """
    try:
        note = clean(window.note)
    except Wrong as error:
        raise BadInput(f"the note cannot be taken: {error}") from error
    values = asdict(window) | {"note": note}
    if not note:
        raise BadInput("a window needs a note", todo="Say what work it is")
    with state.write() as connection:
        for number, other in read_windows(connection).items():
            same = (other.unit, other.service, other.note) == (window.unit, window.service, note)
            if same and _meet(window, other):
                raise BadInput(
                    f"window {number} is of the same work at the same time",
                    todo="End it, or give another note",
                )
        line = Line("maintenance", 0, values)
        apply(connection, propose(connection, {"maintenance": [line]}, now))
        found = sa.select(maintenance.c.id).where(
            maintenance.c.unit == window.unit,
            maintenance.c.service == window.service,
            maintenance.c.note == note,
            maintenance.c.valid_from == window.valid_from,
        )
        return connection.execute(found).scalar_one(), replace(window, note=note)


def end_window(state: State, now: int, number: int) -> Maintenance | None:
    """End a window now, or take back one that has not begun; as it was, None if there is none of that id.

    Raises:
        BadInput: it is over already.
    """
    with state.write() as connection:
        window = read_windows(connection).get(number)
        if window is None:
            return None
        if window.valid_to is not None and window.valid_to <= now:
            raise BadInput(f"window {number} is over already")
        there = maintenance.c.id == number
        if window.valid_from >= now:
            connection.execute(sa.delete(maintenance).where(there))
        else:
            connection.execute(sa.update(maintenance).where(there).values(valid_to=now))
        rebuild(connection, now)
    return window


def _meet(one: Maintenance, other: Maintenance) -> bool:
    return (one.valid_to is None or other.valid_from < one.valid_to) and (
        other.valid_to is None or one.valid_from < other.valid_to
    )
