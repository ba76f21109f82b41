"""The loop around the probes."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from agents.loop import GRACE_MS, Loop
from agents.probes import Probe
from core.values import Check, Result, Status
from lab.manual_clock import ManualClock

UP = Result(Status.UP, figures={"rtt_mean_seconds": 0.001})


class Steady:
    async def run(self, check: Check) -> Result:
        return UP


class Hangs:
    def __init__(self) -> None:
        self.looking = 0
        self.most = 0

    async def run(self, check: Check) -> Result:
        self.looking += 1
        self.most = max(self.most, self.looking)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.looking -= 1
        raise AssertionError


class Deaf:
    """Will not be cancelled."""

    def __init__(self) -> None:
        self.release = asyncio.Event()

    async def run(self, check: Check) -> Result:
        while not self.release.is_set():
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                continue
        return UP


class Raises:
    async def run(self, check: Check) -> Result:
        raise ValueError("no such thing")


class Rig:
    """A loop on a manual clock that gathers results."""

    def __init__(self, probes: Mapping[str, Probe], at_once: int = 64) -> None:
        self.clock = ManualClock()
        self.results: list[tuple[int, int, Result]] = []
        self.loop = Loop(probes, self.clock, self._sink, at_once=at_once)
        self.task = asyncio.create_task(self.loop.run())

    async def _sink(self, check: int, at: int, result: Result) -> None:
        self.results.append((check, at, result))

    def of(self, check: int) -> list[Result]:
        return [result for id_, _, result in self.results if id_ == check]


@pytest.fixture
async def rigs() -> AsyncIterator[list[Rig]]:
    made: list[Rig] = []
    yield made
    for rig in made:
        rig.task.cancel()
        await asyncio.gather(rig.task, return_exceptions=True)


def check(id_: int, kind: str, interval_ms: int = 10_000, timeout_ms: int = 1_000) -> Check:
    return Check(id_, kind, "192.0.2.1", interval_ms, timeout_ms)


async def test_each_check_runs_once_in_its_interval(rigs: list[Rig]) -> None:
    rigs.append(rig := Rig({"steady": Steady()}))
    rig.loop.take([check(1, "steady"), check(2, "steady", 5_000)])
    await rig.clock.advance(60_000)
    assert len(rig.of(1)) == 6
    assert len(rig.of(2)) == 12


async def test_a_probe_that_hangs_is_down_with_timeout_at_its_deadline(rigs: list[Rig]) -> None:
    rigs.append(rig := Rig({"hangs": Hangs()}))
    rig.loop.take([check(1, "hangs")])
    await rig.clock.advance(10_000 + 1_000 + GRACE_MS)
    assert rig.of(1)[0] == Result(Status.DOWN, "timeout")


class Explains:
    """Says at its own deadline what came of it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock

    async def run(self, check: Check) -> Result:
        await self.clock.sleep_until(self.clock.now() + check.timeout_ms)
        for _ in range(5):  # what it has begun takes some turns to end
            await asyncio.sleep(0)
        return Result(Status.UNKNOWN, "not verified|timeout")


async def test_after_a_time_in_which_the_machine_stood_still_a_probe_says_first_what_came_of_it(
    rigs: list[Rig],
) -> None:
    rigs.append(rig := Rig({"hangs": Hangs()}))
    rig.loop._probes = {"explains": Explains(rig.clock), "hangs": Hangs()}
    rig.loop.take([check(1, "explains", 3_600_000), check(2, "hangs", 3_600_000)])
    for each in (1, 2):
        rig.loop.start(each)
    await rig.clock.advance(1)
    rig.clock.set(rig.clock.now() + 30_000)
    await rig.clock.advance(1)
    assert rig.of(1) == [Result(Status.UNKNOWN, "not verified|timeout")]
    assert rig.of(2) == []
    await rig.clock.advance(1_000)
    assert rig.of(2) == [Result(Status.DOWN, "timeout")]


async def test_a_probe_that_hangs_or_raises_delays_no_other(rigs: list[Rig]) -> None:
    rigs.append(rig := Rig({"steady": Steady(), "hangs": Hangs(), "raises": Raises()}))
    rig.loop.take([check(1, "hangs", 2_000, 60_000), check(2, "raises", 2_000), check(3, "steady", 2_000)])
    await rig.clock.advance(60_000)
    assert len(rig.of(3)) == 30
    assert len(rig.of(2)) == 30


