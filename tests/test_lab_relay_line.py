"""One direction of a line: every packet has one fate, in order, as the conditions say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.line import BUFFER_NS, Conditions, Direction

MS = 1_000_000


def test_a_packet_is_due_after_the_delay() -> None:
    assert Direction(1, Conditions(delay_ms=20)).admit(5 * MS, 100) == 25 * MS


def test_a_cut_line_takes_nothing_and_loses_what_was_under_way() -> None:
    line = Direction(1, Conditions(delay_ms=20))
    line.admit(0, 100)
    line.conditions = Conditions(delay_ms=20, cut=True)
    assert line.admit(1, 100) is None
    assert not line.arrives()
    assert line.counts.cut == 2


def test_the_same_seed_loses_the_same_packets() -> None:
    lines = [Direction(7, Conditions(loss=0.3)) for _ in range(2)]
    fates = [[line.admit(n, 100) is None for n in range(1_000)] for line in lines]
    assert fates[0] == fates[1]
    assert 250 < sum(fates[0]) < 350


def test_a_rate_spaces_packets_by_their_length_and_drops_past_its_buffer() -> None:
    line = Direction(1, Conditions(rate_bps=8_000_000))  # a byte a microsecond
    assert [line.admit(0, 1_000) for _ in range(3)] == [1 * MS, 2 * MS, 3 * MS]
    for _ in range(2_000):
        line.admit(0, 1_000)
    assert line.counts.overflowed == 2_003 - (BUFFER_NS // MS + 1)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Conditions,
        delay_ms=st.floats(0, 300),
        jitter_ms=st.floats(0, 300),
        loss=st.floats(0, 1),
        rate_bps=st.sampled_from([0.0, 64e3, 2e6]),
        cut=st.booleans(),
    ),
    st.lists(st.tuples(st.integers(0, 50 * MS), st.integers(20, 1500)), max_size=200),
    st.integers(0, 9),
)
def test_order_is_kept_and_the_sums_close_under_any_conditions(
    conditions: Conditions, packets: list[tuple[int, int]], seed: int
) -> None:
    line = Direction(seed, conditions)
    now, last, waiting = 0, 0, 0
    for gap, size in packets:
        now += gap
        due = line.admit(now, size)
        if due is not None:
            assert due >= max(now, last)
            last = due
            waiting += 1
    assert line.counts.entered == len(packets)
    assert line.counts.under_way == waiting
