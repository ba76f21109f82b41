"""The interfaces of a unit's devices: what the newest survey said they are, with their newest figures. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.samples import Point
from collector.views import CheckState
from inventory.devices import Device

FIGURES = (
    "interface_up",
    "in_bits_per_second",
    "out_bits_per_second",
    "utilisation_ratio",
    "errors_per_second",
    "discards_per_second",
)


@dataclass(frozen=True, slots=True)
class Port:
    """An interface. `figures` are those of FIGURES that are known; `series` has their histories."""

    index: int
    name: str
    kind: str
    description: str = ""
    alias: str = ""
    mac: str = ""
    enabled: bool | None = None
    figures: Mapping[str, Point] = field(default_factory=dict)
    series: Mapping[str, int] = field(default_factory=dict)

    @property
    def up(self) -> bool | None:
        point = self.figures.get("interface_up")
        return None if point is None else point.value > 0


@dataclass(frozen=True, slots=True)
class Ports:
    device: Device
    check: CheckState | None
    """The check that asks it; None when it is not asked any more."""
    ports: Sequence[Port]


def ports_of(devices: Sequence[Device], checks: Sequence[CheckState]) -> list[Ports]:
    """Of the devices that told of interfaces, in their order."""
    asking = {
        each.check.target: each for each in checks if each.check.kind == "snmp" and each.vantage == each.about
    }
    return [
        Ports(device, asking.get(device.address), found)
        for device in devices
        if device.address and (found := _ports(device.body.get("interfaces"), asking.get(device.address)))
    ]


def _ports(said: object, check: CheckState | None) -> list[Port]:
    found = []
    for each in said if isinstance(said, list) else ():
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            continue
        name = each["name"]
        enabled = each.get("enabled")
        found.append(
            Port(
                index=_number(each.get("index")),
                name=name,
                kind=_text(each.get("kind")),
                description=_text(each.get("description")),
                alias=_text(each.get("alias")),
                mac=_text(each.get("mac")),
                enabled=enabled if isinstance(enabled, bool) else None,
                figures=_of(name, check.figures) if check else {},
                series=_of(name, check.series) if check else {},
            )
        )
    return found


def _of(name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {figure: figures[key] for figure in FIGURES if (key := f"{figure}#{name}") in figures}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
