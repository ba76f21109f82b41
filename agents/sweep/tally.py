"""What was heard of whom: one sighting for each MAC, bounded in number, entries and bytes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec

from agents.sweep.heard import Heard, Neighbour
from agents.sweep.networks import Own

MOST = 2_048
"""Machines of one run."""
MOST_BYTES = 192 << 10
"""Of all sightings together as JSON: a document in a report that may have 1 MiB."""
_ENTRIES = {"addresses": 16, "names": 8, "kinds": 8, "services": 16, "models": 4, "protocols": 12}
"""Of one machine."""
_NEVER_FORWARDED = frozenset({"arp", "ndp", "dhcp", "lldp", "cdp"})


@dataclass(slots=True)
class _Sighting:
    lists: dict[str, dict[str, None]] = field(default_factory=lambda: {name: {} for name in _ENTRIES})
    vendor_class: str = ""
    fingerprint: str = ""
    neighbour: Neighbour | None = None


class Tally:
    """Of one run. Who came first is kept when there are too many."""

    def __init__(self) -> None:
        self._seen: dict[str, _Sighting] = {}
        self._left_out: set[str] = set()

    @property
    def hosts(self) -> int:
        return len(self._seen)

    def take(self, heard: Heard, own: Own) -> Sequence[str] | None:
        """Note what a frame told on this interface. The addresses that are the sender's and on this link; None when the frame
        does not count: it is our own, or was forwarded from elsewhere."""
        if heard.mac == own.mac:
            return None
        addresses = [address for address in heard.addresses if own.has(address)]
        if not addresses and heard.addresses and heard.protocol not in _NEVER_FORWARDED:
            return None
        seen = self._seen.get(heard.mac)
        if seen is None:
            if len(self._seen) >= MOST:
                if len(self._left_out) < MOST:
                    self._left_out.add(heard.mac)
                return addresses
            seen = self._seen[heard.mac] = _Sighting()
        _add(seen, "addresses", addresses)
        _add(seen, "names", heard.names)
        _add(seen, "kinds", heard.kinds)
        _add(seen, "services", heard.services)
        _add(seen, "models", heard.models)
        _add(seen, "protocols", (heard.protocol,))
        seen.vendor_class = heard.vendor_class or seen.vendor_class
        seen.fingerprint = heard.fingerprint or seen.fingerprint
        seen.neighbour = heard.neighbour or seen.neighbour
        return addresses

    def sightings(self) -> tuple[list[dict[str, Any]], int]:
        """As in a document of kind `lan`, and how many machines are not among them. What is empty is left out."""
        found: list[dict[str, Any]] = []
        size = 0
        for mac, seen in self._seen.items():
            one = _plain(mac, seen)
            size += len(msgspec.json.encode(one)) + 1
            if size > MOST_BYTES:
                break
            found.append(one)
        return found, len(self._seen) - len(found) + len(self._left_out)


def _add(seen: _Sighting, name: str, texts: Iterable[str]) -> None:
    entries = seen.lists[name]
    for text in texts:
        if len(entries) < _ENTRIES[name]:
            entries.setdefault(text)


def _plain(mac: str, seen: _Sighting) -> dict[str, Any]:
    one: dict[str, Any] = {"mac": mac}
    one |= {name: list(entries) for name, entries in seen.lists.items() if entries}
    if seen.vendor_class:
        one["vendor_class"] = seen.vendor_class
    if seen.fingerprint:
        one["fingerprint"] = seen.fingerprint
    if seen.neighbour is not None:
        one["neighbour"] = {key: value for key, value in asdict(seen.neighbour).items() if value}
    return one
