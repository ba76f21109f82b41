"""`/api/v1/outages`."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from collector.views import Outage
from web.api.paging import Cursor, Limit, Page, decode, encode, page
from web.context import context_of

router = APIRouter(prefix="/outages", tags=["outages"])


@router.get("")
def outages(
    request: Request,
    response: Response,
    open_: Annotated[bool, Query(alias="open", description="Only those that have not ended.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Outage]:
    """Outages of all units, newest first."""
    return outage_page(request, response, "outages", limit, cursor, open_only=open_)


def outage_page(
    request: Request,
    response: Response,
    collection: str,
    limit: int,
    cursor: str | None,
    *,
    unit: str | None = None,
    open_only: bool = False,
) -> Page[Outage]:
    before = None if cursor is None else decode(collection, cursor, int)
    found = context_of(request).views.outages(unit, open_only=open_only, before=before, limit=limit + 1)
    next_ = encode(collection, found[limit - 1].id) if len(found) > limit else None
    return page(request, response, found[:limit], next_)
