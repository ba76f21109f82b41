"""Whose an address on the way is, by what the registry knows. Pure.

The unit's own links name its gateway, its router and its hub; a unit above is known by the routers of its links. What
nobody has named between these and the centre is the provider's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from inventory.records import Link

Whose = Literal["gateway", "router", "hub", "parent", "centre", "target", "provider"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Of an address. `unit`: code of the unit that has it, empty where that is not known. `provider`: of the line."""

    whose: Whose
    unit: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of the way from a unit to the centre: its own links, then those of the units above it, nearest
    first; and the centre's address."""

    unit: str
    links: Sequence[Link]
    above: Sequence[tuple[str, Sequence[Link]]]
    centre: str


def whose(address: str, way: Way, target: str = "") -> Owner:
    """The owner of a literal address. Host names in the registry name nobody here: they are not resolved."""
    if _same(address, way.centre):
        return Owner("centre")
    for link in way.links:
        if _is_in(address, link.gateway):
            return Owner("gateway", way.unit)
        if _is_in(address, link.router):
            return Owner("router", way.unit)
    for code, links in way.above:
        if any(_is_in(address, f"{link.router} {link.gateway}") for link in links):
            return Owner("parent", code)
    for link in way.links:
        if _is_in(address, link.hub):
            return Owner("hub", way.above[0][0] if way.above else "")
    if _same(address, target):
        return Owner("target")
    return Owner("provider", "", _provider(way.links))


def _provider(links: Iterable[Link]) -> str:
    """Of the line to the centre: the WAN, if there is one."""
    ordered = sorted(links, key=lambda link: link.kind != "wan")
    return next((link.provider for link in ordered if link.provider), "")


def _is_in(address: str, field: str) -> bool:
    return any(_same(address, each) for each in field.split())


def _same(one: str, other: str) -> bool:
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return False
