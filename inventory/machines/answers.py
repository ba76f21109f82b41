"""What technicians answered about machines, in the state store: kept with who and when, and taken back without being lost."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from core.errors import BadInput
from inventory.machines.tables import faces, identity_answers
from inventory.state import State

Says = Literal["same", "different"]
MOST = 500
"""Faces on one side of an answer."""
_a = identity_answers.c


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """`left` and `right` are keys of faces, those that were shown in front. `undone_at` and `undone_by` tell of who took it back, if somebody did."""

    id: int
    at: int
    who: str
    says: str
    left: Sequence[str]
    right: Sequence[str]
    undone_at: int | None
    undone_by: str


def answer(
    state: State, left: Collection[str], right: Collection[str], says: Says, who: str, now: int
) -> int:
    """Keep that these faces are one machine, or that those on the left are another's than those on the right; its id.

    Raises:
        BadInput: a side is empty or larger than MOST, a face is on both, or nobody told of one.
    """
    for name, side in (("$.left", left), ("$.right", right)):
        if not 0 < len(side) <= MOST:
            raise BadInput(f"{len(side)} faces", where=name, todo=f"Name 1 to {MOST} of them")
    if both := sorted(set(left) & set(right)):
        raise BadInput("stands on both sides", where=both[0])
    wanted = {*left, *right}
    with state.write() as connection:
        known = set(connection.scalars(sa.select(faces.c.key).where(faces.c.key.in_(wanted))))
        if missing := sorted(wanted - known):
            raise BadInput("nobody told of such a face", where=missing[0])
        row = {
            "at": now,
            "who": who,
            "says": says,
            "left": json.dumps(list(dict.fromkeys(left))),
            "right": json.dumps(list(dict.fromkeys(right))),
        }
        made = connection.execute(sa.insert(identity_answers), row).inserted_primary_key
        return int(made[0]) if made else 0


def undo(state: State, number: int, who: str, now: int) -> bool:
    """Take an answer back, and with it all that followed from it; False when none that stands has this id."""
    query = (
        sa.update(identity_answers)
        .where(_a.id == number, _a.undone_at.is_(None))
        .values(undone_at=now, undone_by=who)
    )
    with state.write() as connection:
        return bool(connection.execute(query).rowcount)


def answers(connection: sa.Connection, *, standing: bool = True) -> list[KeptAnswer]:
    """Those that stand, or all; by id."""
    query = sa.select(identity_answers).order_by(_a.id)
    rows = connection.execute(query.where(_a.undone_at.is_(None)) if standing else query)
    return [
        KeptAnswer(
            row.id,
            row.at,
            row.who,
            row.says,
            json.loads(row.left),
            json.loads(row.right),
            row.undone_at,
            row.undone_by,
        )
        for row in rows
    ]
