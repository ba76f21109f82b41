"""The JSON API for programs, under `/api/v1`. `docs/api.md` is its manual; a test keeps it complete."""

from typing import Any

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer
from starlette.requests import Request

from web.api import (
    agents,
    assets,
    catalogue,
    changes,
    configs,
    coverage,
    devices,
    findings,
    maintenance,
    outages,
    photos,
    questions,
    secrets,
    series,
    service_status,
    timing,
    trying,
    units,
)
from web.api.problems import MEDIA_TYPE, Problem
from web.api.shapes import Me
from web.auth.guard import user_of

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}

router = APIRouter(
    prefix="/api/v1",
    # For the description only: the application's guards decide.
    dependencies=[Security(HTTPBearer(auto_error=False, description="A token made with `nhip user token`"))],
    responses={
        "default": {"description": "A problem (RFC 9457)", "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
    },
)


@router.get("/me", tags=["me"])
def me(request: Request) -> Me:
    """Who asks, as the centre sees it."""
    user = user_of(request)
    if user is None:
        raise Problem("not-signed-in")
    return Me(user.name, user.role.name.lower(), user.program)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    description: dict[str, Any] = request.app.openapi()
    return description


# `/services/status` and `/services/expiries` come before the catalogue, which would take these for codes.
for room in (
    units,
    outages,
    service_status,
    agents,
    series,
    maintenance,
    catalogue,
    configs,
    coverage,
    changes,
    timing,
    trying,
    devices,
    photos,
    findings,
    questions,
    assets,
    secrets,
):
    router.include_router(room.router)
