"""From units, links, services and templates to checks. Pure: what is to be measured follows from the registry alone.

A template line gives, for each unit of its level, one check for each way to fill the placeholder of its target
from the unit's links, and none where there is nothing to fill it with.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import sha256

from core.values import Level
from core.wire import Plan
from inventory.records import Link, Maintenance, Service, Setting, Template, Unit, WatchedDevice, valid

LINK_FIELDS = {"gateway": "gateway", "router": "router", "hub": "hub", "anchor": "anchors"}
DEVICES, SNMP = "device", "snmp"
PLACEHOLDERS = (*LINK_FIELDS, "centre", DEVICES, SNMP)
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

_DEFAULTS = Plan.__struct_defaults__
PLAN_BOUNDS: Mapping[str, int] = dict(zip(Plan.__struct_fields__[-len(_DEFAULTS) :], _DEFAULTS, strict=True))
"""What a plan says beside its checks, with the defaults of the wire format; each can be set as a setting."""
SETTINGS: Mapping[str, str | int] = {
    "centre": "127.0.0.1",
    "province_report_every_ms": 1_000,
    **PLAN_BOUNDS,
}
"""Every setting with its default. `centre` is the centre's address, as units reach it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A check that should exist. `params` is canonical JSON text, empty for none."""

    vantage: str
    about: str
    role: str
    label: str
    kind: str
    target: str
    params: str
    interval_ms: int
    timeout_ms: int
    service: str

    @property
    def meaning(self) -> str:
        """Equal as long as the check asks the same question from the same place about the same unit."""
        parts = (self.vantage, self.about, self.kind, self.target, self.params, self.service)
        return sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a plan is made of, all versions."""

    units: Sequence[Unit]
    links: Sequence[Link]
    services: Sequence[Service]
    templates: Sequence[Template]
    settings: Sequence[Setting]
    devices: Sequence[WatchedDevice] = ()
    maintenance: Sequence[Maintenance] = ()

    def at(self, at: int) -> "Contents":
        """What of it is true at `at`."""
        return Contents(*(valid(getattr(self, field.name), at) for field in fields(self)))

    def next_change(self, after: int) -> int | None:
        """The first time past `after` at which something begins or ends by itself."""
        edges = (
            edge
            for field in fields(self)
            for record in getattr(self, field.name)
            for edge in (record.valid_from, record.valid_to)
            if edge is not None and edge > after
        )
        return min(edges, default=None)


def setting(settings: Iterable[Setting], name: str) -> str | int:
    """The value of a setting, or its default."""
    default = SETTINGS[name]
    for each in settings:
        if each.name == name:
            return int(each.value) if isinstance(default, int) else each.value
    return default


def plan(contents: Contents, at: int) -> list[Planned]:
    """All checks that should run at `at`; of two that mean the same, the first."""
    now = contents.at(at)
    province = next((unit.code for unit in now.units if unit.level is Level.PROVINCE), None)
    links: dict[str, list[Link]] = {}
    for link in now.links:
        links.setdefault(link.unit, []).append(link)
    devices: dict[str, list[WatchedDevice]] = {}
    for device in now.devices:
        devices.setdefault(device.unit, []).append(device)
    centre = str(setting(now.settings, "centre"))
    planned: dict[str, Planned] = {}
    for unit in now.units:
        for template in now.templates:
            vantage = unit.code if template.vantage == "unit" else province
            if vantage is None or not _meant(template, unit):
                continue
            has = _Has(now.services, links.get(unit.code, ()), devices.get(unit.code, ()), centre)
            for check in _checks(template, has):
                there = replace(check, vantage=vantage, about=unit.code)
                planned.setdefault(there.meaning, there)
    return list(planned.values())


def _meant(template: Template, unit: Unit) -> bool:
    if template.level == "all":
        return unit.level is not Level.PROVINCE
    return template.level == unit.level


@dataclass(frozen=True, slots=True)
class _Has:
    """What a unit has that placeholders can be filled with."""

    services: Sequence[Service]
    links: Sequence[Link]
    devices: Sequence[WatchedDevice]
    centre: str


def _checks(template: Template, has: _Has) -> Iterator[Planned]:
    if template.service:
        for service in has.services:
            if template.service in ("*", service.code):
                yield _of_service(template, service)
        return
    found = PLACEHOLDER.search(template.target)
    if found is not None and found.group(1) in (DEVICES, SNMP):
        yield from _of_devices(template, found, has.devices)
        return
    targets = list(dict.fromkeys(_targets(template.target, has.links, has.centre)))
    for target in targets:
        label = template.label if len(targets) == 1 else f"{template.label} {target}"
        yield _of_target(template, target, label)


def _of_devices(
    template: Template, placeholder: re.Match[str], devices: Sequence[WatchedDevice]
) -> Iterator[Planned]:
    """One check for each device, under the device's name; with `{snmp}`, of those that are asked over SNMP, with their
    own parameters over the template's."""
    asked = placeholder.group(1) == SNMP
    for device in devices:
        if asked and not device.snmp:
            continue
        target = _filled(template.target, placeholder, device.address)
        check = _of_target(template, target, device.name)
        if asked:
            params = json.loads(template.params or "{}") | json.loads(device.snmp)
            check = replace(check, params=json.dumps(params, sort_keys=True, ensure_ascii=False))
        yield check


def _of_service(template: Template, service: Service) -> Planned:
    return Planned(
        vantage="",
        about="",
        role=template.role,
        label=service.name,
        kind=service.kind,
        target=service.target,
        params=service.params,
        interval_ms=template.interval_ms or service.interval_ms,
        timeout_ms=template.timeout_ms or service.timeout_ms,
        service=service.code,
    )


def _of_target(template: Template, target: str, label: str) -> Planned:
    # The rules of the registry hold that a template without a service has both.
    if template.interval_ms is None or template.timeout_ms is None:
        raise ValueError(f"template {template.label!r} has no interval or timeout")
    return Planned(
        vantage="",
        about="",
        role=template.role,
        label=label,
        kind=template.kind,
        target=target,
        params=template.params,
        interval_ms=template.interval_ms,
        timeout_ms=template.timeout_ms,
        service="",
    )


def _targets(pattern: str, links: Sequence[Link], centre: str) -> Iterator[str]:
    found = PLACEHOLDER.search(pattern)
    if found is None:
        yield pattern
        return
    name = found.group(1)
    texts = [centre] if name == "centre" else [getattr(link, LINK_FIELDS[name]) for link in links]
    for text in texts:
        for address in text.split():
            yield _filled(pattern, found, address)


def _filled(pattern: str, placeholder: re.Match[str], address: str) -> str:
    # An IPv6 address needs brackets as soon as anything stands beside it (a port, a scheme, a path).
    bare = pattern == placeholder.group(0) or ":" not in address
    filled = address if bare else f"[{address}]"
    return pattern[: placeholder.start()] + filled + pattern[placeholder.end() :]
