"""What the registry says of services: which there are, from where each is watched, and what units share. Read anew when
the registry changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.services.shared import Group, groups
from core.values import Level
from inventory.records import Link, Maintenance, PlannedCheck, Service, Unit


class Registered(Protocol):
    """The part of the registry that verdicts on services need."""

    @property
    def revision(self) -> int: ...
    def units(self, at: int) -> Sequence[Unit]: ...
    def services(self, at: int) -> Sequence[Service]: ...
    def all_links(self, at: int) -> Sequence[Link]: ...
    def checks(self) -> Mapping[int, PlannedCheck]: ...
    def all_checks(self) -> Mapping[int, PlannedCheck]: ...
    def maintenance(self) -> Sequence[Maintenance]: ...


@dataclass(frozen=True, slots=True)
class Scene:
    """As of one revision of the registry."""

    revision: int
    services: Mapping[str, Service]
    watched_from: Mapping[str, frozenset[str]]
    """By service: the units whose agents look."""
    longest_ms: Mapping[str, int]
    """By service: the longest interval of its checks."""
    units: Mapping[str, Unit]
    groups: Sequence[Group]
    apart: frozenset[str]
    """The province's own unit: where the centre's agent is."""

    @property
    def province(self) -> str | None:
        return next(iter(self.apart), None)

    @staticmethod
    def of(registry: Registered, now: int) -> "Scene":
        units = {unit.code: unit for unit in registry.units(now)}
        services = {service.code: service for service in registry.services(now)}
        watched: dict[str, set[str]] = {code: set() for code in services}
        longest = dict.fromkeys(services, 0)
        for planned in registry.checks().values():
            if planned.service in services:
                watched[planned.service].add(planned.vantage)
                longest[planned.service] = max(longest[planned.service], planned.check.interval_ms)
        return Scene(
            registry.revision,
            services,
            {code: frozenset(found) for code, found in watched.items()},
            longest,
            units,
            groups(units, registry.all_links(now)),
            frozenset(unit.code for unit in units.values() if unit.level is Level.PROVINCE),
        )
