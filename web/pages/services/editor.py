"""The catalogue's editor, for administrators: services and their checks, added, changed and ended."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.errors import BadInput
from core.secrets import names_in
from inventory.catalogue import end_service, write_service
from inventory.changes import Value
from inventory.exchange.faults import BadRows
from inventory.records import Service, ServiceCheck
from inventory.vault import Vault
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of
from web.faults import fault
from web.i18n import Speaker, language_of, local_time, mark, speaker
from web.pages.rendering import render
from web.pages.services.drafts import SERVICE_FIELDS, check_row, row_of, service_row, text_of, unfit
from web.pages.services.fields import FIELDS, METHODS
from web.pages.services.kinds import KINDS, Kind
from web.pages.services.service import Code
from web.pages.services.trying import compact, kept_check, places
from web.words import CHECKS

TAKEN = mark("A service with that code is there already.")
NAMED = mark("A check of that name is there already.")

router = APIRouter()
log = logging.getLogger(__name__)

Admin = Annotated[User, Depends(require(Role.ADMIN))]
Name = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form with what stands in it, and what is wrong with it: by field, and (`problem`) as a whole."""

    values: Mapping[str, str]
    wrong: Mapping[str, str]
    problem: str = ""


@router.get("/services/new")
def new_service(request: Request, _user: Admin) -> Response:
    return _service_form(request, None, Filled(dict.fromkeys(("code", *SERVICE_FIELDS), ""), {}))


@router.post("/services/new")
async def add_service(request: Request, user: Admin) -> Response:
    form = await request.form()
    return await _write(request, user, text_of(form, "code"), None, form)


