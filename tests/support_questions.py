"""A PC from a shop whose board was replaced, or its disk put into another: two reports about which a technician is asked."""

from typing import Any

from support_machines import pc

BOARDS = {"old": ("H81M-K", "1c:1b:0d:00:11:22"), "new": ("B75M-D3V", "1c:1b:0d:55:66:77")}


def shop_pc(board: str, *, number: int = 3, **sections: Any) -> dict[str, Any]:
    """`board` is `old` or `new`; all else is the same in both. Nothing tells a serial of the machine."""
    model, mac = BOARDS[board]
    content = {
        "bios": {"mmodel": model, "mmanufacturer": "Xưởng máy tính"},
        "hardware": {"name": f"KETOAN-{number:02}", "memory": 4096, "lastloggeduser": "Phạm Thị Hòa"},
        "networks": [{"description": "Realtek", "type": "ethernet", "mac": f"{mac[:-2]}{number:02x}"}],
        "storages": [{"name": "ST500DM002", "type": "disk", "serial": f"ZN1122{number:02}", "disksize": 500_000}],
    }  # fmt: skip
    return pc(number, device=f"ketoan-{number:02}-2024", **(content | sections))
