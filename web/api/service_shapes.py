"""What the API answers of services, where it is not a value of `collector.services.views` as it is. Times are ms since 1970, UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.services.expiry import Worry
from collector.services.history import ServiceHistory
from collector.services.views import Expiry, Phase, ServiceState
from collector.timeline import Stretch
from collector.views import Outage
from web.sights import is_cut
from web.trial import Tried


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


@dataclass(frozen=True, slots=True)
class TrialStep:
    """A step of a scenario, or the whole of another check (`name` empty). `state`: `done`, `failed` or `not reached`; `phases`
    in seconds, in order."""

    name: str
    state: str
    seconds: float | None
    phases: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FailedPage:
    """What the page said on which a step failed. The agent took secrets, what was typed and tokens out of `excerpt`; `cut`: the
    page said more."""

    step: str
    reason: str
    url: str
    status: int | None
    excerpt: str
    cut: bool


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """What came of a trial. `target` is what was asked, with the addresses of service and unit filled in."""

    unit: str
    kind: str
    target: str
    status: str
    reason: str
    took_ms: int
    steps: Sequence[TrialStep]
    failing: FailedPage | None
    figures: Mapping[str, float]


def trial_answer(tried: Tried) -> TrialAnswer:
    """Of a trial that was run."""
    found, broke = tried.diagnosis, tried.failing
    assert found is not None  # noqa: S101 - it was run
    failing = None
    if broke is not None:
        failing = FailedPage(
            broke.step, broke.reason, broke.url, broke.status, broke.excerpt, is_cut(broke.excerpt)
        )
    return TrialAnswer(
        tried.unit,
        tried.kind,
        tried.target,
        found.status,
        found.reason,
        found.took_ms,
        [TrialStep(each.name, each.state, each.seconds, dict(each.phases)) for each in tried.steps],
        failing,
        found.figures,
    )
