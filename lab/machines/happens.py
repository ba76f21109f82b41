"""What happens to machines, each as often in a machine-year as RATES says.

Rates are estimates for offices of this kind (yearly failure rates of parts as hosters and repairers publish them, purchases each
six to eight years, staff who move). They are set before matching is looked at, and what cannot be told apart by any program
(a disk and memory moved to a machine that nobody had seen) is in them too.
"""

from collections.abc import Callable, Mapping
from random import Random

from lab.machines import makers
from lab.machines.box import (
    Adapter,
    Box,
    Installation,
    Teller,
    chassis_serial,
    junk_serial,
    memory,
    new_board,
)

RATES: Mapping[str, float] = {
    "new board": 0.01,
    "new disk": 0.035,
    "second disk": 0.015,
    "memory": 0.04,
    "network card": 0.006,
    "Wi-Fi card": 0.002,
    "hostname": 0.03,
    "domain": 0.01,
    "system re-installed": 0.07,
    "agent's folder lost": 0.02,
    "agent replaced": 0.04,
    "second agent": 0.01,
    "firmware": 0.002,
    "moved to another unit": 0.012,
    "swapped between rooms": 0.01,
    "disk put into another machine": 0.003,
    "disks exchanged": 0.001,
    "disk and memory put into another machine": 0.0005,
    "disk and memory put into a spare one": 0.0002,
    "replaced": 0.06,
    "scrapped": 0.015,
    "lot bought": 0.001,
    "in the cupboard": 0.03,
    "installed anew from an image, with its neighbours": 0.004,
}
"""Events in a machine-year."""


def new_main_board(rng: Random, box: Box) -> None:
    """A maker's service writes the chassis serial to it (80 %), or leaves it empty; 5 % are second-hand with another's.
    Boards of shops are often of another model; then memory often has to be new too.
    """
    brand = box.maker.chassis > 0.5
    drawn = rng.random()
    if brand and drawn > 0.8:
        box.chassis_serial = chassis_serial(rng, box.maker) if drawn > 0.95 else junk_serial(rng)
    if not brand and rng.random() < 0.6:
        box.board_model = rng.choice(box.maker.desktops)[1]
    new_board(rng, box)
    if rng.random() < (0.15 if brand else 0.35):
        box.memory = [memory(rng, box.maker) for _ in box.memory]


def new_disk(rng: Random, box: Box) -> None:
    """Half of them copied from the old one, half installed anew."""
    box.disks[0] = makers.disk(rng)
    if rng.random() < 0.5:
        reinstall(rng, box)


def second_disk(rng: Random, box: Box) -> None:
    box.disks.append(makers.disk(rng))


def other_memory(rng: Random, box: Box) -> None:
    new = memory(rng, box.maker)
    box.memory = [*box.memory, new] if rng.random() < 0.6 else [new]


def network_card(rng: Random, box: Box) -> None:
    """What is on the board is broken: switched off in the firmware in half of the cases."""
    if rng.random() < 0.5:
        box.adapters = [adapter for adapter in box.adapters if adapter.kind != "ethernet"]
    for adapter in box.adapters:
        adapter.active = adapter.active and adapter.kind != "ethernet"
    box.adapters.append(Adapter(makers.mac(rng, makers.CARD_OUIS), "ethernet", built_in=False))


def wifi_card(rng: Random, box: Box) -> None:
    for adapter in box.adapters:
        if adapter.kind == "wifi":
            adapter.mac = makers.mac(rng, makers.WIFI_OUIS)


def firmware(rng: Random, box: Box) -> None:
    """Brought up to date: what was junk may become a serial, and the UUID another."""
    if rng.random() < 0.3:
        box.uuid = makers.uuid(rng)
    elif rng.random() < 0.5:
        box.chassis_serial = makers.number(rng, box.maker.serial or "SN##########")


