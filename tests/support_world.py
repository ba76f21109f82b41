"""A registry made of values: units u1 and u2, each with checks of its own, and the centre's look at their routers."""

from collections.abc import Mapping, Sequence

from collector.facts import Row
from core.values import Check, Level
from core.wire import Plan
from inventory.records import Maintenance, PlannedCheck, Unit

NOW = 1_790_000_000_000
HUB, CENTRE, SERVICE, ROUTER = 1, 2, 3, 4


def planned(unit: str, number: int, role: str, vantage: str, interval_ms: int) -> PlannedCheck:
    check = Check(number, "icmp", "192.0.2.1", interval_ms, 1_000)
    return PlannedCheck(check, vantage=vantage, about=unit, role=role, label=f"check {number}")


class Registry:
    """Stands where `inventory.registry.Registry` stands. Checks of `u<N>` are N*10 + HUB, CENTRE, SERVICE, ROUTER."""

    revision = 1

    def __init__(self, units: int = 2) -> None:
        self.windows: list[Maintenance] = []
        self._units = [
            Unit(f"u{n}", f"Unit {n}", Level.COMMUNE, None, None, "", None, None, 0, None)
            for n in range(1, units + 1)
        ]
        self._checks = {}
        for n in range(1, units + 1):
            for number, role, vantage, interval_ms in (
                (HUB, "line", f"u{n}", 5_000),
                (CENTRE, "line", f"u{n}", 5_000),
                (SERVICE, "service", f"u{n}", 10_000),
                (ROUTER, "line", "33", 2_000),
            ):
                key = n * 10 + number
                self._checks[key] = planned(f"u{n}", key, role, vantage, interval_ms)

    def check(self, id: int) -> PlannedCheck | None:  # noqa: A002 - the registry's name for it
        return self._checks.get(id)

    def checks(self) -> Mapping[int, PlannedCheck]:
        return self._checks

    def plan(self, vantage: str) -> Plan:
        return Plan(unit=vantage, checks=[])

    def maintenance(self) -> Sequence[Maintenance]:
        return self.windows

    def units(self, at: int) -> Sequence[Unit]:
        return [unit for unit in self._units if unit.valid_to is None or at < unit.valid_to]

    def unit(self, code: str, at: int) -> Unit | None:
        return next((unit for unit in self.units(at) if unit.code == code), None)


def row(check: int, k: int, at: int, status: str = "up") -> Row:
    return Row(check, k, at, at, status, "" if status == "up" else "timeout")
