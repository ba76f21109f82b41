"""SNMP: what devices say of themselves, from recordings of real ones, and what the agent makes of it."""

import asyncio
import random
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_snmp import recordings_folder, responder, snmpd, unpack

from agents.probes import snmp
from agents.snmp import facts
from agents.snmp.client import Client, NoAnswer, Target
from agents.snmp.desk import Desk, desk
from agents.snmp.families import Hints, families, family_of, identify
from agents.snmp.survey import Surveyor
from core.values import Check, Result, Status

UPS_ON = "1.3.6.1.2.1.33.1.4.1.0|2|{source}\n1.3.6.1.2.1.33.1.2.3.0|2|42\n1.3.6.1.2.1.33.1.2.4.0|2|87\n"
SYSTEM = "1.3.6.1.2.1.1.1.0|4|{text}\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9999.1\n1.3.6.1.2.1.1.3.0|67|{ticks}\n1.3.6.1.2.1.1.5.0|4x|{name}\n"
UNKNOWN_KIND = {
    "camera-wds-ips-1022",
    "network-appliance-meru-networks-controller",
    "network-appliance-network-research-squid",
    "network-appliance-ucdavis-sic",
    "network-appliance-vss-monitoring-optimizer-2400-span",
    "unclassified-03",
}
"""Recorded devices that say nothing that tells what they are."""
NAME = "Bộ lưu điện Xã Bảo Khê"
together = pytest.mark.xdist_group("recordings")
"""To get all recordings ready takes a minute and more of a processor, which once is enough."""


@pytest.fixture(scope="module")
def recordings() -> Iterator[tuple[int, dict[str, str]]]:
    with recordings_folder() as folder:
        texts = unpack(folder)
        with responder(folder) as port:
            yield port, texts


@pytest.fixture(scope="module")
def devices() -> Iterator[int]:
    """A UPS on mains, one on battery, one that was just started."""
    with recordings_folder() as folder:
        for name, source, ticks in (("mains", 3, 9_000_000), ("battery", 5, 9_000_000), ("fresh", 3, 4_200)):
            text = SYSTEM.format(text="UPS", ticks=ticks, name=NAME.encode().hex())
            (folder / f"{name}.snmprec").write_text(text + UPS_ON.format(source=source))
        with responder(folder) as port:
            yield port


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    client.close()
    await asyncio.sleep(0)  # its sockets close in the loop's next turn


async def looked(port: int, **params: object) -> Result:
    check = Check(
        7, "snmp", "127.0.0.1", 60_000, 20_000, {"port": port, "retries": 0, "timeout_s": 10, **params}
    )
    try:
        return await snmp.run(check)
    finally:
        await desk().close()


@together
@pytest.mark.slow
async def test_every_recorded_device_says_who_it_is(
    recordings: tuple[int, dict[str, str]], client: Client
) -> None:
    """Name, kind, uptime and interfaces, where the recording has them."""
    port, texts = recordings
    assert len(texts) > 110
    surveyor = Surveyor(client)
    for name, text in texts.items():
        target = Target("127.0.0.1", port, community=name, timeout_s=30)
        found = await surveyor.look(target, 300)
        assert found.reason == "", name
        assert found.system is not None
        device, values = (
            found.device or {},
            dict(line.split("|", 2)[::2] for line in text.split("\n") if line.count("|") >= 2),
        )
        assert bool(found.system.object_id) == ("1.3.6.1.2.1.1.2.0" in values), name
        assert (found.system.uptime_s is not None) == ("1.3.6.1.2.1.1.3.0" in values), name
        assert bool(device.get("name")) == bool(values.get("1.3.6.1.2.1.1.5.0")), name
        assert (device["kind"] == "device") == (name in UNKNOWN_KIND), (name, device["kind"])
        has = {oid.rpartition(".")[2] for oid in values if oid.startswith("1.3.6.1.2.1.2.2.1.8.")}
        interfaces = device.get("interfaces", [])
        assert len(interfaces) == min(len(has), 1_000), name
        assert len({each["name"] for each in interfaces}) == len(interfaces), name
        power = found.ups
        assert (power is not None) >= ("1.3.6.1.2.1.33.1.4.1.0" in values), name
        if has and any(each["kind"] != "loopback" and each.get("enabled") for each in interfaces):
            assert any(figure.startswith("interface_up#") for figure in found.figures), name
            again = await surveyor.look(target, 300)
            assert again.device is None, name
            octets = {
                oid for oid in values if oid.startswith(("1.3.6.1.2.1.2.2.1.10.", "1.3.6.1.2.1.31.1.1.1.6."))
            }
            assert any(figure.startswith("in_bits_per_second#") for figure in again.figures) or not octets, (
                name,
                found.note,
                again.note,
                again.reason,
            )


