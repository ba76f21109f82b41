"""`/api/v1/services/status…`: what is true of services, who sees what of them, and whether they keep what is promised."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from collector.services.expiry import Worry
from collector.services.views import Expiry, FailingStep, Phase, Sees, ServiceState, Sight, Standing
from collector.views import Outage
from web.api.outages import outage_page
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.api.service_shapes import ServiceDetail, ServicePeriod, service_period
from web.context import Context, context_of

KEPT_MS = 31 * 24 * 3_600_000
"""So far back the looks at services are kept."""
DAY_MS = 24 * 3_600_000

T = TypeVar("T", Phase, Expiry, Worry)

router = APIRouter(prefix="/services", tags=["services"])


@router.get("/status")
def status(
    request: Request,
    response: Response,
    state: Annotated[Standing | None, Query(description="Only services of which this is true.")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[ServiceState]:
    """Every service with its headline, by code."""
    found = (each for each in context_of(request).services.services() if state in (None, each.status))
    return page(request, response, *page_of(found, lambda each: each.code, "services", cursor, limit, str))


@router.get("/expiries")
def expiries(request: Request) -> list[Expiry]:
    """Certificates and domains of all services, the one that ends first before others."""
    return list(context_of(request).services.expiries())


@router.get("/{code}/status")
def service(request: Request, code: str) -> ServiceDetail:
    """One service: what is true of it, the phases of its checks, what ends and what is wrong with certificates."""
    context = context_of(request)
    state = _service(context, code)
    return ServiceDetail(
        state=state,
        phases=_of(context.services.phases(), code),
        expiries=_of(context.services.expiries(), code),
        worries=_of(context.services.worries(), code),
    )


@router.get("/{code}/units")
def units(
    request: Request,
    response: Response,
    code: str,
    sees: Annotated[Sees | None, Query(description="Only units that see this.")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[Sight]:
    """What each unit sees of the service, by code of the unit; the province's own is among them."""
    context = context_of(request)
    _service(context, code)
    found = (each for each in context.services.sights(code) if sees in (None, each.sees))
    return page(
        request, response, *page_of(found, lambda each: each.unit, f"sights {code}", cursor, limit, str)
    )


@router.get("/{code}/history")
def history(
    request: Request,
    code: str,
    start: Annotated[
        int | None, Query(alias="from", ge=0, lt=1 << 53, description="a day ago without it")
    ] = None,
    end: Annotated[int | None, Query(alias="to", ge=0, lt=1 << 53, description="now without it")] = None,
) -> ServicePeriod:
    """The service over a period of the last 31 days: its timeline, its outages, and whether it kept what is promised."""
    context = context_of(request)
    state = _service(context, code)
    now = context.clock.now()
    until = now if end is None else end
    since = until - DAY_MS if start is None else start
    if not now - KEPT_MS <= since < until:
        raise Problem("bad-input", "the period must begin within the last 31 days, and before it ends")
    return service_period(context.services.history(code, since, until), state.objective_percent)


@router.get("/{code}/outages")
def outages(
    request: Request, response: Response, code: str, limit: Limit = 50, cursor: Cursor = None
) -> Page[Outage]:
    """Outages of the service and of the way to it, newest first."""
    _service(context_of(request), code)
    return outage_page(request, response, f"service outages {code}", limit, cursor, service=code)


@router.get("/{code}/steps")
def steps(
    request: Request,
    code: str,
    unit: Annotated[str | None, Query(max_length=40, description="Only from this unit.")] = None,
    limit: Limit = 20,
) -> list[FailingStep]:
    """What scenarios of the service met when a step failed, the newest first."""
    context = context_of(request)
    _service(context, code)
    return list(context.services.failing_steps(code, unit, limit))


def _of(found: Iterable[T], code: str) -> list[T]:
    return [each for each in found if each.service == code]


def _service(context: Context, code: str) -> ServiceState:
    state = context.services.service(code)
    if state is None:
        raise Problem("not-found", "no service has that code")
    return state
