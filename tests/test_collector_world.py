"""The evidence: converges in memory, and is on disk what it is in memory."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_world import HUB, NOW, ROUTER, SERVICE, Registry, planned, row

from collector.evidence import Contact, Evidence
from collector.facts import Row, in_runs
from collector.judge import judge
from collector.presence import BEAT_HOLD_MS, Presence
from collector.sla import coarse
from collector.timeline import Stretch
from collector.world import DAY_MS, KEPT_MS, World
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
    one.fold("u1", "e", in_runs(sorted(rows)), NOW)
    for start in range(0, len(rows), size):
        other.fold("u1", "e", in_runs(rows[start : start + size]), NOW)
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
        world.fold("u1", "e", in_runs([each]), NOW)
        world.beat("u1", NOW + index * chance.choice([500, 9_000]))
        world.alive(NOW + index * 1_000)
        if chance.random() < 0.2:
            save(world, state)
    save(world, state)
    now = NOW + HOUR
    assert seen(reloaded(state, now), now) == seen(world, now)


def test_a_checkpoint_that_was_rolled_back_is_made_good_by_the_next(state: State) -> None:
    world = World(Registry())
    world.fold("u1", "e", in_runs([row(U1 + HUB, 1, NOW)]), NOW)
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
    world.fold("u1", "e", in_runs([old[0], old[1], old[5]]), NOW)
    save(world, state)
    later = NOW + KEPT_MS + HOUR
    world = reloaded(state, later)
    assert [len(each.said) for each in seen(world, later).checks] == [1]
    world.fold("u1", "e", in_runs([row(U1 + HUB, 100, later), old[3], old[2], old[0], old[4], old[6]]), later)
    save(world, state)
    save(world, state)
    whole = World(Registry())
    whole.fold("u1", "e", in_runs([*old, row(U1 + HUB, 100, later)]), later)
    assert seen(reloaded(state, NOW), later).checks == seen(whole, later).checks


def test_memory_is_let_go_and_nothing_is_lost(state: State) -> None:
    world = World(Registry())
    world.fold("u1", "e", in_runs([row(U1 + HUB, 1, NOW), row(U1 + HUB, 2, NOW + KEPT_MS)]), NOW)
    save(world, state)
    later = NOW + KEPT_MS + HOUR
    world.forget(later)
    assert [len(each.said) for each in seen(world, later).checks] == [2], (
        "its checkpoint may be rolled back yet"
    )
    save(world, state)
    world.forget(later)
    assert [len(each.said) for each in seen(world, later).checks] == [1]
    world.fold("u1", "e", in_runs([row(U1 + HUB, 1, NOW)]), later)
    save(world, state)
    assert [len(each.said) for each in seen(reloaded(state, NOW), later).checks] == [2]


def size(world: World) -> tuple[int, int, int]:
    streams = [stream for track in world._tracks.values() for stream in track.streams.values()]
    stretches = sum(len(presence.stretches) for presence in world._presence.values())
    return sum(len(stream.spans) for stream in streams), stretches, len(world._alive.stretches)


def test_memory_stays_as_it_is_after_a_month_though_news_come_all_the_time(state: State) -> None:
    world = World(Registry())
    sizes = []
    for hour in range(40 * 24):
        now = NOW + hour * HOUR
        for at in (now, now + 10_000):  # before the checkpoint, and after it
            world.fold("u1", "e", in_runs([row(U1 + HUB, 2 * hour + 1 + (at > now), at, "down")]), at)
            world.fold("u1", "e", in_runs([row(U1 + SERVICE, 2 * hour + 1 + (at > now), at)]), at)
            world.beat("u1", at)
            world.alive(at)
            if at == now:
                save(world, state)
        world.forget(now)
        sizes.append(size(world))
    month = sizes[32 * 24]
    assert max(month) < 2 * 24 * 33
    assert [max(each) for each in zip(*sizes, strict=True)] == list(month)
    save(world, state)
    recent = now - KEPT_MS + HOUR
    assert reloaded(state, now).evidence("u1", recent, now) == world.evidence("u1", recent, now)


@pytest.mark.parametrize("seed", range(4))
def test_a_service_s_results_stay_a_day_and_a_line_s_a_month(state: State, seed: int) -> None:
    chance = random.Random(seed)
    days = 3
    rows = [
        row(U1 + check, k, NOW + k * 600_000, chance.choice(["up", "degraded", "down"]))
        for check in (HUB, SERVICE)
        for k in range(1, days * 144 + 1)
    ]
    chance.shuffle(rows)
    world = World(Registry())
    now = NOW + days * DAY_MS
    for start in range(0, len(rows), 50):
        world.fold("u1", "e", in_runs(rows[start : start + 50]), now)
        save(world, state)
        world.forget(now)
    save(world, state)
    world.forget(now)
    again = reloaded(state, now)
    for each in (world, again):
        first = {check.check: check.said[0].first_at for check in seen(each, now).checks}
        assert first[U1 + HUB] == NOW + 600_000
        assert now - DAY_MS - 600_000 <= first[U1 + SERVICE] <= now - DAY_MS + 600_000


@pytest.mark.parametrize("seed", range(10))
def test_settling_changes_no_availability_and_does_not_care_when_it_is_done(state: State, seed: int) -> None:
    chance = random.Random(seed)
    rows, at = [], NOW
    for k in range(1, 300):
        at += chance.choice([5_000, 5_000, 5_000, 12_501, 60_000])
        status = chance.choice(["up", "degraded", "degraded", "down", "unknown"])
        rows.append(row(U1 + HUB, k, at, status)._replace(reason=chance.choice(["", "loss|0.4", "slow"])))
    now = at + DAY_MS + HOUR
    plain, settled = World(Registry()), World(Registry())
    plain.fold("u1", "e", in_runs(rows), now)
    late = list(rows)
    chance.shuffle(late)
    for start in range(0, len(late), 17):
        settled.fold("u1", "e", in_runs(late[start : start + 17]), now)
        if chance.random() < 0.5:
            save(settled, state)
        settled.forget(now)
    save(settled, state)

    def judged(world: World) -> list[Stretch]:
        return coarse(judge(seen(world, now), NOW, at + 60_000).timeline)

    assert judged(settled) == judged(plain)
    assert judged(reloaded(state, now)) == judged(plain)
    assert size(settled)[0] < size(plain)[0]
    once = World(Registry())
    once.fold("u1", "e", in_runs(rows), now)
    once.forget(now)
    assert seen(settled, now) == seen(reloaded(state, now), now) == seen(once, now)


def test_checks_that_flap_with_every_result_take_a_day_of_memory(state: State) -> None:
    world = World(Registry())
    day, hour = DAY_MS // 5_000, HOUR // 5_000
    for start in range(0, 3 * day, hour):
        for check in (U1 + HUB, U1 + SERVICE):
            flapping = [
                row(check, k + 1, NOW + k * 5_000, ("up", "degraded")[k % 2])
                for k in range(start, start + hour)
            ]
            world.fold("u1", "e", in_runs(flapping), NOW)
        save(world, state)
        world.forget(NOW + (start + hour) * 5_000)
    save(world, state)
    world.forget(NOW + 3 * DAY_MS)
    for each in (world, reloaded(state, NOW + 3 * DAY_MS)):
        assert 2 * day <= size(each)[0] <= 2 * day + 2
    with state.read() as connection:
        kept = dict(connection.exec_driver_sql("select check_id, count(*) from spans group by 1").all())
    assert kept[U1 + HUB] <= day + 2


def test_an_agent_speaks_for_its_own_unit_only() -> None:
    world = World(Registry())
    world.fold("u2", "e", in_runs([row(U1 + HUB, 1, NOW)]), NOW)
    assert seen(world, NOW + 1).checks == []
    world.fold("33", "e", in_runs([row(U1 + ROUTER, 1, NOW)]), NOW)
    assert [each.own for each in seen(world, NOW + 1).checks] == [False]


def test_more_of_the_same_from_a_service_asks_for_no_new_verdict() -> None:
    world = World(Registry())
    world.fold("u1", "e", in_runs([row(U1 + SERVICE, 1, NOW)]), NOW)
    assert world.take_changed() == ({"u1": NOW}, {})
    world.fold("u1", "e", in_runs([row(U1 + SERVICE, 2, NOW + 5_000)]), NOW)
    assert world.take_changed() == ({}, {})
    world.fold("u1", "e", in_runs([row(U1 + SERVICE, 3, NOW + 10_000, "down")]), NOW)
    assert world.take_changed() == ({"u1": NOW + 10_000}, {})


def test_more_of_the_same_from_a_line_check_matters_only_where_the_unit_was_not_up() -> None:
    world = World(Registry())
    world.fold("u1", "e", in_runs([row(U1 + HUB, 1, NOW)]), NOW)
    assert world.take_changed() == ({"u1": NOW}, {})
    world.fold("u1", "e", in_runs([row(U1 + HUB, 2, NOW + 5_000)]), NOW)
    assert world.take_changed() == ({}, {"u1": NOW})


def test_a_report_is_good_until_the_next_one_unless_a_channel_is_open() -> None:
    world = World(Registry())
    world.contact("u1", NOW)
    assert seen(world, NOW + 1).contacts == [Contact(NOW, NOW, NOW + 12_500)]
    world.channel("u2", +1)
    world.contact("u2", NOW)
    assert world.evidence("u2", 0, NOW + 1).contacts == [Contact(NOW, NOW, NOW + BEAT_HOLD_MS)]
    world.channel("u2", -1)
    world.contact("u2", NOW + 1)
    assert world.evidence("u2", 0, NOW + 1).contacts == [Contact(NOW, NOW + 1, NOW + 12_501)]


def test_a_check_that_stays_the_same_is_said_to_hold_since_it_began(state: State) -> None:
    world = World(Registry())
    world.fold("u1", "e", in_runs([row(U1 + HUB, k, NOW + k * 5_000) for k in range(1, 2_000)]), NOW)
    world.fold("u1", "f", in_runs([row(U1 + HUB, 1, NOW + 10_000_000)]), NOW)
    world.fold("u1", "f", in_runs([row(U1 + HUB, 2, NOW + 10_005_000)]), NOW)
    last = world.last_said(U1 + HUB, NOW + 10_006_000)
    assert last is not None
    assert (last[0].last_at, last[1]) == (NOW + 10_005_000, NOW + 5_000)


def test_a_survey_is_no_evidence_and_stretches_no_margin(state: State) -> None:
    registry = Registry()
    before = World(registry)
    before.fold("u1", "e", in_runs([row(U1 + HUB, 1, NOW)]), NOW)
    registry._checks[19] = planned("u1", 19, "survey", "u1", 86_400_000)
    world = World(registry)
    world.fold("u1", "e", in_runs([row(U1 + HUB, 1, NOW), row(19, 1, NOW, "down")]), NOW)
    assert world.evidence("u1", 0, NOW + 1) == before.evidence("u1", 0, NOW + 1)
    assert world.margin("u1") == before.margin("u1")
    last = world.last_said(19, NOW + 1)
    assert last is not None
    assert last[0].status == "down"
