"""What one frame tells of the machine that sent it. Pure values; every text in them is legible and bounded."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.listen.legible import legible

NAME, TEXT = 64, 128
"""Characters that are kept of a name, and of a description."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a switch, router or phone says of itself and of the port that we are on (IEEE 802.1AB, or Cisco's CDP)."""

    protocol: str
    """`lldp` or `cdp`."""
    chassis: str = ""
    port: str = ""
    port_description: str = ""
    name: str = ""
    description: str = ""
    vlan: int | None = None
    addresses: tuple[str, ...] = ()
    """At which it is managed."""


@dataclass(frozen=True, slots=True)
class Heard:
    """`mac` is whose frame it is, in lower case with colons. `addresses` are its own: whether they are in the unit's networks is
    for others to say. `kinds` hint at what it is (`printer`, `camera`, …)."""

    mac: str
    protocol: str
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    vendor_class: str = ""
    fingerprint: str = ""
    """The list of what a DHCP client asks for (option 55): of a kind of system each has its own."""
    neighbour: Neighbour | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the payload of a datagram tells, before it is known whose it is."""

    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    vendor_class: str = ""
    fingerprint: str = ""


NOTHING = Told()


def mac_text(data: bytes) -> str:
    """Six bytes as people write them."""
    return data.hex(":")


def is_machine(mac: bytes) -> bool:
    """Six bytes that one machine can have: neither a group's nor nobody's (IEEE 802)."""
    return len(mac) == 6 and not mac[0] & 1 and any(mac)


def named(text: bytes | str, longest: int = NAME) -> str:
    """A name from foreign bytes, without the point at its end."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    return legible(data, longest).strip(" .")


def distinct(texts: list[str], most: int) -> tuple[str, ...]:
    """Without what is empty and what repeats, in the order of the first, at most so many."""
    return tuple(dict.fromkeys(filter(None, texts)))[:most]


def hinted(words: list[str], table: Mapping[str, str]) -> tuple[str, ...]:
    """The kinds that a table gives for parts of these words, in the table's order."""
    low = [word.lower() for word in words]
    return tuple(dict.fromkeys(kind for part, kind in table.items() if any(part in word for word in low)))
