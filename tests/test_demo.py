"""`make run` as it is: the three verbs of the product on real input, from the agent to the page; Ctrl-C; a second start.

One story on one folder, told in order.
"""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
import support_processes as support

from lab.demo import HERE
from lab.eoffice.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.alone]

STARTS_WITHIN_S = 120.0


class Demo:
    """A running `nhip lab demo`, and a session signed in to it."""

    def __init__(self, folder: Path) -> None:
        self.data, self.log = folder / "data", folder / "demo.log"
        self.password = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx2.Client()

    def start(self) -> None:
        self.port = free_port()
        self.log.unlink(missing_ok=True)
        command = [*support.NHIP, "lab", "demo", "--data", str(self.data), "--port", str(self.port)]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, cwd=support.ROOT, start_new_session=True
            )
        support.until(lambda: "Ctrl-C" in self.said(), STARTS_WITHIN_S, f"the demo is up; see {self.log}")
        if found := re.search(r"with the password (\S+)", self.said()):
            self.password = found[1]
        url = f"http://127.0.0.1:{self.port}"
        self.http.close()
        self.http = httpx2.Client(base_url=url, timeout=60)
        form = {"name": "admin", "password": self.password}
        assert self.http.post("/sign-in", data=form, headers={"Origin": url}).status_code == 303

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def get(self, path: str) -> Any:
        answer = self.http.get(f"/api/v1/{path}")
        answer.raise_for_status()
        return answer.json()

    def checks(self, kind: str) -> list[dict[str, Any]]:
        """The checks of this kind that this machine's own agent runs, with a status."""
        found = self.get(f"units/{HERE}/checks")["items"]
        return [one for one in found if one["kind"] == kind and one["vantage"] == HERE]

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> list[int]:
        """Ctrl-C, or another signal. The processes that it had started."""
        assert self.process is not None
        children = support.children_of(self.process.pid)
        self.process.send_signal(number)
        self.process.wait(60)
        return children


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    made = Demo(tmp_path_factory.mktemp("demo"))
    try:
        made.start()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.interrupt()
        made.http.close()
        print(made.said()[-4_000:])


def works(demo: Demo, kind: str) -> bool:
    found = demo.checks(kind)
    return bool(found) and all(one["status"] == "up" and one["figures"] for one in found)


def test_all_188_units_are_on_the_wall_and_known(demo: Demo) -> None:
    def known() -> bool:
        units = demo.get("units?limit=500")["items"]
        watched = [unit for unit in units if unit["level"] != "province"]
        return len(watched) == 188 and all(unit["status"] != "unknown" for unit in watched)

    took = support.until(known, 180, "188 units with a state")
    print(f"188 units known {took:.1f} s after the start")
    assert demo.http.get("/").text.count('class="tile ') == 188


def test_links_are_measured_by_this_machines_own_agent(demo: Demo) -> None:
    support.until(lambda: works(demo, "icmp"), 120, "ICMP checks up, with figures")
    support.until(lambda: works(demo, "tcp"), 120, "the TCP check up, with figures")
    roles = {one["role"] for one in demo.checks("icmp")}
    assert {"lan", "line"} <= roles


def test_a_real_site_with_tls_is_watched(demo: Demo) -> None:
    support.until(lambda: works(demo, "http"), 120, "the HTTP check up, with figures")
    support.until(lambda: works(demo, "tls"), 120, "the TLS check up, with figures")
    phases = demo.checks("http")[0]["figures"]
    assert {"resolve_seconds", "connect_seconds", "tls_seconds", "first_byte_seconds"} <= set(phases)
    assert demo.checks("tls")[0]["figures"]["expires_in_seconds"]


def test_this_machine_is_in_the_inventory_and_on_the_page(demo: Demo) -> None:
    support.until(lambda: demo.get(f"units/{HERE}/devices")["items"], 120, "a device")
    name = psutil.os.uname().nodename  # type: ignore[attr-defined]
    page = demo.http.get(f"/units/{HERE}").text
    assert name in page
    assert "Một cửa điện tử" in page


def test_the_sums_of_its_agent_close(demo: Demo) -> None:
    agents = [one for one in demo.get("agents?limit=500")["items"] if one["unit"] == HERE]
    assert len(agents) == 1
    epochs = demo.get(f"agents/{agents[0]['agent']}")["epochs"]
    assert epochs[0]["received"] > 0
    assert epochs[0]["missing"] == 0


def test_ctrl_c_ends_everything_it_started(demo: Demo) -> None:
    children = demo.interrupt()
    assert len(children) >= 5
    assert [pid for pid in children if psutil.pid_exists(pid)] == []


def test_it_goes_on_from_its_data_on_another_port(demo: Demo) -> None:
    demo.start()

    def heard_again() -> bool:
        agents = {one["unit"]: one for one in demo.get("agents?limit=500")["items"]}
        return all(agents[unit]["connected"] for unit in (HERE, "33"))

    support.until(heard_again, 120, "both real agents on the new port")
    assert demo.get(f"units/{HERE}/devices")["items"]


def test_a_terminal_that_closes_ends_everything_too(demo: Demo) -> None:
    children = demo.interrupt(signal.SIGHUP)
    assert len(children) >= 5
    assert [pid for pid in children if psutil.pid_exists(pid)] == []
