"""From the words of FusionInventory and OCS Inventory to those of GLPI's format. Pure.

Both write upper-case XML of one ancestry (here lower case already); what differs from the JSON format is listed here, and
nothing else is touched.
"""

import re
from collections.abc import Mapping
from typing import Any

SECTIONS = {"firewall": "firewalls", "databases": "databases_services", "user": "users"}
DROPPED = frozenset({"accountinfo", "download", "repository", "registry", "etime"})
FIELDS: Mapping[str, Mapping[str, str]] = {
    "networks": {"macaddr": "mac", "ssid": "wifi_ssid"},
    "storages": {"serialnumber": "serial"},
    "cpus": {
        "type": "name",
        "cpuarch": "arch",
        "cores": "core",
        "threads": "thread",
        "currentspeed": "speed",
    },
    "softwares": {"architecture": "arch", "installdate": "install_date"},
    "local_groups": {"member": "members"},
    "memories": {"serial": "serialnumber"},
    "operatingsystem": {"boot_date": "boot_time"},
}
_NO_NAMES: Mapping[str, str] = {}
LISTS: Mapping[str, frozenset[str]] = {
    "local_groups": frozenset({"members"}),
    "cameras": frozenset({"resolution", "imageformats", "resolutionvideo", "supports"}),
    "databases_services": frozenset({"databases"}),
    "versionprovider": frozenset({"comments", "perl_config", "perl_module"}),
}
"""Fields that are lists, of which XML with one entry shows only the entry."""
OF_SYSTEM = {"osname": "full_name", "osversion": "version", "oscomments": "service_pack", "archname": "arch"}
"""What older agents say of the operating system in `hardware`."""
NO_HARDWARE = frozenset(
    {
        "checksum",
        "etime",
        "ipaddr",
        "ipsrc",
        "processorn",
        "processors",
        "processort",
        "installdate",
        "userid",
        *OF_SYSTEM,
    }
)
NETWORK_TYPES = {"ether": "ethernet", "local": "loopback", "wireless": "wifi", "802.11": "wifi"}
_SLASHES = re.compile(r"^(\d{4})/(\d\d)/(\d\d)(?: (\d\d:\d\d:\d\d))?$")
_DAY_FIRST = re.compile(r"^(\d\d)/(\d\d)/(\d{4})$")
_MOMENTS = frozenset({"install_date", "bdate", "boot_time", "logdate", "date"})
# What OCS on Unix says for a description: its architecture, and how long it is up, which is news each time.
_UPTIME = re.compile(r"^\S*/\d\d-\d\d-\d\d \d\d:\d\d:\d\d$")
_PCI = re.compile(r"^([0-9a-fA-F]{4}):([0-9a-fA-F]{4})$")


def in_glpi_words(content: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The sections by their names in the format, and the tag that the office gave its agents."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        if name in DROPPED or value in ("", []):
            continue
        target = SECTIONS.get(name, name)
        rows = value if isinstance(value, list) else [value]
        renamed = [_row(target, row) if isinstance(row, dict) else row for row in rows if row != ""]
        found[target] = renamed if isinstance(value, list) else renamed[0]
    _system(found)
    return found, _tag(content.get("accountinfo"))


def _row(section: str, row: Mapping[str, Any]) -> dict[str, Any]:
    names = FIELDS.get(section, _NO_NAMES)
    found: dict[str, Any] = {}
    for name, value in row.items():
        if value == "":
            continue
        target = name
        if name in names:
            target = names[name]
            if target in found:
                continue  # its own name goes before one that is only like it
        found[target] = moment(value) if target in _MOMENTS and isinstance(value, str) else value
    if section == "networks":
        _of_network(found)
    elif section == "controllers" and isinstance(found.get("pciid"), str):
        ids = _PCI.match(found.pop("pciid"))
        if ids:
            found.setdefault("vendorid", ids.group(1))
            found.setdefault("productid", ids.group(2))
    for name in LISTS.get(section, ()):
        if name in found and not isinstance(found[name], list):
            found[name] = [found[name]]
    return found


def _of_network(row: dict[str, Any]) -> None:
    for name in ("status", "type"):
        if isinstance(row.get(name), str):
            row[name] = row[name].lower()
    if isinstance(row.get("type"), str):
        row["type"] = NETWORK_TYPES.get(row["type"], row["type"])


def _system(found: dict[str, Any]) -> None:
    hardware = found.get("hardware")
    if not isinstance(hardware, dict):
        return
    said = {target: hardware[name] for name, target in OF_SYSTEM.items() if hardware.get(name)}
    system = found.get("operatingsystem")
    if not isinstance(system, dict) and said:
        found["operatingsystem"] = said
    if "users" not in found and isinstance(hardware.get("userid"), str) and hardware["userid"]:
        found["users"] = [{"login": login} for login in hardware["userid"].split("/") if login]
    kept = {name: value for name, value in hardware.items() if name not in NO_HARDWARE}
    if isinstance(kept.get("description"), str) and _UPTIME.match(kept["description"]):
        del kept["description"]
    found["hardware"] = kept


def moment(text: str) -> str:
    """A day, and a time if there is one, as ISO 8601 has it; other texts as they are."""
    if "/" not in text:
        return text
    if slashes := _SLASHES.match(text):
        day = "-".join(slashes.group(1, 2, 3))
        time = slashes.group(4)
        return day if time in (None, "00:00:00") else f"{day} {time}"
    if day_first := _DAY_FIRST.match(text):
        day, month, year = day_first.groups()
        # Month first where only that can be: BIOS dates are American, dates of installation French.
        return f"{year}-{day}-{month}" if int(month) > 12 else f"{year}-{month}-{day}"
    return text


def _tag(account: object) -> str:
    rows = account if isinstance(account, list) else [account]
    for row in rows:
        if isinstance(row, dict) and row.get("keyname") == "TAG" and isinstance(row.get("keyvalue"), str):
            return str(row["keyvalue"])
    return ""
