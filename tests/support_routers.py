"""Real routers in network namespaces: two ways of equal cost between `near` and `far`, four routers on each.

    near - first - north1 - north2 - last - far
               \\- south1 - south2 -/

The kernel shares load between both by flow (addresses, protocol and ports).
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from support_netns import namespaces, run_in

from lab.netns import inside

NODES = ("near", "first", "north1", "north2", "south1", "south2", "last", "far")
EDGES = (
    ("near", "first"),
    ("first", "north1"),
    ("first", "south1"),
    ("north1", "north2"),
    ("south1", "south2"),
    ("north2", "last"),
    ("south2", "last"),
    ("last", "far"),
)
ROUTES = {
    "near": (("default", "first"),),
    "first": (("far", "north1", "south1"),),
    "north1": (("default", "north2"), ("near", "first")),
    "north2": (("default", "last"), ("near", "north1")),
    "south1": (("default", "south2"), ("near", "first")),
    "south2": (("default", "last"), ("near", "south1")),
    "last": (("near", "north2"),),
    "far": (("default", "last"),),
}
SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv4/fib_multipath_hash_policy": "1",
    "net/ipv6/fib_multipath_hash_policy": "1",
    # A router answers each probe; how it spares itself is the kernel's own business.
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/icmp/ratelimit": "0",
    # Nor by how many all send together: on older kernels that counts those of every namespace of this machine.
    "net/ipv4/icmp_ratemask": "0",
    "net/ipv6/icmp/ratemask": "0",
}


@dataclass(frozen=True, slots=True)
class Routers:
    """`name[node]` is its namespace."""

    name: Mapping[str, str]

    def address(self, node: str, towards: str, family: int = 4) -> str:
        """The node's own address on the line to a neighbour."""
        number, side = _place(node, towards)
        return str(ip_address(f"10.77.{number}.{side}" if family == 4 else f"fd77:{number:x}::{side}"))

    def do(self, node: str, command: str) -> None:
        subprocess.run(["ip", "-n", self.name[node], *command.split()], check=True)

    def set(self, node: str, setting: str, value: str) -> None:
        with inside(self.name[node]):
            Path("/proc/sys", setting).write_text(value)

    @contextmanager
    def rule(self, node: str, rule: str) -> Iterator[None]:
        """With a routing rule in force there, such as `ipproto udp blackhole`."""
        self.do(node, f"rule add pref 5 {rule}")
        try:
            yield
        finally:
            self.do(node, "rule del pref 5")

    def trace(self, target: str, *arguments: str) -> dict[str, Any]:
        """What `python -m agents.path` prints in `near`."""
        text = run_in(self.name["near"], sys.executable, "-m", "agents.path", target, *arguments)
        found: dict[str, Any] = json.loads(text)
        return found


def ways(trace: Mapping[str, Any]) -> list[str | None]:
    """The addresses of a trace's hops."""
    return [hop["address"] for hop in trace["hops"]]


@contextmanager
def routers() -> Iterator[Routers]:
    """Up, addressed by IPv4 and IPv6, with routes both ways."""
    with namespaces(len(NODES)) as names:
        made = Routers(dict(zip(NODES, names, strict=True)))
        for node in NODES:
            for setting, value in SETTINGS.items():
                made.set(node, setting, value)
        for number, (one, other) in enumerate(EDGES):
            ends = [(one, f"to-{other}"), (other, f"to-{one}")]
            (near, near_device), (far, far_device) = ends
            far_name = made.name[far]
            made.do(near, f"link add {near_device} type veth peer name {far_device} netns {far_name}")
            for side, (node, device) in enumerate(ends, 1):
                made.do(node, f"address add 10.77.{number}.{side}/24 dev {device}")
                made.do(node, f"address add fd77:{number:x}::{side}/64 dev {device} nodad")
                made.do(node, f"link set {device} up")
        for node, routes in ROUTES.items():
            for family in (4, 6):
                for destination, *hops in routes:
                    _route(made, node, family, destination, hops)
        # Neighbours that do not know each other yet lose the first packets.
        for one, other in EDGES:
            for family in (4, 6):
                run_in(made.name[one], "ping", "-c", "1", "-W", "5", made.address(other, one, family))
        yield made


def _route(made: Routers, node: str, family: int, destination: str, hops: list[str]) -> None:
    nets = {
        4: {"near": "10.77.0.0/24", "far": "10.77.7.0/24"},
        6: {"near": "fd77::/64", "far": "fd77:7::/64"},
    }
    to = nets[family].get(destination, destination)
    vias = [made.address(hop, node, family) for hop in hops]
    how = f"via {vias[0]}" if len(vias) == 1 else " ".join(f"nexthop via {via}" for via in vias)
    made.do(node, f"-{family} route add {to} {how}")


def _place(node: str, towards: str) -> tuple[int, int]:
    for number, edge in enumerate(EDGES):
        if set(edge) == {node, towards}:
            return number, edge.index(node) + 1
    raise KeyError((node, towards))
