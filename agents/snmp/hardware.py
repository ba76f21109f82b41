"""What a device is made of and what it holds, from the tables that tell of it. Pure.

Sources: HOST-RESOURCES-MIB (RFC 2790), ENTITY-MIB (RFC 6933), LLDP-MIB (IEEE 802.1AB), Printer-MIB (RFC 3805).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agents.snmp.facts import Oid, Value, text
from agents.snmp.interfaces import Table

_MIB2 = (1, 3, 6, 1, 2, 1)
STORAGE_TYPE, STORAGE_NAME, STORAGE_UNIT, STORAGE_SIZE, STORAGE_USED = (
    (*_MIB2, 25, 2, 3, 1, i) for i in range(2, 7)
)
STORAGE = (STORAGE_TYPE, STORAGE_NAME, STORAGE_UNIT, STORAGE_SIZE, STORAGE_USED)
PROCESSOR_LOAD = (*_MIB2, 25, 3, 3, 1, 2)
DEVICE_TYPE, DEVICE_NAME = (*_MIB2, 25, 3, 2, 1, 2), (*_MIB2, 25, 3, 2, 1, 3)
ENTITY_CLASS, ENTITY_SERIAL, ENTITY_MAKER, ENTITY_MODEL = (
    (*_MIB2, 47, 1, 1, 1, 1, i) for i in (5, 11, 12, 13)
)
ENTITY_SOFTWARE, ENTITY_NAME = (*_MIB2, 47, 1, 1, 1, 1, 10), (*_MIB2, 47, 1, 1, 1, 1, 2)
ENTITY = (ENTITY_CLASS, ENTITY_SERIAL, ENTITY_MAKER, ENTITY_MODEL, ENTITY_SOFTWARE, ENTITY_NAME)
_LLDP = (1, 0, 8802, 1, 1, 2, 1)
CHASSIS_KIND, CHASSIS, PORT_KIND, PORT, PORT_NAME, SYSTEM_NAME, SYSTEM_TEXT = (
    (*_LLDP, 4, 1, 1, i) for i in range(4, 11)
)
NEIGHBOURS = (CHASSIS_KIND, CHASSIS, PORT_KIND, PORT, PORT_NAME, SYSTEM_NAME, SYSTEM_TEXT)
OWN_PORT_KIND, OWN_PORT, OWN_PORT_NAME = ((*_LLDP, 3, 7, 1, i) for i in (2, 3, 4))
OWN_PORTS = (OWN_PORT_KIND, OWN_PORT, OWN_PORT_NAME)
SUPPLY_NAME, SUPPLY_MOST, SUPPLY_LEFT = ((*_MIB2, 43, 11, 1, 1, i) for i in (6, 8, 9))
SUPPLIES = (SUPPLY_NAME, SUPPLY_MOST, SUPPLY_LEFT)
PRINTER_SERIAL = (*_MIB2, 43, 5, 1, 1, 17)
PRINTED = (*_MIB2, 43, 10, 2, 1, 4)

_RAM, _DISK, _PRINTER = (*_MIB2, 25, 2, 1, 2), (*_MIB2, 25, 2, 1, 4), (*_MIB2, 25, 3, 1, 5)
_CHASSIS, _STACK = 3, 11
_MAC_KINDS: Mapping[Oid, int] = {CHASSIS_KIND: 4, PORT_KIND: 3, OWN_PORT_KIND: 3}
"""The subtype that says that an id is a MAC address."""
_NAME_LENGTH = 40
MOST = 64
"""Of each: disks, supplies, neighbours."""


def load(found: Table) -> dict[str, float]:
    """How busy processors, memory and disks are: `cpu_ratio`, `memory_used_ratio`, `disk_used_ratio#NAME`."""
    loads = [
        value
        for value in found.get(PROCESSOR_LOAD, {}).values()
        if isinstance(value, int) and 0 <= value <= 100
    ]
    figures = {"cpu_ratio": sum(loads) / len(loads) / 100} if loads else {}
    for index, kind in list(found.get(STORAGE_TYPE, {}).items()):
        size, used = (_number(found, column, index) for column in (STORAGE_SIZE, STORAGE_USED))
        if not size or used is None or used > size or kind not in (_RAM, _DISK):
            continue
        if kind == _RAM:
            figures["memory_used_ratio"] = max(used / size, figures.get("memory_used_ratio", 0.0))
        elif len(figures) < MOST and (name := text(found.get(STORAGE_NAME, {}).get(index))[:_NAME_LENGTH]):
            figures[f"disk_used_ratio#{name}"] = used / size
    return figures


def storage(found: Table) -> list[dict[str, Any]]:
    """Memory and disks: name, kind (`memory`, `disk`) and size in bytes."""
    kinds = {_RAM: "memory", _DISK: "disk"}
    rows = []
    for index, kind in found.get(STORAGE_TYPE, {}).items():
        size, unit = (_number(found, column, index) for column in (STORAGE_SIZE, STORAGE_UNIT))
        if size and unit and isinstance(kind, tuple) and kind in kinds:
            rows.append(
                {
                    "name": text(found.get(STORAGE_NAME, {}).get(index)),
                    "kind": kinds[kind],
                    "bytes": size * unit,
                }
            )
    return rows[:MOST]


def chassis(found: Table) -> dict[str, str]:
    """Of what it is one piece: model, serial, vendor, version; those that it says."""
    classes = found.get(ENTITY_CLASS, {})
    whole = [index for index, kind in sorted(classes.items()) if kind == _CHASSIS]
    whole += [index for index, kind in sorted(classes.items()) if kind == _STACK]
    said: dict[str, str] = {}
    for index in whole[:4] or sorted(classes)[:1]:
        for word, column in (
            ("model", ENTITY_MODEL),
            ("serial", ENTITY_SERIAL),
            ("vendor", ENTITY_MAKER),
            ("version", ENTITY_SOFTWARE),
        ):
            if value := text(found.get(column, {}).get(index)):
                said.setdefault(word, value)
    return said


def neighbours(remote: Table, own: Table) -> list[dict[str, str]]:
    """What is plugged in where: own port, and of the other its name, port and what it says of itself."""
    rows = []
    for index in sorted(remote.get(CHASSIS, {})):
        if len(index) != 3:
            continue
        local = (index[1],)
        row = {
            "port": text(own.get(OWN_PORT_NAME, {}).get(local))
            or _id(own, OWN_PORT_KIND, OWN_PORT, local)
            or str(index[1]),
            "name": text(remote.get(SYSTEM_NAME, {}).get(index)),
            "chassis": _id(remote, CHASSIS_KIND, CHASSIS, index),
            "their_port": text(remote.get(PORT_NAME, {}).get(index)) or _id(remote, PORT_KIND, PORT, index),
            "description": text(remote.get(SYSTEM_TEXT, {}).get(index))[:120],
        }
        rows.append({word: value for word, value in row.items() if value})
    return rows[:MOST]


def printer(found: Table) -> tuple[list[str], dict[str, float]]:
    """The names of its supplies, and `supply_left_ratio#NAME`, and `pages_printed` since it was made."""
    names: list[str] = []
    figures: dict[str, float] = {}
    for index, value in sorted(found.get(SUPPLY_NAME, {}).items()):
        name = text(value)[:_NAME_LENGTH]
        if not name or len(names) >= MOST:
            continue
        names.append(name)
        most, left = (_number(found, column, index) for column in (SUPPLY_MOST, SUPPLY_LEFT))
        # Below 0 the standard has words: some left, unknown, no limit.
        if most and left is not None and left <= most:
            figures[f"supply_left_ratio#{name}"] = left / most
    counts = [value for value in found.get(PRINTED, {}).values() if isinstance(value, int) and value >= 0]
    if counts:
        figures["pages_printed"] = float(max(counts))
    return names, figures


def printer_name(found: Table) -> str:
    """What the host's list of devices calls the printer."""
    kinds = found.get(DEVICE_TYPE, {})
    return next(
        (
            text(value)
            for index, value in sorted(found.get(DEVICE_NAME, {}).items())
            if kinds.get(index) == _PRINTER
        ),
        "",
    )


def first(values: Iterable[Value]) -> str:
    """The first that is a text with something in it."""
    return next((said for value in values if (said := text(value))), "")


def _id(found: Table, kinds: Oid, ids: Oid, index: Sequence[int]) -> str:
    value = found.get(ids, {}).get(tuple(index))
    if isinstance(value, bytes) and found.get(kinds, {}).get(tuple(index)) == _MAC_KINDS[kinds]:
        return value.hex(":")
    return text(value)


def _number(found: Table, column: Oid, index: Oid) -> int | None:
    value = found.get(column, {}).get(index)
    return value if isinstance(value, int) and value >= 0 else None
