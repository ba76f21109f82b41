"""What a scenario costs the agent: six steps at the lab's e-office, beside blackbox_exporter doing one GET of the same site.

The e-office is the real one, an application behind Debian's nginx with TLS; the agent runs as it does in a unit, over TLS to a
small centre, and is told at the end of the idle phase to do the visit each second. Each program is there twice: one trusts the
authority of the site alone, the other the system's store (with that authority in it). What a visit or a GET costs is the CPU time
of its process above what it took while idle, over their number; memory is what is resident above idle.

    python bench/scenario.py               two phases of a minute
    python bench/scenario.py --seconds 20
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import ssl
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import trustme

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from agent_footprint import LiveCentre, Measured, blackbox_probe, program  # noqa: E402
from support_agents import SECRET  # noqa: E402 - the paths above lead to them

from agents import credential as credentials  # noqa: E402
from core import wire  # noqa: E402
from core.clock import SystemClock  # noqa: E402
from lab.eoffice.app import ACCOUNTS  # noqa: E402
from lab.eoffice.authority import Authority  # noqa: E402
from lab.eoffice.pages import INCOMING  # noqa: E402
from lab.eoffice.servers import free_port, listens, server  # noqa: E402
from lab.eoffice.site import fronted, nginx  # noqa: E402

EACH_MS, TIMEOUT_MS = 1_000, 10_000
WARM_UP_S, LOOK_S, LAST_REPORT_S = 20.0, 0.5, 7.0
MOST_MS, MOST_MB = 15.0, 3.0
"""Promised: CPU of a visit, resident memory above idle (10⁶ bytes)."""
USER, PASSWORD = next(iter(ACCOUNTS.items()))
SIGN_IN, DOCUMENTS = "/dang-nhap", "/van-ban"
VISIT: list[dict[str, Any]] = [
    {"name": "Mở", "url": SIGN_IN, "expect": {"text": "Đăng nhập"}},
    {"name": "Lấy mã", "url": SIGN_IN, "save": {"csrf": {"css": "#sign-in input[name=csrf]"}}},
    {
        "name": "Đăng nhập",
        "url": SIGN_IN,
        "form": {"user": USER, "password": PASSWORD, "csrf": "{csrf}"},
        "expect": {"url": DOCUMENTS, "text": "Xin chào"},
    },
    {
        "name": "Danh sách",
        "url": DOCUMENTS,
        "save": {"so": {"css": "#documents tr:nth-child(2) > td.number"}},
        "expect": {"header": {"Content-Type": "text/html"}},
    },
    {"name": "Tìm", "url": DOCUMENTS, "expect": {"text": [INCOMING[0].number, INCOMING[0].about]}},
    {"name": "Thoát", "submit": "#sign-out", "expect": {"url": "/", "not_text": "Xin chào"}},
]
BLACKBOX = """modules:
  http: {{prober: http, timeout: 9s, http: {{preferred_ip_protocol: ip4{trust}}}}}
