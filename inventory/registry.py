"""The registry as everyone reads it: a snapshot in memory, read again when its revision changed."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import sqlalchemy as sa

from core.values import Check, Level
from core.wire import Plan, PlanCheck
from inventory import tables
from inventory.exchange.cells import networks
from inventory.plan import PLAN_BOUNDS, setting
from inventory.rebuild import read_contents, read_revision
from inventory.records import (
    PROVINCE,
    ROLES,
    Link,
    Maintenance,
    PlannedCheck,
    Service,
    ServiceCheck,
    Setting,
    Unit,
    WatchedDevice,
    valid,
)
from inventory.state import State

__all__ = ["PROVINCE", "ROLES", "PlannedCheck", "Registry", "Unit"]

_RANK = {level: rank for rank, level in enumerate(Level)}


class Registry:
    """What exists and what is to be measured. Reads touch no database, and are safe from any thread."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._now = _read(state)

    @property
    def revision(self) -> int:
        return self._now.revision

    def refresh(self) -> bool:
        """Read again if the registry was changed, by this process or another; True if it was. One small read."""
        with self._state.read() as connection:
            revision = read_revision(connection)
        if revision == self._now.revision:
            return False
        self._now = _read(self._state)
        return True

    def units(self, at: int) -> Sequence[Unit]:
        """The units that exist at `at`: the province, its departments, then each district with its communes."""
        return tuple(self._now.units.at(at).values())

    def unit(self, code: str, at: int) -> Unit | None:
        return self._now.units.at(at).get(code)

    def checks(self) -> Mapping[int, PlannedCheck]:
        """All checks that are planned now, by id. An id is stable while its check means the same."""
        return self._now.live

    def all_checks(self) -> Mapping[int, PlannedCheck]:
        """All checks that are or ever were planned."""
        return self._now.all

    def check(self, id: int) -> PlannedCheck | None:  # noqa: A002 - the name that callers use for it
        """A check that is or ever was planned."""
        return self._now.all.get(id)

    def checks_of(self, vantage: str) -> Sequence[PlannedCheck]:
        """What is measured from one unit now."""
        return self._now.by_vantage.get(vantage, ())

    def maintenance(self) -> Sequence[Maintenance]:
        """All planned work: past, present and to come."""
        return self._now.maintenance

    def watched_devices(self, unit: str, at: int) -> Sequence[WatchedDevice]:
        return [each for each in valid(self._now.devices, at) if each.unit == unit]

    def figure(self, name: str) -> int:
        """The value of a setting that is a number, as of the last planning."""
        return int(setting(self._now.settings, name))

    def links(self, unit: str, at: int) -> Sequence[Link]:
        """A unit's lines at `at`."""
        return [each for each in valid(self._now.links, at) if each.unit == unit]

    def all_links(self, at: int) -> Sequence[Link]:
        """All units' lines at `at`."""
        return valid(self._now.links, at)

    def services(self, at: int) -> Sequence[Service]:
        """The catalogue at `at`, by code."""
        return valid(self._now.services, at)

    def service(self, code: str, at: int) -> Service | None:
        return next((each for each in self.services(at) if each.code == code), None)

    def service_checks(self, code: str, at: int) -> Sequence[ServiceCheck]:
        """The ways in which a service is looked at."""
        return [each for each in valid(self._now.service_checks, at) if each.service == code]

    def centre(self) -> str:
        """The centre's address, as units reach it."""
        return str(setting(self._now.settings, "centre"))

    def plan(self, vantage: str) -> Plan:
        """The plan of that unit's agent; without checks for a unit that has none."""
        now = self._now  # one snapshot throughout, though another may take its place meanwhile
        bounds = {name: int(setting(now.settings, name)) for name in PLAN_BOUNDS}
        if vantage in now.provinces:
            bounds["report_every_ms"] = int(setting(now.settings, "province_report_every_ms"))
        checks = [_on_the_wire(planned) for planned in now.by_vantage.get(vantage, ())]
        allowed = networks(str(setting(now.settings, "allowed_addresses"))).split()
        return Plan(unit=vantage, checks=checks, allowed=allowed, **bounds)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    revision: int
    units: "_Timeline"
    provinces: frozenset[str]
    settings: Sequence[Setting]
    devices: Sequence[WatchedDevice]
    links: Sequence[Link]
    maintenance: Sequence[Maintenance]
    services: Sequence[Service]
    service_checks: Sequence[ServiceCheck]
    all: Mapping[int, PlannedCheck]
    live: Mapping[int, PlannedCheck]
    by_vantage: Mapping[str, Sequence[PlannedCheck]]


