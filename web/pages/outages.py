"""Outages of all units or of one, newest first, page by page."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.values import Cause
from web.context import context_of
from web.pages.rendering import render

PAGE = 50

router = APIRouter()


@router.get("/outages")
def outages(
    request: Request,
    unit: Annotated[str | None, Query(max_length=40)] = None,
    before: Annotated[int | None, Query(ge=1, lt=1 << 53)] = None,
    open_only: Annotated[bool, Query(alias="open")] = False,
    each: Annotated[bool, Query()] = False,
    cause: Annotated[Cause | None, Query()] = None,
    service: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """`before` is the id to go on from; one more than a page is read, to know whether there is a next. What another
    outage explains is folded into that one, unless `each` is asked for, or a unit, a cause or a service."""
    views = context_of(request).views
    folded = not (each or unit or cause or service)
    found = views.outages(
        unit,
        open_only=open_only,
        roots_only=folded,
        cause=cause,
        service=service,
        before=before,
        limit=PAGE + 1,
    )
    return render(
        request,
        "outages.html",
        {
            "outages": found[:PAGE],
            "next": found[PAGE - 1].id if len(found) > PAGE else None,
            "before": before,
            "open_only": open_only,
            "explains": views.explained_counts([outage.id for outage in found[:PAGE]]) if folded else {},
            "each": each,
            "unit": unit,
            "service": service,
            "cause": cause,
            "causes": list(Cause),
        },
    )


@router.get("/outages/{number}")
def outage(request: Request, number: Annotated[int, Path(ge=1, lt=1 << 53)]) -> Response:
    """One outage: its evidence, what became of it since it was detected, and what it explains."""
    views = context_of(request).views
    found = views.outage(number)
    if found is None:
        raise HTTPException(404)
    return render(
        request,
        "outage.html",
        {
            "outage": found,
            "changes": views.revisions(number),
            "explained": views.explained(number),
            "root": views.outage(found.root) if found.root is not None else None,
        },
    )
