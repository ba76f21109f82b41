"""Machines that are known: the same reports and answers lead to the same machines, in whatever order they come."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.identity.answers import Answer
from inventory.identity.known import Known
from inventory.matching import Ask, New, Same
from inventory.signs import Signs

DAY = 86_400_000
UNIT = "11950"
A = Signs(
    "2FAGP34",
    "2FAGP34CN1245",
    "4C4C45440046471080",
    "07TYC2",
    ("A4BB6D001122",),
    (),
    ("WDWCC3F0123456",),
    ("8A7B6C5D",),
    "pc01-2024",
    "PC01",
)
B = Signs(
    "7HHQR42",
    "7HHQR42CN9999",
    "4C4C45449999999999",
    "07TYC2",
    ("A4BB6D998877",),
    (),
    ("WDWCC3F7777777",),
    ("11223344",),
    "pc02-2024",
    "PC02",
)
SHOP = Signs(
    model="H81MK", macs=("1C1B0D001122",), disk_serials=("ZN112233",), agent="pc03-2024", hostname="PC03"
)
SHOP_NEW_BOARD = replace(SHOP, macs=("1C1B0D556677",), model="B75MD3V")


def names(known: Known) -> dict[str, frozenset[str]]:
    return {machine.name: frozenset(machine.faces) for machine in known.machines()}


def test_the_first_report_begins_a_machine_and_the_next_is_of_it() -> None:
    known = Known()
    first = known.take(A, UNIT, 0)
    assert first == New(A.key(UNIT))
    assert known.take(A, UNIT, DAY) == Same(A.key(UNIT))


def test_a_late_report_of_what_was_told_before_begins_no_machine() -> None:
    known = Known()
    known.take(A, UNIT, DAY)
    assert known.take(A, UNIT, 0) == Same(A.key(UNIT))


def test_a_machine_keeps_its_name_through_repairs_one_after_the_other() -> None:
    known, now = Known(), A
    known.take(A, UNIT, 0)
    for day, event in enumerate(
        [{"disk_serials": ("ZN1234567",)}, {"board_serial": "X1Y2Z3W4", "uuid": "9" * 18, "macs": ("D08E79000001",)}, {"agent": "x", "hostname": "X"}, {"memory_serials": ("55667788",)}], 1
    ):  # fmt: skip
        now = replace(now, **event)  # type: ignore[arg-type]
        assert known.take(now, UNIT, day * DAY) == Same(A.key(UNIT))


def test_a_laptop_that_moves_is_one_machine_with_both_units() -> None:
    known = Known()
    known.take(A, UNIT, 0)
    assert known.take(A, "so-nv", DAY) == Same(A.key(UNIT))
    assert {seen.face.unit for seen in known.machine(A.key("so-nv")).faces.values()} == {UNIT, "so-nv"}


def test_what_is_not_clear_is_asked_with_the_two_faces_that_raise_the_question() -> None:
    known = Known()
    known.take(SHOP, UNIT, 0)
    old, new = SHOP.key(UNIT), SHOP_NEW_BOARD.key(UNIT)
    assert known.take(SHOP_NEW_BOARD, UNIT, DAY) == Ask(new, (old,), (tuple(sorted((old, new))),))  # type: ignore[arg-type]


def test_an_answer_joins_and_taking_it_back_parts_again() -> None:
    known = Known()
    known.take(SHOP, UNIT, 0)
    known.take(SHOP_NEW_BOARD, UNIT, DAY)
    old, new = SHOP.key(UNIT), SHOP_NEW_BOARD.key(UNIT)
    known.answer(Answer(1, 2 * DAY, "same", frozenset({old}), frozenset({new})))
    assert known.take(SHOP_NEW_BOARD, UNIT, 3 * DAY) == Same(old)
    known.undo(1)
    assert isinstance(known.take(SHOP_NEW_BOARD, UNIT, 4 * DAY), Ask)


def test_one_answer_joins_all_of_both_machines_as_they_stood() -> None:
    """A second agent of each tells too little to be tied to the other's new board."""
    board = {"model": "", "memory_serials": ("AABBCCDD",)}
    second, second_new = (
        replace(each, agent="x", disk_serials=(), **board) for each in (SHOP, SHOP_NEW_BOARD)
    )
    rich = replace(SHOP, uuid="5" * 18, memory_serials=("AABBCCDD",))
    rich_new = replace(SHOP_NEW_BOARD, uuid="7" * 18, memory_serials=("AABBCCDD",))
    known = Known()
    for day, signs in enumerate((rich, second, rich_new, second_new)):
        known.take(signs, UNIT, day * DAY)
    assert len(names(known)) == 2
    (asked,) = [pair for _, told in known.questions() for _, pair in told]
    older, younger = sorted(asked, key=lambda key: known.told[key].first)
    left, right = known.about(older, younger)
    assert (left[0], right[0], {*left}, {*right}) == (
        older,
        younger,
        {rich.key(UNIT), second.key(UNIT)},
        {rich_new.key(UNIT), second_new.key(UNIT)},
    )
    known.answer(Answer(1, 5 * DAY, "same", frozenset(left), frozenset(right)))
    assert len(names(known)) == 1
    left, right = known.about(older, younger)
    known.answer(Answer(2, 6 * DAY, "different", frozenset(left), frozenset(right)))
    assert len(names(known)) == 2, "whoever thinks better of it parts all of both"
    known.undo(2)
    known.undo(1)
    assert len(names(known)) == 2


