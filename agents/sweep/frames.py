"""From an Ethernet frame to what it tells of its sender. Pure, never raises on foreign bytes.

Who forwards a packet puts its own MAC on it. So what IP carries counts only when the source is in this link: that the
sender's address is in one of the interface's networks is for the tally to hold, that neighbour discovery was not forwarded
its hop limit of 255 says (RFC 4861 section 7.1).
"""

import struct
from ipaddress import IPv4Address, IPv6Address

from agents.icmp.packets import ip_header_bytes
from agents.sweep.dhcp import read_dhcp
from agents.sweep.discovery import read_ssdp, read_wsd
from agents.sweep.dns import read_dns
from agents.sweep.heard import NOTHING, Heard, Neighbour, Told, is_machine, mac_text
from agents.sweep.neighbours import read_cdp, read_lldp
from agents.sweep.netbios import read_datagram, read_name_service

ARP, IPV4, IPV6, LLDP = 0x0806, 0x0800, 0x86DD, 0x88CC
_LENGTHS = 1_500
"""An Ethernet type up to this is a length (IEEE 802.3), and a header of LLC follows."""
_CDP = bytes.fromhex("aaaa0300000c2000")
_UDP, _ICMP6 = 17, 58
_OPTIONS = (0, 60)
"""Extension headers of IPv6 that are skipped: hop-by-hop (of MLD) and destination options."""
ADVERTISES_ROUTER, ASKS, ANSWERS, ECHO, PROBLEM = 134, 135, 136, 129, 4
_MLD = (131, 143)
DHCP, NAMES, DATAGRAMS, SSDP, WSD, MDNS, LLMNR = (67, 68), 137, 138, 1900, 3702, 5353, 5355
PORTS = (*DHCP, NAMES, DATAGRAMS, SSDP, WSD, MDNS, LLMNR)


def read_frame(frame: bytes) -> Heard | None:
    """What it tells; None where it tells nothing, or not of whom."""
    if len(frame) < 14 or not is_machine(frame[6:12]):
        return None
    kind = struct.unpack_from(">H", frame, 12)[0]
    mac, rest = mac_text(frame[6:12]), frame[14:]
    if kind == ARP:
        return read_arp(rest)
    if kind == IPV4:
        return _read_ipv4(mac, frame[6:12], rest)
    if kind == IPV6:
        return _read_ipv6(mac, rest)
    if kind == LLDP:
        return _neighbour(mac, "lldp", read_lldp(rest))
    if kind <= _LENGTHS and rest.startswith(_CDP):
        return _neighbour(mac, "cdp", read_cdp(rest[len(_CDP) : kind]))
    return None


def read_arp(data: bytes) -> Heard | None:
    """The sender of a question or an answer (RFC 826); without an address when it only tries one (RFC 5227)."""
    if (
        len(data) < 28
        or data[:6] != b"\x00\x01\x08\x00\x06\x04"
        or data[6:8] not in (b"\x00\x01", b"\x00\x02")
    ):
        return None
    if not is_machine(data[8:14]):
        return None
    address = data[14:18]
    return Heard(mac_text(data[8:14]), "arp", (str(IPv4Address(address)),) if any(address) else ())


def _read_ipv4(mac: str, hardware: bytes, packet: bytes) -> Heard | None:
    start = ip_header_bytes(packet)
    # No fragment: neither more of them, nor an offset.
    if not start or packet[9] != _UDP or struct.unpack_from(">H", packet, 6)[0] & 0x3FFF:
        return None
    length = struct.unpack_from(">H", packet, 2)[0]
    return _read_udp(mac, hardware, packet[12:16], packet[start:length])


def _read_ipv6(mac: str, packet: bytes) -> Heard | None:
    if len(packet) < 40 or packet[0] >> 4 != 6:
        return None
    length, protocol, hops = struct.unpack_from(">HBB", packet, 4)
    source, body = packet[8:24], packet[40 : 40 + length]
    for _ in range(2):
        if protocol in _OPTIONS and len(body) >= 8:
            protocol, body = body[0], body[8 + 8 * body[1] :]
    if protocol == _UDP:
        return _read_udp(mac, b"", source, body)
    return _read_icmp6(mac, source, body, hops) if protocol == _ICMP6 else None


def _read_icmp6(mac: str, source: bytes, body: bytes, hops: int) -> Heard | None:
    if len(body) < 8:
        return None
    kind = body[0]
    addresses = _addresses(source)
    if kind in (ADVERTISES_ROUTER, ASKS, ANSWERS):
        if hops != 255:
            return None
        if kind == ANSWERS and len(body) >= 24:
            addresses += _addresses(body[8:24])
        serves = kind == ADVERTISES_ROUTER and any(body[6:8])
        return Heard(mac, "ndp", tuple(dict.fromkeys(addresses)), kinds=("router",) if serves else ())
    if kind in (ECHO, PROBLEM, *_MLD) and addresses:
        return Heard(mac, "mld" if kind in _MLD else "icmp6", addresses)
    return None


def _read_udp(mac: str, hardware: bytes, source: bytes, datagram: bytes) -> Heard | None:
    if len(datagram) < 8:
        return None
    near, far, length = struct.unpack_from(">HHH", datagram)
    data = datagram[8 : max(8, length)]
    addresses = _addresses(source)
    if near in DHCP and far in DHCP:
        return _read_lease(mac, hardware, addresses, data)
    if not addresses:
        return None
    protocol, told = _tell(near, far, addresses[0], data)
    if not protocol:
        return None
    return Heard(mac, protocol, addresses, told.names, told.kinds, told.services, told.models)


def _tell(near: int, far: int, source: str, data: bytes) -> tuple[str, Told]:
    """The protocol that a datagram between these ports is of, and what it tells; no protocol where it is none of ours."""
    ports = (near, far)
    if near == MDNS:
        return "mdns", read_dns(data, source)
    if LLMNR in ports:
        return "llmnr", read_dns(data, source) if near == LLMNR else NOTHING
    if near == NAMES:
        return "netbios", read_name_service(data)
    if near == DATAGRAMS:
        return "netbios", read_datagram(data)
    if SSDP in ports:
        return "ssdp", read_ssdp(data)
    if WSD in ports:
        return "wsd", read_wsd(data)
    return "", NOTHING


def _read_lease(mac: str, hardware: bytes, addresses: tuple[str, ...], data: bytes) -> Heard | None:
    lease = read_dhcp(data)
    if lease is None:
        return None
    if lease.client:
        if lease.client != hardware:  # a bridge that speaks for others
            return None
        addresses = _addresses(lease.address) if lease.address else addresses
    told = lease.told
    return Heard(mac, "dhcp", addresses, told.names, told.kinds, (), (), told.vendor_class, told.fingerprint)


def _neighbour(mac: str, protocol: str, found: tuple[Neighbour, tuple[str, ...]] | None) -> Heard | None:
    if found is None:
        return None
    neighbour, kinds = found
    names = (neighbour.name,) if neighbour.name else ()
    models = (neighbour.description,) if neighbour.description else ()
    return Heard(mac, protocol, (), names, kinds, models=models, neighbour=neighbour)


def _addresses(packed: bytes) -> tuple[str, ...]:
    """The address as one entry; none where it is nobody's or a group's."""
    address = IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)
    return () if address.is_unspecified or address.is_multicast or address.is_loopback else (str(address),)
