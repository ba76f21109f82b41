"""Listening: what real senders send over the loopback becomes events, as long as the check is in the plan."""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_snmp import recordings_folder, responder

from agents.listen import sockets
from agents.loop import Loop
from agents.probes import snmp
from agents.probes.listen import Listen
from agents.snmp.desk import desk
from core.clock import SystemClock
from core.told import LINK_DOWN, POWER_LOST, SYSLOG, TOO_MANY, UNREADABLE
from core.values import Check, Result, Status
from core.wire import Event
from lab.eoffice.servers import free_port
from lab.manual_clock import ManualClock

NOW = 1_790_000_000_000
HERE = "127.0.0.1"
NOC = {"user": "noc", "auth": "sha256", "auth_key": "authentic1", "priv": "aes", "priv_key": "privately1"}
LINK_TRAP = (
    "303e020101040175a736020425619d950201000201003028300d06082b0601020101030043010130"
    "17060a2b06010603010104010006092b0601060301010503"
)
"""linkDown over version 2c, as snmptrap sends it."""
needs_snmptrap = pytest.mark.skipif(not shutil.which("snmptrap"), reason="snmptrap is not installed")


class Rig:
    """The probe with what it told; time stands still."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        self.probe = Listen(self.told.put, self.clock)
        self.port = free_port()

    def check(self, protocol: str = "syslog", **params: object) -> Check:
        return Check(7, "listen", HERE, 60_000, 10_000, {"protocol": protocol, "port": self.port, **params})

    async def look(self, protocol: str = "syslog", **params: object) -> Result:
        return await self.probe.run(self.check(protocol, **params))

    async def next(self) -> Event:
        async with asyncio.timeout(60):
            return await self.told.get()

    def send(self, *bodies: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for body in bodies:
                sender.sendto(body, (HERE, self.port))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    yield rig
    rig.probe.keep(())
    await desk().close()
    await asyncio.sleep(0)


async def run(*command: str, **environment: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment})
    assert await process.wait() == 0


@pytest.mark.skipif(not shutil.which("logger"), reason="logger is not installed")
@pytest.mark.parametrize("how", [("--udp",), ("--tcp",), ("--tcp", "--octet-count")])
@pytest.mark.parametrize("form", ["--rfc3164", "--rfc5424"])
async def test_messages_of_the_systems_own_logger(rig: Rig, how: tuple[str, ...], form: str) -> None:
    assert await rig.look() == Result(Status.UP, "", {"messages": 0, "dropped": 0, "malformed": 0})
    options = ("-n", HERE, "-P", str(rig.port), "-p", "daemon.err", "-t", "dhcpd", form, *how)
    await run("logger", *options, "hết địa chỉ")
    event = await rig.next()
    assert event == Event(NOW, SYSLOG, "error: dhcpd: hết địa chỉ", HERE)
    assert (await rig.look()).figures["messages"] == 1


@needs_snmptrap
async def test_traps_of_version_2c_and_of_an_unknown_sender_of_version_3(rig: Rig, tmp_path: Path) -> None:
    assert (await rig.look("trap", users=[NOC])).status is Status.UP
    where, quiet = f"{HERE}:{rig.port}", {"SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""}
    await run("snmptrap", "-v2c", "-c", "public", where, "", "1.3.6.1.6.3.1.1.5.3", **quiet)
    assert await rig.next() == Event(NOW, LINK_DOWN, "link down: an interface", HERE)
    options = ("-v3", "-l", "authPriv", "-u", "noc", "-a", "SHA-256", "-A", "authentic1", "-x", "AES")
    await run("snmptrap", *options, "-X", "privately1", where, "", "1.3.6.1.2.1.33.2.1", **quiet)
    assert await rig.next() == Event(NOW, POWER_LOST, "UPS on battery", HERE)
    await run("snmptrap", *options, "-X", "otherwise1", where, "", "1.3.6.1.2.1.33.2.1", **quiet)
    await _until(rig, "malformed", "trap", users=[NOC])
    note = await rig.next()
    assert (note.kind, note.source) == (UNREADABLE, HERE)
    assert note.text.endswith("user 'noc' encrypts with another key")


async def _until(rig: Rig, figure: str, protocol: str, **params: object) -> None:
    async with asyncio.timeout(60):
        while not (await rig.look(protocol, **params)).figures[figure]:  # noqa: ASYNC110 - a datagram tells nobody that it is there
            await asyncio.sleep(0.01)


async def test_rubbish_is_counted_and_said_and_what_follows_is_heard(rig: Rig) -> None:
    await rig.look("trap")
    rig.send(b"", b"\x30\x80" * 900, os.urandom(500), b"x" * 20_000)
    figures = dict.fromkeys(("messages", "malformed"), 0.0)
    async with asyncio.timeout(60):
        while figures["malformed"] < 4:
            found = (await rig.look("trap")).figures
            figures = {name: figures[name] + found[name] for name in figures}
            await asyncio.sleep(0.01)
    assert figures["messages"] == 4
    assert (await rig.next()).kind == UNREADABLE
    rig.send(bytes.fromhex(LINK_TRAP))
    assert (await rig.next()).kind == LINK_DOWN


def tlv(tag: int, body: bytes) -> bytes:
    """BER with a length of two bytes."""
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


async def test_traps_made_to_be_slow_to_read_do_not_keep_devices_from_being_asked(rig: Rig) -> None:
    nothing = b"\x30\x05\x06\x01\x2b\x05\x00"
    fields = b"\x02\x01\x01\x02\x01\x00\x02\x01\x00" + tlv(0x30, nothing * 1_100)
    slow = tlv(0x30, b"\x02\x01\x01\x04\x01u" + tlv(0xA7, fields))
    ask = {"community": "ups", "timeout_s": 5, "retries": 0}
    with recordings_folder() as folder, contextlib.ExitStack() as served:
        (folder / "ups.snmprec").write_text("1.3.6.1.2.1.1.1.0|4|UPS\n1.3.6.1.2.1.1.3.0|67|9000000\n")
        port = served.enter_context(responder(folder))
        check = Check(8, "snmp", HERE, 60_000, 20_000, {**ask, "port": port})
        assert (await snmp.run(check)).status is Status.UP
        await rig.look("trap", messages_per_s=100)
        for _ in range(10):
            rig.send(*[slow] * 20)
            assert (await snmp.run(check)).status is Status.UP


async def test_a_flood_is_cut_and_said_and_another_sender_is_still_heard(rig: Rig) -> None:
    await rig.look(messages_per_s=2, tcp=False)
    rig.send(*[b"<190>chatter"] * 60)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))
        other.sendto(b"<190>ether1 link down", (HERE, rig.port))
    assert await rig.next() == Event(NOW, LINK_DOWN, "ether1 link down", "127.0.0.2")
    found = await rig.look(messages_per_s=2, tcp=False)
    assert (found.figures["messages"], found.figures["dropped"]) == (61, 50)
    note = await rig.next()
    assert (note.kind, note.text) == (TOO_MANY, f"50 from {HERE} were passed over")


async def test_one_more_stream_than_there_may_be_closes_the_one_that_was_silent_for_longest(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "CONNECTIONS", 2)
    await rig.look()
    opened = [await asyncio.open_connection(HERE, rig.port) for _ in range(2)]
    opened[0][1].write(b"<131>first\n")
    assert (await rig.next()).text == "error: first"
    opened.append(await asyncio.open_connection(HERE, rig.port))
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionResetError):
            assert await opened[1][0].read() == b""
    for number in (0, 2):
        opened[number][1].write(b"<131>still here")
        opened[number][1].close()
        assert (await rig.next()).text == "error: still here"
    opened[1][1].close()


async def test_however_many_streams_come_at_once_only_so_many_stay_open(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "CONNECTIONS", 3)
    await rig.look()
    opened = await asyncio.gather(*(asyncio.open_connection(HERE, rig.port) for _ in range(12)))
    ends = {asyncio.create_task(reader.read()) for reader, _ in opened}
    async with asyncio.timeout(60):
        closed: set[asyncio.Task[bytes]] = set()
        while len(closed) < 9:
            done, ends = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            closed |= done
    assert all(isinstance(end.exception(), ConnectionResetError) or end.result() == b"" for end in closed)
    assert len(ends) == 3
    for _, writer in opened:
        writer.close()
    await asyncio.wait(ends)


async def test_a_port_that_another_has_is_unknown_and_is_had_when_it_is_free(rig: Rig) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind((HERE, rig.port))
        other.listen()
        taken = await rig.look()
        assert (taken.status, taken.reason) == (Status.UNKNOWN, f"cannot listen|{rig.port} EADDRINUSE")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HERE, rig.port))  # nothing of it stayed open
    assert (await rig.look()).status is Status.UP


@pytest.mark.parametrize(
    "params",
    [
        {"protocol": "snmp"},
        {"port": 0},
        {"users": [NOC]},
        {"protocol": "trap", "users": [{"user": "noc", "auth": "sha256", "auth_key": "short"}]},
        {"protocol": "trap", "users": [{"user": "noc", "priv": "aes", "priv_key": "privately1"}]},
        {"protocol": "trap", "users": [{"user": "noc", "auth": "sha256"}]},
    ],
)
async def test_a_parameter_that_makes_no_sense_is_unknown(rig: Rig, params: dict[str, object]) -> None:
    found = await rig.look(**{"protocol": "syslog", **params})  # type: ignore[arg-type]
    assert found.status is Status.UNKNOWN
    assert found.reason.startswith("bad parameter|")


async def test_it_listens_anew_when_the_check_says_otherwise_and_ends_with_the_plan(rig: Rig) -> None:
    results: asyncio.Queue[Result] = asyncio.Queue()
    loop = Loop({"listen": rig.probe}, SystemClock(), lambda check, at, result: results.put(result))
    first = rig.check()
    rig.port = free_port()
    second = rig.check()
    running = asyncio.create_task(loop.run())
    for check in (first, second):
        loop.take([check])
        loop.start(check.id)
        async with asyncio.timeout(60):
            assert (await results.get()).status is Status.UP
    assert _is_free(int(str(first.params["port"])))
    assert not _is_free(rig.port)
    rig.send(b"<131>heard")
    assert (await rig.next()).text == "error: heard"
    loop.take([])
    assert _is_free(rig.port)
    loop.take([second])
    loop.start(second.id)
    async with asyncio.timeout(60):
        assert (await results.get()).status is Status.UP
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert _is_free(rig.port)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((HERE, port))
        except OSError:
            return False
        return True


async def test_every_address_of_the_machine_is_heard(rig: Rig) -> None:
    check = rig.check()
    everywhere = Check(check.id, check.kind, sockets.ANY, 60_000, 10_000, check.params)
    assert (await rig.probe.run(everywhere)).status is Status.UP
    rig.send(b"<131>over four")
    assert (await rig.next()).source == HERE
    if socket.has_dualstack_ipv6():
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<131>over six", ("::1", rig.port))
        assert (await rig.next()).source == "::1"
