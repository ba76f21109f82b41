"""A LAN of real machines: each a network namespace on one bridge, the agent's own behind a line that loses frames.

    agent (10.77.9.2/24) -- line -- bridge -- host 1
                                          \\- host 2 …

Every machine answers with its kernel. Those of `without_ipv6` have IPv4 alone.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from support_netns import namespaces

from lab.netns import inside
from lab.relay import BURST, Ends, Relay

NETWORK = "10.77.9"
AGENT = f"{NETWORK}.2"
LINE = "lan"


@dataclass(frozen=True, slots=True)
class Lan:
    """`machines` are addresses by MAC, `names` the namespaces of the agent, the bridge, and the machines in order."""

    names: list[str]
    machines: dict[str, str]
    relay: Relay

    @property
    def agent(self) -> str:
        return self.names[0]

    def lose(self, ratio: float) -> None:
        """Of the frames each way."""
        self.relay.set([LINE], loss=ratio)

    def counts(self) -> dict[str, int]:
        """Of all frames that left the agent's machine, also its kernel's (`lab.line.Counts`)."""
        return self.relay.counters([LINE])[LINE]["ab"]

    def sweep(self, *arguments: str) -> dict[str, Any]:
        """What the child prints, run on the agent's machine."""
        command = ["ip", "netns", "exec", self.agent, sys.executable, "-m", "agents.sweep", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@contextmanager
def lan(machines: int, *, without_ipv6: int = 0, seed: int = 1) -> Iterator[Lan]:
    """For the length of the block. Addresses are drawn by the seed."""
    with (
        namespaces(machines + 2) as names,
        tempfile.TemporaryDirectory(prefix="nhip-lan-") as folder,
        Relay.running(Path(folder, "s")) as relay,
    ):
        agent, bridge, *hosts = names
        relay.add([Ends(LINE, (agent, "eth0"), (bridge, "line"), seed, frames=True)], queue=BURST)
        _ip(
            agent,
            f"address add {AGENT}/24 dev eth0",
            "address add fe80::2/64 dev eth0 nodad",
            "link set eth0 up",
        )
        _without_ipv6(bridge)
        _ip(
            bridge,
            "link add br0 type bridge mcast_snooping 0",
            "link set line master br0 up",
            "link set br0 up",
        )
        last = Random(seed).sample([n for n in range(1, 255) if n != 2], machines)
        found = {
            _join(bridge, host, number, f"{NETWORK}.{last[number]}", ipv6=number >= without_ipv6)
            for number, host in enumerate(hosts)
        }
        yield Lan(names, dict(found), relay)


def _join(bridge: str, host: str, number: int, address: str, *, ipv6: bool) -> tuple[str, str]:
    mac = f"3c:52:82:00:{number >> 8:02x}:{number & 255:02x}"
    if not ipv6:
        _without_ipv6(host)
    _ip(
        bridge,
        f"link add p{number} type veth peer name eth0 address {mac} netns {host}",
        f"link set p{number} master br0 up",
    )
    _ip(host, f"address add {address}/24 dev eth0", "link set eth0 up")
    return mac, address


def _without_ipv6(namespace: str) -> None:
    with inside(namespace):
        Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")


def _ip(namespace: str, *commands: str) -> None:
    subprocess.run(["ip", "-n", namespace, "-batch", "-"], input="\n".join(commands), text=True, check=True)
