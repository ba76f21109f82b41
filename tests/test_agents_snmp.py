"""SNMP: what devices say of themselves, from recordings of real ones, and what the agent makes of it."""

import asyncio
import random
import shutil
import socket
import string
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_snmp import responder, snmpd, unpack

from agents.probes import snmp
from agents.snmp import facts
from agents.snmp.client import Client, NoAnswer, Target
from agents.snmp.desk import Desk, desk
from core.values import Check, Result, Status

UPS_ON = "1.3.6.1.2.1.33.1.4.1.0|2|{source}\n1.3.6.1.2.1.33.1.2.3.0|2|42\n1.3.6.1.2.1.33.1.2.4.0|2|87\n"
SYSTEM = "1.3.6.1.2.1.1.1.0|4|{text}\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9999.1\n1.3.6.1.2.1.1.3.0|67|{ticks}\n1.3.6.1.2.1.1.5.0|4x|{name}\n"
DESCRIBED = "1.3.6.1.2.1.1.1.0|4x|"
NAME = "Bộ lưu điện Xã Bảo Khê"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("recordings")
    texts = unpack(folder)
    with responder(folder) as port:
        yield port, texts


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A UPS on mains, one on battery, one that was just started."""
    folder = tmp_path_factory.mktemp("devices")
    for name, source, ticks in (("mains", 3, 9_000_000), ("battery", 5, 9_000_000), ("fresh", 3, 4_200)):
        text = SYSTEM.format(text="UPS", ticks=ticks, name=NAME.encode().hex()) + UPS_ON.format(source=source)
        (folder / f"{name}.snmprec").write_text(text)
    with responder(folder) as port:
        yield port


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    client.close()


async def looked(port: int, **params: object) -> Result:
    check = Check(7, "snmp", "127.0.0.1", 60_000, 8_000, {"port": port, "retries": 0, **params})
    try:
        return await snmp.run(check)
    finally:
        await desk().close()


@pytest.mark.slow
async def test_every_recorded_device_says_who_it_is(
    recordings: tuple[int, dict[str, str]], client: Client
) -> None:
    port, texts = recordings
    assert len(texts) > 100
    for name, text in texts.items():
        target = Target("127.0.0.1", port, community=name, timeout_s=3)
        found = facts.system(await client.get(target, facts.SYSTEM))
        has = {line.split("|")[0] for line in text.splitlines()}
        assert bool(found.object_id) == ("1.3.6.1.2.1.1.2.0" in has), name
        assert (found.uptime_s is not None) == ("1.3.6.1.2.1.1.3.0" in has), name
        recorded = [line.partition("|4x|")[2] for line in text.splitlines() if line.startswith(DESCRIBED)]
        for hexadecimal in (each for each in recorded if set(each) <= set(string.hexdigits)):
            assert found.description == facts.text(bytes.fromhex(hexadecimal)), name
        power = facts.ups(await client.get(target, facts.UPS))
        assert (power is not None) >= ("1.3.6.1.2.1.33.1.4.1.0" in has), name


async def test_a_ups_on_battery_says_so_and_for_how_long(devices: int) -> None:
    found = await looked(devices, community="battery")
    assert (found.status, found.reason) == (Status.DEGRADED, "on battery|42")
    assert found.figures["ups_on_battery"] == 1
    assert found.figures["ups_charge_ratio"] == 0.87
    assert found.figures["ups_minutes_left"] == 42
    assert found.figures["uptime_seconds"] == 90_000


async def test_a_device_on_mains_is_up_and_one_that_was_started_says_so(devices: int) -> None:
    assert (await looked(devices, community="mains")).reason == ""
    assert await looked(devices, community="fresh") == Result(
        Status.UP,
        "restarted|42 s",
        {"uptime_seconds": 42.0, "ups_on_battery": 0.0, "ups_charge_ratio": 0.87, "ups_minutes_left": 42.0},
    )


async def test_vietnamese_names_come_out_as_they_are_written(devices: int, client: Client) -> None:
    target = Target("127.0.0.1", devices, community="mains")
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
        honest = client.get(Target("127.0.0.1", devices, community="mains"), facts.SYSTEM)
        lie, truth = await asyncio.gather(lying, honest, return_exceptions=True)
        assert isinstance(lie, NoAnswer)
        assert isinstance(truth, dict)
        transport.close()


async def test_the_worker_is_started_when_it_is_needed_and_again_when_it_died(devices: int) -> None:
    here = Desk()
    target = {"host": "127.0.0.1", "port": devices, "community": "mains"}
    assert here.pid is None
    assert (await here.ask(target))["reason"] == ""
    first = here.pid
    assert here._worker is not None
    here._worker.kill()
    await here._worker.wait()
    assert (await here.ask(target))["reason"] == ""
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
