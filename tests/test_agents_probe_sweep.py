"""The sweep probe: what a child may say or not say, and the whole of it in a LAN of real machines."""

import asyncio
import json

import pytest

from agents.probes.sweep import Sweeps
from core.values import Check, Result, Status

ONE, TWO = {"mac": "3c:52:82:00:00:01", "addresses": ["10.1.1.5"]}, {"mac": "3c:52:82:00:00:02"}
COUNTS = {"asked": 508, "sent_bits": 260_096, "asking_seconds": 6.5}


def said(*sightings: dict[str, object], **more: object) -> dict[str, object]:
    found = {"networks": ["10.1.1.0/24"], "large": [], "left_out": 0}
    return {**found, "sightings": list(sightings), "counts": COUNTS, **more}


class Child:
    """Prints what it is given, one after the other, and keeps what it was asked."""

    def __init__(self, *says: object) -> None:
        self.says = list(says)
        self.asked: list[str] = []

    async def __call__(self, *arguments: str) -> bytes:
        self.asked = list(arguments)
        says = self.says.pop(0)
        return says if isinstance(says, bytes) else json.dumps(says).encode()


async def look(sweeps: Sweeps, target: str = "*", timeout_ms: int = 120_000, **params: object) -> Result:
    return await sweeps.run(Check(1, "sweep", target, 900_000, timeout_ms, params))


async def test_a_sweep_has_its_figures_and_its_document() -> None:
    found = await look(Sweeps(Child(said(ONE, TWO, left_out=3))))
    assert (found.status, found.reason) == (Status.UP, "")
    assert found.figures == {
        "hosts": 5,
        "asked_addresses": 508,
        "sent_bits": 260_096,
        "asking_seconds": 6.5,
    }
    body = {"networks": ["10.1.1.0/24"], "large": [], "left_out": 3, "sightings": [ONE, TWO]}
    assert found.documents == (("lan", body),)


async def test_what_is_new_is_told_from_the_second_sweep_on() -> None:
    sweeps = Sweeps(Child(said(ONE), said(TWO), said(ONE, TWO)))
    assert "new_hosts" not in (await look(sweeps)).figures
    assert [(await look(sweeps)).figures["new_hosts"] for _ in range(2)] == [1, 0]


async def test_a_network_that_is_too_large_to_be_asked_is_told() -> None:
    found = await look(Sweeps(Child(said(ONE, large=["10.0.0.0/16"]))))
    assert (found.status, found.reason) == (Status.DEGRADED, "not asked|10.0.0.0/16")


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"failed": "no packet socket|Operation not permitted"}, "no packet socket|Operation not permitted"),
        ({"failed": "no network|10.9.0.0/24"}, "no network|10.9.0.0/24"),
        (b"", "sweep failed|no answer"),
        (b"Traceback", "sweep failed|no answer"),
    ],
)
async def test_what_went_wrong_says_nothing_of_the_lan(says: object, reason: str) -> None:
    found = await look(Sweeps(Child(says)))
    assert (found.status, found.reason, found.documents) == (Status.UNKNOWN, reason, ())


async def test_the_child_is_told_what_to_do() -> None:
    child = Child(said())
    await look(Sweeps(child), "10.1.1.0/24", seconds=20, kbps=10)
    assert child.asked == [
        "agents.sweep",
        "10.1.1.0/24",
        "--kbps=10",
        "--listen-ms=20000",
        "--most-ms=112000",
    ]


async def test_two_sweeps_at_once_are_one_too_many() -> None:
    began, end = asyncio.Event(), asyncio.Event()

    async def child(*_: str) -> bytes:
        began.set()
        await end.wait()
        return json.dumps(said()).encode()

    sweeps = Sweeps(child)
    first = asyncio.create_task(look(sweeps))
    await began.wait()
    assert (await look(sweeps)).reason == "busy|1"
    end.set()
    assert (await first).status is Status.UP
    assert (await look(sweeps)).status is Status.UP


@pytest.mark.parametrize(
    ("target", "timeout_ms", "params"),
    [("10.1.1.5/24", 120_000, {}), ("a.b", 120_000, {}), ("*", 37_000, {}), ("*", 120_000, {"kbps": 1_000})],
)
async def test_what_makes_no_sense_is_a_bad_parameter(
    target: str, timeout_ms: int, params: dict[str, object]
) -> None:
    found = await look(Sweeps(Child(said())), target, timeout_ms, **params)
    assert found.status is Status.UNKNOWN
    assert found.reason.startswith("bad parameter|")
