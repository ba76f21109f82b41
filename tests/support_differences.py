"""Machines of three communes of which much changed within the last weeks, over `support_machine_pages`."""

from support_machine_pages import UNIT, office_pc
from support_machines import put, told
from support_views import DAY
from support_web import Web

from inventory.stock import follow

OTHER, THIRD = "12040", "11953"
MODULE = {"capacity": 8192, "caption": "DIMM", "type": "DDR4"}
SYSTEM = {"full_name": "Microsoft Windows 7 Professional"}


def disk(serial: str) -> dict[str, object]:
    return {"model": "KIOXIA KBG40", "serial": serial, "disksize": 256_060, "type": "disk"}


def programs(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "version": "1.0", "arch": "x86_64"} for name in names]


def fill(made: Web) -> None:
    """Before: 60 days ago. After: memory gone at 21, its disk replaced; 22 has Windows 10; 23 moved; UltraViewer on four machines."""
    now = made.clock.now()
    then, later = now - 60 * DAY, now - 3 * DAY
    old = programs("Unikey 4.2", "LibreOffice 7.4", "Cốc Cốc")
    new = programs("Unikey 4.6", "LibreOffice 7.6", "UltraViewer 6.6")
    units = {21: UNIT, 22: UNIT, 23: UNIT, 24: OTHER, 25: THIRD}
    for number, unit in units.items():
        before = office_pc(
            number,
            memories=[MODULE, MODULE],
            storages=[disk(f"KX{number:06}")],
            operatingsystem=SYSTEM,
            softwares=old,
        )
        after = office_pc(
            number,
            memories=[MODULE] if number in (21, 25) else [MODULE, MODULE],
            storages=[] if number == 24 else [disk("WD990021" if number == 21 else f"KX{number:06}")],
            operatingsystem={"full_name": "Microsoft Windows 10 Pro"} if number in (22, 24) else SYSTEM,
            softwares=new,
        )
        if number == 21:
            after["content"]["hardware"]["memory"] = 8192
        put(
            made.state, told(before, then, unit), told(after, later + number, OTHER if number == 23 else unit)
        )
    put(made.state, told(office_pc(26), now - 2 * DAY, THIRD))


def follow_all(made: Web) -> None:
    while follow(made.state, made.context.machines):
        pass