@together
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind", "vendor", "model", "serial"),
    [
        ("network-switch-cisco-c3560", "switch", "Cisco", "WS-C3560G-48TS-E", "FOC1408Z61U"),
        ("network-router-huawei-s5720", "switch", "Huawei", "S5720-36C-EI-AC", "210235956210F7000410"),
        ("network-switch-h3c-e528-2", "switch", "H3C", "H3C Switch E528", "210235A0GKC158000929"),
        ("network-switch-zte-zxr10-5250", "switch", "ZTE", "ZXR10 5250-52TM-H", ""),
        ("network-router-juniper-mx960-13-3r9-13", "router", "Juniper", "mx960", "JN12002C1AFA"),
        ("network-switch-ruijie-s5750-24gt12sfp", "switch", "Ruijie", "RG-S5750-24GT/12SFP", "9017EHC410215"),
        ("UPS-apc-8641", "pdu", "APC", "AP8641", ""),
        ("UPS-eaton-9px-partial", "ups", "Eaton", "Eaton 9PX 2200i RT 3U", ""),
        ("camera-hikvision", "camera", "Hikvision", "DS-2CD4C36FWD-AP", ""),
        (
            "camera-hikvision-network-video-recorder",
            "recorder",
            "Hikvision",
            "",
            "0820161024CCRR666108343WCVU",
        ),
        ("network-switch-hpe-procurve-516733-b21", "switch", "HP", "516733-B21", "3C421900TX"),
        ("network-firewall-fortinet-xcu", "firewall", "Fortinet", "FGT_3000D", "FGT3KD3Z16800461"),
        ("os-windows-XP", "pc", "Microsoft", "", ""),
    ],
)
async def test_families_know_their_recorded_devices(
    recordings: tuple[int, dict[str, str]],
    client: Client,
    name: str,
    kind: str,
    vendor: str,
    model: str,
    serial: str,
) -> None:
    port, _ = recordings
    found = await Surveyor(client).look(Target("127.0.0.1", port, community=name, timeout_s=30), 300)
    device = found.device or {}
    said = tuple(device.get(word, "") for word in ("kind", "vendor", "model", "serial"))
    assert said == (kind, vendor, model, serial)


@pytest.mark.parametrize(
    ("object_id", "description", "vendor", "kind", "model"),
    [
        ("1.3.6.1.4.1.14988.1", "RouterOS RB750Gr3", "MikroTik", "router", "RB750Gr3"),
        ("1.3.6.1.4.1.14988.1", "RouterOS CRS326-24G-2S+", "MikroTik", "switch", "CRS326-24G-2S+"),
        (
            "1.3.6.1.4.1.7367",
            "DrayTek Corporation, Router Model: Vigor2926 Series, Version: 3.9.6, Build Date/Time:Mar 2 2022 10:49:56",
            "DrayTek",
            "router",
            "Vigor2926 Series",
        ),
        (
            "1.3.6.1.4.1.11.2.3.9.1",
            "HP ETHERNET MULTI-ENVIRONMENT,SN:CNB1,FN:J11,SVCID:2,PID:HP LaserJet MFP M428fdw",
            "HP",
            "printer",
            "HP LaserJet MFP M428fdw",
        ),
        ("1.3.6.1.4.1.2435.2.3.9.1", "Brother NC-8300h, Firmware Ver.1.06", "Brother", "printer", ""),
        ("1.3.6.1.4.1.1602.4.7", "Canon LBP6230dn /P", "Canon", "printer", "LBP6230dn "),
        ("1.3.6.1.4.1.1004849.2", "Dahua NVR4216", "Dahua", "recorder", "NVR4216"),
        (
            "1.3.6.1.4.1.9.1.1745",
            "Cisco IOS Software, C2960X Software (C2960X-UNI), Version 15.2(2)E9",
            "Cisco",
            "switch",
            "C2960X",
        ),
        (
            "1.3.6.1.4.1.9.1.1041",
            "Cisco IOS Software, C1900 Software (C1900-UNI), Version 15.1(4)M4",
            "Cisco",
            "router",
            "C1900",
        ),
    ],
)
def test_families_know_devices_by_what_they_are_known_to_say(
    object_id: str, description: str, vendor: str, kind: str, model: str
) -> None:
    system = facts.System(description=description, object_id=object_id)
    found = identify(system, family_of(system), Hints())
    assert (found.vendor, found.kind, found.model) == (vendor, kind, model.strip())


def test_no_two_families_claim_the_same_devices() -> None:
    claimed = [start for family in families() for start in family.objects]
    assert len(claimed) == len(set(claimed))


async def test_a_ups_on_battery_says_so_and_for_how_long(devices: int) -> None:
    found = await looked(devices, community="battery")
    assert (found.status, found.reason) == (Status.DEGRADED, "on battery|42")
    assert found.figures["ups_on_battery"] == 1
    assert found.figures["ups_charge_ratio"] == 0.87
    assert found.figures["ups_minutes_left"] == 42
    assert found.figures["uptime_seconds"] == 90_000


