"""What a document of kind `lan` tells, and how it is put together with what was told before. Pure.

Everything is kept with the time at which it was told last, and the newest of each: so the same documents leave the same, in any order
and any number of times.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from core.errors import BadInput

MOST = 2_048
"""Machines in one document."""
ADDRESSES, NAMES, HINTS = 16, 8, 16
"""Of one machine that are kept, hints of each kind."""
_Name = Annotated[str, msgspec.Meta(max_length=64)]
_Text = Annotated[str, msgspec.Meta(max_length=256)]
_Address = Annotated[str, msgspec.Meta(max_length=45)]
_Few = msgspec.Meta(max_length=16)

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


class Seen(msgspec.Struct, frozen=True):
    """One machine, as one sweep heard it."""

    mac: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
    addresses: Annotated[list[_Address], _Few] = []
    names: Annotated[list[_Name], _Few] = []
    kinds: Annotated[list[_Name], _Few] = []
    services: Annotated[list[_Text], _Few] = []
    models: Annotated[list[_Text], _Few] = []
    protocols: Annotated[list[_Name], _Few] = []
    vendor_class: _Text = ""
    fingerprint: _Text = ""
    neighbour: Neighbour | None = None

    def hints(self) -> Mapping[str, list[str]]:
        """By their kind; what is empty is not there."""
        near = self.neighbour
        found = {
            "kind": self.kinds,
            "service": self.services,
            "model": self.models,
            "protocol": self.protocols,
            "vendor_class": [self.vendor_class],
            "fingerprint": [self.fingerprint],
            "neighbour": [] if near is None else [_plain(msgspec.to_builtins(near))],
        }
        return {name: texts for name, told in found.items() if (texts := [text for text in told if text])}


class Swept(msgspec.Struct, frozen=True):
    """The body of a document of kind `lan`."""

    sightings: Annotated[list[Seen], msgspec.Meta(max_length=MOST)]
    networks: Annotated[list[_Address], msgspec.Meta(max_length=64)] = []
    left_out: Annotated[int, msgspec.Meta(ge=0)] = 0


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


def _plain(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
