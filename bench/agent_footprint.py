"""What an agent costs its machine: memory and CPU of 40 checks each 10 s, beside two peers at the same work.

The agent runs as it does in a unit, over TLS to a small centre; Debian's prometheus-blackbox-exporter and
zabbix-agent2 are asked for the same probes at the same times. All targets are servers on loopback that the bench
starts. Zabbix's agent has no ICMP probe (its server runs fping) and asks DNS servers on port 53 only: it is given
TCP checks in the place of both, which cost less.

    python bench/agent_footprint.py             three minutes
    python bench/agent_footprint.py --minutes 60
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import struct
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.rrset
import trustme

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support_agents import SECRET, Centre  # noqa: E402 - the path above leads to it

from agents import credential as credentials  # noqa: E402
from agents.schedule import phase  # noqa: E402
from agents.session import NoAnswer, Session  # noqa: E402
from core import wire  # noqa: E402
from core.clock import SystemClock  # noqa: E402

CHECKS, INTERVAL_MS, TIMEOUT_MS = 40, 10_000, 3_000
KINDS = ("icmp", "tcp", "http", "dns")
WARM_UP_S = 30.0
NAME = "footprint.example"
_ports = iter(range(20_000, 32_000))
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Measured:
    """One program over the time of the bench."""

    name: str
    pid: int
    rss: list[int] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    probes: int = 0
    failed: int = 0

    def look(self) -> None:
        self.rss.append(int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE)
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        # Its own time and that of children it has waited for (utime, stime, cutime, cstime of proc(5)).
        self.cpu.append(sum(map(int, fields[11:15])) / _TICK)


@dataclass
class Targets:
    """Where the loopback servers listen."""

    tcp: int
    http: int
    dns: int


class LiveCentre(Centre):
    """Tells the true time, and counts results instead of keeping them."""

    results = 0
    bad = 0

    @property
    def clock_ms(self) -> int:
        return SystemClock().now()

    @clock_ms.setter
    def clock_ms(self, _: int) -> None: ...

    def rows_of(self, measured: Measured) -> None:
        for report in self.reports.values():
            measured.probes += len(report.results.check)
            measured.failed += sum(many for status, _, many in report.results.outcome if status != "up")
        self.reports.clear()
        self.bodies.clear()
        self.messages.clear()


class DnsServer(asyncio.DatagramProtocol):
    """Answers every question with one address."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.1"))
        self._transport.sendto(answer.to_wire(), addr)


@contextlib.asynccontextmanager
async def targets() -> AsyncIterator[Targets]:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(1)
        writer.close()

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            body = b"<html>" + b"x" * 2_000 + b"</html>"
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body)
            )
            await writer.drain()
        writer.close()

    tcp = await asyncio.start_server(take, "127.0.0.1", 0)
    http = await asyncio.start_server(page, "127.0.0.1", 0)
    names, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        DnsServer, local_addr=("127.0.0.1", 0)
    )
    try:
        yield Targets(
            tcp.sockets[0].getsockname()[1],
            http.sockets[0].getsockname()[1],
            names.get_extra_info("sockname")[1],
        )
    finally:
        tcp.close()
        http.close()
        names.close()


def plan(at: Targets) -> wire.Plan:
    shapes: dict[str, tuple[str, dict[str, object]]] = {
        "icmp": ("127.0.0.1", {"count": 1}),
        "tcp": (f"127.0.0.1:{at.tcp}", {}),
        "http": (f"http://127.0.0.1:{at.http}/", {}),
        "dns": (NAME, {"server": f"127.0.0.1:{at.dns}"}),
    }
    checks = [
        wire.PlanCheck(i + 1, kind, shapes[kind][0], INTERVAL_MS, TIMEOUT_MS, shapes[kind][1])
        for i, kind in enumerate(KINDS[i % len(KINDS)] for i in range(CHECKS))
    ]
    return wire.Plan("11950", checks, allowed=["127.0.0.0/8"])


