"""A real centre in a process of its own, with virtual agents whose lines a test cuts and heals."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import support_processes as support

from cli.data import open_state
from core.clock import SystemClock
from inventory.changes import put
from inventory.registry import PROVINCE, Registry
from inventory.seed import seed
from lab import province
from lab.eoffice.servers import free_port
from lab.fleet import Fleet
from lab.scenario import Event, Scenario
from lab.virtual import VirtualAgent
from web.auth.roles import Role
from web.auth.users import add_user

PASSWORD = "mật khẩu để thử nghiệm 2026"
CUT = (Event("cut", ["all"], at_s=0),)


class Centre:
    """`nhip serve` on a folder, and a fleet in a thread of this process."""

    def __init__(self, data: Path, port: int, agents: dict[str, VirtualAgent]) -> None:
        self.data, self.port, self.agents = data, port, agents
        self.url = f"http://127.0.0.1:{port}"

    def cut(self, unit: str) -> None:
        self.agents[unit].events = CUT

    def heal(self, unit: str) -> None:
        self.agents[unit].events = ()


@contextlib.contextmanager
def centre(folder: Path, *, virtual: int, alerts: str = "") -> Iterator[Centre]:
    """A seeded centre with the users `admin` and `viewer`, and virtual agents in the first units."""
    data = folder / "centre"
    port = free_port()
    clock = SystemClock()
    with open_state(data) as state:
        seed(state, clock.now(), addresses=False)
        units = [unit for unit in Registry(state).units(clock.now()) if unit.code != PROVINCE]
        links = [{"unit": u.code, "kind": "wan", "gateway": f"gw.{u.code}.lab"} for u in units]
        put(state, clock.now(), {"links": links})
        add_user(state, "admin", Role.ADMIN, PASSWORD, clock.now())
        add_user(state, "viewer", Role.VIEWER, PASSWORD, clock.now())
        new = province.places(state, clock, count=virtual, without=[PROVINCE], taken=0)
    if alerts:
        (data / "alerts.toml").touch(mode=0o600)
        (data / "alerts.toml").write_text(alerts, encoding="utf-8")
    command = [*support.NHIP, "serve", "--data", str(data), "--port", str(port)]
    log = folder / "centre.log"
    with support.process(command, log):
        try:
            support.until(lambda: support.answers(port), 60, f"the centre is ready; see {log}")
            credentials = asyncio.run(province.enrol(f"http://127.0.0.1:{port}", new))
            made = province.virtual_agents(credentials, units, Scenario(), clock.now())
            running = Centre(data, port, {agent.unit: agent for agent, _ in made})
            with _in_a_thread(Fleet(running.url, made)):
                yield running
        except BaseException:
            print(log.read_text(errors="replace")[-6_000:])
            raise


@contextlib.contextmanager
def _in_a_thread(fleet: Fleet) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    task = loop.create_task(fleet.run())

    def work() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
