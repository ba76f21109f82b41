"""The loop that takes stock: it goes on after a failure, and is at rest when it was ended."""

import asyncio
import threading
from pathlib import Path

import pytest
from support_machines import DAY, NOW, pc, put, told
from support_registry import small_province

from collector import stocktaking
from collector.stocktaking import EVERY_MS, Stocktaking
from inventory.findings import keeper
from inventory.machines.reads import Machines
from inventory.registry import Registry
from inventory.state import State
from lab.manual_clock import ManualClock


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "state.db")
    made.create_all()
    small_province(made)
    return made


def loop_over(state: State, clock: ManualClock) -> Stocktaking:
    return Stocktaking(state, Machines(state), Registry(state), clock)


async def until(told: asyncio.Event) -> None:
    async with asyncio.timeout(60):
        await told.wait()


async def test_stock_is_taken_every_five_minutes_also_after_one_failed(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, taken = ManualClock(NOW), asyncio.Event()
    here, times = asyncio.get_running_loop(), []
    real = stocktaking.take_stock

    def take(state: State, machines: Machines, units: object, now: int) -> None:
        times.append(now)
        try:
            if len(times) == 1:
                raise OSError("the disk is full")
            real(state, machines, units, now)  # type: ignore[arg-type]
        finally:
            here.call_soon_threadsafe(taken.set)

    monkeypatch.setattr(stocktaking, "take_stock", take)
    put(state, told(pc(1)), told(pc(2)), told(pc(2), NOW + 40 * DAY))
    running = asyncio.create_task(loop_over(state, clock).run())
    await until(taken)
    taken.clear()
    while not taken.is_set():
        await clock.advance(EVERY_MS)
        await asyncio.sleep(0.02)  # or the clock runs months ahead of a thread that is not given a turn
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(times) >= 2
    with state.read() as connection:
        assert [each.kind for each in keeper.read(connection)] == ["missing"]
    state.close()


async def test_ending_it_waits_for_what_it_has_begun(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on, ended = asyncio.Event(), threading.Event(), []
    here = asyncio.get_running_loop()

    def take(*_: object) -> None:
        here.call_soon_threadsafe(began.set)
        go_on.wait(120)
        ended.append(True)

    monkeypatch.setattr(stocktaking, "take_stock", take)
    running = asyncio.create_task(loop_over(state, ManualClock(NOW)).run())
    await until(began)
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    go_on.set()
    await asyncio.gather(running, return_exceptions=True)
    assert (running.cancelled(), ended) == (True, [True])
    state.close()
