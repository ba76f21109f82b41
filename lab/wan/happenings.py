"""What happens in the province beside its lines: power cuts, dead agents, loose cables, a centre that stops, planned work.

Each can be undone. A machine whose power comes back tells another boot id and boot time, as a real one does: its
agent runs in a mount namespace of its own (`ip netns exec` makes one), in which the two files of /proc that tell of the
boot are covered by others.
"""

import os
import re
import signal
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from cli.data import open_state
from core.clock import SystemClock
from core.errors import BadInput
from inventory.changes import Value, put
from lab.wan.namespaces import ip
from lab.wan.people import agent_command, start_serving
from lab.wan.plan import Host, Site
from lab.wan.province import Province, end
from lab.wan.record import Process, alive, inhabitants

BOOT_ID, STAT = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/stat")
GONE_S = 10.0


def kill_agent(province: Province, unit: str) -> None:
    """The agent of a unit ends at once, without a chance to say so."""
    _kill(inhabitants([province.record.namespaces[_box(province, unit).namespace]]))


def start_agent(province: Province, unit: str, *, fresh_boot: bool = False) -> None:
    """Start the agent of a unit again, in its folder; with `fresh_boot` on a machine that has just booted."""
    files = _fresh_boot(province.folder.agents / unit) if fresh_boot else {}
    command = agent_command(province, unit, files)
    process = province.start(f"agent-{unit}", command, namespace=_box(province, unit).namespace)
    province.started("agent", [process.pid])


def _fresh_boot(folder: Path) -> Mapping[Path, Path]:
    """What covers the files that tell of the boot."""
    boot_id, stat = folder / "boot_id", folder / "stat"
    boot_id.write_text(f"{uuid.uuid4()}\n")
    now = SystemClock().now() // 1000
    stat.write_text(re.sub(r"^btime \d+$", f"btime {now}", STAT.read_text(), flags=re.MULTILINE))
    return {BOOT_ID: boot_id, STAT: stat}


def power_off(province: Province, unit: str) -> None:
    """The whole unit is without power: its router passes nothing on, and its machines are dead."""
    site = _site(province, unit)
    province.relay.set(_lines_of(province, unit), cut=True)
    ip(["link set lan down"], namespace=site.namespace)
    kill_agent(province, unit)


def power_on(province: Province, unit: str) -> None:
    site = _site(province, unit)
    ip(["link set lan up"], namespace=site.namespace)
    province.relay.set(_lines_of(province, unit), cut=False)
    start_agent(province, unit, fresh_boot=True)


def _lines_of(province: Province, unit: str) -> list[str]:
    """The line of a unit, and those that end at its router."""
    return [line.unit for line in province.layout.lines() if unit in (line.unit, line.parent)]


def unplug(province: Province, unit: str, host: str) -> None:
    """Pull the cable of a machine out of its switch."""
    ip([f"link set {_host(province, unit, host).name} down"], namespace=_site(province, unit).namespace)


def plug(province: Province, unit: str, host: str) -> None:
    ip([f"link set {_host(province, unit, host).name} up"], namespace=_site(province, unit).namespace)


def stop_centre(province: Province) -> None:
    """The centre's process ends in order; everything else goes on."""
    end(province.running("centre"))


def start_centre_again(province: Province) -> None:
    """Start the centre on the data that it left, and wait until it answers."""
    start_serving(province)


def plan_work(province: Province, unit: str, seconds: int) -> None:
    """Work on a unit is planned, from a minute ago on and for so long."""
    now = SystemClock().now()
    row: Mapping[str, Value] = {
        "unit": unit,
        "note": f"lab {now}",
        "valid_from": now - 60_000,
        "valid_to": now + seconds * 1_000,
    }
    with open_state(province.folder.centre) as state:
        put(state, now, {"maintenance": [row]})


def _kill(processes: list[Process]) -> None:
    for process in processes:
        if alive(process):
            os.kill(process.pid, signal.SIGKILL)
    until = time.monotonic() + GONE_S
    while any(map(alive, processes)):
        if time.monotonic() > until:
            raise RuntimeError(f"{processes} did not end")
        time.sleep(0.01)


def _site(province: Province, unit: str) -> Site:
    site = province.layout.sites.get(unit)
    if site is None:
        raise BadInput(f"unit {unit!r} is not in this lab", todo="See: nhip lab wan status --all")
    return site


def _host(province: Province, unit: str, host: str) -> Host:
    found = next((each for each in _site(province, unit).hosts if each.name == host), None)
    if found is None:
        raise BadInput(f"unit {unit} has no {host!r}")
    return found


def _box(province: Province, unit: str) -> Host:
    box = _site(province, unit).box
    if box is None or unit not in province.record.agents:
        raise BadInput(f"unit {unit} has no agent")
    return box
