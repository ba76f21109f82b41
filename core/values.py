"""The values that every room speaks of. Frozen, no I/O, no clock. Times are integer milliseconds since 1970, UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """What is true of a check, a link or a unit at a time. No data is `unknown`: neither up nor down."""

    UP = "up"
    DOWN = "down"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why something was down. What is not proven is `undetermined`."""

    LINE = "line"
    POWER = "power"
    AGENT = "agent"
    UPSTREAM = "upstream"
    CENTRE = "centre"
    DEVICE = "device"
    LAN = "lan"
    PLANNED = "planned"
    SERVICE = "service"
    """The system itself: all see it fail."""
    PROVIDER = "provider"
    DNS = "dns"
    CERTIFICATE = "certificate"
    FAMILY = "family"
    """One of IPv4 and IPv6, while the other works."""
    UNDETERMINED = "undetermined"


class Level(StrEnum):
    """Where a unit stands in the administration."""

    PROVINCE = "province"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to measure from one vantage: how (`kind`, `params`), what (`target`), how often, and its deadline.

    `id` is the centre's, stable for as long as the check means the same. `params` are plain JSON values, read by
    the probe of that kind and by nobody else.
    """

    id: int
    kind: str
    target: str
    interval_ms: int
    timeout_ms: int
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a check found. An expected failure (timeout, refused, wrong answer) is a `down` with a reason.

    `figures` are named numbers in base units, the unit last in the name (`rtt_mean_seconds`, `loss_ratio`).
    """

    status: Status
    reason: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    documents: Sequence[tuple[str, Mapping[str, object]]] = ()
    """What was found that is no figure, as (kind, body) of a `core.wire.Document`."""
