"""Frames as machines in an office send them, composed by scapy: another's reading of the same standards."""

from ipaddress import IPv4Address

from scapy.contrib.cdp import (
    CDPAddrRecordIPv4,
    CDPMsgAddr,
    CDPMsgCapabilities,
    CDPMsgDeviceID,
    CDPMsgNativeVLAN,
    CDPMsgPlatform,
    CDPMsgPortID,
    CDPMsgSoftwareVersion,
    CDPv2_HDR,
)
from scapy.contrib.lldp import (
    LLDPDU,
    LLDPDUChassisID,
    LLDPDUEndOfLLDPDU,
    LLDPDUGenericOrganisationSpecific,
    LLDPDUManagementAddress,
    LLDPDUPortDescription,
    LLDPDUPortID,
    LLDPDUSystemCapabilities,
    LLDPDUSystemDescription,
    LLDPDUSystemName,
    LLDPDUTimeToLive,
)
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSRV
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptDstLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, LLC, SNAP, Dot3, Ether
from scapy.layers.netbios import NBNSHeader, NBNSRegistrationRequest
from scapy.packet import Packet, Raw

MAC, ADDRESS, OTHER = "3c:52:82:11:22:33", "10.20.30.40", "10.20.30.9"
LINK_LOCAL = "fe80::3e52:82ff:fe11:2233"
ALL = "ff:ff:ff:ff:ff:ff"


def framed(packet: Packet, to: str = ALL) -> bytes:
    """An Ethernet frame of the machine MAC."""
    return bytes(Ether(src=MAC, dst=to) / packet)


def udp(
    source_port: int, port: int, payload: Packet | bytes, source: str = ADDRESS, to: str = "224.0.0.251"
) -> bytes:
    body = Raw(payload) if isinstance(payload, bytes) else payload
    return framed(IP(src=source, dst=to) / UDP(sport=source_port, dport=port) / body)


def udp6(source_port: int, port: int, payload: Packet | bytes) -> bytes:
    body = Raw(payload) if isinstance(payload, bytes) else payload
    return framed(IPv6(src=LINK_LOCAL, dst="ff02::fb") / UDP(sport=source_port, dport=port) / body)


def arp(op: int = 2, mac: str = MAC, address: str = ADDRESS) -> bytes:
    return framed(ARP(op=op, hwsrc=mac, psrc=address, hwdst="02:00:00:00:00:09", pdst=OTHER))


def mdns(*records: Packet, source: str = ADDRESS, answer: bool = True) -> bytes:
    message = DNS(id=0, qr=int(answer), aa=1, qd=[], an=list(records))
    return udp(5353, 5353, message, source)


PRINTER = mdns(
    DNSRR(rrname="_ipp._tcp.local", type="PTR", rdata="HP LaserJet._ipp._tcp.local"),
    DNSRR(rrname="HP LaserJet._ipp._tcp.local", type="TXT", rdata=[b"txtvers=1", b"ty=HP LaserJet M404dn"]),
    DNSRRSRV(rrname="HP LaserJet._ipp._tcp.local", port=631, target="NPI1122.local"),
    DNSRR(rrname="NPI1122.local", type="A", rdata=ADDRESS),
)
MDNS_QUESTION = udp(5353, 5353, DNS(id=0, qr=0, qd=[DNSQR(qname="_ipp._tcp.local", qtype="PTR")]))
LLMNR_ANSWER = udp(
    5355,
    51_000,
    DNS(id=7, qr=1, qd=[DNSQR(qname="VP-UBND-07")], an=[DNSRR(rrname="VP-UBND-07", type="A", rdata=ADDRESS)]),
)


def dhcp(op: int = 1, giaddr: str = "0.0.0.0", chaddr: str = MAC, ciaddr: str = "0.0.0.0") -> bytes:
    options = [
        ("message-type", "request"),
        ("hostname", b"MOTCUA-03"),
        ("vendor_class_id", b"MSFT 5.0"),
        ("param_req_list", [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252]),
        (81, b"\x00\x00\x00MOTCUA-03.qlvb.local"),
        "end",
    ]
    message = BOOTP(op=op, chaddr=bytes.fromhex(chaddr.replace(":", "")), giaddr=giaddr, ciaddr=ciaddr)
    ports = (68, 67) if op == 1 else (67, 68)
    return udp(*ports, message / DHCP(options=options), "0.0.0.0" if op == 1 else ADDRESS, "255.255.255.255")


