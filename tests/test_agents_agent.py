"""The whole agent against a small centre."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx2
import pytest
from support_agents import SECRET, Centre, Steady
from support_fake_ssh import PASSWORD, USER, serving
from test_agents_probe_config import cisco

from agents import agent as resident
from agents import credential as credentials
from agents import trigger
from agents.__main__ import main
from agents.agent import Agent
from agents.credential import Credential
from core import wire
from core.clock import SteadyClock
from core.errors import BadInput
from core.told import CONFIGURED, LINK_UP
from core.values import Check, Result, Status
from lab.eoffice.servers import free_port

ROOT = Path(__file__).parent.parent


NIGHT = 3 * 3_600_000
"""Of the day: none of the checks here that are due once in a day is due within an hour of it, whenever the tests run."""


class JumpyClock(SteadyClock):
    """A steady clock that begins at `NIGHT`, and whose wall clock the test moves."""

    moved = 0

    def __init__(self) -> None:
        super().__init__()
        self._offset += (NIGHT - self.now() % 86_400_000) * 1_000_000

    def jump(self) -> int:
        return self.moved


class Rig:
    """An agent in a directory, and its centre."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.centre = Centre(
            wire.Plan(
                "11950",
                [wire.PlanCheck(i, "steady", "192.0.2.1", 100, 50) for i in range(1, 6)],
                report_every_ms=50,
                heartbeat_ms=1_000,
            )
        )
        self.probe = Steady()
        self.clock = JumpyClock()
        self.task: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        self.credential = Credential(await self.centre.start(), SECRET, "11950-3f2a", "11950")
        credentials.store(self.directory, self.credential)

    def start(self, **options: int) -> None:
        self.agent = Agent(
            self.directory, self.credential, probes={"steady": self.probe}, clock=self.clock, **options
        )
        self.task = asyncio.create_task(self.agent.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.agent.stop()
            await asyncio.wait_for(self.task, 60)
            self.task = None

    def last(self) -> wire.Header:
        return list(self.centre.reports.values())[-1].header

    def documents(self) -> list[wire.Document]:
        return [document for report in self.centre.reports.values() for document in report.documents]

    def numbers(self) -> list[int]:
        return sorted(n for _, n, _, _ in self.centre.rows())


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    # So that an orderly end tells all on a busy machine, too.
    monkeypatch.setattr(resident, "_FLUSH_S", 30)
    rig = Rig(tmp_path)
    await rig.serve()
    yield rig
    await rig.stop()
    await rig.centre.stop()


async def test_it_fetches_its_plan_measures_and_reports(rig: Rig) -> None:
    rig.start()
    await rig.centre.until(lambda: {check for _, _, check, _ in rig.centre.rows()} == {1, 2, 3, 4, 5})
    header = rig.last()
    assert header.agent == "11950-3f2a"
    assert header.health.rss_bytes > 0
    assert header.life.clean_shutdown is None


async def test_it_tells_the_facts_of_its_machine_once(rig: Rig) -> None:
    rig.start()
    await rig.centre.until(lambda: bool(rig.documents()))
    told = len(rig.numbers())
    await rig.centre.until(lambda: len(rig.numbers()) > told + 20)
    documents = rig.documents()
    assert [document.kind for document in documents] == ["host"]
    assert documents[0].body["hardware"]["memory"] > 0


async def test_it_works_on_from_its_last_plan_when_it_starts_without_a_centre(rig: Rig) -> None:
    rig.start()
    await rig.centre.until(lambda: len(rig.numbers()) > 5)
    await rig.stop()
    await rig.centre.stop()
    runs = rig.probe.runs
    rig.start()
    async with asyncio.timeout(60):
        while rig.probe.runs < runs + 10:  # noqa: ASYNC110 - nobody tells when a probe has run
            await asyncio.sleep(0.01)
    await rig.centre.start(port=rig.centre.port)
    await rig.centre.until(lambda: len(rig.numbers()) >= runs + 10)
    assert rig.numbers() == list(range(1, len(rig.numbers()) + 1))


async def test_after_an_orderly_end_all_is_told_and_the_next_life_says_so(rig: Rig) -> None:
    rig.start()
    await rig.centre.until(lambda: len(rig.numbers()) > 5)
    await rig.stop()
    assert len(rig.numbers()) == rig.last().counters.produced
    rig.start()
    await rig.centre.until(lambda: rig.last().life.clean_shutdown is True)


async def test_a_wall_clock_that_jumps_becomes_an_event_and_results_go_on_in_steady_time(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "_HOUSEKEEPING_MS", 20)
    rig.start()
    await rig.centre.until(lambda: len(rig.numbers()) > 5)
    rig.clock.moved = -3_600_000
    await rig.centre.until(lambda: bool(rig.centre.events()))
    assert rig.centre.events()[0].kind == "clock jumped"
    assert "-3600000 ms" in rig.centre.events()[0].text
    times = [at for report in rig.centre.reports.values() for at in report.results.times()]
    assert max(times) - min(times) < 60_000


async def test_a_changed_plan_is_worked_by_when_the_channel_says_so(rig: Rig) -> None:
    rig.start()
    await rig.centre.until(lambda: len(rig.numbers()) > 5 and bool(rig.centre.channels))
    rig.centre.plan = wire.Plan(
        "11950", [wire.PlanCheck(99, "steady", "192.0.2.1", 100, 50)], report_every_ms=50, heartbeat_ms=1_000
    )
    await rig.centre.channels[-1].send_text(wire.encode(wire.PlanChanged()).decode())
    await rig.centre.until(lambda: any(check == 99 for _, _, check, _ in rig.centre.rows()))


CONFIGS = [
    wire.PlanCheck(7, "config", "10.0.0.2", 86_400_000, 8_000),
    wire.PlanCheck(8, "sweep", "*", 86_400_000, 8_000),
    wire.PlanCheck(9, "steady", "192.0.2.1", 100, 50),
]


def ran(rig: Rig) -> set[int]:
    """Checks that had a result; kinds that this agent has no probe for say so when they run."""
    return {check for _, _, check, _ in rig.centre.rows()}


async def test_a_configuration_is_fetched_out_of_turn_when_the_centre_asks_and_nothing_else_is(
    rig: Rig,
) -> None:
    # Heartbeats so rare that no channel is left while its messages are under way: they are not sent again.
    rig.centre.plan = wire.Plan("11950", CONFIGS, report_every_ms=50, heartbeat_ms=10_000)
    rig.start()
    await rig.centre.until(lambda: ran(rig) == {9} and bool(rig.centre.channels))
    for check in (8, 99, 7):
        await rig.centre.channels[-1].send_text(wire.encode(wire.Run(check)).decode())
    await rig.centre.until(lambda: 7 in ran(rig))
    assert ran(rig) == {7, 9}


async def test_a_change_that_its_device_tells_of_has_the_configuration_fetched(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "_HOUSEKEEPING_MS", 20)
    monkeypatch.setattr(trigger, "SETTLED_MS", 40)
    rig.centre.plan = wire.Plan("11950", CONFIGS, report_every_ms=50, heartbeat_ms=1_000)
    rig.start()
    await rig.centre.until(lambda: ran(rig) == {9})
    now = rig.clock.now()
    await rig.agent._tell(wire.Event(now, CONFIGURED, "by an", "10.0.0.3"))
    await rig.agent._tell(wire.Event(now, LINK_UP, "ether1", "10.0.0.2"))
    told = len(rig.numbers())
    await rig.centre.until(lambda: len(rig.numbers()) > told + 5)
    assert ran(rig) == {9}
    await rig.agent._tell(wire.Event(now, CONFIGURED, "by an", "10.0.0.2"))
    await rig.centre.until(lambda: ran(rig) == {7, 9})


async def test_a_burst_of_messages_of_a_change_has_the_configuration_read_once_when_it_is_over(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the datagrams to a real sign-in; only the minute of waiting is shorter."""
    monkeypatch.setattr(resident, "_HOUSEKEEPING_MS", 20)
    monkeypatch.setattr(trigger, "SETTLED_MS", 700)
    port, device = free_port(), cisco()
    async with serving(device) as at:
        access = {"vendor": "cisco", "user": USER, "password": PASSWORD, "port": at.port}
        syslog = {"protocol": "syslog", "port": port, "tcp": False, "events_per_minute": 600}
        rig.centre.plan = wire.Plan(
            "11950",
            [
                wire.PlanCheck(7, "config", "127.0.0.1", 86_400_000, 60_000, access, role="survey"),
                wire.PlanCheck(8, "listen", "127.0.0.1", 86_400_000, 5_000, syslog, role="survey"),
                wire.PlanCheck(9, "steady", "192.0.2.9", 100, 50),
            ],
            report_every_ms=50,
            heartbeat_ms=100,
            allowed=["127.0.0.0/8"],
        )
        rig.agent = Agent(rig.directory, rig.credential, clock=rig.clock)
        rig.agent._probes = {**rig.agent._probes, "steady": rig.probe}
        rig.task = asyncio.create_task(rig.agent.run())
        await rig.centre.until(lambda: ran(rig) == {8, 9})
        for times in (1, 2):
            paste(port, 30)
            await rig.centre.until(partial(told, rig, times), 120)
            seen = len(rig.numbers())
            # Twice as long as what is changed takes to settle.
            await rig.centre.until(partial(measured, rig, seen + 14))
            assert configs(rig) == device.heard.count("show running-config") == times


def paste(port: int, lines: int) -> None:
    """What a device says of somebody who changes so many lines of it: in one go, or a busy machine makes two bursts of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(lines):
            message = f"<189>{number}: %SYS-5-CONFIG_I: Configured from console by an on vty0 (10.0.0.9)"
            sender.sendto(message.encode(), ("127.0.0.1", port))


def measured(rig: Rig, count: int) -> bool:
    return len(rig.numbers()) > count


def told(rig: Rig, times: int) -> bool:
    return configs(rig) == times


def configs(rig: Rig) -> int:
    return sum(document.kind == "config" for document in rig.documents())


async def test_what_changes_while_it_is_read_is_read_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "_HOUSEKEEPING_MS", 20)
    monkeypatch.setattr(trigger, "SETTLED_MS", 40)
    reading, go_on = asyncio.Event(), asyncio.Event()
    runs = 0

    class Slow:
        async def run(self, check: Check) -> Result:
            nonlocal runs
            runs += 1
            reading.set()
            await go_on.wait()
            return Result(Status.UP)

        def place(self, check: Check) -> int:
            return 0

    rig.centre.plan = wire.Plan("11950", CONFIGS, report_every_ms=50, heartbeat_ms=100)
    rig.agent = Agent(
        rig.directory, rig.credential, probes={"config": Slow(), "steady": rig.probe}, clock=rig.clock
    )
    rig.task = asyncio.create_task(rig.agent.run())
    await rig.centre.until(lambda: 9 in ran(rig))
    await rig.agent._tell(wire.Event(rig.clock.now(), CONFIGURED, "by an", "10.0.0.2"))
    await reading.wait()
    reading.clear()
    await rig.agent._tell(wire.Event(rig.clock.now(), CONFIGURED, "by an", "10.0.0.2"))
    seen = len(rig.numbers())
    await rig.centre.until(lambda: len(rig.numbers()) > seen + 5)
    assert runs == 1
    go_on.set()
    await asyncio.wait_for(reading.wait(), 60)
    assert runs == 2


async def test_a_check_that_is_nonsense_harms_no_other(rig: Rig) -> None:
    rig.probe.result = Result(Status.UP, figures={"x_seconds": float("inf"), "y_seconds": 1.0})
    rig.centre.plan = wire.Plan(
        "11950",
        [wire.PlanCheck(1, "nonsense", "", 100, 50), wire.PlanCheck(2, "steady", "", 100, 50)],
        report_every_ms=50,
    )
    rig.start()
    await rig.centre.until(lambda: {check for _, _, check, _ in rig.centre.rows()} == {1, 2})


async def test_two_agents_do_not_share_a_directory(rig: Rig) -> None:
    rig.start()
    await rig.centre.until(lambda: len(rig.numbers()) > 0)
    with pytest.raises(BadInput, match="another agent"):
        await Agent(rig.directory, rig.credential).run()


async def test_metrics_are_served_on_loopback_when_asked_for(rig: Rig) -> None:
    port = free_port()
    rig.start(metrics_port=port)
    # Its heart is heard on a channel that is open at its end, too.
    await rig.centre.until(lambda: len(rig.numbers()) > 5 and bool(rig.centre.messages))
    async with httpx2.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    values = dict(line.split() for line in text.splitlines() if not line.startswith("#"))
    assert float(values["nhip_agent_results_produced_total"]) > 5
    assert values["nhip_agent_channel_connected"] == "1.0"
    assert float(values["nhip_agent_resident_memory_bytes"]) > 10 << 20


async def test_the_program_ends_in_order_on_sigterm(rig: Rig) -> None:
    rig.centre.plan = wire.Plan(
        "11950",
        [wire.PlanCheck(1, "tcp", f"127.0.0.1:{rig.centre.port}", 100, 90)],
        report_every_ms=50,
        allowed=["127.0.0.1"],
    )
    # It has time to tell all at its end, on a busy machine, too.
    code = "import sys, agents.agent; agents.agent._FLUSH_S = 30; from agents.__main__ import main; sys.exit(main(sys.argv[1:]))"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        "run",
        "--dir",
        rig.directory,
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    await rig.centre.until(lambda: len(rig.numbers()) > 3)
    os.kill(process.pid, signal.SIGTERM)
    _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert (rig.directory / "ended-in-order").exists()
    assert len(rig.numbers()) == rig.last().counters.produced


async def test_the_program_finds_a_centre_that_has_moved_and_keeps_its_address(rig: Rig) -> None:
    url = rig.credential.url
    credentials.store(rig.directory, Credential("http://127.0.0.1:1", SECRET, "11950-3f2a", "11950"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agents", "run", "--dir", rig.directory, "--url", url, cwd=ROOT
    )
    await rig.centre.until(lambda: bool(rig.centre.reports))
    os.kill(process.pid, signal.SIGTERM)
    assert await process.wait() == 0
    assert credentials.load(rig.directory) == rig.credential


async def test_status_shows_what_waits(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.start()
    await rig.centre.until(lambda: len(rig.numbers()) > 5)
    await rig.stop()
    assert main(["status", "--dir", str(rig.directory)]) == 0
    shown = capsys.readouterr().out
    assert "11950-3f2a for unit 11950" in shown
    assert "5 checks" in shown
    assert " 0 waiting" in shown


def test_running_without_enrolment_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--dir", str(tmp_path)]) == 1
    assert "nhip-agent enrol" in capsys.readouterr().err


def test_a_directory_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    credentials.store(tmp_path, Credential("http://127.0.0.1:1", SECRET, "11950-3f2a", "11950"))
    (tmp_path / "outbox.db").mkdir()
    assert main(["run", "--dir", str(tmp_path)]) == 1
    assert "unable to open database file" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["enrol"], ["run"], ["status"]])
def test_every_command_has_help_with_an_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "example: nhip-agent" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("nhip-agent ")


def test_a_running_agent_loads_nothing_heavy() -> None:
    heavy = "scapy netmiko paramiko pysnmp pydantic fastapi sqlalchemy numpy prometheus_client argparse rich click httpx2 anyio psutil"
    code = f"import sys, agents.agent; print([m for m in {heavy.split()} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


class Falls:
    """A line that is well, then not, then well again."""

    def __init__(self) -> None:
        self.status = Status.UP

    async def run(self, check: Check) -> Result:
        return Result(self.status)


async def test_a_line_that_goes_bad_is_traced_at_once_and_its_hops_are_told(rig: Rig) -> None:
    line = Falls()
    hops = Steady(Result(Status.UP, "", {"hops": 1.0}, (("path", {"target": "192.0.2.9", "hops": []}),)))
    rig.centre.plan = wire.Plan(
        "11950",
        [
            wire.PlanCheck(1, "falls", "192.0.2.1", 100, 50, role="line"),
            wire.PlanCheck(2, "path", "192.0.2.9", 86_400_000, 50, role="survey"),
        ],
        report_every_ms=50,
        heartbeat_ms=1_000,
    )
    rig.agent = Agent(rig.directory, rig.credential, probes={"falls": line, "path": hops}, clock=rig.clock)
    rig.task = asyncio.create_task(rig.agent.run())

    def paths() -> int:
        return sum(document.kind == "path" for document in rig.documents())

    await rig.centre.until(lambda: any(check == 1 for _, _, check, _ in rig.centre.rows()))
    assert hops.runs == 0
    line.status = Status.DOWN
    await rig.centre.until(lambda: paths() == 1)
    line.status = Status.UP
    await rig.centre.until(lambda: paths() == 2)
    assert [k for _, _, check, k in rig.centre.rows() if check == 2] == [1, 2]
    assert rig.documents()[-1].body == {"target": "192.0.2.9", "hops": []}


async def test_what_a_device_sends_is_told_with_its_address_and_the_agent_hears_from_the_start_on(
    rig: Rig,
) -> None:
    port = free_port()
    rig.centre.plan = wire.Plan(
        "11950",
        [wire.PlanCheck(9, "listen", "127.0.0.1", 86_400_000, 5_000, {"protocol": "syslog", "port": port})],
        report_every_ms=50,
        heartbeat_ms=1_000,
    )
    rig.agent = Agent(rig.directory, rig.credential, clock=rig.clock)
    rig.task = asyncio.create_task(rig.agent.run())
    await rig.centre.until(lambda: bool(rig.centre.rows()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.sendto(b"<190>ether1 link down", ("127.0.0.1", port))
    await rig.centre.until(lambda: bool(rig.centre.events()))
    (event,) = rig.centre.events()
    assert (event.kind, event.text, event.source) == ("link down", "ether1 link down", "127.0.0.1")
    assert abs(event.at - rig.clock.now()) < 60_000
    await rig.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as after:
        after.bind(("127.0.0.1", port))