async def test_a_device_on_mains_is_up_and_one_that_was_started_says_so(devices: int) -> None:
    assert (await looked(devices, community="mains", timeout_s=10)).reason == ""
    found = await looked(devices, community="fresh")
    assert (found.status, found.reason) == (Status.UP, "restarted|42 s")
    assert found.figures == {
        "uptime_seconds": 42.0,
        "ups_on_battery": 0.0,
        "ups_charge_ratio": 0.87,
        "ups_minutes_left": 42.0,
    }
    assert found.documents == (
        (
            "device",
            {
                "address": "127.0.0.1",
                "name": NAME,
                "kind": "ups",
                "description": "UPS",
                "object_id": "1.3.6.1.4.1.9999.1",
            },
        ),
    )


async def test_vietnamese_names_come_out_as_they_are_written(devices: int, client: Client) -> None:
    target = Target("127.0.0.1", devices, community="mains", timeout_s=10)
    assert facts.system(await client.get(target, facts.SYSTEM)).name == NAME


@pytest.mark.skipif(not shutil.which("snmpd"), reason="snmpd is not installed")
async def test_version_3_with_authentication_and_privacy(tmp_path: Path) -> None:
    good = {"version": "3", "user": "noc", "auth": "sha256", "auth_key": "authentic1"}
    private = {"priv": "aes", "priv_key": "privately1"}
    with snmpd(tmp_path) as port:
        found = await looked(port, **good, **private)
        assert (found.status, found.figures["uptime_seconds"] >= 0) == (Status.UP, True)
        wrong_key = await looked(port, **{**good, "auth_key": "wrong-key1"}, **private)
        stranger = await looked(port, **{**good, "user": "nobody1"}, **private)
        open_text = await looked(port, **good)
    for refused in (wrong_key, stranger, open_text):
        assert (refused.status, refused.reason.partition("|")[0]) == (Status.DOWN, "snmp refused")


async def test_nobody_there_and_a_wrong_community_are_a_timeout(devices: int) -> None:
    assert (await looked(devices, community="stranger", timeout_s=0.2)).reason == "timeout"
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        silent.bind(("127.0.0.1", 0))
        assert (await looked(silent.getsockname()[1], timeout_s=0.2)).reason == "timeout"


@pytest.mark.parametrize("params", [{"port": 0}, {"version": "1"}, {"secret": "x"}])
async def test_a_parameter_that_makes_no_sense_is_unknown(params: dict[str, object]) -> None:
    found = await snmp.run(Check(7, "snmp", "127.0.0.1", 60_000, 8_000, params))
    assert found.status is Status.UNKNOWN
    assert found.reason.startswith("bad parameter|")


class Liar(asyncio.DatagramProtocol):
    """Answers every question with bytes of its own."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for piece in (self.answer, self.answer + data, data[: len(data) // 2], data):
            self.transport.sendto(piece, addr)  # type: ignore[attr-defined]


async def test_whatever_a_device_sends_is_an_answer_or_none_and_stalls_nobody(
    client: Client, devices: int
) -> None:
    loop, dice = asyncio.get_running_loop(), random.Random(1)
    for size in (0, 1, 2, 40, 1_400, 60_000):
        transport, _ = await loop.create_datagram_endpoint(
            lambda size=size: Liar(dice.randbytes(size)), local_addr=("127.0.0.1", 0)
        )
        port = transport.get_extra_info("sockname")[1]
        lying = client.get(Target("127.0.0.1", port, timeout_s=0.3, retries=0), facts.SYSTEM)
        honest = client.get(Target("127.0.0.1", devices, community="mains", timeout_s=10), facts.SYSTEM)
        lie, truth = await asyncio.gather(lying, honest, return_exceptions=True)
        assert isinstance(lie, NoAnswer)
        assert isinstance(truth, dict)
        transport.close()


async def test_the_worker_is_started_when_it_is_needed_and_again_when_it_died(devices: int) -> None:
    here = Desk()
    target = {"host": "127.0.0.1", "port": devices, "community": "mains", "timeout_s": 10}
    assert here.pid is None
    assert (await here.ask(target, 60))["reason"] == ""
    first = here.pid
    assert here._worker is not None
    here._worker.kill()
    await here._worker.wait()
    assert (await here.ask(target, 60))["reason"] == ""
    assert here.pid not in (None, first)
    await here.close()
    assert here.pid is None


async def test_a_worker_that_dies_while_it_is_asked_is_an_error_and_not_a_wait() -> None:
    here = Desk()
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        silent.bind(("127.0.0.1", 0))
        target = {"host": "127.0.0.1", "port": silent.getsockname()[1], "timeout_s": 9}
        asked = asyncio.ensure_future(here.ask(target))
        worker = await here._running()
        worker.kill()
        with pytest.raises(OSError, match="ended"):
            await asked
    await here.close()


values = (
    st.none() | st.integers() | st.binary(max_size=300) | st.lists(st.integers(0, 99), max_size=9).map(tuple)
)


@given(st.dictionaries(st.sampled_from([*facts.SYSTEM, *facts.UPS]), values))
def test_values_of_any_type_are_facts_or_none(found: dict[facts.Oid, facts.Value]) -> None:
    said, power = facts.system(found), facts.ups(found)
    assert len(said.name) <= facts.LONGEST
    assert said.name.isprintable()
    assert power is None or power.charge is None or 0 <= power.charge <= 1
