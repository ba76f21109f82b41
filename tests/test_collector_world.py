"""The evidence: converges in memory, and is on disk what it is in memory."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_world import HUB, NOW, ROUTER, SERVICE, Registry, row

from collector.facts import Row
from collector.judge import Contact, Evidence
from collector.presence import Presence
from collector.world import KEPT_MS, World
from inventory.state import State

U1 = 10
HOUR = 3_600_000


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def reloaded(state: State, now: int) -> World:
    world = World(Registry())
    with state.read() as connection:
        world.load(connection, now)
    return world


def save(world: World, state: State) -> None:
    with state.write() as connection:
        world.checkpoint(connection)


def seen(world: World, now: int) -> Evidence:
    return world.evidence("u1", 0, now)


def results(seed: int) -> list[Row]:
    """Results of some checks, shuffled, some of them twice."""
    chance = random.Random(seed)
    rows = [
        row(U1 + check, k, NOW + k * 5_000, chance.choice(["up", "up", "up", "down"]))
        for check in (HUB, SERVICE)
        for k in range(1, 30)
        if chance.random() < 0.9
    ]
    rows += chance.sample(rows, 10)
    chance.shuffle(rows)
    return rows


@given(st.integers(0, 1 << 32), st.integers(1, 20))
@settings(deadline=None, max_examples=50)
def test_reports_in_any_order_and_cut_in_any_way_are_the_same_evidence(seed: int, size: int) -> None:
    rows = results(seed)
    one, other = World(Registry()), World(Registry())
    one.fold("u1", "e", sorted(rows), NOW)
    for start in range(0, len(rows), size):
        other.fold("u1", "e", rows[start : start + size], NOW)
    assert seen(one, NOW + HOUR).checks != []
    by_check = sorted(seen(other, NOW + HOUR).checks, key=lambda each: each.check)
    assert sorted(seen(one, NOW + HOUR).checks, key=lambda each: each.check) == by_check


@given(
    st.lists(st.tuples(st.integers(0, 60_000), st.sampled_from([1_500, 4_000, 12_500])), min_size=1),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=100)
def test_signs_of_life_in_any_order_are_the_same_stretches(
    signs: list[tuple[int, int]], chance: random.Random
) -> None:
    one, other = Presence(), Presence()
    for at, hold in sorted(signs):
        one.add(at, hold)
    again = [*signs, *signs[:3]]
    chance.shuffle(again)
    for at, hold in again:
        other.add(at, hold)
    assert one.stretches == other.stretches
    for before, after in zip(one.stretches, one.stretches[1:], strict=False):
        assert before.until < after.first_at


@pytest.mark.parametrize("seed", range(5))
def test_what_was_saved_in_pieces_is_read_back_whole(state: State, seed: int) -> None:
    world = World(Registry())
    chance = random.Random(seed)
    for index, each in enumerate(results(seed)):
        world.fold("u1", "e", [each], NOW)
        world.beat("u1", NOW + index * chance.choice([500, 9_000]))
        world.alive(NOW + index * 1_000)
        if chance.random() < 0.2:
            save(world, state)
    save(world, state)
    now = NOW + HOUR
    assert seen(reloaded(state, now), now) == seen(world, now)


def test_a_checkpoint_that_was_rolled_back_is_made_good_by_the_next(state: State) -> None:
    world = World(Registry())
    world.fold("u1", "e", [row(U1 + HUB, 1, NOW)], NOW)
    world.beat("u1", NOW)

    def save_on_a_full_disk() -> None:
        with state.write() as connection:
            world.checkpoint(connection)
            raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        save_on_a_full_disk()
    assert seen(reloaded(state, NOW), NOW + 1).checks == []
    save(world, state)
    assert seen(reloaded(state, NOW), NOW + 1) == seen(world, NOW + 1)


def test_results_older_than_what_is_in_memory_find_their_place_on_disk(state: State) -> None:
    old = [row(U1 + HUB, k, NOW + k * 5_000) for k in range(1, 8)]
    world = World(Registry())
    world.fold("u1", "e", [old[0], old[1], old[5]], NOW)
    save(world, state)
    later = NOW + KEPT_MS + HOUR
    world = reloaded(state, later)
    assert seen(world, later).checks == []
    world.fold("u1", "e", [row(U1 + HUB, 100, later), old[3], old[2], old[0], old[4], old[6]], later)
    save(world, state)
    save(world, state)
    whole = World(Registry())
    whole.fold("u1", "e", [*old, row(U1 + HUB, 100, later)], later)
    assert seen(reloaded(state, NOW), later).checks == seen(whole, later).checks


def test_memory_is_let_go_and_nothing_is_lost(state: State) -> None:
    world = World(Registry())
    world.fold("u1", "e", [row(U1 + HUB, 1, NOW), row(U1 + HUB, 2, NOW + KEPT_MS)], NOW)
    save(world, state)
    save(world, state)
    later = NOW + KEPT_MS + HOUR
    world.forget(later)
    assert [len(each.said) for each in seen(world, later).checks] == [1]
    world.fold("u1", "e", [row(U1 + HUB, 1, NOW)], later)
    save(world, state)
    assert [len(each.said) for each in seen(reloaded(state, NOW), later).checks] == [2]


def test_an_agent_speaks_for_its_own_unit_only() -> None:
    world = World(Registry())
    world.fold("u2", "e", [row(U1 + HUB, 1, NOW)], NOW)
    assert seen(world, NOW + 1).checks == []
    world.fold("33", "e", [row(U1 + ROUTER, 1, NOW)], NOW)
    assert [each.own for each in seen(world, NOW + 1).checks] == [False]


def test_more_of_the_same_from_a_service_asks_for_no_new_verdict() -> None:
    world = World(Registry())
    world.fold("u1", "e", [row(U1 + SERVICE, 1, NOW)], NOW)
    assert world.take_changed() == ({"u1": NOW}, {})
    world.fold("u1", "e", [row(U1 + SERVICE, 2, NOW + 5_000)], NOW)
    assert world.take_changed() == ({}, {})
    world.fold("u1", "e", [row(U1 + SERVICE, 3, NOW + 10_000, "down")], NOW)
    assert world.take_changed() == ({"u1": NOW + 10_000}, {})


def test_more_of_the_same_from_a_line_check_matters_only_where_the_unit_was_not_up() -> None:
    world = World(Registry())
    world.fold("u1", "e", [row(U1 + HUB, 1, NOW)], NOW)
    assert world.take_changed() == ({"u1": NOW}, {})
    world.fold("u1", "e", [row(U1 + HUB, 2, NOW + 5_000)], NOW)
    assert world.take_changed() == ({}, {"u1": NOW})


def test_a_report_is_good_until_the_next_one_unless_a_channel_is_open() -> None:
    world = World(Registry())
    world.contact("u1", NOW)
    assert seen(world, NOW + 1).contacts == [Contact(NOW, NOW, NOW + 12_500)]
    world.channel("u2", +1)
    world.contact("u2", NOW)
    assert world.evidence("u2", 0, NOW + 1).contacts == [Contact(NOW, NOW, NOW + 4_000)]
    world.channel("u2", -1)
    world.contact("u2", NOW + 1)
    assert world.evidence("u2", 0, NOW + 1).contacts == [Contact(NOW, NOW + 1, NOW + 12_501)]


def test_a_check_that_stays_the_same_is_said_to_hold_since_it_began(state: State) -> None:
    world = World(Registry())
    world.fold("u1", "e", [row(U1 + HUB, k, NOW + k * 5_000) for k in range(1, 2_000)], NOW)
    world.fold("u1", "f", [row(U1 + HUB, 1, NOW + 10_000_000)], NOW)
    world.fold("u1", "f", [row(U1 + HUB, 2, NOW + 10_005_000)], NOW)
    last = world.last_said(U1 + HUB, NOW + 10_006_000)
    assert last is not None
    assert (last[0].last_at, last[1]) == (NOW + 10_005_000, NOW + 5_000)
