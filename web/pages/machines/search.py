"""Search for machines across the province, by anything that is known of them."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from inventory.census.lists import search, search_lans
from web.context import context_of
from web.pages.machines.about import WORDS
from web.pages.machines.items import item_of, item_of_sighting
from web.pages.rendering import render

MOST = 50
"""Machines that are shown."""

router = APIRouter()


@router.get("/machines")
def found(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Machines that inventories tell of first, then devices that only sweeps tell of."""
    context = context_of(request)
    machines = [(each.unit, item_of(each)) for each in search(context.state, context.machines, q, MOST + 1)]
    heard = [(each.unit, item_of_sighting(each)) for each in search_lans(context.state, q, MOST + 1)]
    items = [*machines, *heard]
    details = {"q": q, "items": items[:MOST], "more": len(items) > MOST}
    return render(request, "machines/search.html", {**WORDS, **details})
