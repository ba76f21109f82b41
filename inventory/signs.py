"""What a machine can be known again by, read from one inventory document in GLPI's format. Pure.

Agents tell the same thing in different ways: signs are kept in their barest form (`identity.forms`), and values that say
nothing (`identity/junk.toml`) are no signs at all.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from inventory.identity import forms
from inventory.identity.junk import JUNK, Junk

_NETBIOS = 15
"""Characters after which NetBIOS cuts a name."""
_LOCAL = 2
"""The bit of a MAC's first octet that says: given by the machine, not by a maker (IEEE 802)."""
_NO_ADAPTERS = frozenset({"loopback", "alias", "bridge", "aggregate", "dialup", "bluetooth"})
_NO_DISKS = re.compile("usb|card|floppy|dvd|cd|removable", re.IGNORECASE)
_LONGEST = 128
"""Characters of a sign that are read; no maker's serial is longer."""
_MOST = 32
"""Values of one kind that are kept of a document."""


@dataclass(frozen=True, slots=True)
class Signs:
    """In barest form, each tuple sorted; empty where nothing was told.

    `model` is the board's. `macs` are their makers' (and KVM's); `local_macs` given by the machine itself, those of Wi-Fi
    left out: Windows invents them anew. `agent` is the `deviceid`, as the agent made it up.
    """

    chassis_serial: str = ""
    board_serial: str = ""
    uuid: str = ""
    model: str = ""
    macs: tuple[str, ...] = ()
    local_macs: tuple[str, ...] = ()
    disk_serials: tuple[str, ...] = ()
    memory_serials: tuple[str, ...] = ()
    agent: str = ""
    hostname: str = ""
    domain: str = ""
    asset_number: str = ""

    def key(self, unit: str) -> str:
        """Names what was told in that unit: equal for equal signs, whenever and however often they come."""
        single = (self.chassis_serial, self.board_serial, self.uuid, self.model)
        several = (self.macs, self.local_macs, self.disk_serials, self.memory_serials)
        names = (self.agent, self.hostname, self.domain, self.asset_number)
        told = "\x1f".join((unit, *single, *(" ".join(values) for values in several), *names))
        return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def read(document: Mapping[str, Any], junk: Junk = JUNK) -> Signs:
    """Of a document with `deviceid` and `content`. What has another shape than the format says counts as not told."""
    content = _table(document.get("content"))
    bios = _table(content.get("bios"))
    hardware = _table(content.get("hardware"))
    uuid = forms.uuid(_text(hardware.get("uuid")))
    hostname, domain = _names(hardware, junk)
    macs, local_macs = _macs(content, junk)
    disks = (_text(row.get("serial")) for row in _rows(content, "storages") if _is_disk(row))
    memories = (_text(row.get("serialnumber")) for row in _rows(content, "memories"))
    return Signs(
        chassis_serial=_serial(bios.get("ssn"), junk) or _serial(bios.get("enclosureserial"), junk),
        board_serial=_serial(bios.get("msn"), junk),
        uuid="" if junk.uuid(uuid) else uuid,
        model=_serial(bios.get("mmodel"), junk),
        macs=macs,
        local_macs=local_macs,
        disk_serials=_serials(map(forms.disk, disks), junk),
        memory_serials=_serials(map(forms.bare, memories), junk),
        agent=_text(document.get("deviceid")),
        hostname=hostname,
        domain=domain,
        asset_number=_serial(bios.get("assettag"), junk),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    text = value[:_LONGEST].strip()
    return text.replace("\x00", "").strip() if "\x00" in text else text


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _rows(content: Mapping[str, Any], section: str) -> list[Mapping[str, Any]]:
    rows = content.get(section)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _serial(value: object, junk: Junk) -> str:
    form = forms.bare(_text(value))
    return "" if junk.serial(form) else form


def _serials(values: Iterable[str], junk: Junk) -> tuple[str, ...]:
    return tuple(sorted({form for form in values if not junk.serial(form)})[:_MOST])


def _is_disk(row: Mapping[str, Any]) -> bool:
    return not any(_NO_DISKS.search(_text(row.get(name))) for name in ("type", "interface"))


def _macs(content: Mapping[str, Any], junk: Junk) -> tuple[tuple[str, ...], tuple[str, ...]]:
    macs, local = set(), set()
    for row in _rows(content, "networks"):
        kind = _text(row.get("type")).lower()
        form = forms.mac(_text(row.get("mac")))
        if row.get("virtualdev") is True or kind in _NO_ADAPTERS or junk.mac(form):
            continue
        if form.startswith(junk.kept_prefixes) or not int(form[1], 16) & _LOCAL:
            macs.add(form)
        elif kind != "wifi":
            local.add(form)
    return tuple(sorted(macs)[:_MOST]), tuple(sorted(local)[:_MOST])


def _names(hardware: Mapping[str, Any], junk: Junk) -> tuple[str, str]:
    """Hostname and domain as NetBIOS has them; a name with dots tells both."""
    name, _, rest = _text(hardware.get("name")).upper().partition(".")
    domain = (_text(hardware.get("workgroup")).upper() or rest).partition(".")[0]
    return (
        "" if forms.bare(name) in junk.hostnames else name[:_NETBIOS],
        "" if forms.bare(domain) in junk.domains else domain[:_NETBIOS],
    )
