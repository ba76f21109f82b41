"""What is known of vendors' devices: one TOML file for each family in `families/`. Pure, but for reading those files.

A family is found by the longest beginning of a device's sysObjectID that one of them names, and else by its sysDescr.
`docs/probes.md` describes the keys.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from agents.snmp.facts import Oid, System

Kind = Literal[
    "router",
    "switch",
    "firewall",
    "access point",
    "wireless controller",
    "ups",
    "pdu",
    "sensor",
    "printer",
    "camera",
    "recorder",
    "server",
    "pc",
    "storage",
    "management",
    "device",
]
"""What a device is. `management`: the board or blade that looks after others; `device`: not known."""
_Dotted = Annotated[str, msgspec.Meta(pattern=r"^[0-2](\.\d+)+$")]


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Devices of the family that are of another kind: where all that is given fits."""

    kind: Kind
    objects: list[_Dotted] = []
    description: str = ""


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure out of a column: its rows' greatest value, times `scale`. With `free`, used over used and free."""

    column: _Dotted
    scale: float = 1.0
    free: _Dotted | None = None
    most: float = 1e9
    """A greater value means that there is none."""


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vendor: str
    objects: list[_Dotted] = []
    """Beginnings of sysObjectID."""
    descriptions: list[str] = []
    """Patterns found in sysDescr, for devices whose sysObjectID is another's."""
    signs: list[_Dotted] = []
    """Objects that only its devices have, for those that do not say who they are."""
    kind: Kind | None = None
    """None: as the device's own tables tell."""
    cases: list[Case] = []
    model: list[str] = []
    """Patterns for sysDescr; the first that is found gives its group."""
    version: list[str] = []
    facts: dict[Literal["model", "serial", "version"], _Dotted] = {}
    """Single objects or columns whose first row says it."""
    figures: dict[str, Figure] = {}


class Identity(msgspec.Struct, frozen=True):
    """Who made a device, what it is, which one. Empty: it is not known."""

    vendor: str = ""
    kind: Kind = "device"
    model: str = ""
    version: str = ""


@lru_cache(1)
def families() -> Sequence[Family]:
    """All of them, by file name."""
    folder = files("agents.snmp") / "families"
    found = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name
    )
    return [msgspec.convert(tomllib.loads(each.read_text("utf-8")), Family) for each in found]


def family_of(system: System, known: Sequence[Family] | None = None) -> Family | None:
    known = families() if known is None else known
    by_object = [
        (len(start), family)
        for family in known
        for start in family.objects
        if _under(system.object_id, start)
    ]
    if by_object:
        return max(by_object, key=lambda each: each[0])[1]
    return next(
        (
            family
            for family in known
            if any(re.search(pattern, system.description) for pattern in family.descriptions)
        ),
        None,
    )


def identify(system: System, family: Family | None, hints: "Hints") -> Identity:
    """`hints`: what the device's tables tell of its kind, where its family does not."""
    if family is None:
        return Identity(kind=hints.kind())
    case = next((case for case in family.cases if _fits(case, system)), None)
    kind: Kind = case.kind if case else family.kind or hints.kind()
    return Identity(family.vendor, kind, _first(family.model, system), _first(family.version, system))


class Hints(msgspec.Struct, frozen=True):
    """What tells of a kind of device."""

    ups: bool = False
    printer: bool = False
    forwards: bool = False
    """ipForwarding (RFC 4293)."""
    bridge_ports: int = 0
    """dot1dBaseNumPorts (RFC 4188)."""
    services: int = 0
    """sysServices (RFC 3418): 2 switches, 4 routes, 64 has applications."""
    host: bool = False
    """It tells of its storage (HOST-RESOURCES-MIB)."""
    interfaces: int = 0

    def kind(self) -> Kind:
        if self.ups:
            return "ups"
        if self.printer:
            return "printer"
        if self.bridge_ports > 4 or (self.services & 6 == 2 and self.interfaces > 2):
            return "switch"
        if self.services & 4 and self.interfaces > 1:
            return "router"
        if self.host:
            return "server"
        return "router" if self.forwards and self.interfaces > 1 else "device"


def oid(dotted: str) -> Oid:
    return tuple(map(int, dotted.split(".")))


def _under(object_id: str, start: str) -> bool:
    return object_id == start or object_id.startswith(start + ".")


def _fits(case: Case, system: System) -> bool:
    by_object = not case.objects or any(_under(system.object_id, start) for start in case.objects)
    return by_object and (not case.description or re.search(case.description, system.description) is not None)


def _first(patterns: Sequence[str], system: System) -> str:
    found = (re.search(pattern, system.description) for pattern in patterns)
    return next((" ".join(match.group(1).split()) for match in found if match), "")