@router.get("/services/{code}/edit")
def edit_service(
    request: Request, _user: Admin, code: Code, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    service, _ = kept_check(context_of(request), code, None)
    return _service_form(request, service, Filled(_shown(service), {}), done=done)


@router.post("/services/{code}/edit")
async def change_service(request: Request, user: Admin, code: Code) -> Response:
    service, _ = await run_in_threadpool(kept_check, context_of(request), code, None)
    return await _write(request, user, code, service, await request.form())


@router.post("/services/{code}/end")
async def end(request: Request, user: Admin, code: Code) -> RedirectResponse:
    """The service and its checks end now; what was measured stays."""
    context = context_of(request)
    if await run_in_threadpool(end_service, context.state, context.clock.now(), code):
        log.info("service %s ended by %s", code, user.name)
    await run_in_threadpool(context.registry.refresh)
    return RedirectResponse("/services", 303)


@router.get("/services/{code}/checks/new")
def new_check(
    request: Request, _user: Admin, code: Code, kind: Annotated[str, Query(max_length=40)] = "scenario"
) -> Response:
    service, _ = kept_check(context_of(request), code, None)
    if kind not in KINDS:
        raise HTTPException(404)
    return _check_form(request, service, "", Filled(_fresh(kind, KINDS[kind]), {}))


@router.get("/services/{code}/checks/edit")
def edit_check(request: Request, _user: Admin, code: Code, name: Name = "") -> Response:
    service, check = kept_check(context_of(request), code, name)
    assert check is not None  # noqa: S101 - asked for by its name
    return _check_form(request, service, check.name, Filled(_shown_check(check), {}))


@router.post("/services/{code}/checks")
async def write_check(
    request: Request, user: Admin, code: Code, was: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Add a check, or change the one that `was` names."""
    context, form = context_of(request), await request.form()
    service, _ = await run_in_threadpool(kept_check, context, code, None)
    now = context.clock.now()
    say = speaker(language_of(request), now)
    kept = [each for each in context.registry.service_checks(code, now) if each.name != was]
    values = {
        name: text_of(form, name) for name in ("name", "kind", "target", "params", "interval_s", "timeout_s")
    }
    if values["name"] in {each.name for each in kept}:
        return await _again(request, service, was, Filled(values, {"name": say.gettext(NAMED)}))
    try:
        rows: Sequence[Mapping[str, Value]] = [*map(row_of, kept), check_row(form)]
        if found := unfit(form):
            wrong_params = {"params": say.gettext(found[0], names=found[1])}
            return await _again(request, service, was, Filled(values, wrong_params))
        await run_in_threadpool(write_service, context.state, now, {"code": code}, rows)
        log.info("check %s of service %s written by %s", values["name"], code, user.name)
    except BadRows as wrong:
        return await _again(request, service, was, Filled(values, _by_field(say, wrong.faults)))
    except BadInput as wrong:
        why = say.gettext(wrong.what).replace("{why}", wrong.where)
        return await _again(request, service, was, Filled(values, {}, why))
    await run_in_threadpool(context.registry.refresh)
    return RedirectResponse(f"/services/{quote(code)}/edit?done=check", 303)


@router.post("/services/{code}/checks/end")
async def end_check(
    request: Request, user: Admin, code: Code, name: Annotated[str, Form(max_length=200)]
) -> RedirectResponse:
    context = context_of(request)
    await run_in_threadpool(kept_check, context, code, name)
    now = context.clock.now()
    rows = [row_of(each) for each in context.registry.service_checks(code, now) if each.name != name]
    await run_in_threadpool(write_service, context.state, now, {"code": code}, rows)
    log.info("check %s of service %s ended by %s", name, code, user.name)
    await run_in_threadpool(context.registry.refresh)
    return RedirectResponse(f"/services/{quote(code)}/edit?done=ended", 303)


async def _write(
    request: Request, user: User, code: str, service: Service | None, form: Mapping[str, object]
) -> Response:
    context = context_of(request)
    now = context.clock.now()
    say = speaker(language_of(request), now)
    values = {name: text_of(form, name) for name in ("code", *SERVICE_FIELDS)}
    filled = None
    if service is None and context.registry.service(code, now) is not None:
        filled = Filled(values, {"code": say.gettext(TAKEN)})
    else:
        try:
            await run_in_threadpool(write_service, context.state, now, service_row(form, code))
            log.info("service %s written by %s", code, user.name)
        except BadRows as wrong:
            filled = Filled(values, _by_field(say, wrong.faults))
        except BadInput as wrong:
            filled = Filled(values, {}, say.gettext(wrong.what))
    if filled is not None:
        return await run_in_threadpool(_service_form, request, service, filled, status=422)
    await run_in_threadpool(context.registry.refresh)
    said = urlencode({"done": "saved" if service is not None else "added"})
    return RedirectResponse(f"/services/{quote(code)}/edit?{said}", 303)


def _service_form(
    request: Request, service: Service | None, filled: Filled, *, done: str = "", status: int = 200
) -> Response:
    context = context_of(request)
    code = service.code if service is not None else ""
    details = {
        "service": service,
        "form": filled,
        "done": done,
        "checks": context.registry.service_checks(code, context.clock.now()) if code else (),
        "kinds": KINDS,
    }
    return render(request, "services/edit.html", details, status)


async def _again(request: Request, service: Service, was: str, filled: Filled) -> Response:
    return await run_in_threadpool(_check_form, request, service, was, filled, 422)


def _check_form(request: Request, service: Service, was: str, filled: Filled, status: int = 200) -> Response:
    context = context_of(request)
    details = {
        "service": service,
        "was": was,
        "form": filled,
        "kinds": {kind: KINDS[kind] for kind in CHECKS if kind in KINDS},
        "fields": FIELDS,
        "methods": METHODS,
        "places": places(context),
        "secrets": (secrets := [each.name for each in Vault(context.state).kept()]),
        "missing": sorted(_named(filled.values.get("params", "")) - set(secrets)),
    }
    return render(request, "services/check.html", details, status)


def _named(params: str) -> set[str]:
    """The secrets that a text of parameters names; none where it cannot be read."""
    try:
        return names_in(json.loads(params or "{}"))
    except (ValueError, RecursionError):
        return set()


def _by_field(say: Speaker, faults: Iterable[object]) -> Mapping[str, str]:
    return {each.column: fault(say, each.reason) for each in faults}  # type: ignore[attr-defined]


def _shown(service: Service) -> Mapping[str, str]:
    values = {name: "" if value is None else str(value) for name, value in asdict(service).items()}
    if service.domain_until is not None:
        values["domain_until"] = local_time(service.domain_until).date().isoformat()
    if service.objective_percent is not None:
        values["objective_percent"] = f"{service.objective_percent:g}"
    return values


def _shown_check(check: ServiceCheck) -> Mapping[str, str]:
    return {
        "name": check.name,
        "kind": check.kind,
        "target": check.target,
        "params": compact(check.params),
        "interval_s": f"{check.interval_ms / 1000:g}",
        "timeout_s": f"{check.timeout_ms / 1000:g}",
    }


def _fresh(kind: str, of: Kind) -> Mapping[str, str]:
    return {
        "name": "",
        "kind": kind,
        "target": of.target,
        "params": of.params,
        "interval_s": f"{of.interval_s:g}",
        "timeout_s": f"{of.timeout_s:g}",
    }
