"""Trying a check from a unit, now: a kept one by its name (operators), one that is being written by what it says (admins)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.errors import BadInput, Refused, Unavailable
from inventory.exchange.faults import BadRows
from inventory.records import Service, ServiceCheck
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of
from web.faults import fault
from web.i18n import language_of, mark, speaker
from web.pages.diagnostics import WHY
from web.pages.rendering import name_of, render
from web.pages.services.drafts import draft_check
from web.pages.services.service import Code
from web.timing import params_of
from web.trial import Tried, attempt

NO_UNIT = mark("Choose the unit from which to try.")
COLUMNS = {
    "name": mark("Name"),
    "kind": mark("Kind"),
    "target": mark("Target"),
    "params": mark("Parameters"),
    "interval_ms": mark("Each (seconds)"),
    "timeout_ms": mark("Time limit (seconds)"),
}
"""What the columns of a check are called in the form."""

router = APIRouter()

Operator = Annotated[User, Depends(require(Role.OPERATOR))]


@dataclass(frozen=True, slots=True)
class Place:
    """A unit from which a check can be tried. `connected`: an agent of it can be asked now."""

    code: str
    name: str
    connected: bool


def places(context: Context) -> Sequence[Place]:
    """Units with an agent, the connected ones first."""
    connected: dict[str, bool] = {}
    for agent in context.views.agents():
        connected[agent.unit] = connected.get(agent.unit, False) or context.hub.connected(agent.agent)
    found = [Place(code, name_of(context, code), there) for code, there in connected.items()]
    return sorted(found, key=lambda place: (not place.connected, place.name))


@router.get("/services/{code}/try")
def trial_page(
    request: Request,
    _user: Operator,
    code: Code,
    check: Annotated[str, Query(max_length=200)] = "",
    unit: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The page on which a kept check is tried."""
    context = context_of(request)
    service, kept = kept_check(context, code, check)
    details = {
        "service": service,
        "check": kept,
        "checks": context.registry.service_checks(code, context.clock.now()),
        "places": places(context),
        "unit": unit,
    }
    return render(request, "services/try.html", details)


@router.post("/services/{code}/try")
async def run(
    request: Request,
    user: Operator,
    code: Code,
    unit: Annotated[str, Form(alias="from", max_length=200)] = "",
    check: Annotated[str, Form(max_length=200)] = "",
    draft: Annotated[bool, Form()] = False,
) -> Response:
    """Run it, and answer with the part of the page that shows what came of it. With `draft`, the form is the check."""
    context = context_of(request)
    place = unit.strip().partition(" ")[0]
    service, kept = await run_in_threadpool(kept_check, context, code, None if draft else check)
    if draft:
        if not user.may(Role.ADMIN):
            raise Refused("this needs the role admin")
        try:
            kept = draft_check(await request.form(), code)
        except BadRows as wrong:
            say = speaker(language_of(request), 0)
            why = "; ".join(
                f"{say.gettext(COLUMNS[each.column])}: {fault(say, each.reason)}" for each in wrong.faults
            )
            return await _answer(request, Tried("", "", place, problem=why))
        except BadInput as wrong:
            say = speaker(language_of(request), 0)
            why = say.gettext(wrong.what).replace("{why}", wrong.where)
            return await _answer(request, Tried("", "", place, problem=why))
    assert kept is not None  # noqa: S101 - either was found
    return await _answer(request, await tried(context, place, service, kept, user.name))


async def tried(context: Context, unit: str, service: Service, check: ServiceCheck, who: str) -> Tried:
    """Run a check from a unit. What could not be run has its `problem` instead."""
    if not unit:
        return Tried(check.kind, check.target, unit, problem=NO_UNIT)
    try:
        return await attempt(context, unit, service, check, who)
    except BadInput as wrong:
        return Tried(check.kind, check.target, unit, problem=wrong.what)
    except Unavailable as error:
        return Tried(check.kind, check.target, unit, problem=WHY.get(str(error), str(error)))


def kept_check(context: Context, code: str, name: str | None) -> tuple[Service, ServiceCheck | None]:
    """The service, and its check of that name (the first without one); None for no check where no name is asked for."""
    now = context.clock.now()
    service = context.registry.service(code, now)
    checks = context.registry.service_checks(code, now)
    if service is None:
        raise HTTPException(404)
    if name is None:
        return service, None
    found = next((each for each in checks if name in ("", each.name)), None)
    if found is None:
        raise HTTPException(404)
    return service, found


async def _answer(request: Request, found: Tried) -> Response:
    return await run_in_threadpool(render, request, "parts/tried.html", {"tried": found})


def compact(params: str) -> str:
    """Parameters for people to read: indented."""
    return json.dumps(params_of(params), ensure_ascii=False, indent=2) if params else ""
