"""The path probe: a real trace to this very machine, and what a child may say or not say."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest
from support_icmp import IS_ROOT
from support_probes import probe

from agents.children import output_of
from agents.probes.path import Paths
from core.values import Check, Result, Status

HOPS = [
    {"ttl": 1, "address": "10.33.19.1", "rtt_ms": 0.4, "loss": 0.0},
    {"ttl": 2, "address": None, "rtt_ms": None, "loss": 1.0},
    {"ttl": 3, "address": "10.33.0.10", "rtt_ms": 21.5, "loss": 0.333},
]


class Child:
    """Prints what it is given, and keeps what it was asked."""

    def __init__(self, says: object) -> None:
        self.says = says
        self.asked: list[str] = []

    async def __call__(self, *arguments: str) -> bytes:
        self.asked = list(arguments)
        return self.says if isinstance(self.says, bytes) else json.dumps(self.says).encode()


async def look(
    child: object, target: str = "10.33.0.10", timeout_ms: int = 10_000, **params: object
) -> Result:
    return await Paths(child).run(Check(1, "path", target, 900_000, timeout_ms, params))  # type: ignore[arg-type]


@pytest.mark.root
@pytest.mark.skipif(not IS_ROOT, reason="raw sockets need root")
@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
async def test_this_machine_is_one_hop_away(method: str) -> None:
    found = await probe("path", "127.0.0.1", timeout_ms=20_000, method=method, port=1)
    assert (found.status, found.reason) == (Status.UP, "")
    assert found.figures["hops"] == found.figures["reached"] == 1
    assert 0 < found.figures["rtt_seconds"] < 1
    ((kind, body),) = found.documents
    assert (kind, body["target"], body["method"], body["broke_at"]) == ("path", "127.0.0.1", method, None)


async def test_a_path_that_is_reached_has_its_figures_and_its_document() -> None:
    found = await look(Child({"hops": HOPS, "reached": True, "refused": ""}))
    assert (found.status, found.figures) == (Status.UP, {"hops": 3, "reached": 1, "rtt_seconds": 0.0215})
    assert found.documents == (
        (
            "path",
            {
                "target": "10.33.0.10",
                "method": "udp",
                "reached": True,
                "hops": HOPS,
                "broke_at": None,
                "refused": "",
            },
        ),
    )


@pytest.mark.parametrize(
    ("says", "status", "reason"),
    [
        ({"hops": HOPS[:1], "reached": False}, Status.DOWN, "breaks|2|10.33.19.1"),
        ({"hops": [], "reached": False}, Status.DOWN, "breaks at once"),
        (
            {"failed": "no raw socket|Operation not permitted"},
            Status.UNKNOWN,
            "no raw socket|Operation not permitted",
        ),
        ({"failed": "network unreachable"}, Status.DOWN, "network unreachable"),
        (b"", Status.UNKNOWN, "trace failed|no answer"),
        (b"Traceback", Status.UNKNOWN, "trace failed|no answer"),
    ],
)
async def test_what_the_child_says_becomes_a_result(says: object, status: Status, reason: str) -> None:
    found = await look(Child(says))
    assert (found.status, found.reason) == (status, reason)


async def test_the_child_is_told_what_to_do() -> None:
    child = Child({"hops": [], "reached": False})
    await look(child, "2001:db8::9", method="tcp", max_hops=12)
    assert child.asked == [
        "agents.path",
        "2001:db8::9",
        "--method=tcp",
        "--port=443",
        "--max-hops=12",
        "--probes=3",
        "--deadline-ms=7000",
    ]


async def test_two_traces_at_once_are_one_too_many() -> None:
    began, end = asyncio.Event(), asyncio.Event()

    async def child(*_: str) -> bytes:
        began.set()
        await end.wait()
        return b'{"reached": true}'

    paths, check = Paths(child), Check(1, "path", "192.0.2.1", 900_000, 10_000)
    first = asyncio.create_task(paths.run(check))
    await began.wait()
    assert (await paths.run(check)).reason == "busy|1"
    end.set()
    assert (await first).status is Status.UP
    assert (await paths.run(check)).status is Status.UP


async def test_a_child_that_does_not_end_says_nothing_of_the_target_and_is_killed() -> None:
    async def stuck(*_: str) -> bytes:
        return await output_of("http.server", "0", "--bind", "127.0.0.1")  # which serves for good

    found = await look(stuck, timeout_ms=4_000)
    assert (found.status, found.reason) == (Status.UNKNOWN, "trace failed|timeout")
    assert not any("http.server" in command for command in _commands())


def _commands() -> Iterator[list[str]]:
    """Of the children of this process that live."""
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # it has ended since
            yield child.cmdline()


async def test_a_deadline_that_no_trace_fits_into_is_a_bad_parameter() -> None:
    found = await look(Child({}), timeout_ms=3_500)
    assert found.reason.startswith("bad parameter|timeout_ms")
    assert (await look(Child({}), max_hops=31)).reason.startswith("bad parameter|")
