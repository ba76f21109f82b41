"""What the API answers, where it is not a value of `collector.views` as it is. Times are ms since 1970, UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from collector.evidence import Said
from collector.series import PART
from collector.timeline import Stretch
from collector.views import CheckState, Outage, UnitState, Uptime
from core.values import Cause, Status
from core.wire import DiagnosticKind
from inventory.registry import Unit
from web.happenings import Told
from web.interfaces import Ports
from web.paths import Hop


@dataclass(frozen=True, slots=True)
class Availability:
    """Of a period: milliseconds up, down and unknown; `ratio` is up over known time, null when nothing is known."""

    start: int
    end: int
    up_ms: int
    down_ms: int
    unknown_ms: int
    ratio: float | None


@dataclass(frozen=True, slots=True)
class UnitDetail:
    """A unit with what the registry tells of it; `uptime` over the last `24h`, `7d` and `30d`."""

    code: str
    name: str
    level: str
    parent: str | None
    status: Status
    since: int | None
    reason: str
    outage: int | None
    staff: int | None
    address: str | None
    latitude: float | None
    longitude: float | None
    uptime: Mapping[str, Availability]
    agents: list[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest value of a figure; `series` is the id to ask its history with."""

    at: int
    value: float
    series: int | None


@dataclass(frozen=True, slots=True)
class CheckDetail:
    """A check as last seen: measured from the unit `vantage`, telling of the unit `about`."""

    id: int
    kind: str
    target: str
    interval_ms: int
    timeout_ms: int
    vantage: str
    about: str
    role: str
    label: str
    status: Status
    reason: str
    since: int | None
    last_at: int | None
    figures: Mapping[str, Sample]
    series: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PathDetail:
    """A way that traces of a unit's agent found between `first_seen` and `last_seen`, with whose each hop is."""

    id: int
    target: str
    method: str
    first_seen: int
    last_seen: int
    reached: bool
    broke_at: int | None
    refused: str
    hops: Sequence[Hop]


@dataclass(frozen=True, slots=True)
class InterfaceDetail:
    """An interface of a device, with its newest figures and the series of their histories."""

    index: int
    name: str
    kind: str
    description: str
    alias: str
    mac: str
    enabled: bool | None
    figures: Mapping[str, Sample]


@dataclass(frozen=True, slots=True)
class DeviceInterfaces:
    """A device and its interfaces. `check` asks it; null when it is not asked any more."""

    device: int
    address: str
    name: str
    kind: str
    check: int | None
    interfaces: Sequence[InterfaceDetail]


@dataclass(frozen=True, slots=True)
class Revision:
    """One thing that happened to an outage, with what it said after that."""

    at: int
    what: str
    cause: Cause
    began_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class OutageDetail:
    """An outage, what happened to it (oldest first), and the ids of those that it explains."""

    outage: Outage
    changes: list[Revision]
    explains: list[int]


@dataclass(frozen=True, slots=True)
class CheckSaid:
    """What a check said within a period: `[first_at, last_at, status, reason]` of each stretch."""

    check: int
    role: str
    label: str
    own: bool
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class EvidenceDetail:
    """What was known of a unit in a period. `timeline`: `[start, end, status, reason]`; `heard`: when its agent was,
    `[first_at, last_at]`; `listening`: when the collector listened; `lives`: of its agent; `events`: what its agent and the devices
    in its LAN told, the newest thousand."""

    timeline: Sequence[Stretch]
    heard: list[tuple[int, int]]
    listening: list[tuple[int, int]]
    checks: list[CheckSaid]
    lives: list[dict[str, Any]]
    events: list[Told]


@dataclass(frozen=True, slots=True)
class Series:
    """The history of a figure of a check; buckets without samples are left out.

    Points are `[at, min, mean, max, samples, median, p95]`.
    """

    series: int
    figure: str
    check: int
    bucket_ms: int
    points: list[tuple[int, float, float, float, int, float, float]]


