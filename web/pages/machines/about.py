"""A machine in the words of people: what it is, and what changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.census.facts import Facts
from inventory.differences.since import Kind
from inventory.lan.reads import Sighting
from inventory.machines.changes import Change
from inventory.machines.reads import MachineView
from inventory.roster import Source
from web.i18n import Speaker, mark
from web.pages.hosts import facts as told_facts
from web.pages.hosts import join, parts

LISTED = 40
"""Changes of one section that are shown; more are counted."""
SHORT = 200
"""Characters of a value that are shown."""


def detail_of(kind: str, detail: str) -> str:
    """What of a finding's `detail` is shown: the line that breaks a rule, how much less memory there is, which disks are gone."""
    if kind == "memory":
        return f"−{int(detail) / 1024:.3g} GB"
    return detail if kind == "disk" else detail.partition("|")[2].strip()


@dataclass(frozen=True, slots=True)
class Found:
    """How a kind of finding is shown: `look` is the key of a `web.palette.Look`."""

    word: str
    look: str


KINDS: Mapping[str, str] = {
    "pc": mark("PC"),
    "laptop": mark("laptop"),
    "server": mark("server"),
    "printer": mark("printer"),
    "phone": mark("phone"),
    "router": mark("router"),
    "switch": mark("switch"),
    "ap": mark("access point"),
    "camera": mark("camera"),
    "ups": mark("UPS"),
    "other": mark("other"),
}
SECTIONS: Mapping[str, str] = {
    "antivirus": mark("Antivirus"),
    "batteries": mark("Batteries"),
    "bios": mark("Firmware"),
    "controllers": mark("Controllers"),
    "cpus": mark("Processor"),
    "drives": mark("File systems"),
    "hardware": mark("Computer"),
    "local_groups": mark("Groups"),
    "local_users": mark("Accounts"),
    "memories": mark("Memory"),
    "monitors": mark("Screens"),
    "networks": mark("Network"),
    "operatingsystem": mark("System"),
    "printers": mark("Printers"),
    "softwares": mark("Software"),
    "storages": mark("Disks"),
    "usbdevices": mark("USB devices"),
    "users": mark("Users"),
    "videos": mark("Graphics"),
}
KIND, ASSET, USERS, ANTIVIRUS = mark("Kind"), mark("Asset number"), mark("Users"), mark("Antivirus")
FOUND: Mapping[str, Found] = {
    "unknown": Found(mark("Unknown"), "degraded"),
    "missing": Found(mark("Not seen"), "down"),
    "returned": Found(mark("Written off, and back"), "degraded"),
    "memory": Found(mark("Memory taken out"), "down"),
    "disk": Found(mark("Disk taken out"), "down"),
    "host_key": Found(mark("Another SSH key"), "down"),
    "unsaved": Found(mark("Configuration not saved"), "degraded"),
    "changed": Found(mark("Configuration changed"), "maintenance"),
    "telnet": Found(mark("Telnet"), "down"),
    "community": Found(mark("Default SNMP community"), "down"),
    "password": Found(mark("Passwords in the clear"), "degraded"),
    "http": Found(mark("Pages over HTTP"), "degraded"),
    "ssh": Found(mark("Weak SSH"), "degraded"),
    "ntp": Found(mark("No time server"), "degraded"),
    "logging": Found(mark("No log server"), "degraded"),
}
CHANGED: Mapping[Kind, str] = {
    "memory_less": mark("Memory taken out"),
    "disk_gone": mark("Disk taken out"),
    "disk_replaced": mark("Disk replaced"),
    "system": mark("Another system"),
    "moved": mark("Moved to another unit"),
    "came": mark("Heard of for the first time"),
    "memory_more": mark("Memory added"),
    "disk_more": mark("Disk added"),
    "installed": mark("Software installed"),
    "removed": mark("Software removed"),
    "updated": mark("Software updated"),
}
"""In the order in which they are shown."""
SAID: Mapping[str, str] = {
    "approved": mark("approved"),
    "retired": mark("written off"),
    "verified": mark("verified on site"),
    "noted": mark("note"),
}
SOURCES: Mapping[Source, str] = {
    "inventory": mark("inventory"),
    "agent": mark("the unit’s agent"),
    "snmp": mark("asked over the network"),
    "lan": mark("heard in the LAN"),
}
"""Who tell of a device."""
OFF, OLD = mark("switched off"), mark("out of date")
ADDRESSES, NAMES, MAC, MAKER = mark("Addresses"), mark("Names"), mark("MAC"), mark("Maker of the adapter")
SERVICES, MODELS, SELF = mark("Services"), mark("Models"), mark("invented by the device")
WORDS: Mapping[str, object] = {
    "FOUND": FOUND,
    "KINDS": KINDS,
    "SAID": SAID,
    "CHANGED": CHANGED,
    "detail_of": detail_of,
    "SOURCES": SOURCES,
}
"""For templates."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One change of a section: `what` is `added`, `removed` or `changed`; of fields that changed what they were and are."""

    what: str
    name: str
    fields: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    changes: Sequence[Fields]
    more: int


