"""Which machine is behind which port of a switch, and who has which address at a router, from their own tables. Pure.

Sources: Q-BRIDGE-MIB (RFC 4363), BRIDGE-MIB (RFC 4188) where there is none, IP-MIB's table of ARP (RFC 4293).
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from agents.snmp.facts import Oid
from agents.snmp.interfaces import Interface, Table

_BRIDGE = (1, 3, 6, 1, 2, 1, 17)
PORT_INTERFACE = (*_BRIDGE, 1, 4, 1, 2)
VLAN_PORT, VLAN_STATUS = ((*_BRIDGE, 7, 1, 2, 2, 1, i) for i in (2, 3))
PORT, STATUS = ((*_BRIDGE, 4, 3, 1, i) for i in (2, 3))
BY_VLAN, PLAIN = (VLAN_PORT, VLAN_STATUS), (PORT, STATUS)
ARP_MAC, ARP_KIND = ((1, 3, 6, 1, 2, 1, 4, 22, 1, i) for i in (2, 4))
ARP = (ARP_MAC, ARP_KIND)
_LEARNED, _INVALID = 3, 2
MOST = 1_000
"""Machines behind ports, and addresses, of one device."""


def behind(found: Table, port_interfaces: Table, interfaces: Sequence[Interface]) -> dict[str, list[str]]:
    """MACs that were learned, by the port behind which they are: the name of its interface, or its number where it has none."""
    names = {each.index: each.name for each in interfaces}
    by_port = {
        index[0]: names[number]
        for index, number in port_interfaces.get(PORT_INTERFACE, {}).items()
        if len(index) == 1 and isinstance(number, int) and number in names
    }
    ports: dict[str, dict[str, None]] = {}
    for column, status in (BY_VLAN, PLAIN):
        for index, number in found.get(column, {}).items():
            mac = _mac(index[-6:])
            learned = found.get(status, {}).get(index, _LEARNED) == _LEARNED
            if mac and learned and len(index) in (6, 7) and isinstance(number, int) and number > 0:
                ports.setdefault(by_port.get(number, str(number)), {})[mac] = None
    return {name: list(macs) for name, macs in ports.items()}


def addresses(found: Table) -> list[tuple[str, str]]:
    """(MAC, address) of private networks that the device speaks to by ARP."""
    rows = []
    for index, value in found.get(ARP_MAC, {}).items():
        mac = _mac(tuple(value)) if isinstance(value, bytes) else ""
        if not mac or len(index) != 5 or found.get(ARP_KIND, {}).get(index) == _INVALID:
            continue
        address = _address(index[1:])
        if address is not None and address.is_private and not (address.is_loopback or address.is_link_local):
            rows.append((mac, str(address)))
    return rows[:MOST]


def document(
    name: str, ports: Mapping[str, Sequence[str]], arp: Sequence[tuple[str, str]]
) -> dict[str, Any] | None:
    """The body of a document of kind `bridge`, without the device's address; None where it has nothing to tell."""
    left = MOST
    told: dict[str, list[str]] = {}
    for port, macs in sorted(ports.items()):
        if left > 0:
            told[port] = list(macs[:left])
            left -= len(macs)
    return {"name": name[:64], "ports": told, "arp": [list(row) for row in arp]} if told or arp else None


def _mac(octets: Oid) -> str:
    """As people write it; empty where it is no machine's."""
    if len(octets) != 6 or any(not 0 <= each <= 255 for each in octets):
        return ""
    return "" if octets[0] & 1 or not any(octets) else bytes(octets).hex(":")


def _address(octets: Oid) -> IPv4Address | None:
    return IPv4Address(bytes(octets)) if all(0 <= each <= 255 for each in octets) else None
