"""The channel against a real WebSocket server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from support_agents import SECRET, Centre

from agents.channel import BEATS_MISSED, Channel
from agents.credential import Credential
from core import wire
from core.clock import SteadyClock


class Rig:
    """A channel to a centre of the test's own, which counts what it is told."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.clock = SteadyClock()
        self.opened = 0
        self.nudges = 0
        self.ran: list[int] = []
        self.release = asyncio.Event()
        self.release.set()

    async def start(self, heartbeat_ms: int) -> None:
        url = await self.centre.start()
        self.channel = Channel(
            Credential(url, SECRET, "11950-3f2a", "11950"),
            self.clock,
            tls=None,
            heartbeat_ms=heartbeat_ms,
            on_open=self.on_open,
            on_plan=self.on_plan,
            on_run=self.on_run,
            diagnose=self.diagnose,
        )
        self.task = asyncio.create_task(self.channel.run())
        await self.centre.until(lambda: bool(self.centre.channels))

    async def on_open(self) -> None:
        self.opened += 1
        self.centre.news.set()

    def on_plan(self) -> None:
        self.nudges += 1
        self.centre.news.set()

    def on_run(self, check: int) -> None:
        self.ran.append(check)
        self.centre.news.set()

    async def diagnose(self, request: wire.Diagnose) -> wire.Diagnosis:
        await self.release.wait()
        return wire.Diagnosis(request.id, "up", "", {"rtt_mean_seconds": 0.001}, 3)

    async def tell(self, message: wire.ToAgent) -> None:
        await self.centre.channels[-1].send_text(wire.encode(message).decode())

    def diagnoses(self) -> dict[str, wire.Diagnosis]:
        return {m.id: m for m in self.centre.messages if isinstance(m, wire.Diagnosis)}

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.centre.stop()


@pytest.fixture
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """With heartbeats so rare that no busy machine makes the agent think that the centre is silent, unless asked for."""
    rig = Rig()
    await rig.start(getattr(request, "param", 10_000))
    yield rig
    await rig.stop()


often = pytest.mark.parametrize("rig", [50], indirect=True)


@often
async def test_the_agents_heart_is_heard(rig: Rig) -> None:
    # On a busy machine three beats may be missed: then it is connected again.
    await rig.centre.until(lambda: len(rig.centre.messages) >= 3 and rig.channel.connected)
    assert all(isinstance(message, wire.Beat) for message in rig.centre.messages)


async def test_a_changed_plan_is_passed_on(rig: Rig) -> None:
    await rig.tell(wire.PlanChanged())
    await rig.centre.until(lambda: rig.nudges == 1)


async def test_a_diagnostic_is_answered(rig: Rig) -> None:
    await rig.tell(wire.Diagnose("d1", "icmp", "192.0.2.1"))
    await rig.centre.until(lambda: "d1" in rig.diagnoses())
    assert rig.diagnoses()["d1"].status == "up"


async def test_a_third_diagnostic_at_once_is_refused_as_busy(rig: Rig) -> None:
    rig.release.clear()
    for name in ("d1", "d2", "d3"):
        await rig.tell(wire.Diagnose(name, "icmp", "192.0.2.1"))
    await rig.centre.until(lambda: "d3" in rig.diagnoses())
    assert rig.diagnoses()["d3"].reason == "busy|2"
    rig.release.set()
    await rig.centre.until(lambda: len(rig.diagnoses()) == 3)


async def test_a_message_that_is_none_changes_nothing(rig: Rig) -> None:
    await rig.centre.channels[-1].send_text('{"type": "shutdown -h now"}')
    await rig.tell(wire.PlanChanged())
    await rig.centre.until(lambda: rig.nudges == 1)
    assert rig.opened == 1


async def test_a_connection_that_the_centre_closes_is_made_again(rig: Rig) -> None:
    await rig.centre.channels[-1].close()
    await rig.centre.until(lambda: rig.centre.opened == 2)


@often
async def test_a_silent_centre_is_left_and_tried_again(rig: Rig) -> None:
    await rig.centre.until(lambda: rig.channel.connected)
    rig.centre.beating = False
    # Silence begins with the last beat that was heard, which may be a while ago on a busy machine.
    opened, heard = rig.centre.opened, rig.channel._heard_at
    await rig.centre.until(lambda: rig.centre.opened > opened)
    assert rig.clock.now() - heard > BEATS_MISSED * 50


async def test_a_centre_that_comes_back_is_found_within_five_seconds(rig: Rig) -> None:
    await rig.centre.stop()
    await rig.centre.start(port=rig.centre.port)
    await rig.centre.until(lambda: rig.opened == 2)


async def test_a_check_that_is_to_run_now_is_handed_on(rig: Rig) -> None:
    await rig.tell(wire.Run(7))
    await rig.centre.until(lambda: rig.ran == [7])
