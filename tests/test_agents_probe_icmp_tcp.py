"""ICMP and TCP probes on real sockets."""

import socket
import time

import pytest
import support_netns
from support_icmp import IS_ROOT, Send, scripted_peer
from support_probes import probe, raw_server

from core.values import Status
from lab.netns import inside

root = pytest.mark.skipif(not IS_ROOT, reason=support_netns.WHY_NOT)


@pytest.mark.root
@root
async def test_a_host_that_answers_is_up_with_all_figures() -> None:
    began = time.perf_counter()
    result = await probe("icmp", "127.0.0.1", count=3, spacing_ms=5)
    took = time.perf_counter() - began
    assert (result.status, result.reason) == (Status.UP, "")
    assert result.figures["loss_ratio"] == 0
    assert 0 < result.figures["rtt_min_seconds"] <= result.figures["rtt_max_seconds"] < took


@pytest.mark.root
@root
async def test_ping_works_by_name_and_over_ipv6() -> None:
    assert (await probe("icmp", "localhost", count=1)).status == Status.UP
    assert (await probe("icmp", "::1", count=1)).status == Status.UP


@pytest.mark.root
@root
async def test_silence_is_down_within_the_deadline() -> None:
    with support_netns.namespaces(1) as (name,), inside(name), scripted_peer(lambda request: []):
        result = await probe("icmp", "127.0.0.2", count=2, spacing_ms=5, timeout_ms=1_000)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")
    assert result.figures == {"loss_ratio": 1.0, "duplicates": 0}


@pytest.mark.root
@root
@pytest.mark.parametrize(("max_loss", "status"), [(0.2, Status.DEGRADED), (0.5, Status.UP)])
async def test_loss_past_its_bound_degrades(max_loss: float, status: Status) -> None:
    turn = iter(range(100))
    with (
        support_netns.namespaces(1) as (name,),
        inside(name),
        scripted_peer(lambda request: [Send(0, request.target, request.reply())] if next(turn) % 2 else []),
    ):
        result = await probe("icmp", "127.0.0.2", count=4, spacing_ms=5, timeout_ms=3_000, max_loss=max_loss)
    assert result.status == status, result
    assert result.figures["loss_ratio"] == 0.5
    assert result.reason == ("loss|0.5" if status == Status.DEGRADED else "")


@pytest.mark.root
@root
async def test_a_jitter_over_the_bound_is_degraded() -> None:
    result = await probe("icmp", "127.0.0.1", count=5, spacing_ms=5, max_jitter_ms=0.000_000_1)
    assert (result.status, result.reason.split("|")[0]) == (Status.DEGRADED, "unsteady")
    assert (await probe("icmp", "127.0.0.1", count=5, spacing_ms=5, max_jitter_ms=1_000)).status is Status.UP


@pytest.mark.root
@root
async def test_a_path_slower_than_its_bound_degrades() -> None:
    result = await probe("icmp", "127.0.0.1", count=2, spacing_ms=5, max_rtt_ms=0.000_1)
    assert result.status == Status.DEGRADED
    assert result.reason.startswith("slow|")


async def test_a_burst_that_does_not_fit_its_deadline_is_a_bad_parameter() -> None:
    result = await probe("icmp", "127.0.0.1", count=10, spacing_ms=500, timeout_ms=1_000)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|")


@pytest.mark.parametrize(
    ("kind", "target", "params"),
    [
        ("icmp", "127.0.0.1", {"count": 0}),
        ("icmp", "127.0.0.1", {"count": "5"}),
        ("icmp", "127.0.0.1", {"cuont": 5}),
        ("icmp", "127.0.0.1", {"family": "5"}),
        ("icmp", "a" * 300, {}),
        ("tcp", "127.0.0.1", {}),
        ("tcp", "127.0.0.1:http", {}),
        ("tcp", "127.0.0.1:99999", {}),
        ("tcp", "[::1", {}),
        ("dns", "a.example", {}),
        ("dns", "a..b", {"server": "127.0.0.1"}),
        ("dns", "a.example", {"server": "127.0.0.1", "type": "NOPE"}),
        ("http", "ftp://127.0.0.1/", {}),
        ("http", "http:///", {}),
        ("http", "http://127.0.0.1:99999/", {}),
        ("http", "http://127.0.0.1/", {"expect_status": [20]}),
        ("http", "https://127.0.0.1/", {"ca_file": "/nowhere"}),
        ("tls", "127.0.0.1:443", {"ca_file": "/nowhere"}),
        ("tls", "127.0.0.1:443", {"warn_days": -1}),
    ],
)
async def test_what_makes_no_sense_is_unknown_and_says_what(
    kind: str, target: str, params: dict[str, object]
) -> None:
    result = await probe(kind, target, **params)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|")


async def test_a_name_that_does_not_exist_is_down_with_that_reason() -> None:
    result = await probe("tcp", "name.invalid:80")
    assert result.status == Status.DOWN
    assert result.reason in ("name not found", "name not resolved")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_port_that_accepts_is_up(host: str) -> None:
    async with raw_server(b"", host=host) as port:
        began = time.perf_counter()
        result = await probe("tcp", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        took = time.perf_counter() - began
    assert result.status == Status.UP
    assert 0 < result.figures["connect_seconds"] < took


async def test_a_port_that_nobody_listens_on_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        result = await probe("tcp", f"127.0.0.1:{taken.getsockname()[1]}")
    assert (result.status, result.reason, dict(result.figures)) == (Status.DOWN, "refused", {})


async def test_a_host_that_lets_nobody_in_times_out() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address):  # its queue of one is taken
            result = await probe("tcp", f"127.0.0.1:{address[1]}", timeout_ms=150)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")


async def test_the_family_asked_for_is_the_one_used() -> None:
    async with raw_server(b"", host="127.0.0.1") as port:
        by_v4 = await probe("tcp", f"127.0.0.1:{port}", family="4")
        by_v6 = await probe("tcp", f"127.0.0.1:{port}", family="6")
    assert by_v4.status == Status.UP
    assert by_v6.status == Status.DOWN
