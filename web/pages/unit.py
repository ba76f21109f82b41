"""A unit: its state now and why, its checks, availability, graphs, outages, agents and machines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from collector.paths import Trace
from collector.services.subjects import service_of
from collector.views import AgentState, CheckState, Outage, Views
from inventory.devices import devices, versions
from inventory.findings import keeper
from inventory.records import LINE_ROLES
from web.api.findings import seen_by
from web.auth.guard import user_of
from web.auth.roles import User
from web.context import Context, context_of
from web.happenings import told
from web.i18n import language_of, speaker
from web.interfaces import Ports, ports_of
from web.pages.devices import asked_facts
from web.pages.hosts import facts, revisions
from web.pages.rendering import name_of, render
from web.pages.timeline import bars, marks
from web.paths import Hop, hops_of, way_of

LISTED = 20
PATHS = 10
MARKS = 500
"""Events of the last day that the timeline shows."""
VERSIONS = 20
"""Of a machine's document, that a page reads: each may have 64 KiB, and is compared with the one before."""
MAIN_FIGURES = (
    "rtt_median_seconds",
    "rtt_mean_seconds",
    "total_seconds",
    "connect_seconds",
    "query_seconds",
    "handshake_seconds",
    "rtt_seconds",
)
"""The figure that tells most of a check, by kind of check: the first of these that it has."""
DAY_MS = 24 * 3_600_000
GRAPH_MS = 30 * DAY_MS

router = APIRouter()
Code = Annotated[str, Path(max_length=40)]


@dataclass(frozen=True, slots=True)
class Graph:
    """What can be drawn of a check: series ids of its time and, for pings, of the least and the most within each burst,
    which are the smoke around it, and of its loss."""

    label: str
    interval_ms: int
    time: int
    figure: str
    least: int | None
    most: int | None
    loss: int | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """The series of what goes in and out of an interface."""

    label: str
    incoming: int
    outgoing: int
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Side:
    """What one end of the line sees of it now. Figures are None where they are not known."""

    own: bool
    check: CheckState
    rtt: float | None
    loss: float | None


@dataclass(frozen=True, slots=True)
class Traced:
    """A way to the centre, and when it was seen first and last."""

    first_seen: int
    last_seen: int
    trace: Trace
    hops: Sequence[Hop]


@dataclass(frozen=True, slots=True)
class Place:
    """The checks from one vantage."""

    code: str
    name: str
    own: bool
    checks: Sequence[CheckState]


@router.get("/units/{code}")
def unit_page(request: Request, code: Code) -> Response:
    context = context_of(request)
    views, now = context.views, context.views.now()
    details = _now(context, code)
    outages = views.outages(code, limit=LISTED + 1)
    day = views.evidence(code, now - DAY_MS, now).timeline
    agents = [agent for agent in views.agents() if agent.unit == code]
    spoken = speaker(language_of(request), now)
    known, checks = devices(context.state, code), _checks(views, code)
    asking = {
        check.check.target: check for check in checks if check.check.kind == "snmp" and check.vantage == code
    }
    ports = ports_of(known, checks)
    machines = [
        (
            device,
            asked_facts(spoken, device, asking.get(device.address))
            if device.address
            else facts(spoken, device.body),
            revisions(versions(context.state, device.id, VERSIONS)),
        )
        for device in known
    ]
    return render(
        request,
        "unit.html",
        {
            **details,
            "registered": context.registry.unit(code, now),
            "uptimes": views.uptimes(code),
            "outages": outages[:LISTED],
            "bars": bars(day, outages, now - DAY_MS, now),
            "marks": marks(told(context, code, now - DAY_MS, now, MARKS), now - DAY_MS, now),
            "happened": told(context, code, 0, now + 1, LISTED)[::-1],
            "sides": _sides(checks),
            "sights": context.services.sights_of(code),
            "ports": ports,
            "traffic": _traffic(ports),
            "paths": _ways(context, code),
            "more_outages": len(outages) > LISTED,
            "shaded": _shaded(outages, now),
            "graphs": _graphs(context, checks),
            "agents": agents,
            "machines": machines,
            "findings": _findings(context, code, user_of(request)),
        },
    )


def _findings(context: Context, code: str, user: User | None) -> int:
    """How many stand in the unit, as somebody may see them."""
    with context.state.read() as connection:
        return sum(1 for _ in keeper.read(connection, code, seen_by(user)))


