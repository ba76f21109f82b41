"""Machines over the province of `support_pages`: inventories, sweeps and SNMP of one commune, as pages show them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support_machines import pc, put, told
from support_pages import province_web
from support_views import DAY, HOUR
from support_web import Web

from core.wire import Document
from inventory.changes import put as put_registry
from inventory.findings.tables import device_marks
from inventory.lan.store import store_lan
from inventory.stock import take_stock

UNIT = "11983"
PRINTER, CAMERA, UNKNOWN, PHONE = (
    "00:1b:a9:00:00:09",
    "44:19:b6:00:00:01",
    "d4:6a:6a:00:00:07",
    "3e:00:00:00:00:01",
)
USERS = ("Nguyễn Thị Hương", "Đặng Văn Sơn", "Trần Quốc Bình", "Lê Thị Ngọc Ánh")


def office_pc(number: int, **sections: Any) -> dict[str, Any]:
    """A PC of the commune's office."""
    laptop = number == 3
    content = {
        "hardware": {
            "name": f"VP-DONGTIEN-{number:02}",
            "memory": 8192 if number != 2 else 4096,
            "uuid": f"4C4C4544-0000-{number:04}-8000-C2C04F503732",
            "chassis_type": "Notebook" if laptop else "Desktop",
            "lastloggeduser": USERS[number % len(USERS)],
        },
        "bios": {
            "ssn": f"SN{number:06}",
            "smanufacturer": "Dell Inc.",
            "smodel": "Latitude 3420" if laptop else "OptiPlex 3080",
            "assettag": f"TS-2022-{number:04}",
            "bdate": "2021-03-04",
        },
        "operatingsystem": {"full_name": "Microsoft Windows 10 Pro", "version": "22H2", "kernel_version": "10.0.19045"},
        "cpus": [{"name": "Intel Core i5-10505", "core": 6, "thread": 12}],
        "storages": [{"name": "KIOXIA KBG40", "serial": f"KX{number:06}", "disksize": 256_060}],
        "drives": [{"letter": "C:", "systemdrive": True, "filesystem": "NTFS", "total": 243_000, "free": 90_000}],
        "antivirus": [{"name": "Windows Defender", "version": "4.18", "enabled": number != 2, "uptodate": True}],
        "networks": [
            {
                "description": "Realtek PCIe GbE",
                "type": "ethernet",
                "mac": f"3c:52:82:00:00:{number:02x}",
                "ipaddress": f"10.33.83.{20 + number}",
            }
        ],
    }  # fmt: skip
    return pc(number, **(content | sections))


def sighting(mac: str, *kinds: str, name: str = "", address: str = "", **more: Any) -> dict[str, Any]:
    return {
        "mac": mac,
        "kinds": list(kinds),
        "names": [name] if name else [],
        "addresses": [address] if address else [],
        **more,
    }


def sweep(made: Web, at: int, *sightings: dict[str, Any], unit: str = UNIT) -> None:
    with made.state.write() as connection:
        store_lan(
            connection,
            unit=unit,
            document=Document("lan", at, {"sightings": list(sightings)}),
            received_at=at,
        )


def stock(made: Web, now: int | None = None) -> None:
    now = made.clock.now() if now is None else now
    take_stock(made.state, made.context.machines, made.context.registry.units(now), now)


@asynccontextmanager
async def machines_web(folder: Path) -> AsyncIterator[Web]:
    """Five PCs, one of them missing and one new; a printer that is approved, a camera, a device that nobody knows, a phone."""
    async with province_web(folder) as made:
        now = made.clock.now()
        old = [{"name": "Unikey 4.2", "version": "4.2"}, {"name": "LibreOffice", "version": "7.4"}]
        new = [{"name": "Unikey 4.6", "version": "4.6"}, {"name": "LibreOffice", "version": "7.6"}]
        staff = [{"code": UNIT, "staff": 6}, {"code": "12040", "staff": 1}]
        put_registry(made.state, now, {"units": staff})
        made.context.registry.refresh()
        put(
            made.state,
            *(told(office_pc(n, softwares=old), now - 90 * DAY, UNIT) for n in (1, 2, 3, 4)),
            *(told(office_pc(n, softwares=new), now - n * HOUR, UNIT) for n in (1, 2, 3)),
            told(office_pc(5), now - 2 * DAY, UNIT),
            told(office_pc(7), now - DAY, "12040"),
        )
        sweep(made, now - 60 * DAY, sighting(PRINTER, "printer", name="may-in-motcua", address="10.33.83.50"))
        sweep(
            made,
            now - HOUR,
            sighting(
                PRINTER, "printer", name="may-in-motcua", address="10.33.83.50", models=["HP LaserJet M404"]
            ),
            sighting(CAMERA, "camera", address="10.33.83.60"),
            sighting(UNKNOWN, name="android-box", address="10.33.83.77"),
            sighting(PHONE, "phone", address="10.33.83.99"),
            sighting("3c:52:82:00:00:01", address="10.33.83.21"),
        )
        with made.state.write() as connection:
            for mac in (PRINTER, CAMERA):
                connection.execute(
                    device_marks.insert().values(
                        unit=UNIT, subject=mac, says="approved", note="", who="lan", at=now - 30 * DAY
                    )
                )
        for ago in (60, 30, 0):
            stock(made, now - ago * DAY)
        yield made
