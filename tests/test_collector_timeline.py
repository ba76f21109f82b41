"""Sets of time, and what is made of them: quality, hubs, the silence of everybody."""

from hypothesis import given
from hypothesis import strategies as st

from collector import quality
from collector.evidence import Alive, Contact
from collector.groups import collector_away, everyone_silent, explains, hub_out
from collector.quality import ENTER, WINDOW_MS
from collector.timeline import Stretch, at_least, common, length, union, when, without
from core.values import Status

S = 1_000
ENOUGH = int(ENTER * WINDOW_MS)
intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8).map(
    lambda pairs: union((start, start + size) for start, size in pairs)
)


def moments(of: list[tuple[int, int]]) -> set[int]:
    return {moment for start, end in of for moment in range(start, end)}


@given(intervals, intervals)
def test_intervals_are_sets_of_time(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    assert moments(common(one, other)) == moments(one) & moments(other)
    assert moments(without(one, other)) == moments(one) - moments(other)
    assert moments(union([*one, *other])) == moments(one) | moments(other)
    assert length(one) == len(moments(one))


@given(st.lists(intervals, max_size=5), st.integers(1, 5))
def test_at_least_so_many_at_once(sets: list[list[tuple[int, int]]], count: int) -> None:
    held = [moments(each) for each in sets]
    assert moments(at_least(count, sets)) == {
        moment for moment in range(90) if sum(moment in each for each in held) >= count
    }


def test_one_bad_look_is_not_degraded_and_a_lasting_one_is_after_its_time() -> None:
    assert quality.degraded([(10 * S, 15 * S)]) == []
    assert quality.degraded([(10 * S, 110 * S)])[0][0] == 10 * S + ENOUGH


def test_degraded_ends_a_window_after_it_was_last_too_much() -> None:
    ((start, end),) = quality.degraded([(0, ENOUGH + S)])
    # The window holds too much until all but what is allowed has left it.
    assert (start, end) == (ENOUGH, WINDOW_MS + S + WINDOW_MS)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30)), max_size=12))
def test_degraded_is_what_the_window_says_at_each_moment(pairs: list[tuple[int, int]]) -> None:
    bad = union((start * S, (start + size) * S) for start, size in pairs)
    found = quality.degraded(bad)

    def too_much(at: int) -> bool:
        return length(common(bad, [(at - WINDOW_MS, at)])) >= ENOUGH

    for at in range(0, 600 * S, 7 * S):
        is_in = any(start <= at < end for start, end in found)
        # All edges are whole seconds, so that a look each second sees whatever was too much.
        assert is_in == any(too_much(at - back) for back in range(0, WINDOW_MS, S)), at


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30)), max_size=12), st.integers(200, 400))
def test_degraded_depends_on_nothing_older_than_its_margin(pairs: list[tuple[int, int]], cut: int) -> None:
    bad = union((start * S, (start + size) * S) for start, size in pairs)
    late = [each for each in bad if each[1] > cut * S - quality.MARGIN_MS]
    after = [(cut * S, 10_000 * S)]
    assert common(quality.degraded(late), after) == common(quality.degraded(bad), after)


def down(*spans: tuple[int, int]) -> list[Stretch]:
    at, timeline = 0, []
    for start, end in spans:
        timeline += [Stretch(at * S, start * S, Status.UP, ""), Stretch(start * S, end * S, Status.DOWN, "x")]
        at = end
    return [*timeline, Stretch(at * S, 1_000 * S, Status.UP, "")]


def test_a_hub_is_out_while_nearly_all_on_it_are_and_begins_with_the_first() -> None:
    members = {f"u{n}": down((100 + n, 200 + n)) for n in range(10)}
    assert hub_out(members) == [(100 * S, 202 * S)]


def test_a_hub_is_not_out_when_some_on_it_go_on() -> None:
    members = {f"u{n}": down((100, 200)) for n in range(7)} | {f"v{n}": down() for n in range(3)}
    assert hub_out(members) == []


def test_one_unit_alone_is_no_hub() -> None:
    assert hub_out({"hub": down((100, 200))}) == []
    assert hub_out({"hub": down((100, 200)), "u": down((101, 200))}) == [(100 * S, 200 * S)]


def test_units_of_which_nothing_is_known_do_not_keep_a_hub_up() -> None:
    never = [Stretch(0, 1_000 * S, Status.UNKNOWN, "never seen")]
    members = {f"u{n}": down((100, 200)) for n in range(3)} | {f"n{n}": never for n in range(20)}
    assert hub_out(members) == [(100 * S, 200 * S)]


def test_a_member_that_was_down_long_before_is_not_explained_by_the_hub() -> None:
    hub = (100 * S, 200 * S)
    assert explains(hub, 95 * S)
    assert explains(hub, 150 * S)
    assert not explains(hub, 50 * S)
    assert not explains(hub, 201 * S)


def test_everybody_silent_is_a_matter_of_nearly_all_and_of_enough() -> None:
    gap = [Contact(0, 100 * S, 104 * S), Contact(200 * S, 300 * S, 304 * S)]
    well = [Contact(0, 300 * S, 304 * S)]
    alive = [Alive(0, 300 * S)]
    many = {f"u{n}": gap for n in range(19)}
    assert everyone_silent(many | {"v": well}, alive, 300 * S) == [(100 * S, 200 * S)]
    assert everyone_silent(many | {f"v{n}": well for n in range(6)}, alive, 300 * S) == []
    assert everyone_silent({f"u{n}": gap for n in range(4)}, alive, 300 * S) == []


def test_nobody_is_silent_while_the_collector_did_not_listen() -> None:
    gap = [Contact(0, 100 * S, 104 * S), Contact(200 * S, 300 * S, 304 * S)]
    alive = [Alive(0, 101 * S), Alive(199 * S, 300 * S)]
    assert everyone_silent({f"u{n}": gap for n in range(19)}, alive, 300 * S) == []
    assert collector_away(alive) == [(101 * S, 199 * S)]


def test_when_takes_the_time_of_a_status() -> None:
    assert when(down((100, 200)), Status.DOWN) == [(100 * S, 200 * S)]
