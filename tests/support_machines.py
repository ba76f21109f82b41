"""Inventories of PCs as GLPI Agent sends them, and putting them into a state store."""

import json
from typing import Any

from inventory.machines.store import Told, take
from inventory.state import State

NOW = 1_790_000_000_000
DAY = 86_400_000


def pc(number: int = 1, *, device: str = "", **sections: Any) -> dict[str, Any]:
    """A PC's inventory as GLPI Agent sends it."""
    return {
        "deviceid": device or f"pc-{number}",
        "itemtype": "Computer",
        "content": {
            "versionclient": "GLPI-Agent_v1.11",
            "bios": {"ssn": f"SN{number:06}", "smanufacturer": "Dell Inc."},
            "hardware": {
                "name": f"PC{number}",
                "memory": 8192,
                "uuid": f"4C4C4544-0000-{number:04}-8000-C2C04F503732",
            },
            "networks": [
                {"description": "eth0", "mac": f"3c:52:82:00:{number // 256:02x}:{number % 256:02x}"}
            ],
            "drives": [{"letter": "C:", "total": 500_000, "free": 100_000}],
            "softwares": [{"name": f"Phần mềm {n}", "version": "1.0"} for n in range(40)],
            **sections,
        },
    }


def told(document: dict[str, Any], at: int = NOW, unit: str = "11950") -> Told:
    return Told(unit, at, json.dumps(document).encode(), "192.168.1.20", "GLPI-Agent_v1.11")


def put(state: State, *reports: Told) -> list[bool]:
    found = []
    for report in reports:
        with state.write() as connection:
            found.append(take(connection, report))
    return found
