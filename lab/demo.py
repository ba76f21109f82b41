"""`make run`: a whole province on one machine, with real parts where a machine can have them.

The centre (`nhip serve`, with its own agent), one real agent for this machine in one of the 188 units, a real
e-office site with TLS, and a virtual agent for each of the other 187 units. Everything is a child process of this
one and ends with it; everything is kept in one folder and goes on from there at the next start.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path

import httpx2

from cli.child import kept_running
from cli.data import is_enrolled, open_state
from collector.agents import Agents
from core.clock import SystemClock
from core.values import Level
from inventory.catalogue import write_service
from inventory.changes import Value, put
from inventory.registry import PROVINCE, Registry, Unit
from inventory.seed import seed
from inventory.state import State
from lab.site import MARK, make_certificate
from web.auth.users import create_first_admin

SCENARIO = Path(__file__).parent / "scenarios" / "everyday.toml"
HERE = "so-tttt"
"""The unit in which this machine's own agent stands."""
WATCHED = "mot-cua"
"""The service that the site stands for."""


async def run(data: Path, port: int, scenario: Path) -> None:
    """Set up what is missing in `data`, start everything, and wait for Ctrl-C (or SIGTERM, at any time)."""
    await until_signal(_run(data, port, scenario))
    print("Ended.", flush=True)


async def _run(data: Path, port: int, scenario: Path) -> None:
    url = f"http://127.0.0.1:{port}"
    site_port = _free_port(prefer=port + 363)
    with open_state(data) as state:
        password = _prepare(state, data, site_port)
        token = _own_token(state, data)
    nhip = [sys.executable, "-m", "cli.main"]
    agent = [sys.executable, "-m", "agents"]
    own = ["--dir", str(data / "agent-here"), "--url", url]
    async with contextlib.AsyncExitStack() as stack:
        start = stack.enter_async_context
        await start(
            kept_running([*nhip, "lab", "site", "--folder", str(data / "site"), "--port", str(site_port)])
        )
        await start(kept_running([*nhip, "serve", "--data", str(data), "--port", str(port)]))
        await _ready(url)
        first = [*agent, "enrol", *own, "--token", token] if token is not None else None
        await start(kept_running([*agent, "run", *own], first=first))
        fleet = ["lab", "fleet", "--url", url, "--data", str(data), "--count", "187", "--without", HERE]
        await start(kept_running([*nhip, *fleet, "--scenario", str(scenario)]))
        print(f"\n  Nhịp: {url}", flush=True)
        if password is not None:
            print(f"  Sign in as admin with the password {password} (shown this once)", flush=True)
        print("  Ctrl-C ends everything.\n", flush=True)
        await asyncio.Event().wait()


async def until_signal(work: Coroutine[object, object, None]) -> None:
    """Run `work` until it ends or this process is asked to end (SIGINT, SIGTERM, or its terminal closes): then it is
    cancelled."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked.set)
    waiting = asyncio.create_task(asked.wait())
    tasks = {waiting, asyncio.create_task(work)}
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


def _prepare(state: State, data: Path, site_port: int) -> str | None:
    """The registry of the province and what is watched in it; the first admin's password, once."""
    now = SystemClock().now()
    seed(state, now, addresses=False)
    units = [unit for unit in Registry(state).units(now) if unit.code != PROVINCE]
    ca = make_certificate(data / "site", "127.0.0.1", "localhost")
    where = f"127.0.0.1:{site_port}"
    # This machine's own addresses are what the demo watches.
    settings = [{"name": "allowed_addresses", "value": "127.0.0.0/8"}]
    put(state, now, {"links": [_link_of(unit) for unit in units], "settings": settings})
    page = {"ca_file": str(ca), "body_contains": MARK}
    checks = [
        _check("Trang chủ", "http", "{address}", page),
        _check("Chứng thư", "tls", "{endpoint}", {"ca_file": str(ca)}),
        _check("Kết nối", "tcp", "{endpoint}", {}),
    ]
    write_service(state, now, {"code": WATCHED, "name": MARK, "address": f"https://{where}/"}, checks)
    return create_first_admin(state, now)


def _check(name: str, kind: str, target: str, params: Mapping[str, object]) -> dict[str, Value]:
    every = {"interval_ms": 30_000, "timeout_ms": 10_000}
    return {"name": name, "kind": kind, "target": target, "params": params, **every}


def _link_of(unit: Unit) -> dict[str, Value]:
    """This machine's unit has addresses of the loopback for its own; virtual ones have names that say so."""
    link = {"unit": unit.code, "kind": "wan"}
    if unit.code == HERE:
        return {**link, "gateway": "127.0.0.2", "hub": "127.0.0.3", "router": "127.0.0.4"}
    hub = unit.parent if unit.level is Level.COMMUNE else PROVINCE
    return {**link, "gateway": f"gw.{unit.code}.lab", "hub": f"hub.{hub}.lab"}


def _own_token(state: State, data: Path) -> str | None:
    if is_enrolled(data / "agent-here"):
        return None
    return Agents(state, SystemClock()).create_token(HERE)


def _free_port(prefer: int) -> int:
    for port in (prefer, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise RuntimeError("no free TCP port on loopback")


async def _ready(url: str, within_s: int = 60) -> None:
    async with httpx2.AsyncClient(base_url=url) as http:
        for _ in range(within_s * 4):
            with contextlib.suppress(httpx2.HTTPError):
                if (await http.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.25)
    raise RuntimeError(f"the centre was not ready within {within_s} s; see its messages above")
