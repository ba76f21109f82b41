"""Which faces are one machine, as of now: the state store's faces and answers held in `identity.known`.

Read from the store and never written back: what follows from facts is derived. A refresh takes in what is new since the last
one, in any order, and ends where a start from nothing would end.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from inventory.identity.answers import Answer
from inventory.identity.known import Known
from inventory.identity.sides import Sides, sides
from inventory.machines.tables import faces, identity_answers
from inventory.matching import Machine
from inventory.signs import Signs
from inventory.state import State

_signs = msgspec.json.Decoder(Signs)
_TALLY = sa.select(
    sa.func.count(),
    sa.func.sum(identity_answers.c.id),
    sa.func.count(identity_answers.c.undone_at),
    sa.func.sum(identity_answers.c.undone_at),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A face, and where it stands now. `first_seen` is its own; `faces` counts those of its machine."""

    key: str
    machine: str
    unit: str
    first_seen: int
    faces: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two faces that may be of one machine. `left` is of the older; about `right` is asked."""

    left: Standing
    right: Standing

    @property
    def units(self) -> frozenset[str]:
        return frozenset((self.left.unit, self.right.unit))


class Identities:
    """Every method may be called from any thread."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._known = Known()
        self._ids: dict[str, int] = {}
        """Row of each face."""
        self._firsts: dict[int, int] = {}
        self._upto = 0
        self._sum: int | None = None
        """Of all times at which faces were first seen: they only become earlier, so it tells whether any did."""
        self._answered: dict[int, bool] = {}
        """Answers that were taken in; True for those that were undone since."""
        self._tally: tuple[int, ...] = ()
        """Of all answers, by which it shows whether any was given or undone."""
        self.refresh()

    def refresh(self) -> None:
        """Take in what is new in the store."""
        with self._lock, self._state.read() as connection:
            c = faces.c
            new = connection.execute(sa.select(faces).where(c.id > self._upto).order_by(c.id)).all()
            for row in new:
                self._take(row)
            self._upto = max((row.id for row in new), default=self._upto)
            # A late report may have shown that a face was there earlier: it can be another's name then.
            total = connection.scalar(sa.select(sa.func.sum(c.first_seen)))
            earlier = [
                id_
                for id_, first in (
                    connection.execute(sa.select(c.id, c.first_seen)) if total != self._sum else ()
                )
                if first < self._firsts[id_]
            ]
            self._sum = total
            for row in connection.execute(sa.select(faces).where(c.id.in_(earlier))) if earlier else ():
                self._take(row)
            tally = tuple(connection.execute(_TALLY).one())
            if tally != self._tally:
                for row in connection.execute(sa.select(identity_answers).order_by(identity_answers.c.id)):
                    self._answer(row)
                self._tally = tally

    def _take(self, row: sa.Row[tuple[object, ...]]) -> None:
        self._known.take(_signs.decode(row.signs), row.unit, row.first_seen)
        self._ids[row.key] = row.id
        self._firsts[row.id] = row.first_seen

    def _answer(self, row: sa.Row[tuple[object, ...]]) -> None:
        undone = row.undone_at is not None
        before = self._answered.get(row.id)
        if before is None and not undone:
            left, right = (frozenset(json.loads(side)) for side in (row.left, row.right))
            self._known.answer(Answer(row.id, row.at, row.says, left, right))
        elif before is False and undone:
            self._known.undo(row.id)
        self._answered[row.id] = undone

    def machines(self) -> Mapping[str, tuple[int, ...]]:
        """Each machine by its name, with the rows of its faces."""
        with self._lock:
            return {machine.name: self._rows(machine) for machine in self._known.machines()}

    def faces_of(self, machine: str) -> tuple[int, ...]:
        """The rows of the faces of the machine that `machine` (the key of any of its faces) stands in; none when unknown."""
        with self._lock:
            try:
                return self._rows(self._known.machine(machine))
            except KeyError:
                return ()

    def name_of(self, key: str) -> str | None:
        """The name of the machine that a face stands in now."""
        with self._lock:
            try:
                return self._known.machine(key).name
            except KeyError:
                return None

    def keys_of(self, machine: str) -> tuple[str, ...]:
        """The keys of the faces of the machine that `machine` stands in, the one told first in front; none when unknown."""
        with self._lock:
            try:
                told = self._known.machine(machine).faces
            except KeyError:
                return ()
            return tuple(sorted(told, key=lambda key: (told[key].first, key)))

    def questions(self) -> list[Pair]:
        """What is open, by when it came up."""
        with self._lock:
            found = [
                self._pair(*(pair if pair[1] in machine.faces else pair[::-1]))
                for machine, asked in self._known.questions()
                for _, pair in asked
            ]
        return sorted(found, key=lambda pair: (pair.right.first_seen, pair.left.key, pair.right.key))

    def pair(self, one: str, other: str) -> Pair | None:
        """Any two faces, whether they are asked about or not; None when one is not known."""
        with self._lock:
            try:
                machines = self._known.machine(one), self._known.machine(other)
            except KeyError:
                return None
            older = not machines[1].before(machines[0])
            return self._pair(one, other) if older else self._pair(other, one)

    def about(self, pair: Pair) -> tuple[list[str], list[str]]:
        """The faces that an answer to this pair is about, those of the pair in front."""
        with self._lock:
            return self._known.about(pair.left.key, pair.right.key)

    def sides(self, pair: Pair) -> Sides:
        """The evidence of two faces side by side."""
        with self._lock:
            left, right = (self._known.told[face.key].face for face in (pair.left, pair.right))
            return sides(left, right, self._known.crowds)

    def _pair(self, left: str, right: str) -> Pair:
        return Pair(self._standing(left), self._standing(right))

    def _standing(self, key: str) -> Standing:
        seen, machine = self._known.told[key], self._known.machine(key)
        return Standing(key, machine.name, seen.face.unit, seen.first, len(machine.faces))

    def _rows(self, machine: Machine) -> tuple[int, ...]:
        return tuple(sorted(self._ids[key] for key in machine.faces))
