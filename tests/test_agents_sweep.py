"""Sweeps of a LAN of fifty real machines behind a line that loses frames: all are found, at little cost, and nothing stays."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_frames import CDP, LLDP, MAC
from support_lan import AGENT, NETWORK, Lan, lan
from support_netns import ROOT_WITH_TUN, WHY_NOT

from lab.netns import inside

pytestmark = [pytest.mark.root, pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT)]
MACHINES = 50
LEAST_FRAME, CHECK_BYTES = 60, 4


@pytest.fixture(scope="module")
def office() -> Iterator[Lan]:
    """Half of the machines speak IPv4 only."""
    with lan(MACHINES, without_ipv6=MACHINES // 2, seed=3) as made:
        yield made


def addresses(found: dict[str, object]) -> dict[str, str]:
    """IPv4 addresses by MAC."""
    return {
        each["mac"]: address
        for each in found["sightings"]  # type: ignore[attr-defined]
        for address in each.get("addresses", ())
        if address.startswith(NETWORK)
    }


@pytest.mark.alone
@pytest.mark.slow
def test_with_loss_all_fifty_are_found_within_ten_seconds_below_20_kbit_s(office: Lan) -> None:
    office.lose(0.05)
    before = office.counts()
    found = office.sweep()
    after = office.counts()
    assert addresses(found) == office.machines
    assert found["counts"]["found_seconds"] < 10
    assert after["lost"] > before["lost"]
    # All that left the machine, its system's answers too: none is longer than the least frame by more than 40 bytes.
    frames = after["entered"] - before["entered"]
    passed = after["forwarded"] - before["forwarded"]
    extra = (after["forwarded_bytes"] - before["forwarded_bytes"]) - 42 * passed
    bits = 8 * (frames * (LEAST_FRAME + CHECK_BYTES) + extra)
    assert 254 * 8 * (LEAST_FRAME + CHECK_BYTES) < bits < 20_000 * found["counts"]["seconds"]
    assert abs(bits - found["counts"]["sent_bits"]) < 0.25 * bits


def test_what_one_sweep_told_another_tells_too_and_its_own_machine_is_not_in_it(office: Lan) -> None:
    office.lose(0.0)
    found = office.sweep("--listen-ms=10000")
    assert addresses(found) == office.machines
    assert AGENT not in addresses(found).values()
    both = [each for each in found["sightings"] if any(":" in a for a in each["addresses"])]
    assert len(both) == MACHINES - MACHINES // 2
    assert all("ndp" in each["protocols"] or "icmp6" in each["protocols"] for each in both)


def test_announcements_of_a_switch_are_heard_while_it_sweeps(office: Lan) -> None:
    office.lose(0.0)
    # A bridge sends these itself and forwards none of others.
    with inside(office.names[1]):
        told = subprocess.Popen(
            [sys.executable, "-c", SPEAK, LLDP.hex(), CDP.hex()],
            stdin=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
        )
    try:
        found = office.sweep("--listen-ms=10000", f"{NETWORK}.0/24")
    finally:
        told.communicate()
    (switch,) = (each for each in found["sightings"] if each["mac"] == MAC)
    assert {"lldp", "cdp"} <= set(switch["protocols"])
    assert switch["neighbour"]["port"] in ("GigabitEthernet0/0/7", "FastEthernet0/12")


SPEAK = """
import select, socket, sys
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
line.bind(("line", 0))
while True:
    for frame in sys.argv[1:]:
        line.send(bytes.fromhex(frame))
    if select.select([sys.stdin], [], [], 0.2)[0]:
        break
"""


def test_a_network_that_is_not_on_its_link_is_not_swept(office: Lan) -> None:
    before = office.counts()
    assert office.sweep("10.77.8.0/24") == {"failed": "no network|10.77.8.0/24"}
    # The kernel itself may still ask for a neighbour of the sweeps before.
    assert office.counts()["entered"] - before["entered"] < 10


def test_without_the_right_to_packet_sockets_it_says_so(office: Lan) -> None:
    command = [
        "setpriv",
        "--bounding-set=-net_raw",
        "--inh-caps=-net_raw",
        sys.executable,
        "-m",
        "agents.sweep",
    ]
    done = subprocess.run(
        ["ip", "netns", "exec", office.agent, *command], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["failed"].startswith("no packet socket|")


RESIDENT = """
import asyncio, json, os
from agents.probes import PROBES
from core.values import Check

def rss():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

async def look():
    return await PROBES["sweep"].run(Check(1, "sweep", "*", 900_000, 60_000, {"seconds": 10}))

first = asyncio.run(look())  # asyncio's own parts and what reads the answer are loaded now
before = rss()
asyncio.run(look())
import sys
print(json.dumps({"grown": rss() - before, "hosts": first.figures["hosts"], "scapy": "scapy" in sys.modules}))
"""


@pytest.mark.slow
def test_a_sweep_leaves_the_agents_memory_as_it_was(office: Lan) -> None:
    office.lose(0.0)
    done = subprocess.run(
        ["ip", "netns", "exec", office.agent, sys.executable, "-c", RESIDENT],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["hosts"] == MACHINES
    assert not told["scapy"]
    assert told["grown"] < 512 << 10
