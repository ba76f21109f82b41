"""What documents of kinds `lan` and `bridge` tell, and how it is put together with what was told before. Pure.

Everything is kept with the time at which it was told last, and the newest of each: so the same documents leave the same, in any order
and any number of times.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from core.errors import BadInput

MOST = 2_048
"""Machines in one document."""
ADDRESSES, NAMES, HINTS = 16, 8, 16
"""Of one machine that are kept, hints of each kind."""
_Name = Annotated[str, msgspec.Meta(max_length=64)]
_Text = Annotated[str, msgspec.Meta(max_length=256)]
_Address = Annotated[str, msgspec.Meta(max_length=45)]
_Mac = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
_Few = msgspec.Meta(max_length=16)
_Many = msgspec.Meta(max_length=MOST)

Entries = dict[str, int]
"""When each text was told last, in ms."""


class Neighbour(msgspec.Struct, frozen=True):
    """What a switch says by LLDP or CDP of itself and of its port that the agent's machine is on."""

    protocol: _Name = ""
    chassis: _Text = ""
    port: _Text = ""
    port_description: _Text = ""
    name: _Text = ""
    description: _Text = ""
    vlan: Annotated[int, msgspec.Meta(ge=0, le=65_535)] | None = None
    addresses: Annotated[list[_Address], _Few] = []


class Behind(msgspec.Struct, frozen=True):
    """The port of a switch behind which a machine was: `switch` is the address at which it is asked, `name` what it calls itself."""

    switch: _Text
    name: _Text
    port: _Text


class Seen(msgspec.Struct, frozen=True):
    """One machine, as one sweep heard it, or as a switch or router told of it."""

    mac: _Mac
    addresses: Annotated[list[_Address], _Few] = []
    names: Annotated[list[_Name], _Few] = []
    kinds: Annotated[list[_Name], _Few] = []
    services: Annotated[list[_Text], _Few] = []
    models: Annotated[list[_Text], _Few] = []
    protocols: Annotated[list[_Name], _Few] = []
    vendor_class: _Text = ""
    fingerprint: _Text = ""
    neighbour: Neighbour | None = None
    behind: Behind | None = None

    def hints(self) -> Mapping[str, list[str]]:
        """By their kind; what is empty is not there."""
        found = {
            "kind": self.kinds,
            "service": self.services,
            "model": self.models,
            "protocol": self.protocols,
            "vendor_class": [self.vendor_class],
            "fingerprint": [self.fingerprint],
            "neighbour": _plain(self.neighbour),
            "behind": _plain(self.behind),
        }
        return {name: texts for name, told in found.items() if (texts := [text for text in told if text])}


class Swept(msgspec.Struct, frozen=True):
    """The body of a document of kind `lan`."""

    sightings: Annotated[list[Seen], msgspec.Meta(max_length=MOST)]
    networks: Annotated[list[_Address], msgspec.Meta(max_length=64)] = []
    left_out: Annotated[int, msgspec.Meta(ge=0)] = 0


class Bridged(msgspec.Struct, frozen=True):
    """The body of a document of kind `bridge`: what a device that is asked over SNMP tells of others.

    `ports`: the machines behind each of its ports; `arp`: which machine has which address.
    """

    address: _Text
    name: _Text = ""
    ports: Annotated[dict[_Text, Annotated[list[_Mac], msgspec.Meta(max_length=MOST)]], _Many] = {}
    arp: Annotated[list[tuple[_Mac, _Address]], _Many] = []

    def seen(self) -> list[Seen]:
        """Each machine of which it tells."""
        found = [
            Seen(mac, protocols=["bridge"], behind=Behind(self.address, self.name or self.address, port))
            for port, macs in self.ports.items()
            for mac in macs
        ]
        return found + [Seen(mac, [address], protocols=["router"]) for mac, address in self.arp]


@dataclass(frozen=True, slots=True)
class Kept:
    """All that is known of one MAC in one unit."""

    first_seen: int
    last_seen: int
    addresses: Entries = field(default_factory=dict)
    names: Entries = field(default_factory=dict)
    hints: dict[str, Entries] = field(default_factory=dict)


def swept(body: object) -> Swept:
    """A document's body, read.

    Raises:
        BadInput: it is none of a LAN.
    """
    try:
        return msgspec.convert(body, Swept)
    except msgspec.ValidationError as error:
        raise BadInput(f"not a LAN: {error}") from error


def bridged(body: object) -> Bridged:
    """The same of a document of kind `bridge`.

    Raises:
        BadInput: it is none, or tells of more than MOST machines.
    """
    try:
        found = msgspec.convert(body, Bridged)
    except msgspec.ValidationError as error:
        raise BadInput(f"not of a bridge: {error}") from error
    if sum(map(len, found.ports.values())) > MOST:
        raise BadInput(f"more than {MOST} machines", where="$.ports")
    return found


def together(before: Kept | None, seen: Seen, at: int) -> Kept:
    """What is known of a machine after it was seen at this time too."""
    if before is None:
        before = Kept(at, at)
    told = seen.hints()
    return Kept(
        min(before.first_seen, at),
        max(before.last_seen, at),
        newest(before.addresses, seen.addresses, at, ADDRESSES),
        newest(before.names, seen.names, at, NAMES),
        {
            name: newest(before.hints.get(name, {}), told.get(name, ()), at, HINTS)
            for name in sorted({*before.hints, *told})
        },
    )


def newest(before: Entries, told: Iterable[str], at: int, most: int) -> Entries:
    """With what was told at this time, only the `most` that were told last; the newest first."""
    found = dict(before)
    for text in told:
        found[text] = max(at, found.get(text, at))
    order = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    return dict(order[:most])


def _plain(value: msgspec.Struct | None) -> list[str]:
    plain = None if value is None else msgspec.to_builtins(value)
    return [] if plain is None else [json.dumps(plain, sort_keys=True, ensure_ascii=False)]
