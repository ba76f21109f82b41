"""How quick a service answers: the score of each unit, and who is slow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_services import NOW, S, line

from collector.columns import pack
from collector.facts import Run
from collector.services.apdex import is_slow, score, total
from collector.services.pace import KEPT_MS, Pace
from collector.services.present import Seen
from collector.services.shown import seen_with_scores
from collector.services.summary import standing
from collector.services.views import Score, Sees, Standing
from core.values import Check
from core.wire import Figures, Plan
from inventory.records import PlannedCheck

WHOLE = line(3_600 * S)
T = 1_000


class Checks:
    """Check 1 is of a service, 2 of none."""

    revision = 1

    def check(self, id: int) -> PlannedCheck | None:  # noqa: A002 - the registry's name for it
        return self.checks().get(id)

    def checks(self) -> dict[int, PlannedCheck]:
        one = PlannedCheck(Check(1, "http", "x", 30_000, 5_000), "u", "u", "service", "a", "docs")
        return {1: one, 2: replace(one, check=replace(one.check, id=2), service="")}

    def plan(self, vantage: str) -> Plan:
        return Plan(vantage, [])


def test_results_within_the_objective_count_whole_and_those_within_four_times_that_half() -> None:
    results = {NOW + 1: 0.4, NOW + 2: 1.0, NOW + 3: 3.9, NOW + 4: 4.1, NOW + 5: None}
    found = score(results, T, WHOLE, 5_000)
    assert found == Score(satisfied=2, tolerating=1, frustrated=2, failed=1)
    assert found.value == pytest.approx(0.5)


def test_a_failure_while_the_units_own_line_was_down_counts_for_nothing() -> None:
    cut = line(3_600 * S, [(100 * S, 200 * S)])
    results = {NOW + at * S: None for at in (95, 150, 203, 400)}
    assert score(results, T, cut, 5_000) == Score(0, 0, 1, 1)


def test_nothing_is_slow_of_which_too_little_is_known() -> None:
    assert not is_slow(None)
    assert not is_slow(Score(0, 0, 2))
    assert is_slow(Score(1, 2, 1))
    assert not is_slow(Score(7, 0, 3))


def test_what_failed_and_answers_quickly_again_is_not_slow() -> None:
    results = {NOW + at * S: None if at < 600 else 0.2 for at in range(0, 900, 30)}
    found = score(results, T, WHOLE, 5_000)
    assert found.value is not None
    assert found.value < 0.5
    assert not is_slow(found)


@given(st.lists(st.builds(Score, *[st.integers(0, 99)] * 3)))
def test_a_score_is_between_nothing_and_one_and_that_of_all_lies_between_the_lowest_and_the_highest(
    scores: list[Score],
) -> None:
    values = [each.value for each in scores if each.value is not None]
    whole = total(scores).value
    if not values:
        assert whole is None
    else:
        assert whole is not None
        assert 0 <= min(values) - 1e-9 <= whole <= max(values) + 1e-9 <= 1 + 2e-9


def seeing(slow: int, of: int) -> tuple[Standing, tuple[str, ...]]:
    seen = {f"u{number}": Seen(Sees.UP, NOW) for number in range(of)}
    scores = {f"u{number}": Score(0, 2, 2) for number in range(slow)}
    return standing(seen_with_scores(seen, scores), [])


def test_a_unit_that_is_slow_alone_is_named_while_the_service_is_up() -> None:
    assert seeing(1, 20) == (Standing.UP, ("u0",))


def test_what_is_slow_for_nearly_all_is_a_slow_service() -> None:
    assert seeing(17, 20) == (Standing.SLOW, ())


def report(*results: tuple[int, int, float | None]) -> tuple[list[Run], object]:
    """Results of checks (check, time, seconds; None: it failed after a second) as digesting has them."""
    runs = [Run(c, 1, [at], [at], "down" if s is None else "up", "") for c, at, s in results]
    row = list(range(len(results)))
    seconds = [1.0 if s is None else s for _, _, s in results]
    packed = pack(
        [c for c, _, _ in results], [at for _, at, _ in results], [Figures(row, {"total_seconds": seconds})]
    )
    return runs, packed


def test_reports_in_any_order_and_again_leave_the_same_results() -> None:
    first, second = report((1, NOW, 0.5), (1, NOW + 30 * S, None)), report((1, NOW + 60 * S, 2.0))
    expected = {1: {NOW: 0.5, NOW + 30 * S: None, NOW + 60 * S: 2.0}}
    for order in ((first, second), (second, first), (first, second, first)):
        pace = Pace(Checks())
        for runs, packed in order:
            pace.take(runs, packed, NOW + 90 * S)  # type: ignore[arg-type]
        assert pace.of([1, 2], NOW) == expected


def test_what_is_no_look_at_a_service_and_what_is_old_is_not_kept() -> None:
    pace = Pace(Checks())
    for runs, packed in (report((2, NOW, 0.5)), report((1, NOW - KEPT_MS - 1, 0.5))):
        pace.take(runs, packed, NOW)  # type: ignore[arg-type]
    assert pace.of([1, 2], 0) == {}
    runs, packed = report((1, NOW, 0.5))
    pace.take(runs, packed, NOW)  # type: ignore[arg-type]
    runs, packed = report((1, NOW + KEPT_MS + 120 * S, 0.5))
    pace.take(runs, packed, NOW + KEPT_MS + 120 * S)  # type: ignore[arg-type]
    assert list(pace.of([1], 0)[1]) == [NOW + KEPT_MS + 120 * S]
