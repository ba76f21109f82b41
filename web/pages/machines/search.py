"""Search for machines across the province, by anything that is known of them."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from inventory.assets.keeper import search as search_books
from inventory.census.lists import Listed, of_province, search, search_lans
from inventory.census.words import wanted
from inventory.devices import Device, devices, search_devices
from inventory.lan.reads import Sighting
from web.context import Context, context_of
from web.i18n import language_of, speaker
from web.pages.machines.about import WORDS
from web.pages.machines.items import Item, together
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
    """Machines that inventories tell of first, then devices that are asked, then those that only sweeps tell of; and rows of asset books. A
    file has what inventories and asking tell of; without words, all of it."""
    context = context_of(request)
    if format:
        now = context.clock.now()
        every = find(context, q, ALL) if q.strip() else of_all(context)
        rows = [(each.unit, each) for each in every if each.sources != ("lan",)]
        names = {unit: name_of(context, unit) for unit, _ in rows}
        if format == "netbox":
            return as_file(for_netbox(names, rows), "csv", now)
        return as_file(of_machines(speaker(language_of(request), now), names, rows), format, now)
    items = [(each.unit, each) for each in find(context, q, MOST + 1)]
    with context.state.read() as connection:
        booked = search_books(connection, q, context.clock.now(), MOST + 1)
    more = len(items) > MOST or len(booked) > MOST
    details = {"q": q, "items": items[:MOST], "booked": booked[:MOST], "more": more}
    return render(request, "machines/search.html", {**WORDS, **details})


def find(context: Context, q: str, limit: int) -> list[Item]:
    """Devices of the province in which every word of `q` is found, each once; at most `limit`."""
    listed = search(context.state, context.machines, q, limit)
    with context.state.read() as connection:
        asked = search_devices(connection, wanted(q), limit)
    heard = search_lans(context.state, q, limit)
    places = {
        key: place
        for place, key in enumerate(
            [
                *(each.name for each in listed),
                *(each.id for each in asked),
                *((each.unit, each.mac) for each in heard),
            ]
        )
    }
    items = _by_unit(listed, asked, heard)

    def place(item: Item) -> int:
        keys = [
            item.machine,
            *(each.id for each in item.devices),
            *((each.unit, each.mac) for each in item.heard),
        ]
        return min(places[key] for key in keys if key in places)

    return sorted(items, key=place)[:limit]


def of_all(context: Context) -> list[Item]:
    """All that inventories tell of, as of the last taking of stock, and all devices that are asked; by unit."""
    return _by_unit(of_province(context.state, context.machines), devices(context.state, None), ())


def _by_unit(listed: Iterable[Listed], asked: Iterable[Device], heard: Iterable[Sighting]) -> list[Item]:
    told: dict[str, tuple[list[Listed], list[Device], list[Sighting]]] = {}
    for part, some in enumerate((listed, asked, heard)):
        for each in some:
            told.setdefault(each.unit, ([], [], []))[part].append(each)  # type: ignore[attr-defined, arg-type]
    return [item for unit in sorted(told) for item in together(*told[unit])]
