"""The watch: judging step by step ends where judging all at once does, and tells of each change once."""

import random
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support_world import CENTRE, HUB, NOW, ROUTER, SERVICE, Registry, row

from collector import outage_store as outages
from collector.facts import Row, in_runs
from collector.feed import Feed
from collector.timeline import Stretch
from collector.watch import Watch
from collector.world import World
from core.values import Level, Status
from inventory.state import State
from lab.manual_clock import ManualClock

U1 = 10


class Desk:
    """A world and its watch on a real state store."""

    def __init__(self, folder: Path, registry: Registry | None = None) -> None:
        self.state = State(folder / "state.db")
        self.state.create_all()
        self.registry = registry or Registry()
        self.feed = Feed(1)
        self.clock = ManualClock(NOW)
        self.world = World(self.registry)
        self.watch = Watch(self.world, self.registry, self.state, self.feed, self.clock)  # type: ignore[arg-type]

    def start(self, now: int) -> None:
        with self.state.read() as connection:
            self.world.load(connection, now)
        self.watch.start(now)

    def until(self, start: int, end: int, *, beating: bool = False) -> None:
        for now in range(start, end + 1, 500):
            self.world.alive(now)
            if beating and now % 2_000 == 0:
                self.world.beat("u1", now)
            self.watch.step(now)

    def status(self, unit: str = "u1") -> str:
        return self.watch.states()[unit].status.value

    def outages(self) -> list[tuple[str, int, int | None, str]]:
        with self.state.read() as connection:
            found = outages.read_page(connection, None, open_only=False, before=None, limit=1_000)
        return sorted(
            (o.unit, o.began_at - NOW, o.ended_at and o.ended_at - NOW, o.reason)
            for o in found
            if not o.retracted
        )

    def timeline(self) -> list[Stretch]:
        found = self.watch._cases["u1"].timeline
        return [each._replace(start=max(each.start, NOW)) for each in found if each.end > NOW]

    def told(self) -> list[str]:
        with self.state.read() as connection:
            return [change.what for change in outages.read_changes(connection, 0, 1_000)]


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.start(NOW)
    yield desk
    desk.state.close()


def test_silence_opens_one_outage_and_the_first_heartbeat_closes_it(desk: Desk) -> None:
    desk.until(NOW, NOW + 10_000, beating=True)
    desk.until(NOW + 10_500, NOW + 30_000)
    assert desk.status() == "down"
    desk.until(NOW + 30_000, NOW + 40_000, beating=True)
    assert desk.status() == "up"
    assert desk.outages() == [("u1", 10_000, 30_000, "no contact")]
    assert desk.told() == ["opened", "closed"]


def test_a_verdict_is_published_once_each_time_it_changes(desk: Desk) -> None:
    before = desk.feed.last_id
    desk.until(NOW, NOW + 60_000, beating=True)
    desk.until(NOW + 60_500, NOW + 90_000)
    news = [(each.kind, each.subject) for each in desk.feed.since(before)]
    assert news == [("unit", "u1"), ("outage", "1"), ("unit", "u1")]


def test_since_tells_when_the_status_began_and_not_when_it_was_last_judged(desk: Desk) -> None:
    desk.until(NOW, NOW + 600_000, beating=True)
    assert desk.watch.states()["u1"].since == NOW