def test_an_answer_that_they_are_two_is_not_asked_again() -> None:
    known = Known()
    known.take(SHOP, UNIT, 0)
    known.take(SHOP_NEW_BOARD, UNIT, DAY)
    old, new = SHOP.key(UNIT), SHOP_NEW_BOARD.key(UNIT)
    known.answer(Answer(1, 2 * DAY, "different", frozenset({old}), frozenset({new})))
    assert known.take(SHOP_NEW_BOARD, UNIT, 3 * DAY) == Same(new)
    assert not list(known.questions())


def test_a_machine_that_a_technician_split_stays_two_against_all_evidence() -> None:
    known, renamed = Known(), replace(A, hostname="KETOAN")
    known.take(A, UNIT, 0)
    known.take(renamed, UNIT, DAY)
    known.answer(Answer(1, 2 * DAY, "different", frozenset({A.key(UNIT)}), frozenset({renamed.key(UNIT)})))
    assert known.machine(A.key(UNIT)) is not known.machine(renamed.key(UNIT))


def test_the_later_of_two_answers_wins() -> None:
    known, a, b = Known(), frozenset({A.key(UNIT)}), frozenset({B.key(UNIT)})
    known.take(A, UNIT, 0)
    known.take(B, UNIT, 0)
    known.answer(Answer(2, 2 * DAY, "different", a, b))
    known.answer(Answer(1, DAY, "same", a, b))
    assert len(names(known)) == 2
    known.answer(Answer(3, 3 * DAY, "same", a, b))
    assert len(names(known)) == 1


def test_a_report_that_ties_two_halves_of_a_machine_together_joins_them() -> None:
    known = Known()
    before = replace(SHOP, macs=(), disk_serials=("ZN112233",), memory_serials=("AABBCCDD",))
    after = replace(SHOP, agent="", hostname="", disk_serials=())
    known.take(before, UNIT, 0)
    assert isinstance(known.take(after, UNIT, 1), New | Ask)
    both = replace(SHOP, memory_serials=("AABBCCDD",), uuid="5" * 18)
    assert known.take(both, UNIT, 2) in (Same(before.key(UNIT)), Same(before.key(UNIT), (after.key(UNIT),)))


def test_a_poor_report_never_makes_one_machine_of_two() -> None:
    """It tells of a shared adapter and an installation that was copied, and nothing of the firmware."""
    known = Known()
    dock, image = ("0050B6AABBCC",), {"agent": "img", "hostname": "IMG"}
    one = replace(A, macs=dock, memory_serials=(), **image)
    other = replace(B, macs=dock, memory_serials=(), **image)
    for signs in (
        one,
        other,
        replace(SHOP, model="", macs=dock, disk_serials=one.disk_serials + other.disk_serials, **image),
    ):
        known.take(signs, UNIT, 0)
    assert known.machine(one.key(UNIT)) is not known.machine(other.key(UNIT))


