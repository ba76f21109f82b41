"""Host documents for people: the facts that matter of a machine, and what changed from one version to the next.

Documents are in GLPI's inventory format, from any agent that speaks it: nothing in them is taken for granted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from inventory.devices import DeviceVersion
from web.i18n import Speaker, mark

SHOWN = 12
"""Changes of one version that are listed; more are counted."""


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a document that differs; None where it is not there."""

    where: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    at: int
    changes: Sequence[Change]
    more: int


NAME, MODEL, SERIAL, SYSTEM = mark("Name"), mark("Model"), mark("Serial number"), mark("System")
CPU, MEMORY, DISKS, VOLUMES = mark("Processor"), mark("Memory"), mark("Disks"), mark("File systems")
NETWORK, CLIENT = mark("Network"), mark("Reported by")


def facts(speaker: Speaker, body: Mapping[str, Any]) -> Sequence[tuple[str, Sequence[str]]]:
    """What people look for first: (translated title, lines); what the document does not say is left out."""
    hardware, bios, system = (_part(body, key) for key in ("hardware", "bios", "operatingsystem"))
    found = [
        (NAME, [_text(hardware.get("name"))]),
        (MODEL, [join(bios.get("smanufacturer"), bios.get("smodel"))]),
        (SERIAL, [_text(bios.get("ssn"))]),
        (SYSTEM, [join(system.get("full_name") or system.get("name"), system.get("arch"))]),
        (CPU, [_cpu(cpu) for cpu in parts(body, "cpus")]),
        (MEMORY, [_mebibytes(speaker, hardware.get("memory"))]),
        (
            DISKS,
            [
                join(
                    disk.get("name"),
                    disk.get("model"),
                    disk.get("serial"),
                    _mebibytes(speaker, disk.get("disksize")),
                )
                for disk in parts(body, "storages")
            ],
        ),
        (
            VOLUMES,
            [
                join(drive.get("type"), drive.get("filesystem"), _mebibytes(speaker, drive.get("total")))
                for drive in parts(body, "drives")
            ],
        ),
        (NETWORK, list(_networks(body))),
        (CLIENT, [_text(body.get("versionclient"))]),
    ]
    lines = [(speaker.gettext(title), [line for line in some if line]) for title, some in found]
    return [(title, some) for title, some in lines if some]


def revisions(versions: Sequence[DeviceVersion]) -> Sequence[Revision]:
    """What each version changed of the one before, newest first."""
    found = []
    for before, after in pairwise(versions):
        old, new = dict(_flat(before.body)), dict(_flat(after.body))
        changes = [
            Change(where, old.get(where), new.get(where))
            for where in sorted(old.keys() | new.keys())
            if old.get(where) != new.get(where)
        ]
        found.append(Revision(after.at, changes[:SHOWN], max(0, len(changes) - SHOWN)))
    return found[::-1]


def _flat(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _flat(one, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _flat(one, f"{where}[{_label(one) or index}]")
    else:
        yield where, _text(value)


def _label(value: object) -> str:
    """What tells an entry of a list from the others, so that one that is added does not move the rest."""
    if not isinstance(value, dict):
        return ""
    keys = ("serial", "volumn", "name", "description")
    found = next((value[key] for key in keys if value.get(key)), "")
    return " ".join(str(part) for part in (found, value.get("ipaddress") or value.get("ipaddress6")) if part)


def _networks(body: Mapping[str, Any]) -> Iterator[str]:
    for network in parts(body, "networks"):
        name = _text(network.get("description"))
        if name != "lo":
            address = network.get("ipaddress") or network.get("ipaddress6")
            yield join(name, address, network.get("mac"))


def _cpu(cpu: Mapping[str, Any]) -> str:
    cores, threads = cpu.get("core"), cpu.get("thread")
    size = f"{cores or '?'}/{threads or '?'}" if cores or threads else ""
    return join(cpu.get("name"), size)


def _part(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = body.get(key)
    return part if isinstance(part, dict) else {}


def parts(body: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    parts = body.get(key)
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _mebibytes(speaker: Speaker, value: object) -> str:
    return speaker.bytes(value * (1 << 20)) if isinstance(value, int | float) and value else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)


def join(*parts: object) -> str:
    return " · ".join(text for part in parts if (text := _text(part)))
