"""Inventory agents as Debian has them, unchanged, on a PC of a unit whose line is cut: what they send arrives when it heals."""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from support_netns import ROOT_WITH_TUN, WHY_NOT
from support_smbios import dmidecode_of, tables

from cli.data import open_state
from core.clock import SystemClock
from inventory.changes import put
from lab.wan.province import Province
from lab.wan.up import province_of
from lab.wan.wall import Wall

PORT = 8062
MAC = "3c:52:82:0a:1b:2c"
WITHIN_S = 90.0
RELAY = {
    "level": "all",
    "vantage": "unit",
    "label": "Kiểm kê",
    "role": "survey",
    "kind": "relay",
    "target": "*",
    "interval_ms": 60_000,
    "timeout_ms": 10_000,
}

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(not ROOT_WITH_TUN, reason=WHY_NOT),
    pytest.mark.skipif(
        not (shutil.which("fusioninventory-agent") and shutil.which("ocsinventory-agent")),
        reason="fusioninventory-agent or ocsinventory-agent is not installed",
    ),
    pytest.mark.alone,
]


def on_pc(
    province: Province, unit: str, command: Sequence[str], mounts: dict[Path, str], programs: Path
) -> None:
    """Run a program on the unit's PC, with folders of its own in the place of the system's, and `programs` before all others."""
    pc = next(host for host in province.layout.sites[unit].hosts if host.name == "pc1")
    # OCS asks dmidecode only where there is a /dev/mem to read, and virtual machines have none.
    devices = programs / "dev"
    devices.mkdir(exist_ok=True)
    (devices / "mem").touch()
    script = f"for n in null zero random urandom; do touch {devices}/$n && mount --bind /dev/$n {devices}/$n || exit; done; "
    script += f"mount --rbind {devices} /dev && "
    # A veth is no adapter of a maker: it is given an address of one, and what says that it is virtual is covered.
    card = programs / "net" / "eth0"
    (card / "device").mkdir(parents=True, exist_ok=True)
    (card / "device" / "uevent").write_text("DRIVER=e1000e\n")
    for name, text in (
        ("speed", "1000"),
        ("duplex", "full"),
        ("mtu", "1500"),
        ("operstate", "up"),
        ("address", MAC),
    ):
        (card / name).write_text(f"{text}\n")
    script += f"ip link set eth0 address {MAC} && mount --bind {programs}/net /sys/class/net && "
    script += "mount -t tmpfs none /sys/devices/virtual/net && "
    script += "".join(f"mount --bind {folder} {place} && " for folder, place in mounts.items()) + 'exec "$@"'
    # A PC of its own has processes of its own: what else runs here may have command lines past what is kept.
    own = ["unshare", "--pid", "--fork", "--mount-proc"]
    done = subprocess.run(
        ["ip", "netns", "exec", pc.namespace, *own, "sh", "-c", script, "sh", *command],
        env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def until(told: Callable[[], Any], what: str) -> Any:
    ends = time.monotonic() + WITHIN_S
    while time.monotonic() < ends:
        if found := told():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {WITHIN_S} s")


def test_what_both_agents_of_a_pc_send_while_the_line_is_cut_arrives_as_one_machine(tmp_path: Path) -> None:
    # This machine may be a virtual one that tells no serials: the PC is given a board.
    board = tables(
        vendor="Dell Inc.",
        model="OptiPlex 3080",
        serial="7XK2M93",
        board_serial="CN0T1X4477",
        system_uuid=uuid.UUID("4c4c4544-0058-4b10-8032-b7c04f4d3933"),
        asset="TS-0117",
    )
    for name in ("fusion", "ocs", "etc", "programs"):
        (tmp_path / name).mkdir()
    programs = dmidecode_of(tmp_path / "programs", board)
    with province_of(tmp_path / "lab", "2", "2", print) as province, Wall.of(province) as wall:
        unit = next(code for code, site in province.layout.sites.items() if site.box and site.line)
        box = province.layout.sites[unit].box
        assert box is not None
        until(lambda: wall.statuses().get(unit) in ("up", "degraded"), "the unit is well")
        with open_state(province.folder.centre) as state:
            put(state, SystemClock().now(), {"templates": [RELAY]})

        def relays() -> bool:
            checks = wall.get(f"units/{unit}/checks")["items"]
            return any(check["kind"] == "relay" and check["status"] == "up" for check in checks)

        until(relays, "the agent of the unit listens")
        province.relay.cut([unit])
        until(lambda: wall.statuses()[unit] == "down", "the unit is down")
        server = f"http://{box.address}:{PORT}"
        (tmp_path / "etc" / "ocsinventory-agent.cfg").write_text(
            f"server={server}/ocsinventory\nbasevardir={tmp_path / 'ocs'}\n"
        )
        fusion = [
            "fusioninventory-agent",
            "--server",
            f"{server}/",
            "--force",
            "--wait=0",
            "--no-task=deploy,collect",
        ]
        on_pc(province, unit, fusion, {tmp_path / "fusion": "/var/lib/fusioninventory-agent"}, programs)
        on_pc(
            province,
            unit,
            ["ocsinventory-agent", "--force"],
            {tmp_path / "etc": "/etc/ocsinventory"},
            programs,
        )

        def inventoried() -> list[Any]:
            listed = wall.get("devices", unit=unit)["items"]
            return [wall.get(f"devices/{each['name']}") for each in listed if "inventory" in each["sources"]]

        assert inventoried() == []
        province.relay.heal([unit])

        def both() -> Any:
            machines = inventoried()
            return machines if sum(len(machine["sources"]) for machine in machines) == 2 else None

        (machine,) = until(both, "both inventories are in")
    assert sorted(source["client"].partition("_")[0] for source in machine["sources"]) == [
        "FusionInventory-Agent",
        "OCS-NG",
    ]
    assert [source["faults"] for source in machine["sources"]] == [[], []]
    assert (machine["vendor"], machine["model"], machine["serial"]) == (
        "Dell Inc.",
        "OptiPlex 3080",
        "7XK2M93",
    )
    assert MAC in machine["macs"]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    assert abs(machine["memory_mb"] - memory) < 0.05 * memory
    installed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wanted = {line[3:].strip() for line in installed.splitlines() if line.startswith("ii")}
    assert {package["name"].partition(":")[0] for package in machine["content"]["softwares"]} == wanted
    assert "Debian" in machine["system"]
