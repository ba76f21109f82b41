"""Which addresses no check may speak to: those where the agent's own machine, or the cloud that it runs in, trusts whoever asks.

What is asked is an address that a name was resolved to, just before it is connected to: how a target is written, where a
redirect leads and what a resolver says the second time make no difference.
"""

import ipaddress
from collections.abc import Callable, Iterable
from contextlib import suppress

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds tell a machine its credentials, beside 169.254.169.254: Alibaba, Oracle, Azure; AWS and Google by IPv6.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_LAST_32 = 0xFFFF_FFFF


def is_own(address: str) -> bool:
    """Loopback, link-local, unspecified, multicast, and where clouds keep credentials; in any form that IPv6 has for IPv4.

    ValueError where it is no address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    return any(_is_own(each) for each in _meant(found))


def _is_own(address: _Address) -> bool:
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address in _METADATA
    )


def _meant(address: _Address) -> Iterable[_Address]:
    """The address, and the IPv4 address that is written in it: mapped and compatible (RFC 4291 section 2.5.5), 6to4
    (RFC 3056), by a translator (RFC 6052)."""
    yield address
    if not isinstance(address, ipaddress.IPv6Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        yield ipaddress.IPv4Address(int(address) & _LAST_32)


def refuses_all_but(allowed: Iterable[str]) -> Callable[[str], bool]:
    """Whether an address is refused: it is the machine's own, and in none of the networks that an admin allowed.

    What is no network allows nothing: a plan comes from elsewhere, and a typing error must not open a door.
    """
    networks = []
    for text in allowed:
        with suppress(ValueError):
            networks.append(ipaddress.ip_network(text, strict=False))

    def refused(address: str) -> bool:
        if not is_own(address):
            return False
        meant = list(_meant(ipaddress.ip_address(address.partition("%")[0])))
        return not any(each in network for each in meant for network in networks)

    return refused