@dataclass(frozen=True, slots=True)
class Percentile:
    """The 95th percentile of a figure's five-minute means from `start` to `end`: a month, or what is over of it.

    `value` is null without samples. `buckets` of `expected` five minutes have some.
    """

    series: int
    figure: str
    check: int
    month: str
    zone: str
    start: int
    end: int
    value: float | None
    buckets: int
    expected: int


@dataclass(frozen=True, slots=True)
class Me:
    name: str
    role: str
    program: bool


class DiagnosisRequest(BaseModel):
    """One probe to run now, once, from a unit. Targets and parameters are those of checks (of `icmp` for `ping`)."""

    model_config = ConfigDict(extra="forbid")

    kind: DiagnosticKind
    target: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
    params: Annotated[dict[str, Any], Field(max_length=20)] = {}


def availability(uptime: Uptime) -> Availability:
    return Availability(uptime.start, uptime.end, uptime.up, uptime.down, uptime.unknown, uptime.ratio)


Moment = Annotated[int, Field(ge=0, le=32_000_000_000_000)]
"""ms UTC, before the year 3000: what the registry can say as a date."""


class WindowRequest(BaseModel):
    """Planned work on a unit; without `valid_from` it begins now, without `valid_to` it lasts until it is ended. With
    `service` it is work on that service, as the unit sees it; without `unit`, as all see it."""

    model_config = ConfigDict(extra="forbid")

    unit: Annotated[str, StringConstraints(max_length=32)] = ""
    service: Annotated[str, StringConstraints(max_length=32)] = ""
    note: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
    below: bool = False
    valid_from: Moment | None = None
    valid_to: Moment | None = None

    @model_validator(mode="after")
    def _of_something(self) -> "WindowRequest":
        if not (self.unit or self.service):
            raise ValueError("a window is of a unit or of a service")
        return self


@dataclass(frozen=True, slots=True)
class Window:
    """A window of planned work on a unit, and with `below` on all that hang on it; with `service`, on that service as it is
    seen there."""

    id: int
    unit: str
    service: str
    below: bool
    note: str
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class DiagnosisAnswer:
    """What a diagnostic found; `details` are bodies of documents by their kind, such as the hops of a `path`."""

    status: str
    reason: str
    figures: Mapping[str, float]
    took_ms: int
    details: Mapping[str, Any]


def unit_detail(
    state: UnitState, unit: Unit | None, uptimes: Mapping[str, Uptime], agents: list[str]
) -> UnitDetail:
    return UnitDetail(
        code=state.code,
        name=state.name,
        level=state.level,
        parent=state.parent,
        status=state.status,
        since=state.since,
        reason=state.reason,
        outage=state.outage,
        staff=unit.staff if unit else None,
        address=unit.address if unit else None,
        latitude=unit.latitude if unit else None,
        longitude=unit.longitude if unit else None,
        uptime={period: availability(uptime) for period, uptime in uptimes.items()},
        agents=agents,
    )


def check_detail(state: CheckState) -> CheckDetail:
    return CheckDetail(
        id=state.check.id,
        kind=state.check.kind,
        target=state.check.target,
        interval_ms=state.check.interval_ms,
        timeout_ms=state.check.timeout_ms,
        vantage=state.vantage,
        about=state.about,
        role=state.role,
        label=state.label,
        status=state.status,
        reason=state.reason,
        since=state.since,
        last_at=state.last_at,
        figures={
            name: Sample(point.at, point.value, state.series.get(name))
            for name, point in state.figures.items()
            if PART not in name
        },
        series={name: series for name, series in state.series.items() if PART not in name},
    )


def device_interfaces(found: Ports) -> DeviceInterfaces:
    device = found.device
    return DeviceInterfaces(
        device=device.id,
        address=device.address,
        name=device.name,
        kind=device.kind,
        check=found.check.check.id if found.check else None,
        interfaces=[
            InterfaceDetail(
                port.index,
                port.name,
                port.kind,
                port.description,
                port.alias,
                port.mac,
                port.enabled,
                {
                    name: Sample(point.at, point.value, port.series.get(name))
                    for name, point in port.figures.items()
                },
            )
            for port in found.ports
        ],
    )
