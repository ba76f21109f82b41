"""When a path is traced out of turn."""

from hypothesis import given
from hypothesis import strategies as st

from agents.trigger import CALM_MS, LATEST_MS, SETTLED_MS, Settling, Trigger
from core.values import Status

UP, DOWN, UNKNOWN = Status.UP, Status.DOWN, Status.UNKNOWN


def trigger() -> Trigger:
    made = Trigger()
    made.watch([1, 2])
    return made


def test_a_line_that_goes_bad_is_traced_at_once_and_again_when_it_heals() -> None:
    line = trigger()
    said = [UP, UP, DOWN, DOWN, UP, UP]
    assert [line.take(1, status, at) for at, status in enumerate(said)] == [
        False,
        False,
        True,
        False,
        True,
        False,
    ]


def test_it_heals_when_all_of_its_checks_reach_their_targets() -> None:
    line = trigger()
    line.take(1, UP, 0), line.take(2, UP, 0)
    assert line.take(1, DOWN, 1)
    assert not line.take(2, DOWN, 2)
    assert not line.take(1, UP, 3)
    assert line.take(2, UP, 4)


def test_a_line_that_flaps_is_traced_once_in_five_minutes_and_once_when_it_heals() -> None:
    line = trigger()
    traced = [at for at in range(0, CALM_MS * 2, 1_000) if line.take(1, DOWN if at // 1_000 % 2 else UP, at)]
    assert traced == [1_000, 2_000, 301_000, 302_000]


def test_what_was_never_reached_goes_bad_no_more_and_unknown_says_nothing() -> None:
    line = trigger()
    assert not line.take(1, DOWN, 0)
    assert not line.take(1, UP, 1)
    assert not line.take(1, UNKNOWN, 2)
    assert line.take(1, DOWN, 3)


def test_loss_alone_is_no_reason() -> None:
    line = trigger()
    line.take(1, UP, 0)
    assert not line.take(1, Status.DEGRADED, 1)


def test_other_checks_and_those_that_left_the_plan_do_not_count() -> None:
    line = trigger()
    line.take(3, UP, 0)
    assert not line.take(3, DOWN, 1)
    line.take(1, UP, 2), line.take(2, UP, 2)
    line.take(1, DOWN, 3)
    line.watch([2])
    assert line.take(2, UP, 4), "the one that was not reached is gone"


@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from(Status), st.integers(0, 60_000))))
def test_there_are_never_more_than_two_traces_in_five_minutes(
    said: list[tuple[int, Status, int]],
) -> None:
    line, now, traced = trigger(), 0, []
    for check, status, later in said:
        now += later
        if line.take(check, status, now):
            traced.append(now)
    assert all(after - first >= CALM_MS for first, after in zip(traced, traced[3:], strict=False))


def test_a_configuration_is_fetched_once_when_nobody_changes_it_any_more() -> None:
    settling = Settling()
    settling.take(7, 0)
    settling.take(7, 30_000)
    assert settling.due(SETTLED_MS) == []
    assert settling.due(30_000 + SETTLED_MS) == [7]
    assert settling.due(10 * SETTLED_MS) == []


def test_who_goes_on_changing_it_puts_it_off_for_ten_minutes_only() -> None:
    settling = Settling()
    fetched = []
    for now in range(0, 3 * LATEST_MS, 10_000):
        settling.take(7, now)
        fetched += [now for _ in settling.due(now)]
    assert fetched == [LATEST_MS, 2 * LATEST_MS + 10_000]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 100_000)), max_size=20))
def test_every_change_is_followed_by_a_fetch_and_none_comes_without(changes: list[tuple[int, int]]) -> None:
    settling = Settling()
    for check, at in sorted(changes, key=lambda change: change[1]):
        settling.take(check, at)
    assert set(settling.due(100_000 + LATEST_MS)) == {check for check, _ in changes}
    assert settling.due(10**9) == []
