"""Who is behind which port: the tables of recorded switches and routers, and whatever else such a table may hold."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_snmp import recordings_folder, responder, unpack

from agents.probes import snmp
from agents.snmp import bridge
from agents.snmp.client import Client, Target
from agents.snmp.desk import desk
from agents.snmp.facts import Oid, Value
from agents.snmp.interfaces import Interface
from agents.snmp.survey import Answer, Surveyor
from core.values import Check

MAC = "3c:52:82:11:22:33"
OCTETS = tuple(bytes.fromhex(MAC.replace(":", "")))
BRIDGE = "1.3.6.1.2.1.17."
SWITCHES = [
    "network-router-huawei-s5720",
    "network-switch-zte-zxr10-5250",
    "network-switch-dlink-des3200",
    "network-switch-h3c-comware-lsq1wcmd0-2509p61",
    "network-switch-bdcom-s5612",
    "network-switch-ruijie-s5750-24gt12sfp",
    "network-switch-cisco-c3750",
]
UPS = "UPS-apc-7902b"


@pytest.fixture(scope="module")
def recordings() -> Iterator[tuple[int, dict[str, str]]]:
    with recordings_folder() as folder:
        texts = unpack(folder, [*SWITCHES, UPS])
        with responder(folder) as port:
            yield port, texts


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    client.close()
    await asyncio.sleep(0)  # its sockets close in the loop's next turn


def rows_of(text: str, root: str) -> Mapping[str, str]:
    """The column of a recording, by the rest of the object's id."""
    lines = (line.split("|", 2) for line in text.splitlines() if line.startswith(root))
    return {oid.removeprefix(root): value for oid, _, value in lines}


def recorded(text: str) -> set[tuple[str, str]]:
    """(MAC, interface or port) that were learned, as the recording has them."""
    to_interface = rows_of(text, f"{BRIDGE}1.4.1.2.")
    table = f"{BRIDGE}7.1.2.2.1." if rows_of(text, f"{BRIDGE}7.1.2.2.1.2.") else f"{BRIDGE}4.3.1."
    status = rows_of(text, f"{table}3.")
    found = set()
    for index, port in rows_of(text, f"{table}2.").items():
        octets = [int(each) for each in index.split(".")[-6:]]
        if status.get(index, "3") == "3" and port != "0" and not octets[0] & 1 and any(octets):
            found.add((":".join(f"{each:02x}" for each in octets), to_interface.get(port, f"port {port}")))
    return found


def told(answer: Answer) -> set[tuple[str, str]]:
    """The same as the agent tells it."""
    assert answer.bridge is not None
    assert answer.device is not None
    index = {each["name"]: str(each["index"]) for each in answer.device.get("interfaces", ())}
    return {
        (mac, index.get(port, f"port {port}"))
        for port, macs in answer.bridge["ports"].items()
        for mac in macs
    }


@pytest.mark.parametrize("name", SWITCHES)
async def test_a_recorded_switch_tells_who_is_behind_each_port(
    recordings: tuple[int, dict[str, str]], client: Client, name: str
) -> None:
    port, texts = recordings
    answer = await Surveyor(client).look(Target("127.0.0.1", port, community=name, timeout_s=60), 600)
    assert len(recorded(texts[name])) > 5
    assert told(answer) == recorded(texts[name])
    assert ".17." not in answer.note


async def test_a_recorded_router_tells_private_addresses_and_whose_they_are(
    recordings: tuple[int, dict[str, str]], client: Client
) -> None:
    port, texts = recordings
    name = "network-router-huawei-s5720"
    answer = await Surveyor(client).look(Target("127.0.0.1", port, community=name, timeout_s=60), 600)
    assert answer.bridge is not None
    # The index is an interface and an address.
    private = {
        address
        for index in rows_of(texts[name], "1.3.6.1.2.1.4.22.1.2.")
        if ip_address(address := index.partition(".")[2]).is_private
    }
    assert {address for _, address in answer.bridge["arp"]} == private