@contextlib.asynccontextmanager
async def program(name: str, *command: str, log: Path) -> AsyncIterator[Measured]:
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=out, stderr=out)
    try:
        yield Measured(name, process.pid)
    finally:
        if process.returncode is not None:
            print(f"{name} ended by itself ({process.returncode}):", file=sys.stderr)
            print((await asyncio.to_thread(log.read_text))[-2000:], file=sys.stderr)
        else:
            process.terminate()
            await process.wait()


async def each_interval(check: int, probe: Callable[[], Awaitable[bool]], measured: Measured) -> None:
    """What a server does that polls a peer: the same check at the same times as the agent has it."""
    clock = SystemClock()
    place = phase(check, INTERVAL_MS)
    while True:
        now = clock.now()
        await clock.sleep_until(now + INTERVAL_MS - (now - place) % INTERVAL_MS)
        measured.probes += 1
        measured.failed += not await probe()


def free_port() -> int:
    # Zabbix takes none past 32767, where those that the kernel gives out begin.
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port")


def blackbox_probe(port: int, check: wire.PlanCheck) -> Callable[[], Awaitable[bool]]:
    session = Session(f"http://127.0.0.1:{port}", None)
    target = str(check.params["server"]) if check.kind == "dns" else check.target

    async def probe() -> bool:
        try:
            answer = await session.request("GET", f"/probe?module={check.kind}&target={target}")
        except NoAnswer:
            return False
        return b"\nprobe_success 1\n" in answer.body

    return probe


def zabbix_probe(port: int, check: wire.PlanCheck, at: Targets) -> Callable[[], Awaitable[bool]]:
    tcp = f"net.tcp.service[tcp,127.0.0.1,{at.tcp}]"
    # Its DNS key takes no port, and a bench has no right to port 53: a TCP check stands in for it as well.
    key = {"http": f"web.page.get[127.0.0.1,/,{at.http}]"}.get(check.kind, tcp)

    async def probe() -> bool:
        # Zabbix's passive protocol: "ZBXD", flags, length in eight bytes, the key; the answer alike.
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return False
        try:
            writer.write(b"ZBXD\x01" + struct.pack("<Q", len(key)) + key.encode())
            answer = (await reader.read(-1))[13:]
            return answer == b"1" or answer.startswith(b"HTTP/1.1 200")
        finally:
            writer.close()

    return probe


BLACKBOX = f"""modules:
  icmp: {{prober: icmp, timeout: 3s, icmp: {{preferred_ip_protocol: ip4}}}}
  tcp: {{prober: tcp, timeout: 3s}}
  http: {{prober: http, timeout: 3s, http: {{preferred_ip_protocol: ip4}}}}
  dns: {{prober: dns, timeout: 3s, dns: {{query_name: {NAME}, query_type: A, preferred_ip_protocol: ip4}}}}
"""


async def bench(minutes: float, directory: Path) -> list[Measured]:
    ca = trustme.CA()
    ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(directory / "server.pem"))
    ca.cert_pem.write_to_path(str(directory / "ca.pem"))
    async with contextlib.AsyncExitStack() as stack:
        at = await stack.enter_async_context(targets())
        centre = LiveCentre(plan(at))
        url = await centre.start(ssl_certfile=str(directory / "server.pem"))
        stack.push_async_callback(centre.stop)
        credential = credentials.Credential(url, SECRET, "11950-3f2a", "11950", str(directory / "ca.pem"))
        credentials.store(directory / "agent", credential)
        command = (sys.executable, "-m", "agents", "run", "--dir", str(directory / "agent"))
        agent = await stack.enter_async_context(program("nhip-agent", *command, log=directory / "agent.log"))
        all_of_them = [agent]
        polls: list[asyncio.Task[None]] = []
        for start in (start_blackbox, start_zabbix):
            peer = await start(stack, directory, at, centre.plan.checks, polls)
            if peer is not None:
                all_of_them.append(peer)
        await asyncio.sleep(WARM_UP_S)
        centre.rows_of(agent)
        for each in all_of_them:
            each.probes = each.failed = 0
        for _ in range(max(1, round(minutes * 12))):
            for each in all_of_them:
                each.look()
            await asyncio.sleep(5)
            centre.rows_of(agent)
        for each in all_of_them:
            each.look()
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)
        return all_of_them


