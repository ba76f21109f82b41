"""Traces through real routers: the way that packets take, where it breaks, and no way that there is not."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest
from support_netns import ROOT_WITH_TUN, WHY_NOT
from support_routers import Routers, routers, ways

pytestmark = [pytest.mark.root, pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT)]
METHODS = [("udp", 33434), ("icmp", 0), ("tcp", 4444)]


@pytest.fixture(scope="module")
def net() -> Iterator[Routers]:
    with routers() as made:
        yield made


def expected(net: Routers, branch: str, family: int = 4) -> list[str]:
    """The addresses that answer on the way over one branch: each router speaks from where the answer leaves it."""
    # By IPv6 the last router speaks from where the probe came in.
    spoken = "north2" if family == 4 else f"{branch}2"
    on = [("first", "near"), (f"{branch}1", "first"), (f"{branch}2", f"{branch}1"), ("last", spoken)]
    return [net.address(*each, family) for each in (*on, ("far", "last"))]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("method", "port"), METHODS)
def test_four_routers_and_the_target_are_found_by_every_method(
    net: Routers, method: str, port: int, family: int
) -> None:
    target = net.address("far", "last", family)
    found = net.trace(target, f"--method={method}", f"--port={port}")
    assert found["reached"]
    assert ways(found) in (expected(net, "north", family), expected(net, "south", family))
    assert [hop["ttl"] for hop in found["hops"]] == [1, 2, 3, 4, 5]
    assert all(hop["loss"] == 0 and 0 < hop["rtt_ms"] < 2_000 for hop in found["hops"])


@pytest.mark.parametrize(("method", "port"), METHODS)
def test_load_that_is_shared_between_two_ways_shows_no_false_path(
    net: Routers, method: str, port: int
) -> None:
    target = net.address("far", "last")
    if method == "icmp":
        # The kernel shares ICMP by its addresses alone.
        seen = [ways(net.trace(target, "--method=icmp", "--pace-ms=2", "--probes=5"))]
    else:
        # Each trace has a port of its own, so both ways are taken within a few of them.
        arguments = (f"--method={method}", f"--port={port}", "--pace-ms=2", "--probes=5")
        seen = []
        while len({tuple(way) for way in seen}) < 2 and len(seen) < 40:
            seen.append(ways(net.trace(target, *arguments)))
        assert len({tuple(way) for way in seen}) == 2
    for way in seen:
        assert way in (expected(net, "north"), expected(net, "south"))


def test_a_port_that_listens_is_reached_as_well_as_one_that_refuses(net: Routers) -> None:
    code = "import socket; s = socket.create_server(('', 4445)); print('here', flush=True); input()"
    listening = subprocess.Popen(
        ["ip", "netns", "exec", net.name["far"], sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert listening.stdout is not None
        assert listening.stdout.readline() == b"here\n"
        found = net.trace(net.address("far", "last"), "--method=tcp", "--port=4445")
        assert found["reached"]
        assert len(found["hops"]) == 5
    finally:
        listening.communicate(b"\n")


def test_a_hop_that_stays_silent_is_a_gap_and_not_an_end(net: Routers) -> None:
    with net.rule("last", "iif lo ipproto icmp blackhole"):
        found = net.trace(net.address("far", "last"), "--probes=2")
    assert found["reached"]
    assert ways(found)[3] is None
    assert found["hops"][3]["loss"] == 1
    assert ways(found)[4] == net.address("far", "last")


def test_a_filter_of_udp_is_where_the_path_of_udp_ends_and_that_of_tcp_does_not(net: Routers) -> None:
    target = net.address("far", "last")
    with net.rule("last", "ipproto udp blackhole"):
        udp = net.trace(target, "--method=udp", "--max-hops=8", "--probes=2")
        tcp = net.trace(target, "--method=tcp", "--port=4444", "--probes=2")
    assert (udp["reached"], len(udp["hops"])) == (False, 3)
    assert (tcp["reached"], len(tcp["hops"])) == (True, 5)


def test_a_router_that_refuses_is_the_last_hop_and_says_why() -> None:
    # Routers of its own: a kernel sends few refusals to one address.
    with routers() as net, net.rule("last", "ipproto udp prohibit"):
        found = net.trace(net.address("far", "last"), "--method=udp")
    assert (found["reached"], found["refused"]) == (False, "prohibited")
    assert ways(found)[-1] == net.address("last", "north2")
    assert len(found["hops"]) == 4


def test_a_way_that_is_broken_in_the_middle_ends_at_the_last_router_that_answered(net: Routers) -> None:
    net.set("last", "net/ipv4/ip_forward", "0")
    try:
        found = net.trace(net.address("far", "last"), "--max-hops=10", "--probes=2")
    finally:
        net.set("last", "net/ipv4/ip_forward", "1")
    assert not found["reached"]
    assert ways(found) in (expected(net, "north")[:3], expected(net, "south")[:3])


def test_the_deadline_holds_where_nobody_answers(net: Routers) -> None:
    code = (
        "import time, sys; from agents.path.trace import Order, trace; began = time.perf_counter();"
        # Three hundred probes, and two seconds for them: they would take fifteen.
        "found = trace(Order(sys.argv[1], 'udp', 33434, 30, 10, 0.05, 2));"
        "print(len(found.hops), time.perf_counter() - began)"
    )
    net.set("first", "net/ipv4/ip_forward", "0")
    try:
        done = subprocess.run(
            ["ip", "netns", "exec", net.name["near"], sys.executable, "-c", code, "10.77.7.2"],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        net.set("first", "net/ipv4/ip_forward", "1")
    hops, took = done.stdout.split()
    assert hops == "0"
    assert float(took) < 10


def test_without_the_right_to_raw_sockets_it_says_so() -> None:
    command = [
        "setpriv",
        "--bounding-set=-net_raw",
        "--inh-caps=-net_raw",
        sys.executable,
        "-m",
        "agents.path",
    ]
    done = subprocess.run([*command, "127.0.0.1"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith('{"failed": "no raw socket|')


def test_a_target_without_a_way_says_so(net: Routers) -> None:
    found = net.trace("10.200.0.1", "--max-hops=3")
    assert ways(found)[:1] == [net.address("first", "near")], found
    net.do("near", "route del default")
    try:
        assert net.trace("10.200.0.1") == {"failed": "network unreachable"}
    finally:
        net.do("near", f"route add default via {net.address('first', 'near')}")


def test_hops_are_numbered_without_a_hole(net: Routers) -> None:
    found = net.trace(net.address("far", "last"), "--pace-ms=1")
    assert all(after["ttl"] == before["ttl"] + 1 for before, after in pairwise(found["hops"]))
