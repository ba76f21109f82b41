"""Search for machines across the province, by anything that is known of them."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from inventory.assets import keeper as books
from inventory.assets.keeper import search as search_books
from inventory.census.lists import of_province, search, search_lans
from web.context import context_of
from web.i18n import language_of, speaker
from web.pages.machines.about import WORDS
from web.pages.machines.items import item_of, item_of_sighting
from web.pages.machines.netbox import for_netbox
from web.pages.machines.tables import MachinesFormat, as_file, of_machines
from web.pages.rendering import name_of, render

MOST = 50
"""Machines that are shown, and rows."""
ALL = 100_000
"""Machines that a file has at most."""

router = APIRouter()


@router.get("/machines")
def found(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    format: MachinesFormat = None,  # noqa: A002 - it is what the address says
) -> Response:
    """Machines that inventories tell of first, then devices that only sweeps tell of; and rows of asset books. A file without words
    has all machines."""
    context = context_of(request)
    if format:
        now = context.clock.now()
        every = (
            search(context.state, context.machines, q, ALL)
            if q.strip()
            else of_province(context.state, context.machines)
        )
        rows = [(each.unit, item_of(each)) for each in every]
        names = {unit: name_of(context, unit) for unit, _ in rows}
        if format == "netbox":
            return as_file(for_netbox(names, rows), "csv", now)
        return as_file(of_machines(speaker(language_of(request), now), names, rows), format, now)
    machines = [(each.unit, item_of(each)) for each in search(context.state, context.machines, q, MOST + 1)]
    heard = [(each.unit, item_of_sighting(each)) for each in search_lans(context.state, q, MOST + 1)]
    items = [*machines, *heard]
    with context.state.read() as connection:
        booked = books.search(connection, q, context.clock.now(), MOST)
    with context.state.read() as connection:
        booked = search_books(connection, q, context.clock.now(), MOST + 1)
    more = len(items) > MOST or len(booked) > MOST
    details = {"q": q, "items": items[:MOST], "booked": booked[:MOST], "more": more}
    return render(request, "machines/search.html", {**WORDS, **details})