async def test_between_surveys_and_of_what_is_no_switch_nothing_is_asked(
    recordings: tuple[int, dict[str, str]], client: Client
) -> None:
    port, _ = recordings
    surveyor = Surveyor(client)
    target = Target("127.0.0.1", port, community=SWITCHES[0], timeout_s=60)
    assert (await surveyor.look(target, 600)).bridge is not None
    assert (await surveyor.look(target, 600)).bridge is None
    answer = await surveyor.look(Target("127.0.0.1", port, community=UPS, timeout_s=60), 600)
    assert (answer.reason, answer.bridge) == ("", None)
    assert answer.device is not None


async def test_the_probe_hands_it_on_as_a_document(recordings: tuple[int, dict[str, str]]) -> None:
    port, texts = recordings
    params = {"port": port, "community": SWITCHES[0], "timeout_s": 10.0}
    try:
        result = await snmp.run(Check(7, "snmp", "127.0.0.1", 60_000, 60_000, params))
    finally:
        await desk().close()
    documents = dict(result.documents)
    assert documents["bridge"]["address"] == "127.0.0.1"
    ports = documents["bridge"]["ports"]
    assert isinstance(ports, dict)
    assert sum(map(len, ports.values())) == len({mac for mac, _ in recorded(texts[SWITCHES[0]])})


def test_what_is_the_devices_own_or_a_groups_is_behind_no_port() -> None:
    group = (1, *OCTETS[1:])
    found = {
        bridge.PORT: {OCTETS: 4, group: 5, (2, *OCTETS[1:]): 6, (6, *OCTETS[1:]): 0},
        bridge.STATUS: {OCTETS: 3, group: 3, (2, *OCTETS[1:]): 4, (6, *OCTETS[1:]): 3},
    }
    numbers = {bridge.PORT_INTERFACE: {(4,): 104}}
    assert bridge.behind(found, numbers, [Interface(104, "ge4", "ethernet")]) == {"ge4": [MAC]}
    assert bridge.behind(found, {}, []) == {"4": [MAC]}


def test_addresses_of_others_networks_and_entries_that_ended_are_left_out() -> None:
    mac = bytes(OCTETS)
    found = {
        bridge.ARP_MAC: {
            (1, 10, 1, 1, 9): mac,
            (1, 8, 8, 8, 8): mac,
            (1, 10, 1, 1, 7): mac,
            (2, 127, 0, 0, 1): mac,
        },
        bridge.ARP_KIND: {(1, 10, 1, 1, 9): 3, (1, 10, 1, 1, 7): 2},
    }
    assert bridge.addresses(found) == [(MAC, "10.1.1.9")]


def test_a_document_has_no_more_machines_than_anybody_reads() -> None:
    ports = {str(n): [f"3c:52:82:00:{n:02x}:{m:02x}" for m in range(200)] for n in range(9)}
    body = bridge.document("SW", ports, [])
    assert body is not None
    assert sum(map(len, body["ports"].values())) == bridge.MOST
    assert bridge.document("PC", {}, []) is None


oids = st.lists(st.integers(-1, 300) | st.integers(0, 1 << 32), max_size=8).map(tuple)
values = st.none() | st.integers(-5, 1 << 64) | st.binary(max_size=8) | oids
columns = st.dictionaries(oids | st.just((1, *OCTETS)), values, max_size=6)


@given(
    st.dictionaries(st.sampled_from((*bridge.BY_VLAN, *bridge.PLAIN)), columns),
    st.dictionaries(st.just(bridge.PORT_INTERFACE), columns),
    st.dictionaries(st.sampled_from(bridge.ARP), columns),
)
def test_any_tables_give_machines_and_private_addresses_or_nothing(
    found: dict[Oid, dict[Oid, Value]], numbers: dict[Oid, dict[Oid, Value]], arp: dict[Oid, dict[Oid, Value]]
) -> None:
    ports = bridge.behind(found, numbers, [Interface(1, "ge1", "ethernet")])
    for mac in (mac for macs in ports.values() for mac in macs):
        assert len(bytes.fromhex(mac.replace(":", ""))) == 6
        assert not int(mac[:2], 16) & 1
    assert all(ip_address(address).is_private for _, address in bridge.addresses(arp))
