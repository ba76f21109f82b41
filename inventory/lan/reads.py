"""Reads what agents heard in their LANs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from inventory.lan.classes import class_of
from inventory.lan.ports import Told
from inventory.lan.store import KEPT, kept_of
from inventory.lan.tables import sightings
from inventory.lan.vendors import vendor

_HEX = frozenset("0123456789abcdef:")
_TYPES = {
    "printer": "Printer",
    "switch": "NetworkEquipment",
    "router": "NetworkEquipment",
    "ap": "NetworkEquipment",
    "phone": "Phone",
}
_PARTS = ("neighbour", "behind")
"""Hints that are more than a text."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A MAC in a unit's LAN. Addresses, names and hints: what was told last comes first. `vendor` is the adapter's maker."""

    unit: str
    mac: str
    vendor: str
    first_seen: int
    last_seen: int
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    hints: dict[str, tuple[str, ...]]
    neighbours: tuple[dict[str, Any], ...]
    """What it says by LLDP or CDP of itself and of its port that the agent's machine is on."""
    behind: tuple[Told, ...] = ()
    """Behind which ports switches saw it, and when last."""

    @property
    def kind(self) -> str:
        """Its class, of `inventory.census.facts.CLASSES`."""
        return class_of(self.hints, self.names, self.vendor)


def read_sightings(connection: sa.Connection, unit: str, limit: int = KEPT) -> Sequence[Sighting]:
    """Those of a unit, the one seen last first."""
    c = sightings.c
    query = sa.select(sightings).where(c.unit == unit).order_by(c.last_seen.desc(), c.mac).limit(limit)
    return _read(connection, query)


def search_sightings(
    connection: sa.Connection, forms: Sequence[Sequence[str]], limit: int
) -> Sequence[Sighting]:
    """Those of all units in whose MAC, addresses or names one form of each word is found, the one seen last first."""
    c = sightings.c
    bare = sa.func.replace(c.mac, ":", "")
    wheres = [
        sa.or_(
            *(
                column.contains(form, autoescape=True)
                for form in each
                # Most words are in no MAC: it is not looked at for them.
                for column in (c.addresses, c.names, *((c.mac, bare) if _HEX.issuperset(form) else ()))
            )
        )
        for each in forms
    ]
    query = sa.select(sightings).where(*wheres).order_by(c.last_seen.desc(), c.unit, c.mac).limit(limit)
    return _read(connection, query) if forms else []


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[Sighting]:
    found: list[Sighting] = []
    for row in connection.execute(query):
        kept = kept_of(row)
        hints = {name: tuple(told) for name, told in kept.hints.items() if name not in _PARTS}
        near = tuple(json.loads(text) for text in kept.hints.get("neighbour", ()))
        behind = tuple(Told(**json.loads(text), at=at) for text, at in kept.hints.get("behind", {}).items())
        times = kept.first_seen, kept.last_seen
        entries = tuple(kept.addresses), tuple(kept.names)
        found.append(Sighting(row.unit, row.mac, vendor(row.mac), *times, *entries, hints, near, behind))
    return found


def as_document(sighting: Sighting) -> dict[str, Any]:
    """In the form of an inventory, as matching reads it: a machine of which no more than its adapter is known."""
    name = {"name": sighting.names[0]} if sighting.names else {}
    addresses = sighting.addresses or ("",)
    networks = [
        {"mac": sighting.mac}
        | ({"ipaddress": address} if address and ":" not in address else {})
        | ({"ipaddress6": address} if ":" in address else {})
        for address in addresses
    ]
    return {
        "deviceid": f"lan-{sighting.unit}-{sighting.mac}",
        "itemtype": _TYPES.get(sighting.kind, "Unmanaged"),
        "content": {"hardware": name, "networks": networks},
    }
