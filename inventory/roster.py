"""Which tellings of the devices of a unit are of one device: inventories, agents' own machines, devices that were asked, sweeps. Pure.

A MAC or a serial that two tell makes them one, the address they have only where nothing else speaks against it: addresses are lent,
and pass from one machine to the next. What inventories tell of two machines stays two: that is decided by all their signs
(`inventory.matching`), of which an address in a LAN is none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, get_args

from inventory.identity import forms
from inventory.identity.junk import JUNK

Source = Literal["inventory", "agent", "snmp", "lan"]
SOURCES: tuple[Source, ...] = get_args(Source)
"""Who tells most of a device first."""
_MAKER = 6
"""Hexadecimal digits of a MAC that say who made it."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one source tells of a device; `key` names it within its source. `addresses` are those that it has now."""

    source: Source
    key: str
    last_seen: int
    macs: Sequence[str] = ()
    serials: Sequence[str] = ()
    addresses: Sequence[str] = ()


def joined(tellings: Iterable[Telling]) -> list[list[Telling]]:
    """Each device, with all that tell of it, who tells most first. Every telling is in one of them, whatever the order they come in."""
    rows = sorted(tellings, key=_rank)
    groups = _Groups(rows)
    for signs in ([_macs(row) for row in rows], [_serials(row) for row in rows]):
        by_sign: dict[str, list[int]] = defaultdict(list)
        for place, found in enumerate(signs):
            for sign in found:
                by_sign[sign].append(place)
        for _, places in sorted(by_sign.items()):
            for other in places[1:]:
                groups.join(places[0], other)
    for one, other in _by_address(rows):
        if not groups.differ(one, other):
            groups.join(one, other)
    return groups.all()


class _Groups:
    """Rows, by their places, put together; never two that inventories tell of."""

    def __init__(self, rows: Sequence[Telling]) -> None:
        self._rows = rows
        self._of = list(range(len(rows)))
        self._in = [[place] for place in range(len(rows))]

    def join(self, one: int, other: int) -> None:
        a, b = sorted((self._of[one], self._of[other]))
        told = [self._rows[place].source for place in (*self._in[a], *self._in[b])]
        if a == b or told.count("inventory") > 1:
            return
        for place in self._in[b]:
            self._of[place] = a
        self._in[a] += self._in[b]
        self._in[b] = []

    def differ(self, one: int, other: int) -> bool:
        """Whether what both tell speaks against it: other serials, or MACs of other makers."""
        mine, theirs = ([self._rows[place] for place in self._in[self._of[place]]] for place in (one, other))
        serials = [{sign for row in rows for sign in _serials(row)} for rows in (mine, theirs)]
        makers = [{sign[:_MAKER] for row in rows for sign in _macs(row)} for rows in (mine, theirs)]
        return any(all(both) and both[0].isdisjoint(both[1]) for both in (serials, makers))

    def all(self) -> list[list[Telling]]:
        return [[self._rows[place] for place in sorted(places)] for places in self._in if places]


def _rank(row: Telling) -> tuple[int, int, str]:
    return SOURCES.index(row.source), -row.last_seen, row.key


def _macs(row: Telling) -> set[str]:
    return {mac for text in row.macs if not JUNK.mac(mac := forms.mac(text))}


def _serials(row: Telling) -> set[str]:
    return {serial for text in row.serials if not JUNK.serial(serial := forms.bare(text))}


def _by_address(rows: Sequence[Telling]) -> Iterator[tuple[int, int]]:
    """Pairs that have one address, of each kind of source the one heard last at it; none where two were as late."""
    by_address: dict[str, dict[Source, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, row in enumerate(rows):
        for address in filter(_is_one, set(row.addresses)):
            by_address[address][row.source].append(place)
    for _, of in sorted(by_address.items()):
        claims = [
            places[0]
            for _, places in sorted(of.items(), key=lambda each: SOURCES.index(each[0]))
            if len(places) == 1 or rows[places[0]].last_seen > rows[places[1]].last_seen
        ]
        for other in claims[1:]:
            yield claims[0], other


def _is_one(text: str) -> bool:
    """Whether it tells one machine of a LAN from another."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return bool(text)
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)