def netbios(name: str = "KETOAN-PC", suffix: int = 0x4341, group: int = 0) -> bytes:
    claim = NBNSRegistrationRequest(QUESTION_NAME=name, SUFFIX=suffix, G=group, NB_ADDRESS=ADDRESS)
    return udp(137, 137, NBNSHeader(OPCODE=5, QDCOUNT=1, ARCOUNT=1) / claim, to="10.20.30.255")


SSDP = udp(
    1900,
    1900,
    b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\n"
    b"NT: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nSERVER: Linux/3.14 UPnP/1.0 DrayTek/1.0\r\n\r\n",
)
WSD = udp(
    3702,
    3702,
    b'<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><a:Action>'
    b"http://schemas.xmlsoap.org/ws/2005/04/discovery/Hello</a:Action></s:Header><s:Body><d:Hello>"
    b"<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>onvif://www.onvif.org/name/Cam%20C%E1%BB%ADa"
    b" onvif://www.onvif.org/hardware/DS-2CD2143</d:Scopes></d:Hello></s:Body></s:Envelope>",
)
LLDP = bytes(
    Ether(src=MAC, dst="01:80:c2:00:00:0e")
    / LLDPDU()
    / LLDPDUChassisID(subtype=4, id="00:1a:2b:3c:4d:5e")
    / LLDPDUPortID(subtype=5, id=b"GigabitEthernet0/0/7")
    / LLDPDUTimeToLive(ttl=120)
    / LLDPDUPortDescription(description="Phòng một cửa")
    / LLDPDUSystemName(system_name="SW-TANG1")
    / LLDPDUSystemDescription(description="S5720-28P-SI Huawei VRP")
    / LLDPDUSystemCapabilities(mac_bridge_available=1, mac_bridge_enabled=1)
    / LLDPDUManagementAddress(
        management_address_subtype=1, management_address=IPv4Address("10.20.30.2").packed, interface_number=1
    )
    / LLDPDUGenericOrganisationSpecific(org_code=0x0080C2, subtype=1, data=b"\x00\x14")
    / LLDPDUEndOfLLDPDU()
)
CDP = bytes(
    Dot3(src=MAC, dst="01:00:0c:cc:cc:cc")
    / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    / SNAP(OUI=0x0C, code=0x2000)
    / CDPv2_HDR(
        msg=[
            CDPMsgDeviceID(val=b"SW-XA.ubnd.local"),
            CDPMsgAddr(naddr=1, addr=[CDPAddrRecordIPv4(addr="10.20.30.2")]),
            CDPMsgPortID(iface=b"FastEthernet0/12"),
            CDPMsgCapabilities(cap=0x28),
            CDPMsgSoftwareVersion(val=b"Cisco IOS Software"),
            CDPMsgPlatform(val=b"cisco WS-C2960"),
            CDPMsgNativeVLAN(vlan=20),
        ]
    )
)


def ndp(kind: str, hops: int = 255) -> bytes:
    body = {
        "answers": ICMPv6ND_NA(tgt="fd12::40", R=0) / ICMPv6NDOptDstLLAddr(lladdr=MAC),
        "asks": ICMPv6ND_NS(tgt="fd12::1"),
        "router": ICMPv6ND_RA(routerlifetime=1800),
        "no router": ICMPv6ND_RA(routerlifetime=0),
        "echo": ICMPv6EchoReply(id=1, seq=1),
    }[kind]
    return framed(IPv6(src=LINK_LOCAL, dst="ff02::1", hlim=hops) / body)


EVERY = (
    arp(),
    PRINTER,
    MDNS_QUESTION,
    LLMNR_ANSWER,
    dhcp(),
    dhcp(op=2),
    netbios(),
    SSDP,
    WSD,
    LLDP,
    CDP,
    *(ndp(kind) for kind in ("answers", "asks", "router", "echo")),
)
