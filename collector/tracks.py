"""What one check said, over all epochs of its agent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from collector.judge import Said
from collector.spans import REACH, Stream
from core.wire import Plan
from inventory.records import LINE_ROLES, PlannedCheck


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


def held_since(said: Sequence[Said], interval_ms: int) -> int:
    """Since when the status of the last span has held without a gap."""
    since = said[-1].first_at
    for before, after in zip(reversed(said[:-1]), reversed(said[1:]), strict=True):
        if before.status != after.status or after.first_at - before.last_at > REACH * interval_ms:
            break
        since = before.first_at
    return since
