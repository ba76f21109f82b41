"""One machine in truth: what is built in, what was put in, what is installed, who tells of it."""

from copy import copy
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from lab.machines import makers
from lab.machines.makers import Kind, Maker

Agent = Literal["glpi", "fusion", "ocs"]


@dataclass(slots=True)
class Adapter:
    mac: str
    kind: Literal["ethernet", "wifi", "vpn"]
    built_in: bool = True
    active: bool = True
    random: bool = False
    """Windows gives it another address each day."""


@dataclass(slots=True)
class Teller:
    """An agent that is installed. `poor`: it has no right to read the firmware."""

    kind: Agent
    deviceid: str
    poor: bool = False


@dataclass(slots=True)
class Installation:
    """Lives on the first disk and goes where that goes."""

    hostname: str
    domain: str
    system: str
    tellers: list[Teller] = field(default_factory=list)

    def copied(self) -> "Installation":
        return Installation(
            self.hostname, self.domain, self.system, [copy(teller) for teller in self.tellers]
        )


@dataclass(slots=True, eq=False)
class Box:
    """`chassis_serial`, `board_serial`, `uuid`, `memory`: what the firmware holds, junk as it may be."""

    truth: int
    kind: Kind
    maker: Maker
    model: str
    board_model: str
    unit: str
    chassis_serial: str
    board_serial: str
    uuid: str
    asset_tag: str
    adapters: list[Adapter]
    disks: list[tuple[str, str]]
    memory: list[str]
    installed: Installation
    docks: tuple[str, ...] = ()
    """Adapters that are plugged in at times and at others' machines at other times."""
    gone: bool = False
    silent_until: int = 0
    changed: int = 0
    """Counts what happened to it."""


def built(
    rng: Random, truth: int, kind: Kind, unit: str, maker: Maker | None = None, model: int | None = None
) -> Box:
    """A machine as it comes from the shop, nothing installed."""
    maker = maker or makers.maker(rng, kind)
    offered = maker.laptops if kind == "laptop" else maker.desktops
    system, board = offered[rng.randrange(len(offered)) if model is None else model % len(offered)]
    box = Box(
        truth=truth,
        kind=kind,
        maker=maker,
        model=system,
        board_model=board,
        unit=unit,
        chassis_serial=chassis_serial(rng, maker),
        board_serial="",
        uuid="",
        asset_tag=rng.choice(makers.JUNK_SERIALS) if rng.random() < 0.95 else f"TS{rng.randrange(10**5):05d}",
        adapters=[],
        disks=[makers.disk(rng) for _ in range(1 if rng.random() < 0.85 else 2)],
        memory=[],
        installed=Installation("", "", ""),
    )
    box.memory = [memory(rng, maker)] * (rng.random() < 0.02) or [
        memory(rng, maker) for _ in range(rng.choice((1, 1, 2)))
    ]
    new_board(rng, box)
    if kind == "laptop":
        if rng.random() < 0.12:  # ultrabooks
            box.adapters.clear()
        box.adapters.append(Adapter(makers.mac(rng, makers.WIFI_OUIS), "wifi", random=rng.random() < 0.12))
    if rng.random() < 0.08:
        mac = makers.UNLISTED_VPN_MAC if rng.random() < 0.15 else rng.choice(makers.VPN_MACS)
        box.adapters.append(Adapter(mac, "vpn", built_in=False, active=rng.random() < 0.4))
    return box


def chassis_serial(rng: Random, maker: Maker) -> str:
    if rng.random() < maker.chassis:
        return makers.number(rng, maker.serial or "SN##########")
    return junk_serial(rng)


def junk_serial(rng: Random) -> str:
    return rng.choice(makers.UNLISTED_SERIALS) if rng.random() < 0.015 else rng.choice(makers.JUNK_SERIALS)


def memory(rng: Random, maker: Maker) -> str:
    return f"{rng.getrandbits(32):08X}" if rng.random() < maker.memory else rng.choice(makers.JUNK_MEMORY)


def new_board(rng: Random, box: Box) -> None:
    """Board serial, UUID and the adapter that is on the board."""
    maker = box.maker
    if rng.random() < maker.board:
        told = makers.number(rng, maker.board_serial or "AAA#########")
        box.board_serial = told.replace("{ssn}", box.chassis_serial)
    else:
        box.board_serial = junk_serial(rng)
    if rng.random() < maker.uuid:
        box.uuid = makers.uuid(rng)
    else:
        box.uuid = rng.choice(makers.UNLISTED_UUIDS if rng.random() < 0.04 else makers.JUNK_UUIDS)
    box.adapters = [
        adapter for adapter in box.adapters if not (adapter.built_in and adapter.kind == "ethernet")
    ]
    box.adapters.insert(
        0, Adapter(makers.mac(rng, maker.ouis), "ethernet", active=box.kind != "laptop" or rng.random() < 0.5)
    )


def virtual(rng: Random, truth: int, unit: str) -> Box:
    """A guest of KVM or VMware."""
    kvm = rng.random() < 0.5
    maker = Maker(
        "QEMU" if kvm else "VMware, Inc.", 0, 0, 0, 1, 0, "", "",
        ("52:54:00",) if kvm else ("00:50:56", "00:0C:29"), (("Standard PC", "440BX"),),
    )  # fmt: skip
    box = built(rng, truth, "virtual", unit, maker)
    box.chassis_serial = "Not Specified" if kvm else f"VMware-{rng.getrandbits(128):032x}"
    box.board_serial = "None" if not kvm else ""
    box.disks = [("QEMU HARDDISK", "QM00001") if kvm else ("VMware Virtual disk", "")]
    box.memory = [""]
    box.adapters = box.adapters[:1]
    return box
