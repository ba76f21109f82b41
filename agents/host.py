"""The facts of the machine the agent runs on: the body of an inventory document of kind "host".

Run as a program (`python -m agents.host`), it prints them as JSON: the agent asks a child for them.

Keys are those of GLPI's inventory format, so that facts from any of its agents and ours are read alike. Nothing in
it changes by itself: the same machine gives the same document. (When it booted is in each report, `wire.Life`.)
"""

import contextlib
import ipaddress
import json
import platform
import socket
import sys
from pathlib import Path
from typing import Any

import psutil

from agents.life import version

_DMI = Path("/sys/class/dmi/id")
_MEBI = 1 << 20


def facts() -> dict[str, Any]:
    """The body of the document. What cannot be read (without root, in a container) is left out."""
    return {
        "versionclient": f"nhip-agent {version()}",
        "hardware": _hardware(),
        "bios": _bios(),
        "operatingsystem": _operating_system(),
        "cpus": _cpus(),
        "memories": [{"capacity": psutil.virtual_memory().total // _MEBI}],
        "storages": _storages(),
        "drives": _drives(),
        "networks": _networks(),
    }


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", None)}


def _hardware() -> dict[str, Any]:
    memory = psutil.virtual_memory().total // _MEBI
    return _known(
        {
            "name": platform.node(),
            "uuid": _read(_DMI / "product_uuid") or _read(Path("/etc/machine-id")),
            "memory": memory,
            "swap": psutil.swap_memory().total // _MEBI,
        }
    )


def _bios() -> dict[str, Any]:
    named = {
        "smanufacturer": "sys_vendor",
        "smodel": "product_name",
        "ssn": "product_serial",
        "skunumber": "product_sku",
        "mmanufacturer": "board_vendor",
        "mmodel": "board_name",
        "msn": "board_serial",
        "bmanufacturer": "bios_vendor",
        "bversion": "bios_version",
        "bdate": "bios_date",
        "assettag": "chassis_asset_tag",
    }
    facts = _known({key: _read(_DMI / name) for key, name in named.items()})
    if "smodel" not in facts:
        # Small ARM machines have no DMI; their device tree says what they are.
        tree = Path("/sys/firmware/devicetree/base")
        facts |= _known(
            {"smodel": _read(tree / "model").strip("\0"), "ssn": _read(tree / "serial-number").strip("\0")}
        )
    return facts


def _operating_system() -> dict[str, Any]:
    release: dict[str, str] = {}
    with contextlib.suppress(OSError):
        release = platform.freedesktop_os_release()
    return _known(
        {
            "name": release.get("NAME", platform.system()),
            "version": release.get("VERSION_ID", ""),
            "full_name": release.get("PRETTY_NAME", ""),
            "kernel_name": platform.system(),
            "kernel_version": platform.release(),
            "arch": platform.machine(),
        }
    )


def _cpus() -> list[dict[str, Any]]:
    cpu = _known(
        {
            "name": _cpu_name(),
            "arch": platform.machine(),
            "core": psutil.cpu_count(logical=False),
            "thread": psutil.cpu_count(),
        }
    )
    return [cpu]


def _cpu_name() -> str:
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    return ""


def _storages() -> list[dict[str, Any]]:
    disks = []
    for block in sorted(Path("/sys/block").glob("*")):
        if not (block / "device").exists():
            continue  # loops, RAM disks and what is made of other disks
        sectors = _read(block / "size")
        disks.append(
            _known(
                {
                    "name": block.name,
                    "model": _read(block / "device/model"),
                    "manufacturer": _read(block / "device/vendor"),
                    "serial": _read(block / "device/serial") or _read(block / "serial"),
                    "disksize": int(sectors) * 512 // _MEBI if sectors.isdigit() else None,
                }
            )
        )
    return disks


def _drives() -> list[dict[str, Any]]:
    drives: dict[str, dict[str, Any]] = {}
    for part in sorted(psutil.disk_partitions(), key=lambda part: len(part.mountpoint)):
        if part.device in drives:
            continue  # mounted a second time somewhere deeper
        try:
            total = psutil.disk_usage(part.mountpoint).total // _MEBI
        except OSError:
            total = None
        drives[part.device] = _known(
            {"volumn": part.device, "type": part.mountpoint, "filesystem": part.fstype, "total": total}
        )
    return [drives[device] for device in sorted(drives)]


def _networks() -> list[dict[str, Any]]:
    networks = []
    temporary = _temporary_addresses()
    for name, addresses in sorted(psutil.net_if_addrs().items()):
        found = [
            {"ipaddress": a.address, "ipmask": a.netmask or ""}
            for a in addresses
            if a.family == socket.AF_INET
        ] + [
            {"ipaddress6": plain, "ipmask6": a.netmask or ""}
            for a in addresses
            if a.family == socket.AF_INET6
            and (plain := a.address.partition("%")[0])
            and ipaddress.ip_address(plain) not in temporary
        ]
        if not found and not Path("/sys/class/net", name, "device").exists():
            continue  # a virtual interface that nobody uses
        mac = next((a.address for a in addresses if a.family == psutil.AF_LINK), "")
        common = {"description": name, "mac": mac}
        networks += [_known(common | one) for one in sorted(found, key=str) or [{}]]
    return networks


def _temporary_addresses() -> set[ipaddress.IPv6Address | ipaddress.IPv4Address]:
    # Privacy addresses (RFC 8981) change each day; flag 0x01 in the kernel's table.
    rows = (line.split() for line in _read(Path("/proc/net/if_inet6")).splitlines())
    return {ipaddress.ip_address(bytes.fromhex(row[0])) for row in rows if int(row[4], 16) & 1}


if __name__ == "__main__":
    json.dump(facts(), sys.stdout)
