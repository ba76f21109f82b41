"""The forms of `/settings/alerts`: add, change, remove and try a destination. The page itself is among the pages."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse

from core.errors import BadInput
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of

router = APIRouter(prefix="/settings/alerts/destinations")

Operator = Annotated[User, Depends(require(Role.OPERATOR))]
Unit = Annotated[str, Form(max_length=40)]
Kinds = Annotated[list[str] | None, Form(max_length=20)]
Id = Annotated[int, Path(ge=1, lt=1 << 31)]


@router.post("")
async def add(
    request: Request,
    user: Operator,
    name: Annotated[str, Form(max_length=200)] = "",
    url: Annotated[str, Form(max_length=2_000)] = "",
    language: Annotated[str, Form(max_length=10)] = "vi",
    findings: Unit = "",
    at_once: Kinds = None,
) -> RedirectResponse:
    destinations = context_of(request).alerts.destinations

    def keep() -> None:
        destinations.add(name, url, language, user.name, findings=findings, at_once=at_once or ())

    try:
        await run_in_threadpool(keep)
    except BadInput as error:
        return _back(error=str(error))
    return _back(done="added")


@router.post("/{id_}/findings")
async def wish(
    request: Request, _user: Operator, id_: Id, findings: Unit = "", at_once: Kinds = None
) -> RedirectResponse:
    """What findings it is told of."""
    try:
        await run_in_threadpool(context_of(request).alerts.destinations.wish, id_, findings, at_once or ())
    except BadInput as error:
        return _back(error=str(error))
    return _back(done="wished")


@router.post("/{id_}/remove")
async def remove(request: Request, _user: Operator, id_: Id) -> RedirectResponse:
    try:
        await run_in_threadpool(context_of(request).alerts.destinations.remove, id_)
    except BadInput as error:
        return _back(error=str(error))
    return _back(done="removed")


@router.post("/{id_}/test")
async def test(request: Request, _user: Operator, id_: Id) -> RedirectResponse:
    try:
        failure = await run_in_threadpool(context_of(request).alerts.destinations.test, id_)
    except BadInput as error:
        failure = str(error)
    return _back(error=failure) if failure else _back(done="tested")


def _back(**said: str) -> RedirectResponse:
    return RedirectResponse(f"/settings/alerts?{urlencode(said)}", 303)
