"""`/api/v1/services…`: the catalogue of services, each with the ways in which it is looked at."""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from inventory.catalogue import end_service, write_service
from inventory.records import Service, ServiceCheck
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.api.shapes import Moment
from web.auth.guard import require, user_of
from web.auth.roles import Role, User
from web.context import Context, context_of

router = APIRouter(prefix="/services", tags=["services"])
log = logging.getLogger(__name__)

Admin = Annotated[User, Depends(require(Role.ADMIN))]
Short = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
MOST_CHECKS = 50


class CheckRequest(BaseModel):
    """One way to look at a service. `target` may hold `{address}`, `{host}` or `{endpoint}` of the service."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    kind: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    target: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    params: dict[str, Any] = {}
    interval_ms: int = 30_000
    timeout_ms: int = 10_000


class ServiceRequest(BaseModel):
    """A service as it is from now on: what is left out is empty, and checks that are left out end."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    owner: Short = ""
    address: Short = ""
    objective_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    slow_ms: Annotated[int, Field(ge=1, le=600_000)] | None = None
    hours: Short = ""
    domain_until: Moment | None = None
    note: Short = ""
    checks: Annotated[list[CheckRequest], Field(max_length=MOST_CHECKS)] = []


@dataclass(frozen=True, slots=True)
class CheckSaid:
    """One way to look at a service; `params` is null for who is no admin: people may have put there what is theirs."""

    name: str
    kind: str
    target: str
    params: Mapping[str, Any] | None
    interval_ms: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """A service, as it is promised since `valid_from`; `planned` is how many checks of it run, from all units."""

    code: str
    name: str
    owner: str
    address: str
    objective_percent: float | None
    slow_ms: int | None
    hours: str
    domain_until: int | None
    note: str
    valid_from: int
    planned: int
    checks: Sequence[CheckSaid]


@router.get("")
def services(
    request: Request, response: Response, limit: Limit = 200, cursor: Cursor = None
) -> Page[ServiceDetail]:
    """The catalogue, by code."""
    context, planned = context_of(request), _planned(context_of(request))
    found = [
        _shown(request, service, planned[service.code])
        for service in context.registry.services(context.clock.now())
    ]
    return page(request, response, *page_of(found, lambda one: one.code, "services", cursor, limit, str))


@router.get("/{code}")
def service(request: Request, code: str) -> ServiceDetail:
    """One service with its checks."""
    context = context_of(request)
    found = context.registry.service(code, context.clock.now())
    if found is None:
        raise Problem("not-found", "no service has that code")
    return _shown(request, found, _planned(context)[code])


@router.put("/{code}")
def write(
    request: Request, response: Response, code: str, wanted: ServiceRequest, user: Admin
) -> ServiceDetail:
    """Add a service (201) or change it (200), with its checks. Needs the role admin."""
    context = context_of(request)
    now = context.clock.now()
    if context.registry.service(code, now) is None:
        response.status_code = 201
    columns = wanted.model_dump(exclude={"checks"}) | {"code": code}
    if write_service(context.state, now, columns, [check.model_dump() for check in wanted.checks]):
        log.info("service %s written by %s", code, user.name)
    context.registry.refresh()
    return service(request, code)


@router.delete("/{code}", status_code=204)
def end(request: Request, code: str, user: Admin) -> None:
    """The service ends now; what was known of it is kept. Needs the role admin."""
    context = context_of(request)
    if not end_service(context.state, context.clock.now(), code):
        raise Problem("not-found", "no service has that code")
    log.info("service %s ended by %s", code, user.name)
    context.registry.refresh()


def _planned(context: Context) -> Counter[str]:
    return Counter(planned.service for planned in context.registry.checks().values() if planned.service)


def _shown(request: Request, service: Service, planned: int) -> ServiceDetail:
    context = context_of(request)
    user = user_of(request)
    open_ = user is not None and user.may(Role.ADMIN)
    checks = context.registry.service_checks(service.code, context.clock.now())
    return ServiceDetail(
        code=service.code,
        name=service.name,
        owner=service.owner,
        address=service.address,
        objective_percent=service.objective_percent,
        slow_ms=service.slow_ms,
        hours=service.hours,
        domain_until=service.domain_until,
        note=service.note,
        valid_from=service.valid_from,
        planned=planned,
        checks=[_said(check, open_=open_) for check in checks],
    )


def _said(check: ServiceCheck, *, open_: bool) -> CheckSaid:
    params = json.loads(check.params or "{}") if open_ else None
    return CheckSaid(check.name, check.kind, check.target, params, check.interval_ms, check.timeout_ms)