"""
OWN, SYSTEM = "its authority", "the system's store"


@dataclass
class Phases:
    """A program through both phases."""

    what: str
    trust: str
    program: Measured
    centre: LiveCentre | None = None
    """The agent's own."""
    port: int = 0
    """Where blackbox_exporter is asked."""
    mb: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    window: dict[str, tuple[int, int]] = field(default_factory=dict)
    """When the phase began and ended, in ms."""
    results: list[tuple[int, bool]] = field(default_factory=list)
    """When a visit or GET began, and whether all was well."""

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def done(self) -> list[bool]:
        """Those that began in the second phase."""
        began, ended = self.window["busy"]
        return [well for at, well in self.results if began <= at < ended]

    @property
    def cpu_ms(self) -> float:
        """Of one visit, or GET."""
        idle, busy = (ended - began for began, ended in (self.window["idle"], self.window["busy"]))
        return (self.cpu["busy"] - self.cpu["idle"] / idle * busy) / len(self.done) * 1_000

    def take(self) -> None:
        """What the agent reported since."""
        if self.centre is None:
            return
        for report in self.centre.reports.values():
            status, _ = report.results.words()
            self.results += [
                (at, said == "up") for at, said in zip(report.results.times(), status, strict=True)
            ]
        self.centre.reports.clear()

    @property
    def above_idle(self) -> tuple[float, float]:
        """MB at the end of the phase (mean of its last third), and at most."""
        idle, busy = self.mb["idle"], self.mb["busy"]
        before = mean(idle[len(idle) * 2 // 3 :])
        return mean(busy[len(busy) * 2 // 3 :]) - before, max(busy) - before


def trusted(folder: Path) -> tuple[Authority, Path]:
    """The authority of the site, and the system's store with it."""
    authority, bundle = Authority(folder / "authority"), folder / "store.pem"
    system = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    bundle.write_bytes(Path(system).read_bytes() + authority.root.read_bytes())
    return authority, bundle


async def bench(seconds: float, folder: Path, authority: Authority, bundle: Path) -> list[Phases]:
    async with contextlib.AsyncExitStack() as stack:
        port = free_port()
        application = [sys.executable, "-m", "lab.eoffice.serve", str(folder), str(port)]
        stack.enter_context(
            server(application, folder / "application.log", lambda: listens("127.0.0.1", port))
        )
        site = stack.enter_context(fronted(folder / "front", authority, port)).url
        found = [
            await _agent(stack, folder / "own", OWN, bundle),
            await _agent(stack, folder / "system", SYSTEM, bundle),
            *await _blackboxes(stack, folder, authority, bundle),
        ]
        await asyncio.sleep(WARM_UP_S)
        await _phase("idle", found, seconds)
        async with contextlib.AsyncExitStack() as busy:
            await _begin(busy, found, site, authority)
            await asyncio.sleep(WARM_UP_S)
            await _phase("busy", found, seconds)
            await asyncio.sleep(LAST_REPORT_S)
        for each in found:
            each.take()
        return found


async def _agent(stack: contextlib.AsyncExitStack, folder: Path, trust: str, bundle: Path) -> Phases:
    await asyncio.to_thread(folder.mkdir)
    ca = trustme.CA()
    ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    centre = LiveCentre(wire.Plan("11950", [], allowed=["127.0.0.0/8"]))
    url = await centre.start(ssl_certfile=str(folder / "server.pem"))
    stack.push_async_callback(centre.stop)
    credential = credentials.Credential(url, SECRET, "11950-3f2a", "11950", str(folder / "ca.pem"))
    credentials.store(folder / "agent", credential)
    command = ("env", f"SSL_CERT_FILE={bundle}", sys.executable, "-m", "agents", "run")
    running = await stack.enter_async_context(
        program("nhip-agent", *command, "--dir", str(folder / "agent"), log=folder / "agent.log")
    )
    return Phases("six steps", trust, running, centre)


async def _blackboxes(
    stack: contextlib.AsyncExitStack, folder: Path, authority: Authority, bundle: Path
) -> list[Phases]:
    path = shutil.which("prometheus-blackbox-exporter")
    if path is None:
        print("prometheus-blackbox-exporter is not installed: left out")
        return []
    found = []
    for trust, said in ((OWN, f", tls_config: {{ca_file: {authority.root}}}"), (SYSTEM, "")):
        port = free_port()
        config = folder / f"blackbox-{port}.yml"
        config.write_text(BLACKBOX.format(trust=said))
        command = ("env", f"SSL_CERT_FILE={bundle}", path, f"--config.file={config}")
        options = (f"--web.listen-address=127.0.0.1:{port}", "--log.level=error")
        running = await stack.enter_async_context(
            program("blackbox_exporter", *command, *options, log=folder / "blackbox.log")
        )
        found.append(Phases("one GET", trust, running, port=port))
    return found


async def _begin(
    stack: contextlib.AsyncExitStack, found: list[Phases], site: str, authority: Authority
) -> None:
    """From now on each of them visits the site."""
    for each in found:
        if each.centre is not None:
            params: dict[str, Any] = {"steps": VISIT}
            if each.trust == OWN:
                params["ca_file"] = str(authority.root)
            check = wire.PlanCheck(1, "scenario", site, EACH_MS, TIMEOUT_MS, params)
            each.centre.plan = wire.Plan("11950", [check], allowed=["127.0.0.0/8"])
            for channel in each.centre.channels:
                await channel.send_text(wire.encode(wire.PlanChanged()).decode())
        else:
            check = wire.PlanCheck(1, "http", f"{site}{SIGN_IN}", EACH_MS, TIMEOUT_MS)
            poll = asyncio.create_task(_polled(blackbox_probe(each.port, check), each))
            stack.callback(poll.cancel)


async def _polled(probe: Callable[[], Awaitable[bool]], each: Phases) -> None:
    loop, clock = asyncio.get_running_loop(), SystemClock()
    due = loop.time()
    while True:
        due += EACH_MS / 1_000
        await asyncio.sleep(due - loop.time())
        began = clock.now()
        each.results.append((began, await probe()))


async def _phase(name: str, found: list[Phases], seconds: float) -> None:
    clock, before = SystemClock(), []
    for each in found:
        each.program.look()
        before.append(each.program.cpu[-1])
        each.mb[name] = []
    began = clock.now()
    while clock.now() - began < seconds * 1_000:
        await asyncio.sleep(LOOK_S)
        for each in found:
            each.program.look()
            each.mb[name].append(each.program.rss[-1] / 1e6)
    for each, cpu in zip(found, before, strict=True):
        each.cpu[name] = each.program.cpu[-1] - cpu
        each.window[name] = (began, clock.now())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of each phase")
    seconds = parser.parse_args().seconds
    if not shutil.which(nginx()):
        print("skipped: needs nginx")
        print("RESULT " + json.dumps({"bench": "scenario", "skipped": True}))
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        found = asyncio.run(bench(seconds, Path(folder), *trusted(Path(folder))))
    print(f"each second for {seconds:g} s, after {seconds:g} s of idling; MB resident above idle")
    print(f"{'':20}{'':12}{'trusts':22}{'CPU ms':>8}{'MB':>7}{'most':>7}{'idle':>7}{'done':>6}{'failed':>8}")
    result: dict[str, object] = {"bench": "scenario", "seconds": seconds}
    kept = True
    for each in found:
        above, most = each.above_idle
        print(
            f"{each.name:20}{each.what:12}{each.trust:22}{each.cpu_ms:8.2f}{above:7.2f}{most:7.2f}"
            f"{mean(each.mb['idle']):7.1f}{len(each.done):6}{each.done.count(False):8}"
        )
        key = f"{each.name.replace('-', '_')}_{'own' if each.trust == OWN else 'system'}"
        result |= {f"{key}_cpu_ms": round(each.cpu_ms, 2), f"{key}_mb_above_idle": round(above, 2)}
        if each.centre is not None:
            kept = kept and each.cpu_ms < MOST_MS and most <= MOST_MB and all(each.done)
    result["kept"] = kept
    print(f"promised: under {MOST_MS:g} ms and at most {MOST_MB:g} MB: {'kept' if kept else 'not kept'}")
    print(f"RESULT {json.dumps(result)}")


if __name__ == "__main__":
    main()
