"""Composes what a sweep sends with scapy, as whole frames. Loads scapy, so only the child imports it."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import HBHOptUnknown, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

_ALL = "ff:ff:ff:ff:ff:ff"
_NOBODY = "00:00:00:00:00:00"
_ALL_NODES, _ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
_MDNS4, _MDNS4_MAC = "224.0.0.251", "01:00:5e:00:00:fb"
_MDNS6, _MDNS6_MAC = "ff02::fb", "33:33:00:00:00:fb"
_UNKNOWN_OPTION = 0x80
"""Of the kind that must be complained about even when it came to a group (RFC 8200 section 4.2): Windows answers no
echo request to a group, but this."""
_LIST_SERVICES = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x09_services\x07_dns-sd\x04_udp\x05local\0\0\x0c\0\x01"
"""Which services there are (RFC 6763 section 9)."""


def question(mac: str, source: IPv4Address) -> bytes:
    """Who has the address that is put at its end (`asking`)? With our own: whoever answers need not ask first."""
    return bytes(Ether(src=mac, dst=_ALL) / ARP(op=1, hwsrc=mac, psrc=str(source), hwdst=_NOBODY))


def asking(question: bytes, target: str) -> bytes:
    """The question for this address, which is what an ARP ends with: composing each anew takes longer than sending it."""
    return question[:-4] + IPv4Address(target).packed


def hellos(mac: str, source: IPv4Address | None, link_local: IPv6Address | None) -> Iterator[bytes]:
    """What all machines of a link are asked at once."""
    mdns = UDP(sport=5353, dport=5353) / Raw(_LIST_SERVICES)
    if source is not None:
        yield bytes(Ether(src=mac, dst=_MDNS4_MAC) / IP(src=str(source), dst=_MDNS4, ttl=255) / mdns)
    if link_local is not None:
        to_all = Ether(src=mac, dst=_ALL_NODES_MAC) / IPv6(src=str(link_local), dst=_ALL_NODES, hlim=1)
        odd = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=_UNKNOWN_OPTION, optdata=b"\0\0\0\0")])
        yield bytes(to_all / ICMPv6EchoRequest(id=1, seq=1))
        yield bytes(to_all / odd / ICMPv6EchoRequest(id=1, seq=2))
        yield bytes(Ether(src=mac, dst=_MDNS6_MAC) / IPv6(src=str(link_local), dst=_MDNS6, hlim=255) / mdns)