async def test_a_probe_that_raises_gives_unknown_with_the_reason(rigs: list[Rig]) -> None:
    rigs.append(rig := Rig({"raises": Raises()}))
    rig.loop.take([check(1, "raises")])
    await rig.clock.advance(10_000)
    assert rig.of(1) == [Result(Status.UNKNOWN, "probe failed|ValueError: no such thing")]


async def test_a_kind_that_nobody_knows_gives_unknown(rigs: list[Rig]) -> None:
    rigs.append(rig := Rig({}))
    rig.loop.take([check(1, "quantum")])
    await rig.clock.advance(10_000)
    assert rig.of(1) == [Result(Status.UNKNOWN, "unknown kind|quantum")]


async def test_a_probe_that_cannot_be_cancelled_is_skipped_until_it_ends(rigs: list[Rig]) -> None:
    deaf = Deaf()
    rigs.append(rig := Rig({"deaf": deaf}))
    rig.loop.take([check(1, "deaf")])
    await rig.clock.advance(40_000)
    assert rig.of(1) == [Result(Status.DOWN, "timeout")]
    assert rig.loop.skipped == 3
    deaf.release.set()
    await rig.clock.advance(10_000)
    assert rig.of(1)[1:] == [UP]


async def test_no_more_probes_look_at_once_than_allowed(rigs: list[Rig]) -> None:
    hangs = Hangs()
    rigs.append(rig := Rig({"hangs": hangs}, at_once=3))
    rig.loop.take([check(id_, "hangs", timeout_ms=5_000) for id_ in range(10)])
    await rig.clock.advance(60_000)
    assert hangs.most == 3
    assert {id_ for id_, _, _ in rig.results} == set(range(10))


async def test_results_carry_the_time_their_run_began(rigs: list[Rig]) -> None:
    rigs.append(rig := Rig({"hangs": Hangs()}))
    began = rig.clock.now()
    rig.loop.take([check(1, "hangs", 10_000)])
    await rig.clock.advance(22_000)
    assert [b - a for (_, a, _), (_, b, _) in zip(rig.results, rig.results[1:], strict=False)] == [10_000]
    assert began <= rig.results[0][1] < began + 10_000


async def test_a_new_plan_is_worked_by_at_once(rigs: list[Rig]) -> None:
    rigs.append(rig := Rig({"steady": Steady()}))
    rig.loop.take([check(1, "steady", 3_600_000)])
    await rig.clock.advance(1_000)
    rig.loop.take([check(2, "steady", 1_000)])
    await rig.clock.advance(2_000)
    assert len(rig.of(2)) == 2


async def test_ending_the_loop_ends_the_probes(rigs: list[Rig]) -> None:
    hangs = Hangs()
    rigs.append(rig := Rig({"hangs": hangs}))
    rig.loop.take([check(1, "hangs", 1_000, 50_000)])
    await rig.clock.advance(2_000)
    assert hangs.looking == 1
    rig.task.cancel()
    await asyncio.gather(rig.task, return_exceptions=True)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert hangs.looking == 0


async def test_a_check_can_be_run_out_of_turn(rigs: list[Rig]) -> None:
    rigs.append(rig := Rig({"steady": Steady()}))
    rig.loop.take([check(1, "steady", 3_600_000)])
    rig.loop.start(1)
    rig.loop.start(99)
    await rig.clock.advance(1)
    assert len(rig.results) == 1


class AtNoon(Steady):
    """Knows when; and raises where the check makes no sense."""

    def place(self, check: Check) -> int:
        if check.target == "nonsense":
            raise ValueError
        return 12 * 3_600_000


async def test_a_probe_may_say_when_its_checks_are_due_and_a_wrong_one_is_due_all_the_same(
    rigs: list[Rig],
) -> None:
    rigs.append(rig := Rig({"noon": AtNoon()}))
    day = 24 * 3_600_000
    wrong = Check(2, "noon", "nonsense", day, 1_000)
    rig.loop.take([check(1, "noon", day), wrong])
    for _ in range(24):
        await rig.clock.advance(3_600_000)
    assert [at % day for id_, at, _ in rig.results if id_ == 1] == [12 * 3_600_000]
    assert len(rig.of(2)) == 1
