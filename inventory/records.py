"""What the registry holds, as frozen values. Times are ms UTC; `valid_to` is None while there is no end."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeVar

from core.values import Check, Level

PROVINCE = "33"
"""Code of the unit that stands for the province itself: where the centre's own agent is."""
ROLES = ("lan", "hub", "line", "internet", "service", "device", "survey")
"""What a check is evidence of. `line`: the way between unit and centre, from either side; `hub`: its first part, to where
the unit hangs on. `survey`: of nothing; it is measured for people, and no verdict depends on it."""
SURVEY = "survey"
LINE_ROLES = ("line", "hub")
DEVICE_KINDS = ("router", "switch", "ap", "ups", "pc", "printer", "camera", "server", "other")


@dataclass(frozen=True, slots=True)
class Unit:
    """An office that is watched, as it was between `valid_from` and `valid_to`."""

    code: str
    name: str
    level: Level
    parent: str | None
    staff: int | None
    address: str
    latitude: float | None
    longitude: float | None
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """A unit's line. `gateway`, `router`, `hub` and `anchors` hold addresses or host names, separated by spaces."""

    unit: str
    kind: str
    """`wan` or `internet`."""
    name: str
    provider: str
    circuit_id: str
    bandwidth_down_kbps: int | None
    bandwidth_up_kbps: int | None
    gateway: str
    """The LAN's gateway, as the unit's own machines see it."""
    router: str
    """The unit's router, as the centre sees it."""
    hub: str
    anchors: str
    """Addresses on the Internet that tell whether it is reached over this link."""
    resolvers: str
    """Addresses of the name servers that the unit's machines ask."""
    max_rtt_ms: int | None
    """The line's objectives: beyond them it is degraded. None: as the probe has it."""
    max_loss_percent: int | None
    max_jitter_ms: int | None
    proxy: str
    """Through which the unit's machines reach the web: `host:port` or a URL; empty: none."""
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Service:
    """An e-office system, as it is promised to people."""

    code: str
    name: str
    owner: str
    """Who answers for it."""
    address: str
    """A host, `host:port` or the URL that it begins at; empty while it is not known: then nothing that needs it is checked."""
    objective_percent: float | None
    """Availability that is promised, in percent of its hours."""
    slow_ms: int | None
    """Up to this it is fast enough: the T of Apdex."""
    hours: str
    """When it is promised, as `inventory.hours` reads it; empty: always."""
    domain_until: int | None
    """When its domain name runs out, ms UTC."""
    note: str
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """One way in which a service is looked at. `params` is a JSON object as text, empty for none."""

    service: str
    name: str
    """For people: `Đăng nhập`, `Chứng thư`."""
    kind: str
    target: str
    """May hold `{address}` or `{host}` of its service, and one placeholder of `inventory.plan`."""
    params: str
    interval_ms: int
    timeout_ms: int
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Template:
    """A line of "every commune: ping the gateway each 5 s", from which checks are planned (`inventory.plan`)."""

    level: str
    """A `Level`, or `all`: every unit but the province's own."""
    vantage: str
    """`unit` or `centre`: where the check runs."""
    label: str
    role: str
    kind: str
    target: str
    service: str
    """Code of the service to check, `*` for every one; then kind, target and params are those of its checks."""
    interval_ms: int | None
    timeout_ms: int | None
    params: str
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Planned work on a unit: its validity is the window. With a `service`, work on that service as the unit sees it; as all
    see it when the unit is the province."""

    unit: str
    below: bool
    """It is work on all units that hang on this one, too."""
    note: str
    valid_from: int
    valid_to: int | None
    service: str = ""
    """Code of the service that is worked on; empty: it is the unit itself."""


@dataclass(frozen=True, slots=True)
class WatchedDevice:
    """A device in a unit's LAN that its agent looks after."""

    unit: str
    name: str
    kind: str
    """One of DEVICE_KINDS."""
    address: str
    snmp: str
    """Parameters with which it is asked over SNMP, a JSON object as text; empty: it is not."""
    stream: str
    """What follows its address in the URL of its picture: `/Streaming/Channels/101`, `:8554/live`; empty: none is asked for."""
    access: str
    """Parameters of the checks of its picture and of `{camera}`, over theirs; a JSON object as text, empty for none."""
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """A check with where it runs (`vantage`), what it tells of (`about`), as evidence of what (`role`)."""

    check: Check
    vantage: str
    about: str
    role: str
    label: str
    service: str = ""
    """Code of the service that it is a check of; empty for none."""


class Valid(Protocol):
    @property
    def valid_from(self) -> int: ...
    @property
    def valid_to(self) -> int | None: ...


V = TypeVar("V", bound=Valid)
R = TypeVar("R")


def above(units: Mapping[str, Unit], code: str) -> list[str]:
    """The unit and all that it hangs on; those that hang on themselves end it."""
    return [
        each for each in climb(code, lambda at: units[at].parent if at in units else None) if each in units
    ]


def climb(code: str, parent_of: Callable[[str], str | None]) -> list[str]:
    """A unit and those above it, as `parent_of` tells; each once, so that a ring ends."""
    path: list[str] = []
    at: str | None = code
    while at is not None and at not in path:
        path.append(at)
        at = parent_of(at)
    return path


def is_valid(record: Valid, at: int) -> bool:
    return record.valid_from <= at and (record.valid_to is None or at < record.valid_to)


def valid(records: Iterable[V], at: int) -> list[V]:
    """Those that are true at `at`, in their order."""
    return [record for record in records if is_valid(record, at)]


def record_of(shape: type[R], row: Mapping[Any, Any]) -> R:
    """A row of the table, or of an import, as its record."""
    values = {field.name: row[field.name] for field in fields(shape)}  # type: ignore[arg-type]
    if shape is Unit:
        values["level"] = Level(values["level"])
    return shape(**values)
