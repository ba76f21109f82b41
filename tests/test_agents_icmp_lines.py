"""Lines give back what a sorted list would."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.icmp.lines import Lines


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 3, 10]), st.booleans()), max_size=60),
    st.integers(0, 40),
)
def test_items_come_out_when_due_and_in_order_of_their_times(
    steps: list[tuple[int, int, bool]], later: int
) -> None:
    lines: Lines[int] = Lines()
    now, waiting = 0, []
    for number, (gap, delay, takes) in enumerate(steps):
        now += gap
        lines.add(now, delay, number)
        waiting.append((now + delay, number))
        if takes:
            check_take(lines, now, waiting)
    while check_take(lines, now + later, waiting):
        pass
    assert len(lines) == len(waiting)


def check_take(lines: Lines[int], now: int, waiting: list[tuple[int, int]]) -> bool:
    first = min((due for due, _ in waiting), default=None)
    assert lines.first() == first
    item = lines.take(now)
    if first is None or first > now:
        assert item is None
        return False
    assert (first, item) in waiting
    waiting.remove((first, item))
    return True


def test_those_that_are_over_are_forgotten_at_the_heads_of_their_lines() -> None:
    lines: Lines[str] = Lines()
    for item in ("over", "next", "over"):
        lines.add(0, 5, item)
    lines.add(0, 3, "over")
    lines.skip(lambda item: item == "over")
    assert len(lines) == 2
    assert lines.first() == 5
    assert lines.take(5) == "next"


def test_a_time_that_goes_back_counts_as_the_one_before_it() -> None:
    lines: Lines[str] = Lines()
    lines.add(10, 5, "first")
    lines.add(8, 5, "second")
    assert lines.take(14) is None
    assert [lines.take(15), lines.take(15)] == ["first", "second"]
