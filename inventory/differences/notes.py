"""What of the difference between two contents of a machine a province counts: memory, disks, system and software. Pure.

Notes add up: those from one content to a second and from there to a third are together those from the first to the third. So what
changed since a day is the sum of what was noted since then, and no content has to be read again for it. A section that either
content lacks says nothing: an agent that begins to tell of disks has found none.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from inventory.identity import forms
from inventory.identity.junk import JUNK

SECTIONS = ("memories", "hardware", "storages", "operatingsystem", "softwares")
"""Of a content, those that are read."""
LONGEST = 120
"""Characters of what something is called."""
Noted = Literal["memory", "disk", "system", "unit", "software"]
_NO_DISK = re.compile(r"usb|card|floppy|dvd|\bcd|removable|tape", re.IGNORECASE)
_BUILT_FOR = re.compile(r"\((?:x64|x86|amd64|arm64|64-bit|32-bit)[^()]*\)|\b(?:64|32)-bit\b", re.IGNORECASE)
_NUMBERED = re.compile(r"\bv?\d+(?:\.\d+)+[\w.+~-]*|\bKB\d{5,}\b|\bUpdate \d+\b", re.IGNORECASE)
_ENDS = " \t-–_,.:;"
_BLANKS = re.compile(r"\s+|\(\s*\)")


@dataclass(frozen=True, slots=True)
class Note:
    """`delta` of `subject`: MB of memory (without a subject), or 1 for what came and -1 for what went. `told` is how people call it."""

    kind: Noted
    subject: str
    told: str
    delta: int


def notes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Note]:
    """From one content, or the SECTIONS of it, to the next."""
    memory = _memory(before, after)
    found = [Note("memory", "", "", memory)] if memory else []
    if "storages" in before and "storages" in after:
        found += _came_and_went("disk", _disks(before["storages"]), _disks(after["storages"]))
    if "operatingsystem" in before and "operatingsystem" in after:
        found += _came_and_went("system", _system(before), _system(after))
    if "softwares" in before and "softwares" in after:
        mine, theirs = _products(before["softwares"]), _products(after["softwares"])
        found += _came_and_went(
            "software", dict(zip(mine, mine, strict=True)), dict(zip(theirs, theirs, strict=True))
        )
    return found


def updated(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Products that are in both, in other versions; by name."""
    if "softwares" not in before or "softwares" not in after:
        return []
    mine, theirs = _products(before["softwares"]), _products(after["softwares"])
    return sorted(name for name in mine.keys() & theirs.keys() if mine[name] != theirs[name])


def moved(before: str, after: str) -> list[Note]:
    """From one unit to another."""
    return [] if before == after else [Note("unit", before, "", -1), Note("unit", after, "", 1)]


@lru_cache(1 << 16)
def product(name: str) -> str:
    """What a program is called whatever its version: `Firefox 120.0 (x64 vi)` and `Firefox 121.0 (x64 vi)` are one product.

    A number without dots is a part of the name: Office 2016 and Office 2019 are two.
    """
    bare = _NUMBERED.sub(" ", _BUILT_FOR.sub(" ", name))
    found = _BLANKS.sub(" ", bare).strip(_ENDS)
    return (found or name.strip(_ENDS) or name)[:LONGEST]


def _came_and_went(kind: Noted, before: Mapping[str, str], after: Mapping[str, str]) -> list[Note]:
    went = [Note(kind, each, before[each], -1) for each in sorted(before.keys() - after.keys())]
    return went + [Note(kind, each, after[each], 1) for each in sorted(after.keys() - before.keys())]


def _memory(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """As modules tell, which firmware and graphics take nothing from; as the system does where either has none."""
    mine, theirs = _modules(before), _modules(after)
    if not mine or not theirs:
        mine, theirs = _whole(before), _whole(after)
    return theirs - mine if mine and theirs else 0


def _modules(content: Mapping[str, Any]) -> int:
    sizes = (row.get("capacity") for row in _rows(content.get("memories")))
    return sum(size for size in sizes if isinstance(size, int) and size > 0)


def _whole(content: Mapping[str, Any]) -> int:
    hardware = content.get("hardware")
    size = hardware.get("memory") if isinstance(hardware, Mapping) else None
    return size if isinstance(size, int) and size > 0 else 0


def _disks(rows: object) -> dict[str, str]:
    """By serial; by model and size where there is none. What is plugged in and out is none."""
    found = {}
    for row in _rows(rows):
        if any(_NO_DISK.search(str(row.get(name) or "")) for name in ("type", "interface", "description")):
            continue
        called = str(row.get("model") or row.get("name") or "").strip()
        size = row.get("disksize")
        told = f"{called} {round(size / 1000)} GB" if isinstance(size, int) and size > 0 else called
        plain = str(row.get("serial") or "").strip()
        serial = forms.disk(plain)
        junk = JUNK.serial(serial)
        key = forms.bare(told) if junk else serial
        if key:
            found[key[:LONGEST]] = (told if junk else f"{told} ({plain})").strip()[:LONGEST]
    return found


def _system(content: Mapping[str, Any]) -> dict[str, str]:
    system = content["operatingsystem"]
    if not isinstance(system, Mapping):
        return {}
    name = str(system.get("full_name") or system.get("name") or "").strip()
    version = str(system.get("version") or "").strip()
    told = (name if not version or version in name else f"{name} {version}").strip()[:LONGEST]
    return {told: told} if told else {}


def _products(rows: object) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for row in _rows(rows):
        name = str(row.get("name") or "")
        if name:
            found.setdefault(product(name), set()).add((name, str(row.get("version") or "")))
    return found


def _rows(value: object) -> Iterable[Mapping[str, Any]]:
    return (row for row in value if isinstance(row, Mapping)) if isinstance(value, list) else ()