@dataclass(slots=True)
class _Timeline:
    """Units by code at any time, worked out once for each stretch in which none of them begins or ends."""

    versions: Sequence[Unit]
    edges: list[int] = field(init=False)
    known: dict[int, Mapping[str, Unit]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        times = {
            edge for unit in self.versions for edge in (unit.valid_from, unit.valid_to) if edge is not None
        }
        self.edges = sorted(times)

    def at(self, at: int) -> Mapping[str, Unit]:
        stretch = bisect_right(self.edges, at)
        if stretch not in self.known:
            self.known[stretch] = {unit.code: unit for unit in _in_order(valid(self.versions, at))}
        return self.known[stretch]


def _in_order(units: Sequence[Unit]) -> Iterator[Unit]:
    """Parents before their children, children by level and then as they came."""
    children: dict[str | None, list[Unit]] = {}
    for unit in sorted(units, key=lambda unit: _RANK[unit.level]):
        children.setdefault(unit.parent, []).append(unit)

    def below(code: str | None) -> Iterator[Unit]:
        for unit in children.get(code, ()):
            yield unit
            yield from below(unit.code)

    return below(None)


def _read(state: State) -> _Snapshot:
    with state.read() as connection:
        contents = read_contents(connection)
        rows = connection.execute(sa.select(tables.checks).order_by(tables.checks.c.id)).all()
        # Settings are read as of the last planning, so that a plan is of one piece.
        planned_at = connection.scalar(sa.select(tables.registry.c.planned_at)) or 0
        revision = read_revision(connection)
    every = {row.id: _planned(row) for row in rows}
    live = {row.id: every[row.id] for row in rows if row.until is None}
    return _Snapshot(
        revision=revision,
        units=_Timeline(contents.units),
        provinces=frozenset(unit.code for unit in contents.units if unit.level is Level.PROVINCE),
        settings=valid(contents.settings, planned_at),
        devices=contents.devices,
        links=contents.links,
        maintenance=tuple(sorted(contents.maintenance, key=lambda window: window.valid_from)),
        services=contents.services,
        service_checks=contents.service_checks,
        all=MappingProxyType(every),
        live=MappingProxyType(live),
        by_vantage=_by_vantage(live.values()),
    )


def _by_vantage(checks: Iterable[PlannedCheck]) -> Mapping[str, Sequence[PlannedCheck]]:
    found: dict[str, list[PlannedCheck]] = {}
    for planned in checks:
        found.setdefault(planned.vantage, []).append(planned)
    return found


def _planned(row: sa.Row[tuple[object, ...]]) -> PlannedCheck:
    r = row._mapping
    check = Check(
        id=r["id"],
        kind=r["kind"],
        target=r["target"],
        interval_ms=r["interval_ms"],
        timeout_ms=r["timeout_ms"],
        params=MappingProxyType(json.loads(r["params"] or "{}")),
    )
    return PlannedCheck(
        check,
        vantage=r["vantage"],
        about=r["about"],
        role=r["role"],
        label=r["label"],
        service=r["service"],
    )


def _on_the_wire(planned: PlannedCheck) -> PlanCheck:
    check = planned.check
    return PlanCheck(
        id=check.id,
        kind=check.kind,
        target=check.target,
        interval_ms=check.interval_ms,
        timeout_ms=check.timeout_ms,
        params=dict(check.params),
        role=planned.role,
    )
