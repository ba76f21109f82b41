"""Availability: exact sums over any period."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.sla import Availability, coarse
from collector.timeline import Stretch
from core.values import Status


@st.composite
def timelines(draw: st.DrawFn) -> list[Stretch]:
    at, found = draw(st.integers(-50, 50)), []
    for _ in range(draw(st.integers(0, 12))):
        at += draw(st.sampled_from([0, 0, 0, 7]))
        end = at + draw(st.integers(1, 40))
        found.append(Stretch(at, end, draw(st.sampled_from(list(Status))), draw(st.sampled_from("ab"))))
        at = end
    return found


@given(timelines(), st.integers(-80, 400), st.integers(0, 300))
@settings(deadline=None, max_examples=200)
def test_up_down_and_unknown_sum_to_the_period_and_are_what_counting_finds(
    timeline: list[Stretch], start: int, length: int
) -> None:
    found = Availability(timeline).uptime(start, start + length)
    assert found.up + found.down + found.unknown == length

    def status(at: int) -> Status | None:
        going_on = timeline[-1]._replace(end=10_000) if timeline else None
        whole = [*timeline[:-1], going_on] if going_on else []
        return next((each.status for each in whole if each.start <= at < each.end), None)

    moments = [status(at) for at in range(start, start + length)]
    assert found.up == sum(each in (Status.UP, Status.DEGRADED) for each in moments)
    assert found.down == sum(each is Status.DOWN for each in moments)


@given(timelines())
@settings(deadline=None, max_examples=100)
def test_degraded_counts_as_up_and_no_two_neighbours_are_alike(timeline: list[Stretch]) -> None:
    found = coarse(timeline)
    assert Status.DEGRADED not in {each.status for each in found}
    for before, after in pairwise(found):
        assert before.end < after.start or before[2:] != after[2:]
    ends = timeline[0].start if timeline else 0, timeline[-1].end if timeline else 0
    assert Availability(found).uptime(*ends) == Availability(timeline).uptime(*ends)


def test_availability_is_of_known_time_and_is_not_made_up_where_nothing_is_known() -> None:
    day = Availability([Stretch(0, 90, Status.UP, ""), Stretch(90, 100, Status.DOWN, "")])
    assert day.uptime(0, 100).ratio == 0.9
    assert day.uptime(-900, 100).ratio == 0.9
    assert day.uptime(-900, 0).ratio is None
