"""From units, links, services and templates to checks. Pure: what is to be measured follows from the registry alone.

A template line gives, for each unit of its level, one check for each way to fill the placeholder of its target
from the unit's links, and none where there is nothing to fill it with. A line of services does so for each check of
the service.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlsplit

from core.values import Level
from core.wire import Plan
from inventory.records import (
    Link,
    Maintenance,
    Service,
    ServiceCheck,
    Setting,
    Template,
    Unit,
    WatchedDevice,
    valid,
)

LINK_FIELDS = {
    "gateway": "gateway",
    "router": "router",
    "hub": "hub",
    "anchor": "anchors",
    "resolver": "resolvers",
}
DEVICES, SNMP, CAMERA, STREAM, CONFIG = "device", "snmp", "camera", "stream", "config"
OF_DEVICES = (DEVICES, SNMP, CAMERA, STREAM, CONFIG)
ADDRESS, HOST, ENDPOINT = "address", "host", "endpoint"
OF_SERVICES = (ADDRESS, HOST, ENDPOINT)
"""In targets of a service's checks: its address, the host in it, and `host:port` (443 where it names none, 80 for http)."""
CONTRACT: Mapping[str, Callable[[Link], float | None]] = {
    "bandwidth_down_kbps": lambda link: link.bandwidth_down_kbps or None,
    "bandwidth_up_kbps": lambda link: link.bandwidth_up_kbps or None,
    "max_rtt_ms": lambda link: link.max_rtt_ms,
    "max_jitter_ms": lambda link: link.max_jitter_ms,
    "max_loss": lambda link: None if link.max_loss_percent is None else link.max_loss_percent / 100,
}
"""What a template's parameters may take from the unit's line: `"{bandwidth_down_kbps}"` as the whole of a value."""
PROXY = "proxy"
"""As one of CONTRACT: through which the unit reaches the web."""
PLACEHOLDERS = (*LINK_FIELDS, "centre", *OF_DEVICES)
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

_DEFAULTS = Plan.__struct_defaults__
PLAN_BOUNDS: Mapping[str, int] = {
    name: default
    for name, default in zip(Plan.__struct_fields__[-len(_DEFAULTS) :], _DEFAULTS, strict=True)
    if isinstance(default, int)
}
"""What a plan says beside its checks in numbers, with the defaults of the wire format; each can be set as a setting."""
SETTINGS: Mapping[str, str | int] = {
    "centre": "127.0.0.1",
    "allowed_addresses": "",
    "province_report_every_ms": 1_000,
    "throughput_bytes": 8 << 20,
    **PLAN_BOUNDS,
}
"""Every setting with its default. `centre` is the centre's address, as units reach it. `allowed_addresses`: networks, with a
space between them."""


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
    service_checks: Sequence[ServiceCheck] = ()

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
    services = _with_checks(now)
    planned: dict[str, Planned] = {}
    for unit in now.units:
        has = _Has(services, links.get(unit.code, ()), devices.get(unit.code, ()), centre)
        for template in now.templates:
            vantage = unit.code if template.vantage == "unit" else province
            if vantage is None or not _meant(template, unit):
                continue
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

    services: Sequence[tuple[Service, Sequence[ServiceCheck]]]
    links: Sequence[Link]
    devices: Sequence[WatchedDevice]
    centre: str


def _with_checks(now: Contents) -> Sequence[tuple[Service, Sequence[ServiceCheck]]]:
    checks: dict[str, list[ServiceCheck]] = {}
    for check in now.service_checks:
        checks.setdefault(check.service, []).append(check)
    return [(service, checks.get(service.code, ())) for service in now.services]


def _checks(template: Template, has: _Has) -> Iterator[Planned]:
    if not template.service:
        yield from _of_targets(template, has)
        return
    for service, checks in has.services:
        if template.service in ("*", service.code):
            for check in checks:
                label = service.name if len(checks) == 1 else f"{service.name}: {check.name}"
                for one in _of_service(template, service, check, label, has):
                    yield replace(one, service=service.code)


def _of_service(
    template: Template, service: Service, check: ServiceCheck, label: str, has: _Has
) -> Iterator[Planned]:
    target: str | None = addressed(check.target, service.address)
    if target is not None:
        as_said = replace(
            template,
            label=label,
            kind=check.kind,
            target=target,
            params=check.params,
            interval_ms=template.interval_ms or check.interval_ms,
            timeout_ms=template.timeout_ms or check.timeout_ms,
        )
        yield from _of_targets(as_said, has)


