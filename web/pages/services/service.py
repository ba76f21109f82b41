"""One service: what is true of it, who is hit and why, how quick it is, what happened to it, and how it is looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from collector.services.subjects import is_itself
from collector.services.views import Sees, ServiceState, Shared, Sight, Trouble
from collector.views import Outage
from core.values import Level
from inventory.records import PlannedCheck, ServiceCheck
from web.context import Context, context_of
from web.pages.rendering import name_of, render
from web.pages.services.ends import ends, troubles
from web.pages.services.failures import failures_of
from web.pages.services.matrix import missing_of
from web.phases import PHASES, REST, WHOLE
from web.timing import params_of, planned_of, steps_of

LISTED = 20
"""Outages listed on the page of a service."""
NAMED = 8
"""Units that are named at once where many are hit; the rest unfolds."""
GRAPH_MS = 30 * 86_400_000

router = APIRouter()
Code = Annotated[str, Path(max_length=64)]


@dataclass(frozen=True, slots=True)
class Hit:
    """Units that are hit by one thing. `what`: `service` for the service itself, `trouble` for the way to it, `line` for
    units whose own line is down, `unknown` for those of which nothing is known."""

    what: str
    units: Sequence[Sight]
    cause: str
    reason: str
    since: int | None
    outage: int | None
    shared: Shared | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """One check of the catalogue, with how many units look with it. `steps` are a scenario's."""

    check: ServiceCheck
    steps: Sequence[str]
    places: int


@dataclass(frozen=True, slots=True)
class Vantage:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A check that can be drawn: its label, which is the same from every unit."""

    label: str
    interval_ms: int
    has_steps: bool


@router.get("/services/{code}")
def service_page(request: Request, code: Code) -> Response:
    context = context_of(request)
    now = context.clock.now()
    details = _now(context, code)
    planned = planned_of(context, code)
    outages = context.views.outages(service=code, limit=LISTED + 1)
    name = context.services.name(code)
    return render(
        request,
        "services/service.html",
        {
            **details,
            "checks": checks(context.registry.service_checks(code, now), planned.values()),
            "vantages": vantages(context, planned.values()),
            "choices": choices(planned.values()),
            "outages": outages[:LISTED],
            "more_outages": len(outages) > LISTED,
            "shaded": _shaded(outages, now),
            "layer_names": (*PHASES, *WHOLE, REST),
            "ends": ends(context.services.expiries(), code, name),
            "troubles": troubles(context.services.worries(), context.services.sights(code), code, name),
            "failures": failures_of(context, code, name),
        },
    )


@router.get("/fragments/services/{code}")
def service_now(request: Request, code: Code) -> Response:
    """What is true of it now, and who is hit."""
    return render(request, "parts/service_now.html", _now(context_of(request), code))


@router.get("/fragments/services/{code}/failures")
def service_failures(request: Request, code: Code) -> Response:
    """The steps of its scenarios that failed last."""
    context = context_of(request)
    service = context.registry.service(code, context.clock.now())
    if service is None:
        raise HTTPException(404)
    found = failures_of(context, code, context.services.name(code))
    return render(request, "parts/service_failures.html", {"service": service, "failures": found})


def _now(context: Context, code: str) -> dict[str, object]:
    now = context.clock.now()
    service = context.registry.service(code, now)
    if service is None:
        raise HTTPException(404)
    checks_ = context.registry.service_checks(code, now)
    state = context.services.service(code)
    watched = state is not None and (state.headline.of > 0 or state.headline.centre is not None)
    sights = {sight.unit: sight for sight in context.services.sights(code)}
    return {
        "service": service,
        "state": state if watched else None,
        "missing": None if watched else missing_of(service, checks_),
        "kinds": frozenset(check.kind for check in checks_),
        "hits": hits(state, sights.values(), _provinces(context, now)) if watched and state else (),
        "slow": [sights[unit] for unit in state.slow_at if unit in sights] if watched and state else (),
        "named": NAMED,
    }


def hits(state: ServiceState, sights: Iterable[Sight], apart: frozenset[str]) -> Sequence[Hit]:
    """Who is hit, and why: the widest first. Each unit is in one of them. Pure."""
    by_sight: dict[Sees, dict[str, Sight]] = {}
    for sight in sights:
        if sight.unit not in apart:
            by_sight.setdefault(sight.sees, {})[sight.unit] = sight
    left = by_sight.get(Sees.DOWN, {})
    found = []
    for trouble in state.troubles:
        units = [left.pop(unit) for unit in trouble.units if unit in left]
        if units:
            found.append(_of_trouble(trouble, units))
    if left:
        # What no trouble explains fails for the service's own reason, where it is down for all.
        cause = state.cause.value if state.cause is not None else "undetermined"
        units = list(left.values())
        since = (
            state.since if state.cause is not None else min((u.since for u in units if u.since), default=None)
        )
        whole = Hit("service", units, cause, state.reason or units[0].reason, since, state.outage)
        found.insert(0, whole)
    for sees, what in ((Sees.NO_LINE, "line"), (Sees.UNKNOWN, "unknown")):
        units = list(by_sight.get(sees, {}).values())
        if units:
            found.append(Hit(what, units, "", "", None, None))
    return found


def _of_trouble(trouble: Trouble, units: Sequence[Sight]) -> Hit:
    return Hit(
        "trouble", units, trouble.cause.value, trouble.reason, trouble.since, trouble.outage, trouble.shared
    )


def checks(catalogue: Iterable[ServiceCheck], planned: Iterable[PlannedCheck]) -> Sequence[Watched]:
    """The checks of the catalogue, with from how many units each is made. Pure."""
    places: dict[str, set[str]] = {}
    for each in planned:
        places.setdefault(each.label, set()).add(each.vantage)
    found = []
    for check in catalogue:
        made = next((units for label, units in places.items() if label.endswith(f": {check.name}")), None)
        if made is None and len(places) == 1:
            made = next(iter(places.values()))  # the only check of a service has the service's own name
        found.append(Watched(check, steps_of(params_of(check.params)), len(made or ())))
    return found


def vantages(context: Context, planned: Iterable[PlannedCheck]) -> Sequence[Vantage]:
    """From where it is looked at: the centre first, then units by name."""
    now = context.clock.now()
    centre = _provinces(context, now)
    found = [Vantage(code, name_of(context, code)) for code in {each.vantage for each in planned}]
    return sorted(found, key=lambda each: (each.code not in centre, each.name))


def choices(planned: Iterable[PlannedCheck]) -> Sequence[Choice]:
    """What can be drawn, what people do first: scenarios before single requests. Pure."""
    found = {
        each.label: Choice(each.label, each.check.interval_ms, bool(steps_of(each.check.params)))
        for each in planned
    }
    return sorted(found.values(), key=lambda each: (not each.has_steps, each.label))


def _provinces(context: Context, now: int) -> frozenset[str]:
    return frozenset(unit.code for unit in context.registry.units(now) if unit.level is Level.PROVINCE)


def _shaded(outages: Iterable[Outage], now: int) -> Sequence[tuple[int, int]]:
    """The stretches that graphs show as outages: those of the service itself."""
    return [
        (each.began_at, each.ended_at if each.ended_at is not None else now)
        for each in outages
        if is_itself(each.subject)
        and not each.retracted
        and (each.ended_at is None or each.ended_at > now - GRAPH_MS)
    ]