SIGNS = st.builds(
    Signs,
    chassis_serial=st.sampled_from(["", "C1", "C2"]),
    board_serial=st.sampled_from(["", "B1", "B2"]),
    uuid=st.sampled_from(["", "U1"]),
    macs=st.sampled_from([(), ("X1",), ("X2",), ("X1", "X2"), ("X2", "X3")]),
    disk_serials=st.sampled_from([(), ("D1",), ("D2",), ("D3",), ("D1", "D2")]),
    memory_serials=st.sampled_from([(), ("R1",), ("R2",), ("R3",)]),
    agent=st.sampled_from(["A1", "A2"]),
    hostname=st.sampled_from(["H1", "H2"]),
)
REPORTS = st.lists(
    st.tuples(SIGNS, st.sampled_from([UNIT, "so-nv"]), st.integers(0, 40).map(lambda day: day * DAY)),
    min_size=1,
    max_size=12,
)
Reports = Sequence[tuple[Signs, str, int]]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Reports, Reports, list[Answer]]:
    """Reports, the same in another order and some of them twice, and answers about them."""
    reports = draw(REPORTS)
    keys = sorted({signs.key(unit) for signs, unit, _ in reports})
    some = st.sets(st.sampled_from(keys), min_size=1, max_size=2).map(frozenset)
    answers = [
        Answer(
            number,
            draw(st.integers(0, 3)),
            draw(st.sampled_from(["same", "different"])),
            draw(some),
            draw(some),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    again = draw(st.permutations([*reports, *reports[: draw(st.integers(0, 3))]]))
    return reports, again, answers


@settings(deadline=None)  # a machine that is shared with others is slow at times
@given(histories(), st.data())
def test_the_same_reports_and_answers_lead_to_the_same_machines_and_questions(
    history: tuple[Reports, Reports, list[Answer]], data: st.DataObject
) -> None:
    reports, again, answers = history
    one, other = Known(), Known()
    for report in reports:
        one.take(*report)
    for answer in answers:
        one.answer(answer)
    steps = data.draw(st.permutations([*again, *answers]))
    for step in steps:
        other.answer(step) if isinstance(step, Answer) else other.take(*step)
    assert names(one) == names(other)
    assert {m.name: asked for m, asked in one.questions()} == {
        m.name: asked for m, asked in other.questions()
    }


@settings(deadline=None)  # a machine that is shared with others is slow at times
@given(histories())
def test_an_answer_that_is_undone_leaves_no_trace(history: tuple[Reports, Reports, list[Answer]]) -> None:
    reports, _, answers = history
    one, other = Known(), Known()
    for report in reports:
        one.take(*report)
        other.take(*report)
    for answer in answers:
        one.answer(answer)
    for answer in answers:
        one.undo(answer.id)
    assert names(one) == names(other)


@settings(deadline=None)  # a machine that is shared with others is slow at times
@given(histories())
def test_what_is_decided_of_a_report_is_where_it_stands(
    history: tuple[Reports, Reports, list[Answer]],
) -> None:
    known = Known()
    for signs, unit, at in history[0]:
        assert known.take(signs, unit, at).machine == known.machine(signs.key(unit)).name


@settings(deadline=None)  # a machine that is shared with others is slow at times
@given(histories())
def test_an_answer_holds(history: tuple[Reports, Reports, list[Answer]]) -> None:
    """The last one, at least; what an earlier one said may stand against it."""
    reports, _, answers = history
    known = Known()
    for report in reports:
        known.take(*report)
    for answer in answers:
        known.answer(answer)
    if not answers:
        return
    last = max(answers, key=lambda answer: (answer.at, answer.id))
    where = {known.machine(key).name for key in last.left}, {known.machine(key).name for key in last.right}
    if last.says == "same":
        assert len(where[0] | where[1]) == 1
    elif not last.left & last.right:
        assert not where[0] & where[1]
