"""What must hold between rows, whatever was imported: pure, over the tables as they would be."""

from collections.abc import Iterable, Iterator, Mapping

from inventory.exchange.cells import Reader, Wrong, host, networks, whole
from inventory.exchange.diff import Outcome, Version
from inventory.exchange.faults import Fault
from inventory.plan import SETTINGS

_LOWEST = {"heartbeat_ms": 200, "report_every_ms": 200, "province_report_every_ms": 200}
_RANK = {"province": 0, "department": 1, "district": 1, "commune": 2}
_TEXTS: Mapping[str, Reader] = {"centre": host, "allowed_addresses": networks}
_SETTING: Mapping[str, Reader] = {
    name: whole(_LOWEST.get(name, 1), 10**12) if isinstance(default, int) else _TEXTS[name]
    for name, default in SETTINGS.items()
}


def broken(outcomes: Mapping[str, Outcome]) -> Iterator[Fault]:
    """Every rule that the outcome would break; rows that could not be read are not held against others."""
    rows = {name: [v for v in outcome.versions if not v.gone] for name, outcome in outcomes.items()}
    yield from _units(rows["units"])
    codes = {version.row["code"] for version in rows["units"]}
    for link in rows["links"]:
        if link.row["unit"] not in codes:
            yield _fault("links", link, "unit", f"unknown unit|{link.row['unit']}")
    for name in ("watched_devices", "maintenance"):
        for version in rows[name]:
            if version.row["unit"] not in codes:
                yield _fault(name, version, "unit", f"unknown unit|{version.row['unit']}")
    services = {version.row["code"] for version in rows["services"]}
    for window in rows["maintenance"]:
        if window.row["service"] and window.row["service"] not in services:
            yield _fault("maintenance", window, "service", f"unknown service|{window.row['service']}")
    for check in rows["service_checks"]:
        if check.row["service"] not in services:
            yield _fault("service_checks", check, "service", f"unknown service|{check.row['service']}")
    for template in rows["templates"]:
        yield from _template(template, services)
    for setting in rows["settings"]:
        yield from _setting(setting)


def _units(units: list[Version]) -> Iterator[Fault]:
    by_code: dict[str, list[Version]] = {}
    for unit in units:
        by_code.setdefault(unit.row["code"], []).append(unit)
    circling = _circling(units, by_code)
    provinces: list[Version] = []
    for unit in units:
        half = (unit.row["latitude"] is None) != (unit.row["longitude"] is None)
        if half and not _bad(unit, "latitude", "longitude"):
            yield _fault("units", unit, "latitude", "latitude and longitude go together")
        if unit.row["level"] == "province":
            yield from _province(unit, provinces)
            provinces.append(unit)
        elif id(unit) in circling:
            yield _fault("units", unit, "parent", f"cycle in parents|{unit.row['code']}")
        elif not _bad(unit, "parent", "level", "valid_from", "valid_to"):
            yield from _parent(unit, by_code)


def _province(unit: Version, others: Iterable[Version]) -> Iterator[Fault]:
    if unit.row["parent"] is not None:
        yield _fault("units", unit, "parent", "a province has no parent")
    other = next((o for o in others if o.row["code"] != unit.row["code"] and _overlap(unit, o)), None)
    if other is not None:
        yield _fault("units", unit, "level", f"a second province|{other.row['code']}")


def _parent(unit: Version, by_code: Mapping[str, list[Version]]) -> Iterator[Fault]:
    parent = unit.row["parent"]
    if parent is None:
        yield _fault("units", unit, "parent", f"needs a parent|{unit.row['code']}")
    elif parent not in by_code:
        yield _fault("units", unit, "parent", f"unknown parent|{parent}")
    elif not _covered(unit, by_code[parent]):
        reason = f"parent does not exist all the time|{parent}|parent of {unit.row['code']}"
        yield _fault("units", unit, "parent", reason)
    elif any(_overlap(unit, above) and not _is_above(above, unit) for above in by_code[parent]):
        yield _fault(
            "units", unit, "parent", f"parent is not of a higher level|{parent}|parent of {unit.row['code']}"
        )


def _is_above(parent: Version, unit: Version) -> bool:
    # A level that could not be read is a fault already, and says nothing about others.
    return _bad(parent, "level") or _RANK[parent.row["level"]] < _RANK[unit.row["level"]]


def _circling(units: list[Version], by_code: Mapping[str, list[Version]]) -> set[int]:
    """Identities of the versions from which going up leads back to themselves, at some time.

    A circle has a step that does not lead to a higher level: where there is none, there is nothing to search.
    """
    rank = {code: max(_RANK.get(v.row["level"], 0) for v in versions) for code, versions in by_code.items()}
    if all(rank.get(u.row["parent"], -1) < _RANK.get(u.row["level"], 0) for u in units):
        return set()
    found: set[int] = set()
    for at in {unit.start for unit in units}:
        existing = {u.row["code"]: u for u in units if _holds(u, at) and u.row["level"] != "province"}
        done: set[str] = set()
        for code in existing:
            path: list[str] = []
            while code in existing and code not in done:
                done.add(code)
                path.append(code)
                code = existing[code].row["parent"]  # noqa: PLW2901 - the walk goes up from here
            if code in path:
                found |= {id(existing[each]) for each in path[path.index(code) :]}
    return found


def _covered(unit: Version, parents: list[Version]) -> bool:
    """Whether a version of the parent exists at every moment of the unit's."""
    at: int | None = unit.start
    while at is not None:
        parent = next((version for version in parents if _holds(version, at)), None)
        if parent is None:
            return False
        if parent.end is None or (unit.end is not None and unit.end <= parent.end):
            return True
        at = parent.end
    return True


def _template(template: Version, services: set[str]) -> Iterator[Fault]:
    row = template.row
    if row["service"]:
        if row["service"] != "*" and row["service"] not in services:
            yield _fault("templates", template, "service", f"unknown service|{row['service']}")
        for name in ("kind", "target", "params"):
            if row[name]:
                yield _fault("templates", template, name, "the checks of the service say this")
        return
    for name in ("kind", "target", "interval_ms", "timeout_ms"):
        if not row[name] and not _bad(template, name, "service"):
            yield _fault("templates", template, name, "empty")


def _setting(setting: Version) -> Iterator[Fault]:
    name = setting.row["name"]
    if name not in SETTINGS:
        yield _fault("settings", setting, "name", f"unknown setting|{name}")
        return
    try:
        if setting.row["value"]:
            _SETTING[name](setting.row["value"])
    except Wrong as error:
        yield _fault("settings", setting, "value", str(error))


def _holds(version: Version, at: int) -> bool:
    return version.start <= at and (version.end is None or at < version.end)


def _overlap(one: Version, other: Version) -> bool:
    return _holds(one, max(one.start, other.start)) and _holds(other, max(one.start, other.start))


def _bad(version: Version, *columns: str) -> bool:
    return version.line is not None and any(column in version.line.bad for column in columns)


def _fault(table: str, version: Version, column: str, reason: str) -> Fault:
    if version.line is None:
        return Fault(table, 0, column, reason)
    return Fault(version.line.source, version.line.row, column, reason)
