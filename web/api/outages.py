"""`/api/v1/outages`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from starlette.requests import Request

from collector.views import Outage
from core.values import Cause
from web.api.paging import Cursor, Limit, Page, decode, encode, page
from web.api.problems import Problem
from web.api.shapes import OutageDetail, Revision
from web.context import context_of

router = APIRouter(prefix="/outages", tags=["outages"])


@router.get("")
def outages(
    request: Request,
    response: Response,
    open_: Annotated[bool, Query(alias="open", description="Only those that have not ended.")] = False,
    cause: Annotated[Cause | None, Query(description="Only those of this cause.")] = None,
    roots: Annotated[bool, Query(description="Only those that no other outage explains.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Outage]:
    """Outages of all units, newest first."""
    return outage_page(
        request, response, "outages", limit, cursor, open_only=open_, roots_only=roots, cause=cause
    )


@router.get("/{id}")
def outage(request: Request, number: Annotated[int, Path(alias="id", ge=1, lt=1 << 53)]) -> OutageDetail:
    """One outage with everything that happened to it, and the outages that it explains."""
    views = context_of(request).views
    found = views.outage(number)
    if found is None:
        raise Problem("not-found", "no outage has that id")
    changes = [
        Revision(change.at, change.what, change.outage.cause, change.outage.began_at, change.outage.ended_at)
        for change in views.revisions(number)
    ]
    return OutageDetail(found, changes, [each.id for each in views.explained(number)])


def outage_page(
    request: Request,
    response: Response,
    collection: str,
    limit: int,
    cursor: str | None,
    *,
    unit: str | None = None,
    open_only: bool = False,
    roots_only: bool = False,
    cause: Cause | None = None,
    service: str | None = None,
) -> Page[Outage]:
    before = None if cursor is None else decode(collection, cursor, int)
    found = context_of(request).views.outages(
        unit,
        open_only=open_only,
        roots_only=roots_only,
        cause=cause,
        service=service,
        before=before,
        limit=limit + 1,
    )
    next_ = encode(collection, found[limit - 1].id) if len(found) > limit else None
    return page(request, response, found[:limit], next_)
