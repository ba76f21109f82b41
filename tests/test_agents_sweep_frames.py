"""What frames tell: composed by scapy and read by us; and no bytes at all that raise or tell too much."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNSRR
from support_frames import (
    ADDRESS,
    CDP,
    EVERY,
    LINK_LOCAL,
    LLDP,
    LLMNR_ANSWER,
    MAC,
    MDNS_QUESTION,
    OTHER,
    PRINTER,
    SSDP,
    WSD,
    arp,
    dhcp,
    mdns,
    ndp,
    netbios,
    udp,
    udp6,
)

from agents.sweep.dhcp import read_dhcp
from agents.sweep.discovery import read_ssdp, read_wsd
from agents.sweep.dns import read_dns
from agents.sweep.frames import read_frame
from agents.sweep.heard import NAME, TEXT, Heard, Neighbour
from agents.sweep.neighbours import read_cdp, read_lldp
from agents.sweep.netbios import read_datagram, read_name_service


@pytest.mark.parametrize("op", [1, 2])
def test_who_asks_or_answers_by_arp_has_its_address(op: int) -> None:
    assert read_frame(arp(op)) == Heard(MAC, "arp", (ADDRESS,))


def test_who_only_tries_an_address_does_not_have_it() -> None:
    assert read_frame(arp(1, address="0.0.0.0")) == Heard(MAC, "arp")


@pytest.mark.parametrize("mac", ["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:00:5e:00:00:01"])
def test_an_arp_of_nobody_or_of_a_group_tells_nothing(mac: str) -> None:
    assert read_frame(arp(mac=mac)) is None


def test_a_printer_tells_name_service_and_model_by_mdns() -> None:
    assert read_frame(PRINTER) == Heard(
        MAC, "mdns", (ADDRESS,), ("NPI1122",), ("printer",), ("_ipp._tcp",), ("HP LaserJet M404dn",)
    )


def test_names_of_others_in_an_answer_are_not_the_senders() -> None:
    heard = read_frame(mdns(DNSRR(rrname="other.local", type="A", rdata=OTHER)))
    assert heard is not None
    assert heard.names == ()


def test_the_list_of_kinds_of_services_is_read_as_services() -> None:
    record = DNSRR(rrname="_services._dns-sd._udp.local", type="PTR", rdata="_rtsp._tcp.local")
    heard = read_frame(mdns(record))
    assert heard is not None
    assert (heard.services, heard.kinds) == (("_rtsp._tcp",), ("camera",))


def test_by_ipv6_an_address_record_counts_when_it_is_the_senders() -> None:
    payload = bytes(mdns(DNSRR(rrname="may-1.local", type="AAAA", rdata=LINK_LOCAL)))[42:]
    assert read_frame(udp6(5353, 5353, payload)) == Heard(MAC, "mdns", (LINK_LOCAL,), ("may-1",))


def test_a_question_tells_that_somebody_is_there_and_no_more() -> None:
    assert read_frame(MDNS_QUESTION) == Heard(MAC, "mdns", (ADDRESS,))


def test_an_answer_by_llmnr_names_its_sender() -> None:
    assert read_frame(LLMNR_ANSWER) == Heard(MAC, "llmnr", (ADDRESS,), ("VP-UBND-07",))


def test_a_dhcp_client_tells_name_kind_and_fingerprint() -> None:
    assert read_frame(dhcp()) == Heard(
        MAC,
        "dhcp",
        (),
        ("MOTCUA-03", "MOTCUA-03.qlvb.local"),
        ("computer",),
        vendor_class="MSFT 5.0",
        fingerprint="1,3,6,15,31,33,43,44,46,47,119,121,249,252",
    )


def test_a_client_that_renews_has_the_address_that_it_says() -> None:
    heard = read_frame(dhcp(ciaddr=ADDRESS))
    assert heard is not None
    assert heard.addresses == (ADDRESS,)


def test_who_answers_clients_is_a_dhcp_server() -> None:
    assert read_frame(dhcp(op=2)) == Heard(MAC, "dhcp", (ADDRESS,), kinds=("dhcp server",))


def test_what_a_relay_or_a_bridge_passes_on_tells_nothing_of_it() -> None:
    assert read_frame(dhcp(giaddr=OTHER)) is None
    assert read_frame(dhcp(chaddr="3c:52:82:99:99:99")) is None


def test_a_windows_machine_claims_its_name() -> None:
    assert read_frame(netbios()) == Heard(
        MAC, "netbios", (ADDRESS,), ("KETOAN-PC",), ("computer",), ("netbios file server",)
    )


def test_a_workgroup_is_no_name_of_a_machine() -> None:
    heard = read_frame(netbios("WORKGROUP", 0x4141, group=1))
    assert heard == Heard(MAC, "netbios", (ADDRESS,))


def test_a_datagram_to_the_browsers_names_its_sender() -> None:
    encoded = b"".join(bytes((0x41 + (b >> 4), 0x41 + (b & 15))) for b in b"DIACHINH-02".ljust(15) + b"\0")
    head = struct.pack(">BBH4sHHH", 0x11, 2, 1, bytes((10, 20, 30, 40)), 138, 180, 0)
    assert read_frame(udp(138, 138, head + b"\x20" + encoded + b"\0" + b"rest", to="10.20.30.255")) == Heard(
        MAC, "netbios", (ADDRESS,), ("DIACHINH-02",), ("computer",)
    )


def test_a_router_announces_itself_by_ssdp() -> None:
    assert read_frame(SSDP) == Heard(
        MAC,
        "ssdp",
        (ADDRESS,),
        (),
        ("router",),
        ("schemas-upnp-org:InternetGatewayDevice",),
        ("Linux/3.14 UPnP/1.0 DrayTek/1.0",),
    )


def test_a_camera_says_hello_by_ws_discovery() -> None:
    assert read_frame(WSD) == Heard(
        MAC,
        "wsd",
        (ADDRESS,),
        ("Cam Cửa",),
        ("camera",),
        ("NetworkVideoTransmitter", "Device"),
        ("DS-2CD2143",),
    )


def test_who_looks_for_cameras_is_none() -> None:
    heard = read_frame(WSD.replace(b"discovery/Hello", b"discovery/Probe"))
    assert heard == Heard(MAC, "wsd", (ADDRESS,))


def test_a_switch_names_itself_and_our_port_by_lldp() -> None:
    heard = read_frame(LLDP)
    assert heard is not None
    assert (heard.protocol, heard.names, heard.kinds) == ("lldp", ("SW-TANG1",), ("switch",))
    assert heard.neighbour == Neighbour(
        "lldp",
        "00:1a:2b:3c:4d:5e",
        "GigabitEthernet0/0/7",
        "Phòng một cửa",
        "SW-TANG1",
        "S5720-28P-SI Huawei VRP",
        20,
        ("10.20.30.2",),
    )


def test_a_switch_names_itself_and_our_port_by_cdp() -> None:
    heard = read_frame(CDP)
    assert heard is not None
    assert (heard.protocol, heard.kinds) == ("cdp", ("switch",))
    assert heard.neighbour == Neighbour(
        "cdp",
        "SW-XA.ubnd.local",
        "FastEthernet0/12",
        "",
        "SW-XA.ubnd.local",
        "cisco WS-C2960 Cisco IOS Software",
        20,
        ("10.20.30.2",),
    )


def test_neighbour_discovery_tells_addresses_and_who_is_a_router() -> None:
    assert read_frame(ndp("answers")) == Heard(MAC, "ndp", (LINK_LOCAL, "fd12::40"))
    assert read_frame(ndp("asks")) == Heard(MAC, "ndp", (LINK_LOCAL,))
    assert read_frame(ndp("router")) == Heard(MAC, "ndp", (LINK_LOCAL,), kinds=("router",))
    assert read_frame(ndp("no router")) == Heard(MAC, "ndp", (LINK_LOCAL,))
    assert read_frame(ndp("echo")) == Heard(MAC, "icmp6", (LINK_LOCAL,))


def test_neighbour_discovery_that_was_forwarded_tells_nothing() -> None:
    assert read_frame(ndp("answers", hops=64)) is None


def legible(heard: Heard | None) -> bool:
    if heard is None:
        return True
    texts = [*heard.names, *heard.kinds, *heard.services, *heard.models, heard.vendor_class]
    if heard.neighbour is not None:
        near = heard.neighbour
        texts += [near.chassis, near.port, near.port_description, near.name, near.description]
    return all(text.isprintable() and len(text) <= TEXT for text in texts) and all(
        len(name) <= NAME for name in heard.names
    )


@given(st.sampled_from(EVERY), st.data())
def test_broken_frames_raise_nothing_and_tell_only_what_is_legible(frame: bytes, data: st.DataObject) -> None:
    broken = bytearray(frame)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(12, len(broken) - 1))] = data.draw(st.integers(0, 255))
    assert legible(read_frame(bytes(broken)[: data.draw(st.integers(0, len(broken)))]))


@given(st.sampled_from(EVERY), st.integers(14, 80), st.binary(max_size=300))
def test_a_right_beginning_before_any_bytes_raises_nothing(frame: bytes, kept: int, rest: bytes) -> None:
    assert legible(read_frame(frame[:kept] + rest))


READERS = {
    "dns": lambda data: read_dns(data, ADDRESS),
    "dhcp": read_dhcp,
    "names": read_name_service,
    "datagram": read_datagram,
    "ssdp": read_ssdp,
    "wsd": read_wsd,
    "lldp": read_lldp,
    "cdp": read_cdp,
    "frame": read_frame,
}
STARTS = {
    "dns": b"\0\0\x84\0",
    "dhcp": b"\x01\x01\x06",
    "datagram": b"\x11",
    "ssdp": b"NOTIFY ",
    "cdp": b"\x02",
}


@pytest.mark.parametrize("name", READERS)
@given(rest=st.binary(max_size=600))
def test_no_bytes_at_all_make_a_reader_raise(name: str, rest: bytes) -> None:
    READERS[name](rest)
    READERS[name](STARTS.get(name, b"") + rest)


def test_a_name_that_runs_in_circles_ends() -> None:
    head = struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0)
    assert read_dns(head + b"\xc0\x0c" + b"\0" * 20, ADDRESS).names == ()
