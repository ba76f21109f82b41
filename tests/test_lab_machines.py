"""The lab's province of machines: small, over a year, known again without a wrong merge."""

from collections.abc import Sequence

import pytest

from inventory.identity.answers import Answer
from inventory.identity.known import Known
from inventory.matching import Ask
from lab.machines.happens import RATES
from lab.machines.history import History
from lab.machines.province import DAY_MS, Province, offices
from lab.machines.technicians import Technicians
from lab.machines.trial import Trial

DAYS = 400


@pytest.fixture(scope="module", params=[11, 12])
def lived(request: pytest.FixtureRequest) -> tuple[History, Trial, Technicians, Province]:
    """400 machines in 12 offices over 400 days, in which units merge."""
    province, history, known = Province(offices()[:12], 400, request.param), History(), Known()
    trial, technicians = Trial(known, history.truth_of), Technicians(known, history.truth_of, seed=1)
    for day in province.days(DAYS):
        list(technicians.answer(province.today * DAY_MS))
        for report in day:
            signs = history.add(report)
            decision = known.take(signs, report.unit, report.at)
            trial.judge(signs.key(report.unit), report.truth, decision)
            if isinstance(decision, Ask):
                technicians.asked(decision, report.arrived)
    return history, trial, technicians, province


Lived = tuple[History, Trial, Technicians, Province]


def test_no_two_machines_are_taken_for_one(lived: Lived) -> None:
    _, trial, _, _ = lived
    assert (trial.counts["wrong merge"], trial.merged()) == (0, 0)


def test_most_reports_go_to_the_right_machine_without_asking(lived: Lived) -> None:
    """Few machines make a coarse figure; `bench/matching.py` holds the promise."""
    _, trial, _, _ = lived
    assert trial.counts["right"] / trial.reports > 0.995


def test_what_is_not_right_was_asked(lived: Lived) -> None:
    _, trial, _, _ = lived
    assert set(trial.counts) <= {"right", "asked"}


def faces(known: Known) -> set[tuple[str, frozenset[str]]]:
    return {(machine.name, frozenset(machine.faces)) for machine in known.machines()}


def gone_through(history: History, first: Sequence[Answer], last: Sequence[Answer], seed: int) -> Known:
    known = Known()
    for answer in first:
        known.answer(answer)
    for row in history.shuffled(seed):
        known.take(history.signs[row.signs], row.unit, row.at)
    for answer in last:
        known.answer(answer)
    return known


@pytest.mark.parametrize("seed", range(3))
def test_another_order_within_each_day_ends_in_the_same_machines(lived: Lived, seed: int) -> None:
    history, trial, technicians, _ = lived
    assert faces(gone_through(history, (), technicians.answered, seed)) == faces(trial.known)


def test_answers_that_are_there_from_the_start_end_in_the_same_machines(lived: Lived) -> None:
    history, trial, technicians, _ = lived
    assert faces(gone_through(history, technicians.answered, (), 1)) == faces(trial.known)


def test_the_same_seed_gives_the_same_reports() -> None:
    one, other = (list(Province(offices()[:3], 60, 5).days(40)) for _ in range(2))
    assert one == other


def test_everything_that_can_happen_happens() -> None:
    province = Province(offices()[:3], 300, 3, dict.fromkeys(RATES, 0.2))
    for _ in province.days(120):
        pass
    assert set(RATES) <= set(province.happened())
