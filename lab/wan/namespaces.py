"""Makes the province of a layout, and takes it away: namespaces, bridges, addresses, routes; lines come from the relay."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.errors import BadInput
from lab.netns import FOLDER, inside
from lab.relay import Ends, Relay
from lab.wan.plan import Layout, Site
from lab.wan.record import inode

_SETTINGS = {
    # Agents use unprivileged ICMP sockets, as on a box in a unit.
    "net/ipv4/ping_group_range": "0 2147483647",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
}


def make_namespaces(layout: Layout) -> dict[str, int]:
    """Empty namespaces for everything, with their kernel settings. Returns their inodes by name.

    Raises:
        BadInput: one of the names is taken; nothing is made then.
    """
    names = list(layout.namespaces())
    taken = [name for name in names if (FOLDER / name).exists()]
    if taken:
        raise BadInput(f"there is a namespace {taken[0]!r} already, and it is not ours")
    ip(f"netns add {name}" for name in names)
    routers = {site.namespace for site in layout.sites.values()}
    for name in names:
        with inside(name):
            for setting, value in _SETTINGS.items():
                if (path := Path("/proc/sys", setting)).exists():
                    path.write_text(value)
            if name in routers:
                Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    found = {name: inode(name) for name in names}
    return {name: number for name, number in found.items() if number is not None}


def make_lines(layout: Layout, relay: Relay) -> None:
    """The two TUN devices of every line, not yet up. `a` is the parent's end, so `ab` is towards the unit."""
    relay.add(
        [
            Ends(
                site.code,
                (layout.sites[site.line.parent].namespace, site.down_device),
                (site.namespace, "wan"),
                seed=number,
            )
            for number, site in enumerate(layout.sites.values())
            if site.line is not None
        ]
    )


def connect(layout: Layout) -> None:
    """Bridges, cables, addresses and routes. Needs the namespaces and lines."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Routers first: a machine's cable is made from its router's side.
        jobs = [
            [(site.namespace, _router(layout, site)) for site in layout.sites.values()],
            [
                (host.namespace, _host(str(host.address), str(site.gateway)))
                for site in layout.sites.values()
                for host in site.hosts
            ],
        ]
        for job in jobs:
            list(pool.map(lambda pair: ip(pair[1], namespace=pair[0]), job))


def _router(layout: Layout, site: Site) -> list[str]:
    commands = [
        "link set lo up",
        "link add lan type bridge",
        f"address add {site.gateway}/{site.lan.prefixlen} dev lan",
        "link set lan up",
    ]
    for host in site.hosts:
        commands += [
            f"link add {host.name} type veth peer name eth0 netns {host.namespace}",
            f"link set {host.name} master lan up",
        ]
    if site.line is not None:
        commands += [f"address add {site.line.lower}/30 dev wan", "link set wan up"]
    for child in layout.sites.values():
        if child.line is not None and child.parent == site.code:
            commands += [
                f"address add {child.line.upper}/30 dev {child.down_device}",
                f"link set {child.down_device} up",
            ]
    commands += [f"route add {route.to} via {route.via}" for route in layout.routes(site.code)]
    return commands


def _host(address: str, gateway: str) -> list[str]:
    return [
        "link set lo up",
        f"address add {address}/24 dev eth0",
        "link set eth0 up",
        f"route add default via {gateway}",
    ]


def remove_namespaces(recorded: dict[str, int]) -> list[str]:
    """Remove those that are ours. Returns the names that were left alone, because another namespace has them now."""
    mine: list[str] = []
    others: list[str] = []
    for name, number in recorded.items():
        now = inode(name)
        if now is None:
            continue
        # Without an inode the crash came between making and recording: the run's name in it is proof enough.
        (mine if number in (0, now) else others).append(name)
    ip(f"netns delete {name}" for name in mine)
    return others


def ip(commands: Iterator[str] | Sequence[str], *, namespace: str | None = None) -> None:
    """Run `ip` once over all these commands; RuntimeError with its words when one fails."""
    where = ["-n", namespace] if namespace else []
    done = subprocess.run(
        ["ip", *where, "-batch", "-"],
        input="\n".join(commands) + "\n",
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"ip in {namespace or 'the root namespace'}: {done.stderr.strip()}")
