"""What is otherwise at the machines of the province than at some time, as it was followed last."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from inventory.differences.since import (
    Difference,
    Face,
    Kind,
    Line,
    Noticed,
    Standing,
    differences,
    lines,
    place,
    standing,
)
from inventory.differences.tables import machine_notes, machine_updates
from inventory.machines.reads import AGENT, Machines
from inventory.machines.tables import faces
from inventory.state import State


@dataclass(frozen=True, slots=True)
class Changed:
    """All that is otherwise than at `at`."""

    at: int
    machines: Mapping[str, Standing]
    differences: list[Difference]
    updates: Mapping[str, Mapping[str, int]]
    """Of each product in how many machines of each unit it was updated."""

    def lines(self, units: Collection[str], kind: Kind | None = None) -> list[Line]:
        """Only of machines that are in these units now."""
        found = lines(self.differences, units, kind)
        if kind in (None, "updated"):
            for product, by_unit in self.updates.items():
                counts = [count for unit, count in by_unit.items() if unit in units]
                if counts:
                    found.append(Line("updated", product, sum(counts), len(counts), self.at, self.at))
        return sorted(found, key=place)


def changed(state: State, machines: Machines, at: int) -> Changed:
    """Of all machines, between `at` and when they were followed last."""
    names = machines.names_of_faces()
    with state.read() as connection:
        told = list(_faces(connection, names))
        stood = standing(told, at)
        noticed = [Noticed(*row) for row in connection.execute(_NOTICED, {"since": at})]
        updates = _updates(connection, stood.values(), told, at)
    return Changed(at, stood, differences(stood.values(), noticed), updates)


def updated_at(state: State, found: Changed, product: str) -> list[Difference]:
    """The machines at which a product was updated, by unit."""
    owner = {face: each for each in found.machines.values() for face in each.faces}
    last: dict[str, Difference] = {}
    with state.read() as connection:
        for face, at in connection.execute(_OF_PRODUCT, {"since": found.at, "wanted": product}):
            its = owner.get(face)
            if its is not None and (its.machine not in last or last[its.machine].at < at):
                last[its.machine] = Difference("updated", product, its.machine, its.unit, at)
    return sorted(last.values(), key=lambda each: (each.unit, each.at, each.machine))


def _updates(
    connection: sa.Connection, machines: Iterable[Standing], faces: Sequence[Face], at: int
) -> dict[str, dict[str, int]]:
    """Machines by product and unit. Those of one face, nearly all, are counted by the store: there are as many rows as programs."""
    alone = Counter(face.machine for face in faces)
    owner = {face: each for each in machines for face in each.faces}
    apart = [face.id for face in faces if face.id not in owner or alone[face.machine] > 1]
    found: dict[str, dict[str, int]] = {}
    told = {"since": at, "apart": json.dumps(apart)}
    for product, unit, count in connection.execute(_COUNTED, told):
        found.setdefault(product, {})[unit] = count
    told = {"since": at, "apart": json.dumps([face for face in apart if face in owner])}
    several = {
        (row.product, owner[row.face].machine, owner[row.face].unit)
        for row in connection.execute(_APART, told)
    }
    for product, _machine, unit in several:
        by_unit = found.setdefault(product, {})
        by_unit[unit] = by_unit.get(unit, 0) + 1
    return found


def _faces(connection: sa.Connection, names: Mapping[int, str]) -> Iterator[Face]:
    for row in connection.execute(_FACES):
        if row.id in names:
            yield Face(row.id, names[row.id], row.unit, row.agent, row.first_seen, row.last_seen)


_FACES = sa.select(faces.c.id, faces.c.unit, faces.c.first_seen, faces.c.last_seen, AGENT.label("agent"))
_n, _u = machine_notes.c, machine_updates.c
_sum = sa.func.sum(_n.delta)
_NOTICED = (
    sa.select(
        _n.face, _n.kind, _n.subject, sa.func.max(_n.told), _sum, sa.func.min(_n.at), sa.func.max(_n.at)
    )
    .where(_n.at > sa.bindparam("since"))
    .group_by(_n.face, _n.kind, _n.subject)
)
_apart = sa.select(sa.func.json_each(sa.bindparam("apart")).table_valued("value").c.value)
_COUNTED = (
    sa.select(_u.product, _u.unit, sa.func.count())
    .where(_u.at > sa.bindparam("since"), _u.face.not_in(_apart))
    .group_by(_u.product, _u.unit)
)
_APART = sa.select(_u.product, _u.face).where(_u.at > sa.bindparam("since"), _u.face.in_(_apart))
_OF_PRODUCT = sa.select(_u.face, _u.at).where(
    _u.product == sa.bindparam("wanted"), _u.at > sa.bindparam("since")
)
