"""`/api/v1/secrets`: an admin sets and removes the secrets of checks. No value is ever given back."""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, SecretStr
from starlette.requests import Request

from inventory.secret_uses import Use, uses
from inventory.vault import Vault
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of

router = APIRouter(prefix="/secrets", tags=["secrets"])
log = logging.getLogger(__name__)

Admin = Annotated[User, Depends(require(Role.ADMIN))]


class SecretRequest(BaseModel):
    """The value of a secret: 4 to 16384 bytes of text."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    value: SecretStr


@router.get("")
def secrets(
    request: Request, response: Response, _user: Admin, limit: Limit = 200, cursor: Cursor = None
) -> Page[Use]:
    """The secrets that are kept, and those that checks name and nobody has set. Needs the role admin."""
    context = context_of(request)
    found = uses(Vault(context.state).kept(), context.registry.checks().values())
    return page(request, response, *page_of(found, lambda one: one.name, "secrets", cursor, limit, str))


@router.put("/{name}", status_code=204)
def write(request: Request, name: str, wanted: SecretRequest, user: Admin) -> None:
    """Keep a secret, or put another value in its place. Needs the role admin."""
    context = context_of(request)
    Vault(context.state).set(name, wanted.value.get_secret_value(), context.clock.now(), user.name)
    log.info("secret %s set by %s", name, user.name)


@router.delete("/{name}", status_code=204)
def remove(request: Request, name: str, user: Admin) -> None:
    """Forget a secret: checks that name it are unknown from then on. Needs the role admin."""
    if not Vault(context_of(request).state).remove(name):
        raise Problem("not-found", "no secret has that name")
    log.info("secret %s removed by %s", name, user.name)
