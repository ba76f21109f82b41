"""What of one machine's content coverage and findings are made of. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from inventory.identity import forms
from inventory.identity.junk import JUNK

CLASSES = ("pc", "laptop", "server", "printer", "phone", "router", "switch", "ap", "camera", "ups", "other")
SECTIONS = (
    "hardware",
    "bios",
    "operatingsystem",
    "networks",
    "network_device",
    "antivirus",
    "drives",
    "users",
)
"""Of a content, those that are read."""
PCS = ("pc", "laptop")
"""What an official works with."""
_LAPTOPS = ("laptop", "notebook", "portable", "convertible", "detachable", "tablet", "hand held")
_SERVERS = ("rack mount", "server", "blade", "multi-system")
_ITEMS = {"Printer": "printer", "Phone": "phone", "NetworkEquipment": "switch", "Computer": "pc"}
_KINDS: Mapping[str, str] = {
    **{name: name for name in ("printer", "camera", "router", "switch", "phone", "ups", "server", "pc")},
    "access point": "ap",
    "firewall": "router",
    "wireless controller": "ap",
    "recorder": "camera",
    "pdu": "ups",
    "storage": "server",
    "dhcp server": "router",
}
_YEAR = re.compile(r"^(19[89]\d|20\d\d)-\d\d-\d\d")
_SYSTEM_DRIVES = ("C:", "C", "C:\\", "/")


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """None, or empty: not told."""

    kind: str
    """One of CLASSES."""
    hostname: str = ""
    macs: tuple[str, ...] = ()
    memory_mb: int | None = None
    system: str = ""
    version: str = ""
    kernel: str = ""
    made: int | None = None
    """Year of its firmware: no machine is younger, few are much older."""
    antivirus: bool | None = None
    """Whether one is on; None where the system does not tell."""
    free_ratio: float | None = None
    """Of the drive that the system is on."""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    user: str = ""
    """Who signed in last."""
    asset: str = ""
    """Number in the unit's books, as the firmware has it."""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """One machine, by whatever agents it has; in the unit where it was heard last."""

    name: str
    unit: str
    last_seen: int
    facts: Facts


def facts_of(content: Mapping[str, Any], item_type: str) -> Facts:
    """Of a content in the form of the `inventory_format`, whatever it lacks."""
    hardware, bios = content.get("hardware", {}), content.get("bios", {})
    system = content.get("operatingsystem", {})
    name = str(system.get("full_name") or system.get("name") or "")
    kind = _kind(item_type, str(hardware.get("chassis_type", "")), name)
    year = _YEAR.match(str(bios.get("bdate", "")))
    cards = [row for row in content.get("networks", ()) if row.get("type") != "loopback"]
    asked = content.get("network_device", {})
    macs = {forms.mac(str(row["mac"])) for row in [*cards, asked] if row.get("mac")}
    user = hardware.get("lastloggeduser") or next(
        (row["login"] for row in content.get("users", ()) if row.get("login")), ""
    )
    asset = str(bios.get("assettag") or asked.get("assettag") or "")
    return Facts(
        kind=kind,
        hostname=str(hardware.get("name") or asked.get("name") or ""),
        macs=tuple(sorted(_spelled(mac) for mac in macs if mac))[:64],
        memory_mb=hardware.get("memory") or None,
        system=name,
        version=str(system.get("version", "")),
        kernel=str(system.get("kernel_version", "")),
        made=int(year.group(1)) if year else None,
        antivirus=_antivirus(content.get("antivirus"), name, kind),
        free_ratio=_free(content.get("drives", ())),
        vendor=str(bios.get("smanufacturer") or asked.get("manufacturer") or ""),
        model=str(bios.get("smodel") or asked.get("model") or ""),
        serial=_known(str(bios.get("ssn") or asked.get("serial") or "")),
        user=str(user),
        asset=_known(asset),
        addresses=tuple(
            dict.fromkeys(row[name] for row in cards for name in ("ipaddress", "ipaddress6") if row.get(name))
        )[:16],
    )


def of_kinds(kinds: tuple[str, ...]) -> str:
    """The class of a machine that a sweep heard, by its hints."""
    return next((_KINDS[kind] for kind in kinds if kind in _KINDS), "other")


def _kind(item_type: str, chassis: str, system: str) -> str:
    chassis, system = chassis.lower(), system.lower()
    if item_type != "Computer":
        return _ITEMS.get(item_type, "other")
    if "server" in system or any(word in chassis for word in _SERVERS):
        return "server"
    if "android" in system:
        return "phone"
    return "laptop" if any(word in chassis for word in _LAPTOPS) else "pc"


def _antivirus(rows: object, system: str, kind: str) -> bool | None:
    if isinstance(rows, list) and rows:
        return any(row.get("enabled", True) for row in rows)
    # Windows tells of its antivirus, servers excepted: none told is none there.
    return False if "windows" in system.lower() and kind in PCS else None


def _free(drives: object) -> float | None:
    rows = [row for row in drives if row.get("total")] if isinstance(drives, list) else []
    for row in rows:
        places = (row.get("letter"), row.get("type"), row.get("volumn"))
        if (row.get("systemdrive") or any(place in _SYSTEM_DRIVES for place in places)) and "free" in row:
            return round(max(0.0, min(1.0, float(row["free"]) / float(row["total"]))), 4)
    return None


def _known(serial: str) -> str:
    """Empty for what vendors write where there is no serial."""
    return "" if forms.bare(serial) in JUNK.serials else serial


def _spelled(mac: str) -> str:
    return ":".join(mac[i : i + 2] for i in range(0, 12, 2)).lower()
