"""`/api/v1/units…`: what is true of each unit."""

import unicodedata
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from collector.services.views import Sight
from collector.views import Outage, UnitState
from core.values import Level, Status
from inventory.devices import devices
from web.api.devices import KnownDevice, devices_of
from web.api.outages import outage_page
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.api.shapes import (
    CheckDetail,
    CheckSaid,
    DeviceInterfaces,
    EvidenceDetail,
    PathDetail,
    UnitDetail,
    check_detail,
    device_interfaces,
    unit_detail,
)
from web.context import Context, context_of
from web.happenings import told
from web.interfaces import ports_of
from web.paths import hops_of, way_of

EVIDENCE_MS = 31 * 24 * 3_600_000
"""So far back evidence is in memory."""
EVENTS = 1_000

router = APIRouter(prefix="/units", tags=["units"])


@router.get("")
def units(
    request: Request,
    response: Response,
    state: Annotated[Status | None, Query(description="Only units of this status.")] = None,
    level: Annotated[Level | None, Query(description="Only units of this level.")] = None,
    parent: Annotated[str | None, Query(description="Only units directly below this one.")] = None,
    q: Annotated[
        str, Query(max_length=100, description="Part of the name or code, with or without accents.")
    ] = "",
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[UnitState]:
    """All watched units that exist now, by code."""
    wanted = plain(q)
    found = (
        unit
        for unit in context_of(request).views.wall()
        if state in (None, unit.status)
        and level in (None, unit.level)
        and parent in (None, unit.parent)
        and (wanted in plain(unit.name) or wanted in unit.code.casefold())
    )
    return page(request, response, *page_of(found, lambda unit: unit.code, "units", cursor, limit, str))


@router.get("/{code}")
def unit(request: Request, code: str) -> UnitDetail:
    """One unit: its state, what the registry tells of it, and its availability."""
    context = context_of(request)
    state = _unit(context, code)
    agents = [agent.agent for agent in context.views.agents() if agent.unit == code]
    registered = context.registry.unit(code, context.clock.now())
    return unit_detail(state, registered, context.views.uptimes(code), agents)


@router.get("/{code}/checks")
def checks(
    request: Request, response: Response, code: str, limit: Limit = 200, cursor: Cursor = None
) -> Page[CheckDetail]:
    """Every check that tells of this unit, from each vantage, by id."""
    context = context_of(request)
    _unit(context, code)
    states = context.views.checks(code)
    items, next_ = page_of(states, lambda state: state.check.id, f"checks {code}", cursor, limit, int)
    return page(request, response, [check_detail(state) for state in items], next_)


@router.get("/{code}/outages")
def outages(
    request: Request, response: Response, code: str, limit: Limit = 50, cursor: Cursor = None
) -> Page[Outage]:
    """The unit's outages, newest first."""
    _unit(context_of(request), code)
    return outage_page(request, response, f"outages {code}", limit, cursor, unit=code)


@router.get("/{code}/services")
def services(request: Request, code: str) -> list[Sight]:
    """What the unit sees of each service that it watches, by code of the service."""
    context = context_of(request)
    _unit(context, code)
    return list(context.services.sights_of(code))


@router.get("/{code}/evidence")
def evidence(
    request: Request,
    code: str,
    start: Annotated[int, Query(alias="from", ge=0, lt=1 << 53, description="ms since 1970, UTC")],
    end: Annotated[int | None, Query(alias="to", ge=0, lt=1 << 53, description="now without it")] = None,
) -> EvidenceDetail:
    """What was known of the unit in a period of the last 31 days, from both sides, and the verdicts."""
    context = context_of(request)
    _unit(context, code)
    now = context.clock.now()
    until = now if end is None else end
    if not now - EVIDENCE_MS <= start < until:
        raise Problem("bad-input", "the period must begin within the last 31 days, and before it ends")
    found = context.views.evidence(code, start, until)
    return EvidenceDetail(
        timeline=found.timeline,
        heard=[(each.first_at, each.last_at) for each in found.contacts],
        listening=[(each.first_at, each.last_at) for each in found.listening],
        checks=[CheckSaid(each.check, each.role, each.label, each.own, each.said) for each in found.checks],
        lives=[life._asdict() for life in found.lives],
        events=told(context, code, start, until, EVENTS),
    )


@router.get("/{code}/paths")
def paths(request: Request, response: Response, code: str, limit: Limit = 50) -> Page[PathDetail]:
    """The ways that traces of the unit's agent found, the one seen last first; whose each hop is by the registry."""
    context = context_of(request)
    _unit(context, code)
    way = way_of(context.registry, code, context.clock.now())
    found = [
        PathDetail(
            each.id,
            each.trace.target,
            each.trace.method,
            each.first_seen,
            each.last_seen,
            each.trace.reached,
            each.trace.broke_at,
            each.trace.refused,
            hops_of(each.trace, way),
        )
        for each in context.views.paths(code, limit)
    ]
    return page(request, response, found, None)


@router.get("/{code}/interfaces")
def interfaces(
    request: Request, response: Response, code: str, limit: Limit = 200, cursor: Cursor = None
) -> Page[DeviceInterfaces]:
    """The interfaces of each device of the unit that is asked over SNMP, by device, as of now."""
    context = context_of(request)
    _unit(context, code)
    found = ports_of(devices(context.state, code), context.views.checks(code))
    items, next_ = page_of(found, lambda each: each.device.id, f"interfaces {code}", cursor, limit, int)
    return page(request, response, [device_interfaces(each) for each in items], next_)


@router.get("/{code}/devices")
def unit_devices(
    request: Request, response: Response, code: str, limit: Limit = 200, cursor: Cursor = None
) -> Page[KnownDevice]:
    """The devices of the unit, whoever tells of them, as in `/devices?unit=`."""
    _unit(context_of(request), code)
    return devices_of(request, response, code, limit, cursor)


def plain(text: str) -> str:
    """Without case and accents: `Hiến Nam` and `hien nam` are found alike."""
    letters = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _unit(context: Context, code: str) -> UnitState:
    state = context.views.unit(code)
    if state is None:
        raise Problem("not-found", "no unit has that code")
    return state
