"""Answers about machines in the store: kept, undone, in any order; and two faces side by side."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support_machines import DAY, NOW, pc, put, told
from support_questions import shop_pc
from test_inventory_known import SIGNS, UNIT, A, B

from core.errors import BadInput
from inventory.identity.crowds import values
from inventory.identity.evidence import WEIGHTS, compare, face
from inventory.identity.sides import sides
from inventory.machines import answers as keeper
from inventory.machines.identities import Identities
from inventory.machines.reads import Machines
from inventory.machines.tables import faces, identity_answers
from inventory.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state.db")
    made.create_all()
    yield made
    made.close()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """Machines of several faces, some of them asked about."""
    made = State(tmp_path_factory.mktemp("answers") / "state.db")
    made.create_all()
    put(
        made,
        told(pc(1)),
        told(pc(1, device="ocs-1"), NOW + 1),
        told(pc(2), NOW + 2),
        *(
            told(shop_pc(board, number=n), NOW + at)
            for n in (3, 4)
            for at, board in enumerate(("old", "new"))
        ),
    )
    yield made
    made.close()


def keys(state: State) -> list[str]:
    with state.read() as connection:
        return list(connection.scalars(sa.select(faces.c.key).order_by(faces.c.id)))


def everything(identities: Identities) -> object:
    """Which faces are together under which name, and what is asked."""
    return dict(identities.machines()), identities.questions()


def test_a_question_has_the_older_machine_on_its_left(state: State) -> None:
    put(state, told(shop_pc("new"), NOW + DAY), told(shop_pc("old"), NOW))
    (pair,) = Machines(state).questions()
    new, old = keys(state)
    assert (pair.left.key, pair.right.key) == (old, new)
    assert (pair.left.machine, pair.left.unit, pair.left.first_seen, pair.left.faces) == (
        old,
        "11950",
        NOW,
        1,
    )
    assert Machines(state).pair(new, old) == pair
    assert [Machines(state).questions(unit) for unit in ("11950", "11953")] == [[pair], []]


def test_what_both_tell_stands_side_by_side_with_its_points(state: State) -> None:
    put(state, told(shop_pc("old")), told(shop_pc("new"), NOW + DAY))
    machines = Machines(state)
    found = machines.sides(machines.questions()[0])
    rows = {row.sign: (row.says, row.points) for row in found.rows}
    assert rows == {
        "model": ("differs", -4),
        "macs": ("differs", -5),
        "disk_serials": ("agrees", 5),
        "agent": ("agrees", 3),
        "hostname": ("agrees", 2),
        "unit": ("agrees", 1),
    }
    assert (found.score, found.verdict) == (2, "perhaps")


def test_what_is_of_many_is_shown_and_counts_nothing() -> None:
    dock = ("macs", "0050B6AABBCC")
    one, other = (face(replace(signs, macs=(dock[1],)), UNIT) for signs in (A, B))
    for crowds, says, points in (((), "agrees", 8), ({dock}, "many", 0)):
        row = next(row for row in sides(one, other, crowds).rows if row.sign == "macs")
        assert (row.left, row.right, row.says, row.points) == ((dock[1],), (dock[1],), says, points)


@given(SIGNS, SIGNS, st.sampled_from([UNIT, "so-nv"]), st.data())
def test_side_by_side_leaves_out_nothing_and_weighs_as_matching_does(
    one: object, other: object, unit: str, data: st.DataObject
) -> None:
    a, b = face(one, UNIT), face(other, unit)  # type: ignore[arg-type]
    found = sides(a, b, ())
    compared = compare(a, b)
    assert (found.score, found.verdict) == (compared.score, compared.verdict)
    assert {row.sign for row in found.rows if row.left} >= {name for name, _ in values(a)}
    assert {row.sign: row.points for row in found.rows if row.points} == {
        k: v for k, v in compared.points.items() if v
    }
    assert [row.sign for row in found.rows] == [
        name for name in WEIGHTS if name in {row.sign for row in found.rows}
    ]
    mirrored = sides(b, a, ())
    assert [(row.right, row.left, row.says) for row in mirrored.rows] == [
        (row.left, row.right, row.says) for row in found.rows
    ]
    crowds = data.draw(st.sets(st.sampled_from(values(a)))) if values(a) else set()
    assert {row.sign for row in sides(a, b, crowds).rows} == {row.sign for row in found.rows}


def test_an_answer_is_kept_with_who_and_when_and_taken_back_with_when(state: State) -> None:
    put(state, told(shop_pc("old")), told(shop_pc("new"), NOW + DAY))
    old, new = keys(state)
    number = keeper.answer(state, [old], [new], "same", "lan", NOW)
    with state.read() as connection:
        (kept,) = keeper.answers(connection)
    assert kept == keeper.KeptAnswer(number, NOW, "lan", "same", [old], [new], None, "")
    assert keeper.undo(state, number, "an", NOW + 5)
    assert not keeper.undo(state, number, "an", NOW + 6)
    with state.read() as connection:
        assert keeper.answers(connection) == []
        assert [(each.undone_at, each.undone_by) for each in keeper.answers(connection, standing=False)] == [
            (NOW + 5, "an")
        ]


@pytest.mark.parametrize(
    ("left", "right", "why"),
    [
        ([], ["one"], "0 faces"),
        (["one"], [], "0 faces"),
        (["one"], ["one"], "both sides"),
        (["one"], ["f" * 32], "nobody told"),
        (["one"] * 501, ["two"], "501 faces"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(
    state: State, left: list[str], right: list[str], why: str
) -> None:
    put(state, told(pc(1)), told(pc(2)))
    real = dict(zip(("one", "two"), keys(state), strict=True))
    with pytest.raises(BadInput, match=why):
        keeper.answer(
            state, [real.get(k, k) for k in left], [real.get(k, k) for k in right], "same", "lan", NOW
        )
    with state.read() as connection:
        assert keeper.answers(connection, standing=False) == []


SOME = st.sets(st.integers(0, 6), min_size=1, max_size=3)
ANSWERS = st.lists(
    st.tuples(st.sampled_from(["same", "different"]), SOME, SOME, st.integers(0, 3)).filter(
        lambda said: not said[1] & said[2]
    ),
    max_size=4,
)


def said(state: State, answers: list[tuple[str, set[int], set[int], int]], order: list[int]) -> None:
    """In place of what was said before: these answers, whose rows come in an order of their own."""
    known = keys(state)
    with state.write() as connection:
        connection.execute(sa.delete(identity_answers))
        for number in order:
            says, left, right, at = answers[number]
            row = {
                "id": number + 1,
                "at": NOW + at,
                "who": "lan",
                "says": says,
                "left": json.dumps([known[n] for n in left]),
                "right": json.dumps([known[n] for n in right]),
            }
            connection.execute(sa.insert(identity_answers), row)


@settings(deadline=None)
@given(ANSWERS, st.randoms(use_true_random=False))
def test_answers_in_any_order_and_those_undone_between_lead_to_the_same_machines(
    many: State, answers: list[tuple[str, set[int], set[int], int]], dice: random.Random
) -> None:
    """A reader that lived through all of it stands where one stands that begins afterwards."""
    assert len(keys(many)) == 7
    said(many, [], [])
    before, living = everything(Identities(many)), Identities(many)
    order = list(range(len(answers)))
    dice.shuffle(order)
    for upto in range(1, len(order) + 1):
        said(many, answers, order[:upto])
        living.refresh()
    said(many, answers, list(range(len(answers))))
    assert everything(living) == everything(Identities(many))
    dice.shuffle(order)
    for number in order:
        keeper.undo(many, number + 1, "an", NOW + DAY)
        living.refresh()
        assert everything(living) == everything(Identities(many))
    assert everything(living) == before


@settings(deadline=None)
@given(ANSWERS, SOME, SOME)
def test_a_later_answer_wins_and_taking_it_back_ends_as_before(
    many: State, answers: list[tuple[str, set[int], set[int], int]], left: set[int], right: set[int]
) -> None:
    right -= left
    if not right:
        return
    said(many, answers, list(range(len(answers))))
    living = Identities(many)
    before, known = everything(living), keys(many)
    sides = [known[n] for n in left], [known[n] for n in right]
    for says in ("same", "different"):
        number = keeper.answer(many, *sides, says, "lan", NOW + DAY)  # type: ignore[arg-type]
        living.refresh()
        names = [{living.name_of(key) for key in side} for side in sides]
        assert (len(names[0] | names[1]) == 1) if says == "same" else not names[0] & names[1]
        keeper.undo(many, number, "an", NOW + DAY)
        living.refresh()
        assert everything(living) == before