def about(speaker: Speaker, machine: MachineView, facts: Facts | None) -> Sequence[tuple[str, Sequence[str]]]:
    """(translated title, lines) of a machine that inventories tell of; what nobody told is left out."""
    content, say = machine.content, speaker.gettext
    users = dict.fromkeys(
        [machine.user, *(join(row.get("login"), row.get("domain")) for row in parts(content, "users"))]
    )
    own = [
        (KIND, [say(KINDS[facts.kind])] if facts else []),
        (ASSET, [facts.asset] if facts else []),
        (USERS, list(users)),
        (ANTIVIRUS, [_antivirus(speaker, row) for row in parts(content, "antivirus")]),
    ]
    found = [(say(title), [line for line in lines if line]) for title, lines in own]
    return [*((title, lines) for title, lines in found if lines), *told_facts(speaker, content)]


def heard(speaker: Speaker, sighting: Sighting) -> Sequence[tuple[str, Sequence[str]]]:
    """The same of a device that only sweeps of the LAN tell of."""
    say, hints = speaker.gettext, sighting.hints
    found: Iterable[tuple[str, Sequence[str]]] = (
        (KIND, [say(KINDS[sighting.kind])]),
        (NAMES, sighting.names),
        (ADDRESSES, sighting.addresses),
        (MAC, [sighting.mac]),
        (MAKER, [sighting.vendor or (say(SELF) if int(sighting.mac[1], 16) & 2 else "")]),
        (MODELS, hints.get("model", ())),
        (SERVICES, hints.get("service", ())),
    )
    told = [(say(title), [line for line in lines if line]) for title, lines in found]
    return [(title, lines) for title, lines in told if lines]


def sections(speaker: Speaker, changes: Sequence[Change]) -> Sequence[Section]:
    """Changes by section, in the order of the sections' names."""
    found: dict[str, list[Change]] = {}
    for each in changes:
        found.setdefault(each.section, []).append(each)
    made = [
        Section(
            speaker.gettext(SECTIONS.get(section, section)),
            [_fields(each) for each in some[:LISTED]],
            max(0, len(some) - LISTED),
        )
        for section, some in found.items()
    ]
    return sorted(made, key=lambda section: section.title)


def _fields(change: Change) -> Fields:
    rows = [(name, _text(before), _text(after)) for name, (before, after) in change.fields.items()]
    return Fields(change.what, change.name[:SHORT], rows)


def _text(value: object) -> str:
    return "" if value is None else str(value)[:SHORT]


def _antivirus(speaker: Speaker, row: Mapping[str, Any]) -> str:
    return join(
        row.get("name"),
        row.get("version"),
        "" if row.get("enabled", True) else speaker.gettext(OFF),
        "" if row.get("uptodate", True) else speaker.gettext(OLD),
    )
