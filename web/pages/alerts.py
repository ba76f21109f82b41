"""Where alerts go, and what became of the last ones. The forms' other end is `web/destinations.py`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from alerts.digest import AFTER_MS, PROVINCE
from alerts.texts import TEXTS
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of
from web.i18n import language_of
from web.pages.rendering import render

router = APIRouter()


@router.get("/settings/alerts")
def alerts(
    request: Request,
    _user: Annotated[User, Depends(require(Role.OPERATOR))],
    done: Annotated[str, Query(max_length=20)] = "",
    error: Annotated[str, Query(max_length=600)] = "",
) -> Response:
    """`done` or `error` say what became of the form that led here."""
    context = context_of(request)
    now = context.clock.now()
    details = {
        "units": [(each.code, each.name) for each in context.registry.units(now)],
        "told": {kind: TEXTS[language_of(request)][f"found {kind}"] for kind in AFTER_MS},
        "province": PROVINCE,
        "destinations": context.alerts.destinations.list(),
        "sent": context.alerts.recent(),
        "done": done,
        "error": error,
    }
    return render(request, "alerts.html", details)