def hostname(rng: Random, unit: str) -> str:
    """As they are given: by the unit's scheme, by its people, by Windows, or a number that every unit has."""
    drawn = rng.random()
    if drawn < 0.35:
        return f"HY-{unit[:8].upper()}-{rng.randrange(200):03d}"
    if drawn < 0.55:
        return f"PC{rng.randrange(1, 40):02d}"
    if drawn < 0.6:
        return rng.choice(("MAYTINH", "ADMIN-PC", "USER-PC", "VANTHU-PC", "KETOAN", "PC", "MotCua-01"))
    if drawn < 0.75:
        name = rng.choice(("NGUYEN", "TRAN", "LE", "PHAM", "HOANG", "VU", "DO")) + rng.choice(
            ("VANA", "THIB", "HUNG", "LAN", "HOA")
        )
        return f"{name}{rng.choice(('', '-PC', '1'))}"
    return "DESKTOP-" + makers.number(rng, "AAAAAAA")


def deviceid(rng: Random, host: str) -> str:
    """As agents make it when they first run: the hostname and that second."""
    return f"{host}-20{rng.randrange(19, 27)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}-{rng.randrange(24):02d}-{rng.randrange(60):02d}-{rng.randrange(60):02d}"


def teller(rng: Random, host: str, kind: str = "") -> Teller:
    chosen = kind or rng.choices(("glpi", "fusion", "ocs"), (0.5, 0.28, 0.22))[0]
    new = Teller("glpi", deviceid(rng, host))
    if chosen == "fusion":
        new.kind = "fusion"
    elif chosen == "ocs":
        new.kind, new.poor = "ocs", rng.random() < 0.08
    return new


def tellers(rng: Random, host: str) -> list[Teller]:
    """One agent, or two of different kinds (14 %)."""
    first = teller(rng, host)
    if rng.random() > 0.14:
        return [first]
    return [
        first,
        teller(rng, host, rng.choice([kind for kind in ("glpi", "fusion", "ocs") if kind != first.kind])),
    ]


def installation(rng: Random, unit: str, host: str = "") -> Installation:
    host = host or hostname(rng, unit)
    domain = "HUNGYEN" if rng.random() < 0.12 else "WORKGROUP"
    system = rng.choices(("Windows 7", "Windows 10", "Windows 11"), (0.2, 0.55, 0.25))[0]
    return Installation(host, domain, system, tellers(rng, host))


def reinstall(rng: Random, box: Box) -> None:
    """The hostname is kept more often than not."""
    box.installed = installation(rng, box.unit, box.installed.hostname if rng.random() < 0.6 else "")


def rename(rng: Random, box: Box) -> None:
    box.installed.hostname = hostname(rng, box.unit)


def join_domain(rng: Random, box: Box) -> None:
    box.installed.domain = "HUNGYEN"
    if rng.random() < 0.5:
        rename(rng, box)


def lose_folder(rng: Random, box: Box) -> None:
    for one in box.installed.tellers:
        one.deviceid = deviceid(rng, box.installed.hostname)


def replace_agent(rng: Random, box: Box) -> None:
    """GLPI's agent follows FusionInventory's and mostly keeps its deviceid; OCS and it know nothing of each other."""
    old = box.installed.tellers[0]
    keeps = old.kind == "fusion" and rng.random() < 0.7
    if old.kind == "ocs" or not keeps:
        old.deviceid = deviceid(rng, box.installed.hostname)
    old.kind, old.poor = "glpi", False


def add_agent(rng: Random, box: Box) -> None:
    told = {one.kind for one in box.installed.tellers}
    left = [kind for kind in ("glpi", "fusion", "ocs") if kind not in told]
    if left:
        box.installed.tellers.append(teller(rng, box.installed.hostname, rng.choice(left)))


ALONE: Mapping[str, Callable[[Random, Box], None]] = {
    "new board": new_main_board,
    "new disk": new_disk,
    "second disk": second_disk,
    "memory": other_memory,
    "network card": network_card,
    "Wi-Fi card": wifi_card,
    "hostname": rename,
    "domain": join_domain,
    "system re-installed": reinstall,
    "agent's folder lost": lose_folder,
    "agent replaced": replace_agent,
    "second agent": add_agent,
    "firmware": firmware,
}
"""What happens to one machine and concerns no other."""
HARDWARE = frozenset(
    {"new board", "new disk", "second disk", "network card", "Wi-Fi card", "firmware", "memory"}
)
"""Of these, what happens to no guest of a hypervisor."""