def addressed(target: str, address: str) -> str | None:
    """The target of a service's check with the service's address in it; None if it wants one and there is none."""
    known = {ADDRESS: address, HOST: host_of(address), ENDPOINT: _endpoint(address)}
    for found in reversed(list(PLACEHOLDER.finditer(target))):
        if found.group(1) in OF_SERVICES:
            if not known[found.group(1)]:
                return None
            target = _filled(target, found, known[found.group(1)])
    return target


def _endpoint(address: str) -> str:
    host = host_of(address)
    if not host or _is_ipv6(address):
        return host and f"[{host}]:443"
    parts = urlsplit(address if "://" in address else f"//{address}")
    port = parts.port or (80 if parts.scheme == "http" else 443)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_of(address: str) -> str:
    """The host in a service's address: a host, `host:port` or a URL. Empty if there is none, or no right port."""
    if _is_ipv6(address):
        return address
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        return (parts.port != 0 and parts.hostname) or ""
    except ValueError:
        return ""


def _of_targets(template: Template, has: _Has) -> Iterator[Planned]:
    found = PLACEHOLDER.search(template.target)
    if found is not None and found.group(1) in OF_DEVICES:
        yield from _of_devices(template, found, has)
        return
    field = LINK_FIELDS.get(found.group(1)) if found else None
    of_line = [link for link in has.links if field is None or getattr(link, field)]
    template = replace(template, params=_contracted(template.params, of_line))
    targets = list(dict.fromkeys(_targets(template.target, has.links, has.centre)))
    for target in targets:
        label = template.label if len(targets) == 1 else f"{template.label} {target}"
        yield _of_target(template, target, label)


def _contracted(params: str, links: Sequence[Link]) -> str:
    """Parameters with what is contracted for the line: the WAN's if it is among these; without what is not known of it."""
    if not any(f'"{{{name}}}"' in params for name in (*CONTRACT, PROXY)):
        return params
    line = min(links, key=lambda link: link.kind != "wan", default=None)
    known: dict[str, float | str | None] = {
        f"{{{name}}}": of(line) if line else None for name, of in CONTRACT.items()
    }
    known[f"{{{PROXY}}}"] = next((link.proxy for link in links if link.proxy), None)
    filled = {
        name: known[value] if isinstance(value, str) and value in known else value
        for name, value in json.loads(params).items()
    }
    kept = {name: value for name, value in filled.items() if value is not None}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False) if kept else ""


def _of_devices(template: Template, placeholder: re.Match[str], has: _Has) -> Iterator[Planned]:
    """One check for each device, under the device's name, with the device's own parameters over the template's."""
    params = _contracted(template.params, has.links)
    for device in has.devices:
        met = _met(placeholder.group(1), device)
        if met is None:
            continue
        where, own = met
        label = f"{template.label}: {device.name}" if template.service else device.name
        check = _of_target(template, _filled(template.target, placeholder, where), label)
        both = json.loads(params or "{}") | json.loads(own or "{}")
        canonical = json.dumps(both, sort_keys=True, ensure_ascii=False) if own else params
        yield replace(check, params=canonical)


def _met(name: str, device: WatchedDevice) -> tuple[str, str] | None:
    """What a placeholder stands for at a device, and the parameters that the device has for it; None: not this one."""
    if name == DEVICES:
        return device.address, ""
    if name == SNMP:
        return (device.address, device.snmp) if device.snmp else None
    if name == CAMERA:
        return (device.address, device.access) if device.kind == "camera" else None
    if name == CONFIG:
        signs_in = device.access and device.kind != "camera" and not device.stream
        return (device.address, device.access) if signs_in else None
    bracketed = f"[{device.address}]" if _is_ipv6(device.address) else device.address
    return (f"{bracketed}{device.stream}", device.access) if device.stream else None


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
    bare = pattern == placeholder.group(0) or not _is_ipv6(address)
    filled = address if bare else f"[{address}]"
    return pattern[: placeholder.start()] + filled + pattern[placeholder.end() :]


def _is_ipv6(address: str) -> bool:
    if ":" not in address:
        return False
    try:
        ip_address(address)
    except ValueError:
        return False
    return True
