"""What an agent tells of a machine: documents in GLPI's format, each kind with its habits.

GLPI Agent tells all it can. FusionInventory does not see that a VPN's adapter is virtual, and on Windows 7 tells disks' serials as
swapped hexadecimal. OCS tells names as NetBIOS has them, often only adapters that are connected, leaves out chassis tags and some
serials, and where it is poor, the firmware altogether. Each misses a section now and then.
"""

from random import Random
from typing import Any

from lab.machines.box import Adapter, Box, Teller

MISSES = 0.004
"""Reports in which a section is missing because the system did not answer in time."""
DOCKED = 0.6
VERSIONS = {
    "glpi": "GLPI-Agent_v1.11",
    "fusion": "FusionInventory-Agent_v2.6",
    "ocs": "OCS-NG_WINDOWS_AGENT_v2.10.1.0",
}


def document(rng: Random, box: Box, teller: Teller) -> dict[str, Any]:
    ocs, habit = teller.kind == "ocs", box.truth % 20
    content: dict[str, Any] = {
        "hardware": hardware(box, teller),
        "bios": {} if teller.poor else bios(box, teller),
        "networks": networks(rng, box, teller),
        "storages": []
        if ocs and habit in (3, 11, 17)
        else [storage(box, teller, *disk) for disk in box.disks],
        "memories": []
        if ocs and habit in (4, 11, 19)
        else [{"serialnumber": serial, "capacity": 4096} for serial in box.memory],
        "operatingsystem": {"full_name": box.installed.system},
        "versionclient": VERSIONS[teller.kind],
    }
    if rng.random() < MISSES:
        content[rng.choice(("bios", "networks", "storages", "memories"))] = {} if rng.random() < 0.5 else []
    return {"deviceid": teller.deviceid, "itemtype": "Computer", "action": "inventory", "content": content}


def hardware(box: Box, teller: Teller) -> dict[str, Any]:
    host = box.installed.hostname
    if teller.kind == "ocs":
        host = host[:15].upper()
    elif box.installed.domain != "WORKGROUP" and box.truth % 3 == 0:
        host = f"{host}.{box.installed.domain.lower()}.local"
    told = {"name": host, "workgroup": box.installed.domain, "memory": 4096 * len(box.memory)}
    if not teller.poor:
        told["uuid"] = swapped(box.uuid) if teller.kind == "fusion" and box.truth % 50 == 7 else box.uuid
    return told


def bios(box: Box, teller: Teller) -> dict[str, Any]:
    told = {"smanufacturer": box.maker.name, "smodel": box.model, "ssn": box.chassis_serial}
    if teller.kind == "ocs" and box.truth % 10 in (2, 5, 8):
        return told
    told |= {"mmanufacturer": box.maker.name, "mmodel": box.board_model, "msn": box.board_serial}
    if teller.kind == "ocs":
        told["msn"] = told["msn"].replace("/", ".") + "  "
    else:
        told["assettag"] = box.asset_tag
    return told


def networks(rng: Random, box: Box, teller: Teller) -> list[dict[str, Any]]:
    adapters = list(box.adapters)
    if box.docks and rng.random() < DOCKED:
        adapters.append(Adapter(rng.choice(box.docks), "ethernet", built_in=False))
    if teller.kind == "ocs" and box.truth % 10 in (0, 1, 3, 6, 7, 9):
        adapters = [adapter for adapter in adapters if adapter.active]
    return [network(rng, adapter, teller) for adapter in adapters]


def network(rng: Random, adapter: Adapter, teller: Teller) -> dict[str, Any]:
    mac = adapter.mac
    if adapter.random:
        mac = f"{rng.randrange(256) & 0xFC | 2:02X}" + "".join(f":{rng.randrange(256):02X}" for _ in range(5))
    told: dict[str, Any] = {
        "mac": mac.lower() if teller.kind != "ocs" else mac,
        "type": "wifi" if adapter.kind == "wifi" else "ethernet",
        "status": "up" if adapter.active else "down",
    }
    if adapter.kind == "vpn" and teller.kind == "glpi":
        told["virtualdev"] = True
    return told


def storage(box: Box, teller: Teller, model: str, serial: str) -> dict[str, Any]:
    if teller.kind == "fusion" and box.installed.system == "Windows 7" and serial:
        padded = serial[:20].rjust(20)
        serial = "".join(f"{ord(padded[i + 1]):02x}{ord(padded[i]):02x}" for i in range(0, 20, 2))
    return {"model": model, "serial": serial, "type": "disk", "interface": "SATA"}


def swapped(uuid: str) -> str:
    """The other byte order of the first three fields."""
    a, *others = uuid.split("-")
    fields = [bytes.fromhex(field)[::-1].hex().upper() for field in (a, *others[:2])]
    return "-".join((*fields, *others[2:])) if others else uuid