async def start_blackbox(
    stack: contextlib.AsyncExitStack,
    directory: Path,
    _: Targets,
    checks: list[wire.PlanCheck],
    polls: list[asyncio.Task[None]],
) -> Measured | None:
    path = shutil.which("prometheus-blackbox-exporter")
    if path is None:
        print("prometheus-blackbox-exporter is not installed: left out")
        return None
    port, config = free_port(), directory / "blackbox.yml"
    config.write_text(BLACKBOX)
    command = (path, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error")
    peer = await stack.enter_async_context(
        program("blackbox_exporter", *command, log=directory / "blackbox.log")
    )
    polls += [
        asyncio.create_task(each_interval(check.id, blackbox_probe(port, check), peer)) for check in checks
    ]
    return peer


async def start_zabbix(
    stack: contextlib.AsyncExitStack,
    directory: Path,
    at: Targets,
    checks: list[wire.PlanCheck],
    polls: list[asyncio.Task[None]],
) -> Measured | None:
    path = shutil.which("zabbix_agent2", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        print("zabbix-agent2 is not installed: left out")
        return None
    port, config = free_port(), directory / "zabbix.conf"
    config.write_text(
        f"LogType=console\nServer=127.0.0.1\nListenIP=127.0.0.1\nListenPort={port}\nHostname=bench\n"
        f"ControlSocket={directory}/zabbix.sock\nPluginSocket={directory}/plugin.sock\n"
    )
    peer = await stack.enter_async_context(
        program("zabbix_agent2", path, "-f", "-c", str(config), log=directory / "zabbix.log")
    )
    polls += [
        asyncio.create_task(each_interval(check.id, zabbix_probe(port, check, at), peer)) for check in checks
    ]
    return peer


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=3.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as directory:
        measured = asyncio.run(bench(minutes, Path(directory)))
    print(
        f"{CHECKS} checks each {INTERVAL_MS // 1000} s for {minutes:g} min after {WARM_UP_S:g} s of warm-up"
    )
    print(f"{'':20}{'RSS MB':>8}{'largest':>9}{'growth':>8}{'CPU %':>8}{'probes':>8}{'failed':>8}")
    result: dict[str, float] = {"minutes": minutes}
    seconds = 5.0 * (len(measured[0].rss) - 1)
    for each in measured:
        rss, largest = each.rss[-1] / 1e6, max(each.rss) / 1e6
        growth = (each.rss[-1] - each.rss[len(each.rss) // 3]) / 1e6
        cpu = 100 * (each.cpu[-1] - each.cpu[0]) / seconds
        print(f"{each.name:20}{rss:8.1f}{largest:9.1f}{growth:8.2f}{cpu:8.2f}{each.probes:8}{each.failed:8}")
        name = each.name.replace("-", "_")
        result |= {f"{name}_rss_mb": round(rss, 1), f"{name}_cpu_percent": round(cpu, 3)}
        if each is measured[0]:
            result |= {"growth_mb": round(growth, 2), "probes": each.probes, "failed": each.failed}
        else:
            own = measured[0]
            result[f"rss_over_{name}"] = round(own.rss[-1] / each.rss[-1], 2)
            if each.cpu[-1] > each.cpu[0]:
                result[f"cpu_over_{name}"] = round(
                    (own.cpu[-1] - own.cpu[0]) / (each.cpu[-1] - each.cpu[0]), 2
                )
    print(f"RESULT {json.dumps(result)}")


if __name__ == "__main__":
    main()
