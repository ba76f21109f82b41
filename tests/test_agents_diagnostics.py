"""What an agent runs when it is asked, and what it refuses to."""

import socket
import time

import pytest
import support_netns
from support_icmp import IS_ROOT, scripted_peer
from support_probes import name_server, raw_server, records

from agents.diagnostics import LIMITS, MAX_MS, diagnose
from agents.probes import PROBES
from agents.probes.path import Paths
from core.wire import DIAGNOSTICS, Diagnose, Diagnosis
from lab.netns import inside


async def ask(kind: str, target: str, **params: object) -> Diagnosis:
    return await diagnose(Diagnose("7", kind, target, params))


async def ask_here(kind: str, target: str, **params: object) -> Diagnosis:
    """As `ask`, with the test's own servers within limits."""
    return await diagnose(Diagnose("7", kind, target, params), lambda address: address != "127.0.0.1")


async def test_a_connection_that_works_is_told_with_its_figures_and_its_time() -> None:
    async with raw_server(b"") as port:
        found = await ask_here("tcp", f"127.0.0.1:{port}")
    assert (found.id, found.status, found.reason) == ("7", "up", "")
    assert found.figures["connect_seconds"] > 0
    assert found.took_ms >= 0


async def test_a_page_and_a_name_can_be_asked_for() -> None:
    async with raw_server(b"HTTP/1.0 200 OK\r\n\r\nhello") as port:
        assert (await ask_here("http", f"http://127.0.0.1:{port}/")).status == "up"
    async with name_server(records("a.example. 60 IN A 192.0.2.1")) as server:
        assert (await ask_here("dns", "a.example", server=server)).status == "up"


@pytest.mark.root
@pytest.mark.skipif(not IS_ROOT, reason=support_netns.WHY_NOT)
async def test_a_ping_of_nobody_ends_soon_after_its_last_request() -> None:
    began = time.perf_counter()
    with support_netns.namespaces(1) as (name,), inside(name), scripted_peer(lambda request: []):
        found = await ask("ping", "127.0.0.2", count=2, spacing_ms=10)
    assert found.status == "down"
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize("kind", ["icmp", "shell", "traceroute", ""])
async def test_what_is_not_on_the_list_is_refused(kind: str) -> None:
    found = await ask(kind, "127.0.0.1")
    assert found.status == "unknown"
    assert found.reason.startswith("refused request|")


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("ping", {"count": 51}),
        ("ping", {"spacing_ms": 501}),
        ("http", {"max_body_bytes": 1 << 30}),
        ("http", {"ca_file": "/etc/passwd"}),
        ("http", {"body_regex": "(a+)+b"}),
        ("http", {"body_contains": "password"}),
        ("tls", {"ca_file": "/etc/passwd"}),
    ],
)
async def test_more_than_the_limits_allow_is_refused(kind: str, params: dict[str, object]) -> None:
    found = await ask(kind, "http://127.0.0.1/", **params)
    assert found.reason.startswith("refused request|")


OWN = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "169.254.169.254",
    "::1",
    "::",
    "fe80::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
]


@pytest.mark.parametrize("address", OWN)
async def test_no_service_of_the_agents_own_machine_can_be_asked(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    for found in (
        await ask("tcp", f"{host}:80"),
        await ask("http", f"http://{host}/"),
        await ask("tls", f"{host}:443"),
        await ask("dns", "a.example", server=f"{host}:53"),
    ):
        assert (found.status, found.reason.partition("|")[0]) == ("unknown", "refused request")
        assert dict(found.figures).keys() <= {"resolve_seconds"}


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "fe80::1%lo"])
async def test_what_a_name_leads_to_is_looked_at_and_not_how_it_is_written(host: str) -> None:
    found = await ask("tcp", f"[{host}]:80")
    assert (found.status, found.reason.partition("|")[0]) == ("unknown", "refused request")


async def test_nothing_is_sent_to_what_is_off_limits() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        await ask("tcp", f"127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(BlockingIOError):
            listening.accept()


async def test_a_target_without_end_is_refused() -> None:
    assert (await ask("tcp", "a" * 5_000)).reason.startswith("refused request|")


@pytest.mark.parametrize("params", [{"count": -1}, {"count": "many"}, {"count": None}, {"unheard": 1}])
async def test_what_makes_no_sense_is_told_and_not_run(params: dict[str, object]) -> None:
    found = await ask("ping", "127.0.0.1", **params)
    assert (found.status, found.reason.partition("|")[0]) == ("unknown", "bad parameter")


async def test_the_hops_of_a_path_come_with_the_answer() -> None:
    async def child(*_: str) -> bytes:
        return b'{"hops": [{"ttl": 1, "address": "10.33.19.1", "rtt_ms": 0.4, "loss": 0}], "reached": false}'

    asked = Diagnose("7", "path", "192.0.2.1", {"method": "icmp"})
    found = await diagnose(asked, probes={**PROBES, "path": Paths(child)})
    assert (found.status, found.reason) == ("down", "breaks|2|10.33.19.1")
    assert found.details["path"]["hops"] == [{"ttl": 1, "address": "10.33.19.1", "rtt_ms": 0.4, "loss": 0.0}]
    assert found.details["path"]["broke_at"] == 2


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("path", {"max_hops": 31}),
        ("path", {"probes": 6}),
        ("throughput", {"bytes": 9 << 20}),
        ("throughput", {"to_hour": 4}),
    ],
)
async def test_a_path_and_a_throughput_have_their_limits(kind: str, params: dict[str, object]) -> None:
    assert (await ask(kind, "192.0.2.1", **params)).reason.startswith("refused request|")


def test_every_diagnostic_of_the_list_has_its_probe_and_ends_in_time() -> None:
    assert tuple(LIMITS) == DIAGNOSTICS
    for diagnostic in LIMITS.values():
        assert diagnostic.probe in PROBES
        assert diagnostic.timeout_ms <= MAX_MS
    ping = LIMITS["ping"].limits
    assert ping["count"] * ping["spacing_ms"] < MAX_MS
