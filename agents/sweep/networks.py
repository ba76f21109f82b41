"""Which networks are the unit's own, by the interfaces of the agent's machine. Pure.

What an interface has on its link can be asked without a router; nothing else ever is. Public addresses are a provider's network, and
links between two machines have nobody else in them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

SMALLEST_PREFIX = 22
"""1,022 addresses. Larger networks are heard and not asked."""
MAX_ADDRESSES = 4_096
"""Of all networks together."""
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_UNIQUE_LOCAL = IPv6Network("fc00::/7")
_LINK_LOCAL = IPv6Network("fe80::/10")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Interface:
    """As the system tells it. `addresses` have their prefix (`10.1.2.3/24`); `flags` as in `ifconfig`."""

    name: str
    mac: str
    flags: frozenset[str]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """An interface and the networks on its link. `ask` are those whose addresses are asked for, from `source` each."""

    name: str
    mac: str
    ask: tuple[tuple[IPv4Network, IPv4Address], ...]
    link_local: IPv6Address | None
    networks: tuple[Network, ...]
    addresses: frozenset[str]

    def has(self, address: str) -> bool:
        """Whether an address is on this link and is somebody else's."""
        if address in self.addresses:
            return False
        found = IPv4Address(address) if ":" not in address else IPv6Address(address)
        return any(found in network for network in self.networks)


def own(interfaces: Iterable[Interface], only: Network | None = None) -> tuple[Sequence[Own], Sequence[str]]:
    """The interfaces that have networks of the unit's, and what was left out of asking because it is too large.

    `only`: of these no other than this one, or what of it is on a link.
    """
    found: list[Own] = []
    large: list[str] = []
    left = MAX_ADDRESSES
    for each in interfaces:
        if not _is_lan(each):
            continue
        there = [_split(address) for address in each.addresses]
        networks = [network for network, _ in there if _is_units(network) and _wanted(network, only)]
        ask: list[tuple[IPv4Network, IPv4Address]] = []
        for network, address in there:
            if not isinstance(network, IPv4Network) or not isinstance(address, IPv4Address):
                continue
            if network not in networks or any(network == known for known, _ in ask):
                continue
            if network.prefixlen < SMALLEST_PREFIX or network.num_addresses > left:
                large.append(str(network))
                continue
            left -= network.num_addresses
            ask.append((network, address))
        if not networks:
            continue
        link_local = next((a for n, a in there if isinstance(a, IPv6Address) and a in _LINK_LOCAL), None)
        if only is not None and only.version == 4:
            link_local = None
        mine = frozenset(str(address) for _, address in there)
        heard = (*networks, *([_LINK_LOCAL] if link_local is not None else []))
        found.append(Own(each.name, each.mac, tuple(ask), link_local, tuple(heard), mine))
    return found, large


def _is_lan(interface: Interface) -> bool:
    """It is up, and a frame from it reaches everybody on its link."""
    mac = interface.mac.replace(":", "")
    return (
        {"up", "broadcast"} <= interface.flags
        and not {"loopback", "pointopoint", "noarp"} & interface.flags
        and len(mac) == 12
        and bool(mac.strip("0"))
    )


def _split(address: str) -> tuple[Network, IPv4Address | IPv6Address]:
    network: Network = ip_network(address, strict=False)
    text = address.partition("/")[0]
    return network, IPv6Address(text) if network.version == 6 else IPv4Address(text)


def _is_units(network: Network) -> bool:
    if isinstance(network, IPv4Network):
        return network.prefixlen <= 30 and any(network.subnet_of(private) for private in _PRIVATE)
    return network.prefixlen <= 126 and network.subnet_of(_UNIQUE_LOCAL)


def _wanted(network: Network, only: Network | None) -> bool:
    return only is None or network == only