@router.get("/fragments/units/{code}")
def unit_now(request: Request, code: Code) -> Response:
    """State, checks and agents as they are now."""
    return render(request, "parts/unit_now.html", _now(context_of(request), code))


@router.get("/fragments/units/{code}/services")
def unit_services(request: Request, code: Code) -> Response:
    """What the unit sees of each service now."""
    context = context_of(request)
    details = {"unit": context.views.unit(code), "sights": context.services.sights_of(code)}
    if details["unit"] is None:
        raise HTTPException(404)
    return render(request, "parts/unit_services.html", details)


def _now(context: Context, code: str) -> dict[str, object]:
    views = context.views
    unit = views.unit(code)
    if unit is None:
        raise HTTPException(404)
    parent = views.unit(unit.parent) if unit.parent else None
    return {"unit": unit, "parent": parent, "places": _places(views, context, code)}


def _checks(views: Views, code: str) -> Sequence[CheckState]:
    """The unit's own checks first, then those of others, each in the order of the registry."""
    checks = views.checks(code)
    return sorted(checks, key=lambda check: (check.vantage != code, check.vantage, check.check.id))


def _places(views: Views, context: Context, code: str) -> Sequence[Place]:
    found: dict[str, list[CheckState]] = {}
    for check in _checks(views, code):
        found.setdefault(check.vantage, []).append(check)
    return [Place(at, name_of(context, at), at == code, checks) for at, checks in found.items()]


def _sides(checks: Iterable[CheckState]) -> Sequence[Side]:
    """Both ends of the line: the centre's look at the unit first, then the unit's own at hub and centre."""
    found = [
        Side(
            check.vantage == check.about,
            check,
            check.figures["rtt_median_seconds"].value if "rtt_median_seconds" in check.figures else None,
            check.figures["loss_ratio"].value if "loss_ratio" in check.figures else None,
        )
        for check in checks
        if check.role in LINE_ROLES
    ]
    return sorted(found, key=lambda side: (side.own, side.check.role != "hub"))


def _ways(context: Context, code: str) -> Sequence[Traced]:
    """The ways to the centre that were seen, the latest first."""
    way = way_of(context.registry, code, context.clock.now())
    return [
        Traced(each.first_seen, each.last_seen, each.trace, hops_of(each.trace, way))
        for each in context.views.paths(code, PATHS)
    ]


def _graphs(context: Context, checks: Iterable[CheckState]) -> Sequence[Graph]:
    """What can be drawn, the line first: that is what a unit's page is opened for."""
    found = []
    for check in sorted(checks, key=lambda check: check.role not in LINE_ROLES):
        main = next((name for name in MAIN_FIGURES if name in check.series), None)
        if main is not None:
            label = f"{check.label} · {check.check.kind.upper()} · {name_of(context, check.vantage)}"
            of = check.series.get
            found.append(
                Graph(
                    label,
                    check.check.interval_ms,
                    check.series[main],
                    main,
                    of("rtt_min_seconds"),
                    of("rtt_max_seconds"),
                    of("loss_ratio"),
                )
            )
    return found


def _traffic(ports: Iterable[Ports]) -> Sequence[Traffic]:
    """Of the interfaces whose traffic is kept."""
    return [
        Traffic(
            " · ".join(filter(None, (found.device.name, port.name, port.alias))),
            port.series["in_bits_per_second"],
            port.series["out_bits_per_second"],
            found.check.check.interval_ms,
        )
        for found in ports
        if found.check is not None
        for port in found.ports
        if port.series.keys() >= {"in_bits_per_second", "out_bits_per_second"}
    ]


def _shaded(outages: Iterable[Outage], now: int) -> Sequence[tuple[int, int]]:
    """The stretches that graphs show as outages."""
    return [
        (outage.began_at, outage.ended_at if outage.ended_at is not None else now)
        for outage in outages
        if service_of(outage.subject) is None
        and not outage.retracted
        and (outage.ended_at is None or outage.ended_at > now - GRAPH_MS)
    ]


def cpu_share(agent: AgentState, now: int) -> float | None:
    """Part of one core that the agent has used since it started; None while that is not known."""
    if agent.cpu_seconds is None or agent.started_at is None or now <= agent.started_at:
        return None
    return agent.cpu_seconds * 1000 / (now - agent.started_at)
