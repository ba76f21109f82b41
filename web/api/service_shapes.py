"""What the API answers of services, where it is not a value of `collector.services.views` as it is. Times are ms since 1970, UTC."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.services.expiry import Worry
from collector.services.history import ServiceHistory
from collector.services.views import Expiry, Phase, ServiceState
from collector.timeline import Stretch
from collector.views import Outage


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """A service with how long the phases of its checks took lately, what of it ends by itself, and what is wrong with its
    certificates."""

    state: ServiceState
    phases: list[Phase]
    expiries: list[Expiry]
    worries: list[Worry]


@dataclass(frozen=True, slots=True)
class ServiceAvailability:
    """Of a period, in ms: `up`, `down` and `unknown` within the service's hours, `planned` work in them, time `outside` of
    them. `ratio` is up over known time, null when nothing is known; `objective` the ratio that is promised, null when
    none is; `kept` says whether the ratio reaches it."""

    start: int
    end: int
    up_ms: int
    down_ms: int
    unknown_ms: int
    planned_ms: int
    outside_ms: int
    ratio: float | None
    objective: float | None
    kept: bool | None


@dataclass(frozen=True, slots=True)
class ServicePeriod:
    """A service over a period. `timeline`: `[start, end, status, reason]`, down is down for all; `outages`: its own and those of
    the way to it, newest first."""

    timeline: Sequence[Stretch]
    availability: ServiceAvailability
    outages: Sequence[Outage]


def service_period(found: ServiceHistory, objective_percent: float | None) -> ServicePeriod:
    kept, objective = found.kept, None if objective_percent is None else objective_percent / 100
    reached = None if objective is None or kept.ratio is None else kept.ratio >= objective
    return ServicePeriod(
        found.timeline,
        ServiceAvailability(
            kept.start,
            kept.end,
            kept.up,
            kept.down,
            kept.unknown,
            kept.planned,
            kept.outside,
            kept.ratio,
            objective,
            reached,
        ),
        found.outages,
    )
