"""How two reports speak for or against one machine: the table of weights, and what a sum means. Pure.

A machine is what is built in: board, chassis and the network adapters on the board decide. What can be carried into another
machine (disks, memory, and the installation that lives on a disk) only supports. Several signs of one source count together
up to a bound, for what copies one of them copies the others.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from inventory.signs import Signs

Verdict = Literal["same", "perhaps", "apart"]
Says = Literal["agrees", "differs"]


@dataclass(frozen=True, slots=True)
class Weight:
    """Points when both reports tell this sign and it agrees, when part of it does, and when it differs."""

    agrees: int
    differs: int
    partly: int = 0


WEIGHTS: Mapping[str, Weight] = {
    "chassis_serial": Weight(8, -16),
    "board_serial": Weight(6, -6),
    "uuid": Weight(5, -4),
    "model": Weight(0, -4),
    "macs": Weight(8, -5, partly=3),
    "local_macs": Weight(1, 0),
    "disk_serials": Weight(5, -3),
    "memory_serials": Weight(3, -2),
    "asset_number": Weight(2, 0),
    "agent": Weight(3, 0),
    "hostname": Weight(2, -1),
    "unit": Weight(1, 0),
}
FIRMWARE = ("chassis_serial", "board_serial", "uuid", "model")
BUILT_IN = ("chassis_serial", "board_serial", "uuid", "macs")
CARRIED = ("disk_serials", "memory_serials")
HARDWARE = ("macs", *CARRIED)
"""Sources of hardware beside the firmware."""
INSTALLATION = ("agent", "hostname")
FIRMWARE_AGREES_AT_MOST = 8
"""Firmware that tells one value that is no sign may tell four of them."""
SAME_CHASSIS_AT_LEAST = 4
"""A chassis serial that agrees outweighs a new board's own serial, UUID and model."""
SAME = 8
SOURCES = 2
PERHAPS = 5


@dataclass(frozen=True, slots=True)
class Face:
    """What one report told of a machine, in which unit. Equal reports are one face, whose `key` names it."""

    key: str
    signs: Signs
    unit: str


@dataclass(frozen=True, slots=True)
class Compared:
    """`says`: of each sign that both tell, whether it agrees. `points`: of each by itself. `score`: of all of them."""

    verdict: Verdict
    score: int
    says: Mapping[str, Says]
    points: Mapping[str, int]


def face(signs: Signs, unit: str) -> Face:
    return Face(signs.key(unit), signs, unit)


def compare(a: Face, b: Face) -> Compared:
    """The same whichever comes first."""
    points: dict[str, int] = {}
    for name in ("chassis_serial", "board_serial", "uuid", "model", "asset_number", "agent"):
        _single(points, name, getattr(a.signs, name), getattr(b.signs, name))
    for name in ("macs", "local_macs", "disk_serials", "memory_serials"):
        _several(points, name, getattr(a.signs, name), getattr(b.signs, name))
    _name(points, a, b)
    if a.unit == b.unit:
        points["unit"] = WEIGHTS["unit"].agrees
    says: dict[str, Says] = {name: "agrees" if _agreed(a, b, name) else "differs" for name in points}
    firmware = _firmware(points, says)
    score = firmware + sum(n for name, n in points.items() if name not in FIRMWARE)
    return Compared(_verdict(score, firmware, points, says), score, says, points)


def _verdict(score: int, firmware: int, points: Mapping[str, int], says: Mapping[str, Says]) -> Verdict:
    """By the points, within bounds that points alone would not keep.

    One machine without asking: only if something built in agrees (or neither tells anything built in), and two sources do:
    one may have been copied, be plugged in for a while, or be what a maker gave many. An installation is a second source to
    network adapters, all of which agree, if no hardware speaks against it; of much else it is copied along. It is one to firmware
    if all of it agrees and nothing that both tell differs.
    """
    told = {name for name, said in says.items() if said == "agrees"}
    hardware = {"firmware": firmware, **{name: points[name] for name in HARDWARE if name in points}}
    agreeing = {name for name, n in hardware.items() if n > 0}
    if points.get("macs") == WEIGHTS["macs"].partly:
        agreeing -= {"macs"}
    installed = bool(told.intersection(INSTALLATION)) and agreeing == {"macs"} and min(hardware.values()) >= 0
    undisputed = firmware > 0 and told == says.keys() and told.issuperset(INSTALLATION)
    built_in = {says[name] for name in BUILT_IN if name in says}
    sources = len(agreeing) + (installed or undisputed)
    if score >= SAME and ("agrees" in built_in or not built_in) and sources >= SOURCES:
        return "same"
    return "perhaps" if score >= PERHAPS or _worth_asking(agreeing, firmware, says, told) else "apart"


def _worth_asking(agreeing: Collection[str], firmware: int, says: Mapping[str, Says], told: set[str]) -> bool:
    """Whatever the points: what nothing that programs tell can part. `told` are the signs that agree.

    A new board looks like a disk in another machine. A new disk leaves nothing but an adapter, or the memory, of a machine without
    serials. Where reports tell little, the same installation or name in the same unit may be all that is left.
    """
    parted = says.get("chassis_serial") == "differs"
    return (
        firmware > 0
        or ("macs" in agreeing and firmware == 0)
        or "disk_serials" in told
        or ("memory_serials" in told and not parted)
        or len(agreeing) >= 2
        or (bool(agreeing) and "agent" in told)
        or (told >= {"agent", "unit"} and not parted and "disk_serials" not in says)
        or (told >= {"macs", "unit"} and says.keys().isdisjoint(FIRMWARE))
        or (told >= {"hostname", "unit"} and says.keys().isdisjoint((*FIRMWARE, *HARDWARE)))
    )


def _firmware(points: Mapping[str, int], says: Mapping[str, Says]) -> int:
    together = min(FIRMWARE_AGREES_AT_MOST, sum(points.get(name, 0) for name in FIRMWARE))
    return max(together, SAME_CHASSIS_AT_LEAST) if says.get("chassis_serial") == "agrees" else together


def _single(points: dict[str, int], name: str, a: str, b: str) -> None:
    if a and b:
        points[name] = WEIGHTS[name].agrees if a == b else WEIGHTS[name].differs


def _several(points: dict[str, int], name: str, a: Sequence[str], b: Sequence[str]) -> None:
    if a and b:
        both = len(set(a) & set(b))
        weight = WEIGHTS[name]
        # Each has one of its own beside what they share: a dock, a stick, an adapter that went from one to the other.
        apart = both < len(a) and both < len(b)
        points[name] = (
            (weight.partly if apart and weight.partly else weight.agrees) if both else weight.differs
        )


def _name(points: dict[str, int], a: Face, b: Face) -> None:
    """Hostnames are given within a unit or a domain; elsewhere an equal name says nothing."""
    mine, theirs = a.signs, b.signs
    if not (mine.hostname and theirs.hostname):
        return
    if mine.hostname != theirs.hostname:
        points["hostname"] = WEIGHTS["hostname"].differs
    elif a.unit == b.unit or (mine.domain and mine.domain == theirs.domain):
        points["hostname"] = WEIGHTS["hostname"].agrees


def _agreed(a: Face, b: Face, name: str) -> bool:
    if name == "unit":
        return True
    one, other = getattr(a.signs, name), getattr(b.signs, name)
    return bool(set(one) & set(other)) if isinstance(one, tuple) else bool(one == other)