def test_a_collector_that_was_killed_invents_no_outage_and_keeps_the_open_one(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.start(NOW)
    for now in range(NOW, NOW + 20_000, 500):
        first.world.beat("u2", now)
        first.until(now, now, beating=now < NOW + 6_000)
    assert (first.status("u1"), first.status("u2")) == ("down", "up")
    first.state.close()  # nothing is written at the end: as after a kill

    again = Desk(tmp_path)
    again.start(NOW + 300_000)
    assert (again.status("u1"), again.status("u2")) == ("unknown", "unknown")
    assert again.told() == ["opened"]
    for now in range(NOW + 300_500, NOW + 400_000, 500):
        if now > NOW + 305_000:
            again.world.beat("u2", now)
        again.until(now, now)
    assert (again.status("u1"), again.status("u2")) == ("down", "up")
    assert again.told() == ["opened"]
    assert again.outages() == [("u1", 4_000, None, "no contact")]
    again.state.close()


def test_a_stall_of_the_collector_is_not_held_against_the_units(desk: Desk) -> None:
    desk.until(NOW, NOW + 20_000, beating=True)
    desk.watch.step(NOW + 29_000)
    desk.until(NOW + 29_000, NOW + 30_000)
    assert desk.status() == "unknown"
    desk.until(NOW + 30_000, NOW + 40_000, beating=True)
    assert desk.told() == []


def test_uptime_counts_an_outage_from_the_last_heartbeat_to_the_first(desk: Desk) -> None:
    desk.until(NOW, NOW + 10_000, beating=True)
    desk.until(NOW + 10_500, NOW + 30_000)
    desk.until(NOW + 30_000, NOW + 40_000, beating=True)
    day = desk.watch.uptimes("u1", NOW + 40_000)["24h"]
    assert (day.up, day.down) == (20_000, 20_000)
    assert day.up + day.down + day.unknown == 86_400_000


def test_a_step_that_could_not_store_is_done_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.until(NOW, NOW + 10_000, beating=True)
    now = NOW + 14_500
    for at in range(NOW + 10_500, now + 1, 500):
        desk.world.alive(at)
    with monkeypatch.context() as patch:
        patch.setattr(outages, "write", lambda *_: 1 / 0)  # stands for a disk that is full
        with pytest.raises(ZeroDivisionError):
            desk.watch.step(now)
    assert desk.status() == "up"
    desk.watch.step(now)
    assert desk.status() == "down"
    assert desk.told() == ["opened"]


def ceases(registry: Registry, code: str, at: int) -> None:
    """The unit ends at `at`, as an import of the registry does it."""
    registry._units = [replace(unit, valid_to=at) if unit.code == code else unit for unit in registry._units]
    registry.revision += 1


def test_an_open_outage_of_a_unit_that_is_no_more_ends_with_it(desk: Desk) -> None:
    desk.until(NOW, NOW + 10_000, beating=True)
    desk.until(NOW + 10_500, NOW + 30_000)
    shown = desk.watch.states()
    ceases(desk.registry, "u1", NOW + 30_200)
    desk.until(NOW + 30_500, NOW + 32_000)
    assert desk.outages() == [("u1", 10_000, 30_200, "no contact")]
    assert desk.told() == ["opened", "closed"]
    assert "u1" not in desk.watch.states()
    assert "u1" in shown, "who is reading the states keeps those that it has"


def test_an_outage_that_was_left_open_by_a_unit_long_gone_is_closed_at_the_start(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.start(NOW)
    first.until(NOW, NOW + 10_000, beating=True)
    first.until(NOW + 10_500, NOW + 30_000)
    first.state.close()
    again = Desk(tmp_path)
    ceases(again.registry, "u1", NOW + 40_000)
    again.start(NOW + 300_000)
    assert again.outages() == [("u1", 10_000, 40_000, "no contact")]
    again.state.close()


def test_the_province_s_own_unit_has_a_state_and_no_outages(tmp_path: Path) -> None:
    registry = Registry()
    registry._units = [replace(registry._units[0], level=Level.PROVINCE), *registry._units[1:]]
    desk = Desk(tmp_path, registry)
    desk.start(NOW)
    desk.until(NOW, NOW + 10_000, beating=True)
    desk.until(NOW + 10_500, NOW + 30_000)
    assert desk.status() == "down"
    assert desk.told() == []
    desk.state.close()


CHECKS = [U1 + HUB, U1 + CENTRE, U1 + SERVICE, U1 + ROUTER]


def day(seed: int) -> tuple[list[tuple[int, str, object]], int]:
    """What comes to the collector in four minutes: (when, what, value), in order of time; and the end."""
    chance = random.Random(seed)
    end = NOW + 240_000
    quiet = [(NOW + chance.randrange(240_000), chance.randrange(60_000)) for _ in range(chance.randrange(4))]
    beats = [at for at in range(NOW, end, 2_000) if not any(q <= at < q + length for q, length in quiet)]
    away, gone_for = NOW + chance.randrange(300_000), chance.choice([2_000, 8_000, 30_000])
    breaths = [at for at in range(NOW, end, 500) if not away <= at < away + gone_for]
    came: list[tuple[int, str, object]] = [(at, "beat", None) for at in beats]
    came += [(at, "alive", None) for at in breaths]
    for check in CHECKS:
        interval = 2_000 if check == U1 + ROUTER else 5_000
        statuses = [chance.choice(["up", "up", "down", "degraded"]) for _ in range(1 + chance.randrange(6))]
        for k, at in enumerate(range(NOW + check, end, interval), start=1):
            status = statuses[(at - NOW) * len(statuses) // 240_000]
            for _ in range(chance.choice([1, 1, 1, 2])):
                late = chance.choice([0, 1_000, 1_000, 60_000, 200_000])
                came.append((min(end, at + late), "row", row(check, k, at, status)))
    came.sort(key=lambda each: (each[0], each[1]))
    return came, end


def deliver(world: World, what: str, at: int, value: object) -> None:
    if what == "beat":
        world.beat("u1", at)
    elif what == "alive":
        world.alive(at)
    else:
        assert isinstance(value, Row)
        world.fold("33" if value.check == U1 + ROUTER else "u1", "e", in_runs([value]), at)


@given(st.integers(0, 1 << 32), st.integers(5, 60))
@settings(deadline=None, max_examples=20, phases=[Phase.explicit, Phase.generate])
def test_judging_step_by_step_ends_where_judging_all_at_once_does(seed: int, every: int) -> None:
    came, end = day(seed)
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        steps, whole = Desk(Path(one)), Desk(Path(other))
        steps.start(NOW - 1_000)
        for number, (at, what, value) in enumerate(came):
            deliver(steps.world, what, at, value)
            if number % every == 0:
                steps.watch.step(at)
        steps.watch.step(end)
        for at, what, value in came:
            deliver(whole.world, what, at, value)
        whole.world.alive(NOW - 1_000)
        whole.watch.start(end)
        steps.world.alive(end)
        steps.watch.step(end)
        assert steps.outages() == whole.outages()
        assert steps.timeline() == whole.timeline()
        now_so, at_once = steps.watch.states()["u1"], whole.watch.states()["u1"]
        assert (now_so.status, now_so.reason) == (at_once.status, at_once.reason)
        if now_so.status is not Status.DEGRADED:
            assert now_so.since == at_once.since
        steps.state.close()
        whole.state.close()
