"""When checks are due."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.schedule import Schedule, phase
from core.values import Check

NOW = 1_790_000_000_000


def check(id_: int, interval_ms: int = 10_000) -> Check:
    return Check(id_, "icmp", "192.0.2.1", interval_ms, 1_000)


def run_through(schedule: Schedule, start: int, end: int) -> list[tuple[int, int]]:
    runs = []
    while (when := schedule.next_at()) is not None and when < end:
        for due in schedule.due(max(when, start)):
            runs.append((due.id, max(when, start)))
            schedule.ended(due.id)
    return runs


def test_the_first_runs_of_forty_neighbouring_checks_leave_no_gap_of_three_times_the_mean() -> None:
    places = sorted(phase(id_, 10_000) for id_ in range(1_000, 1_040))
    gaps = [b - a for a, b in zip(places, [*places[1:], places[0] + 10_000], strict=True)]
    assert max(gaps) < 3 * 10_000 / 40
    assert min(gaps) > 0


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.integers(1, 10**6), st.integers(100, 60_000), min_size=1, max_size=20),
    st.integers(NOW, NOW + 10**7),
)
def test_every_check_runs_once_in_each_of_its_intervals_and_never_drifts(
    checks: dict[int, int], now: int
) -> None:
    schedule = Schedule()
    schedule.replace([check(id_, interval) for id_, interval in checks.items()], now)
    span = 3 * max(checks.values())
    runs = run_through(schedule, now, now + span)
    for id_, interval in checks.items():
        times = [when for run, when in runs if run == id_]
        assert times == list(range(times[0], now + span, interval))
        assert now <= times[0] < now + interval


def test_a_run_that_has_not_ended_is_not_started_again_but_counted() -> None:
    schedule = Schedule()
    schedule.replace([check(1)], NOW)
    first = schedule.next_at()
    assert first is not None
    assert [c.id for c in schedule.due(first)] == [1]
    assert schedule.due(first + 10_000) == []
    assert schedule.skipped == 1
    schedule.ended(1)
    assert [c.id for c in schedule.due(first + 20_000)] == [1]


def test_after_a_long_sleep_each_check_runs_once_and_keeps_its_place() -> None:
    schedule = Schedule()
    schedule.replace([check(7)], NOW)
    first = schedule.next_at()
    assert first is not None
    assert len(schedule.due(first + 3_600_000 + 17)) == 1
    assert schedule.next_at() == first + 3_600_000 + 10_000
    assert schedule.skipped == 0


@settings(deadline=None, max_examples=60)
@given(st.sets(st.integers(1, 500)), st.sets(st.integers(1, 500)), st.integers(0, 50_000))
def test_a_changed_plan_keeps_the_due_times_of_checks_that_stay(
    before: set[int], after: set[int], later: int
) -> None:
    changed, stayed = Schedule(), Schedule()
    changed.replace([check(id_) for id_ in before], NOW)
    stayed.replace([check(id_) for id_ in before & after], NOW)
    run_through(changed, NOW, NOW + later)
    run_through(stayed, NOW, NOW + later)
    changed.replace([check(id_) for id_ in after], NOW + later)
    end = NOW + later + 20_000
    kept = [run for run in run_through(changed, NOW + later, end) if run[0] in before]
    assert sorted(kept) == sorted(run_through(stayed, NOW + later, end))


def test_a_restart_finds_the_same_places() -> None:
    one, two = Schedule(), Schedule()
    one.replace([check(id_) for id_ in range(50)], NOW)
    two.replace([check(id_) for id_ in range(50)], NOW + 3_333)
    ones = [run for run in run_through(one, NOW, NOW + 60_000) if run[1] >= NOW + 3_333]
    assert ones == run_through(two, NOW + 3_333, NOW + 60_000)


def test_a_check_that_left_the_plan_does_not_run_again() -> None:
    schedule = Schedule()
    schedule.replace([check(1), check(2)], NOW)
    schedule.replace([check(2)], NOW)
    assert {run[0] for run in run_through(schedule, NOW, NOW + 30_000)} == {2}


def test_an_empty_plan_has_nothing_due() -> None:
    schedule = Schedule()
    schedule.replace([], NOW)
    assert schedule.next_at() is None
    assert schedule.due(NOW) == []


def test_a_check_may_have_a_place_of_its_own_in_its_interval() -> None:
    schedule = Schedule(lambda _: 1_234)
    schedule.replace([check(7), check(8)], NOW)
    runs = run_through(schedule, NOW, NOW + 30_000)
    assert [(when - 1_234) % 10_000 for _, when in runs] == [0] * 6


def test_a_check_runs_out_of_turn_once_at_a_time_and_keeps_its_turn() -> None:
    schedule = Schedule()
    schedule.replace([check(7)], NOW)
    due = schedule.next_at()
    assert schedule.out_of_turn(7) == check(7)
    assert schedule.out_of_turn(7) is None
    assert schedule.out_of_turn(8) is None
    schedule.ended(7)
    assert schedule.out_of_turn(7) is not None
    assert schedule.next_at() == due
