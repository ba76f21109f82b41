"""`python -m agents.sweep`: one sweep, printed as JSON. The agent asks a child for it.

What comes out is the body of a document of kind `lan` with `counts`, or `{"failed": REASON}` where there was none.
"""

import argparse
import json
import logging
import resource
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from agents.icmp.refusals import refusal
from agents.sweep.networks import Interface, Own, own

MEMORY_BYTES = 384 << 20
"""Of address space: scapy takes 90 MB of it."""
CPU_S = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep and print. The exit code is 0 whatever was found."""
    given = _parser().parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    only = None if given.network == "*" else ip_network(given.network)
    links, large = own(_interfaces(), only)
    if not links:
        found: dict[str, object] = {
            "failed": "no network|" + ("none of its own" if only is None else str(only))
        }
    else:
        found = _swept(given, links, large)
    json.dump(found, sys.stdout)
    return 0


def _swept(given: argparse.Namespace, links: Sequence[Own], large: Sequence[str]) -> dict[str, object]:
    logging.getLogger("scapy").setLevel(logging.ERROR)
    from agents.sweep.sweep import NoPacketSocket, Order, sweep

    try:
        found = sweep(Order(given.kbps, given.listen_ms / 1000, given.most_ms / 1000), links)
    except NoPacketSocket as error:
        return {"failed": f"no packet socket|{error}"}
    except OSError as error:
        return {"failed": refusal(error)}
    sightings, left_out = found.tally.sightings()
    return {
        "networks": [str(network) for link in links for network in link.networks],
        "large": list(large),
        "left_out": left_out,
        "sightings": sightings,
        "counts": {
            "asked": found.asked,
            "rounds": found.rounds,
            "sent_bits": found.sent_bits,
            "seconds": round(found.seconds, 3),
            "asking_seconds": round(found.asking_s, 3),
            "found_seconds": round(found.found_s, 3),
        },
    }


def _interfaces() -> Iterator[Interface]:
    """As this machine has them now."""
    import psutil

    states = psutil.net_if_stats()
    for name, addresses in psutil.net_if_addrs().items():
        macs = [each.address.lower() for each in addresses if each.family == psutil.AF_LINK]
        there = [
            f"{each.address.partition('%')[0]}/{_prefix(each.netmask)}"
            for each in addresses
            if each.family != psutil.AF_LINK and each.netmask
        ]
        flags = frozenset(states[name].flags.split(",")) if name in states else frozenset()
        yield Interface(name, macs[0] if macs else "", flags, tuple(there))


def _prefix(netmask: str) -> int:
    if ":" not in netmask:
        return ip_network(f"0.0.0.0/{netmask}").prefixlen
    from ipaddress import IPv6Address

    return int(IPv6Address(netmask)).bit_count()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agents.sweep", description="The machines in this LAN.")
    parser.add_argument("network", nargs="?", default="*", help="of this machine's own; all of them without")
    parser.add_argument("--kbps", type=float, default=20.0, help="on average")
    parser.add_argument("--listen-ms", type=int, default=40_000, help="how long it takes at least")
    parser.add_argument("--most-ms", type=int, default=100_000, help="and at most")
    return parser


if __name__ == "__main__":
    sys.exit(main())
