"""What one check said, over all epochs of its agent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from collector.evidence import Said
from collector.notices import Device, plain_address
from collector.spans import REACH, Stream
from core.wire import Plan
from inventory.records import LINE_ROLES, SURVEY, PlannedCheck

RECENT_MS = 120_000


class Planned(Protocol):
    """The part of the registry that evidence needs."""

    @property
    def revision(self) -> int: ...
    def check(self, id: int) -> PlannedCheck | None: ...  # noqa: A002 - the registry's name for it
    def checks(self) -> Mapping[int, PlannedCheck]: ...
    def plan(self, vantage: str) -> Plan: ...


@dataclass(slots=True)
class Track:
    """All that one check ever said, by epoch."""

    planned: PlannedCheck
    streams: dict[str, Stream] = field(default_factory=dict)

    @property
    def is_evidence(self) -> bool:
        return self.planned.role != SURVEY

    @property
    def is_line(self) -> bool:
        return self.planned.role in LINE_ROLES

    @property
    def is_of_lan(self) -> bool:
        """It tells of the unit's LAN or of a device in it: they have outages of their own."""
        return self.planned.role in ("lan", "device")

    def said(self, start: int) -> list[Said]:
        """Its spans that end at `start` or later, in order of time."""
        found = [
            (span.first_at, span.last_at, epoch, span.k_first, span.status, span.reason)
            for epoch, stream in self.streams.items()
            for span in stream.since(start)
        ]
        if len(found) > 1:
            found.sort()
        return [Said(each[0], each[1], each[4], each[5]) for each in found]

    def last(self, now: int) -> tuple[Said, int] | None:
        """Its newest span, and since when its status has held without a gap."""
        interval_ms = self.planned.check.interval_ms
        for start in (now - RECENT_MS - int(REACH * interval_ms), 0):
            said = self.said(start)
            if said and (held_since(said, interval_ms) > said[0].first_at or start == 0):
                return said[-1], held_since(said, interval_ms)
        return None


class Devices:
    """Who has which address in a unit's LAN, by what is checked there."""

    def __init__(self, registry: Planned) -> None:
        self._registry, self._revision = registry, -1
        self._of: dict[str, dict[str, Device]] = {}

    def of(self, unit: str) -> Mapping[str, Device]:
        if self._revision != self._registry.revision:
            self._revision, self._of = self._registry.revision, {}
            for planned in self._registry.checks().values():
                self._add(planned)
        return self._of.get(unit, {})

    def _add(self, planned: PlannedCheck) -> None:
        own = planned.vantage == planned.about
        is_router = planned.role == "lan" or (planned.role in LINE_ROLES and not own)
        if not is_router and planned.role != "device":
            return
        here = self._of.setdefault(planned.about, {})
        address = plain_address(planned.check.target)
        known = here.get(address)
        if known is None:
            here[address] = Device(planned.label, is_router)
        else:
            # A device has a name of its own; as a gateway or a router it has that of a check.
            name = planned.label if planned.role == "device" else known.name
            here[address] = Device(name, is_router or known.is_router)


def held_since(said: Sequence[Said], interval_ms: int) -> int:
    """Since when the status of the last span has held without a gap."""
    since = said[-1].first_at
    for before, after in zip(reversed(said[:-1]), reversed(said[1:]), strict=True):
        if before.status != after.status or after.first_at - before.last_at > REACH * interval_ms:
            break
        since = before.first_at
    return since
