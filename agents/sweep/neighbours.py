"""LLDP (IEEE 802.1AB) and CDP: which switch, and which port of it, this machine hangs on. Pure, never raises on foreign bytes."""

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from agents.sweep.heard import TEXT, Neighbour, mac_text, named

_TLVS = 64
_CHASSIS, _PORT, _PORT_TEXT, _NAME, _TEXT, _CAPABILITIES, _MANAGED, _OWN = 1, 2, 4, 5, 6, 7, 8, 127
_PORT_VLAN = b"\x00\x80\xc2\x01"
"""IEEE 802.1's own TLV of the port's VLAN."""
LLDP_KINDS = ((0x04, "switch"), (0x08, "access point"), (0x10, "router"), (0x20, "phone"), (0x80, "computer"))
CDP_KINDS = ((0x01, "router"), (0x02, "access point"), (0x08, "switch"), (0x10, "computer"), (0x80, "phone"))
"""Bits of what is enabled, and what that makes of a device. A bit that CDP has for bridges is set by access points."""


def read_lldp(data: bytes) -> tuple[Neighbour, tuple[str, ...]] | None:
    """From what follows the Ethernet type: the neighbour, and the kinds it is of; None where its mandatory parts are missing."""
    chassis = port = port_text = name = text = ""
    vlan: int | None = None
    addresses: list[str] = []
    kinds: tuple[str, ...] = ()
    for kind, value in _lldp_parts(data):
        if kind == _CHASSIS:
            chassis = _identity(value, mac_kind=4, address_kind=5)
        elif kind == _PORT:
            port = _identity(value, mac_kind=3, address_kind=4)
        elif kind == _PORT_TEXT:
            port_text = named(value)
        elif kind == _NAME:
            name = named(value)
        elif kind == _TEXT:
            text = named(value, TEXT)
        elif kind == _CAPABILITIES and len(value) >= 4:
            kinds = _kinds(struct.unpack_from(">H", value, 2)[0], LLDP_KINDS)
        elif kind == _MANAGED and value:
            addresses.append(_address(value[2 : 1 + value[0]], value[1:2]))
        elif kind == _OWN and value.startswith(_PORT_VLAN) and len(value) >= 6:
            vlan = struct.unpack_from(">H", value, 4)[0] or None
    if not chassis or not port:
        return None
    managed = tuple(dict.fromkeys(filter(None, addresses)))[:4]
    return Neighbour("lldp", chassis, port, port_text, name, text, vlan, managed), kinds


def read_cdp(data: bytes) -> tuple[Neighbour, tuple[str, ...]] | None:
    """From the version on, which follows the SNAP header; None where it names neither a device nor a port."""
    if len(data) < 4 or data[0] not in (1, 2):
        return None
    device = port = text = platform = ""
    vlan: int | None = None
    addresses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    for kind, value in _cdp_parts(data):
        if kind == 0x0001:
            device = named(value)
        elif kind in (0x0002, 0x0016):
            addresses = addresses or tuple(_cdp_addresses(value))
        elif kind == 0x0003:
            port = named(value)
        elif kind == 0x0004 and len(value) >= 4:
            kinds = _kinds(struct.unpack_from(">I", value)[0], CDP_KINDS)
        elif kind == 0x0005:
            text = named(value, TEXT)
        elif kind == 0x0006:
            platform = named(value, TEXT)
        elif kind == 0x000A and len(value) >= 2:
            vlan = struct.unpack_from(">H", value)[0] or None
    if not device and not port:
        return None
    told = named(" ".join(filter(None, (platform, text))), TEXT)
    return Neighbour("cdp", device, port, "", device, told, vlan, addresses), kinds


def _lldp_parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    for _ in range(_TLVS):
        if place + 2 > len(data):
            return
        head = struct.unpack_from(">H", data, place)[0]
        kind, length = head >> 9, head & 0x1FF
        if kind == 0 or place + 2 + length > len(data):
            return
        yield kind, data[place + 2 : place + 2 + length]
        place += 2 + length


def _cdp_parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 4
    for _ in range(_TLVS):
        if place + 4 > len(data):
            return
        kind, length = struct.unpack_from(">HH", data, place)
        if length < 4 or place + length > len(data):
            return
        yield kind, data[place + 4 : place + length]
        place += length


def _identity(value: bytes, *, mac_kind: int, address_kind: int) -> str:
    """A chassis or a port: a MAC, an address or a text, by the first byte."""
    if len(value) < 2:
        return ""
    kind, rest = value[0], value[1:]
    if kind == mac_kind and len(rest) == 6:
        return mac_text(rest)
    if kind == address_kind:
        return _address(rest[1:], rest[:1])
    return named(rest)


def _address(data: bytes, family: bytes) -> str:
    """By its number in IANA's registry of address families: 1 and 2 are IPv4 and IPv6; of others nothing."""
    if family == b"\x01" and len(data) == 4:
        return str(IPv4Address(data))
    return str(IPv6Address(data)) if family == b"\x02" and len(data) == 16 else ""


def _cdp_addresses(value: bytes) -> Iterator[str]:
    place = 4
    for _ in range(4):
        if place + 2 > len(value):
            return
        protocol_bytes = value[place + 1]
        start = place + 2 + protocol_bytes
        if start + 2 > len(value):
            return
        length = struct.unpack_from(">H", value, start)[0]
        data = value[start + 2 : start + 2 + length]
        if len(data) == 4 and value[place + 2 : start] == b"\xcc":
            yield str(IPv4Address(data))
        elif len(data) == 16:
            yield str(IPv6Address(data))
        place = start + 2 + length


def _kinds(enabled: int, table: tuple[tuple[int, str], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind for bit, kind in table if enabled & bit))
