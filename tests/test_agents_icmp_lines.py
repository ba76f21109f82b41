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
