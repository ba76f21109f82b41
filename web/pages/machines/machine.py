"""One machine: what it is, who told of it, what was found of it and what changed; and a device that only the LAN tells of."""

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inventory.census.lists import of_machine
from inventory.devices import devices
from inventory.findings import keeper
from inventory.lan.reads import read_sightings
from inventory.photos import keeper as photos
from web.api.assets import booked
from web.auth.guard import user_of
from web.book import BOOK_COLUMNS
from web.changed import begin_of, day_before
from web.context import Context, context_of
from web.i18n import language_of, speaker
from web.pages.hosts import parts
from web.pages.machines.about import WORDS, about, heard, sections
from web.pages.machines.asked import asked_of
from web.pages.machines.items import Item, ports, together
from web.pages.machines.unit import Code, known_unit, told_of
from web.pages.rendering import render
from web.photos import BOUNDS

VERSIONS = 30
"""Of a machine that its page compares, the newest."""
SOFTWARE = 500
"""Programs that are listed; more are counted."""

router = APIRouter()


@router.get("/machines/{name}")
def machine(
    request: Request,
    name: Annotated[str, Path(pattern="^[0-9a-f]{32}$")],
    since: Annotated[date | None, Query(description="What changed since the beginning of that day.")] = None,
) -> Response:
    """A name that it had before leads to the one that it has now."""
    context = context_of(request)
    found = context.machines.machine(name)
    if found is None:
        raise HTTPException(404)
    if found.name != name:
        return RedirectResponse(f"/machines/{found.name}", 307)
    now = context.clock.now()
    spoken = speaker(language_of(request), now)
    then = since or day_before(now)
    changed = context.machines.changed_since(name, begin_of(then))
    listed = of_machine(context.state, context.machines, name)
    with context.state.read() as connection:
        sightings = read_sightings(connection, found.unit)
        taken = photos.of_machine(connection, context.machines.keys_of(name))
    item = next((each for each in _items(context, found.unit) if each.machine == name), None)
    software = sorted(
        (str(row.get("name") or ""), str(row.get("version") or ""))
        for row in parts(found.content, "softwares")
    )
    history = [
        (each, sections(spoken, each.changes or ()))
        for each in context.machines.versions(name, VERSIONS)[::-1]
    ]
    return render(
        request,
        "machines/machine.html",
        {
            **WORDS,
            "title": found.hostname or name,
            "unit": found.unit,
            "subject": name,
            "first_seen": found.first_seen,
            "last_seen": found.last_seen,
            "lines": about(spoken, found, listed.facts if listed else None),
            "sources": found.sources,
            "asked": asked_of(context, spoken, item.devices if item else (), user_of(request)),
            "ports": ports(found.macs, found.hostname, devices(context.state, found.unit), sightings),
            "software": software[:SOFTWARE],
            "more_software": max(0, len(software) - SOFTWARE),
            "history": history,
            "since": then.isoformat(),
            "photos": taken,
            **BOUNDS,
            "changed": None if changed is None else sections(spoken, changed),
            **_said(context, found.unit, name),
        },
    )


@router.get("/units/{code}/machines/{mac}")
def device(
    request: Request, code: Code, mac: Annotated[str, Path(pattern="^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]
) -> Response:
    """A device that sweeps of the unit's LAN tell of. One of which more is told may have its page elsewhere."""
    context = context_of(request)
    known_unit(context, code)
    here = (item for item in _items(context, code) if any(each.mac == mac for each in item.heard))
    return _device(request, next(here, None), f"/units/{code}/machines/{mac}")


@router.get("/units/{code}/devices/{id}")
def asked(
    request: Request, code: Code, number: Annotated[int, Path(alias="id", ge=0, lt=1 << 63)]
) -> Response:
    """A device that was asked over SNMP, or an agent's own machine."""
    context = context_of(request)
    known_unit(context, code)
    here = (item for item in _items(context, code) if any(each.id == number for each in item.devices))
    return _device(request, next(here, None), f"/units/{code}/devices/{number}")


def _items(context: Context, code: str) -> list[Item]:
    told = told_of(context, code)
    return together(told.listed, told.devices, told.sightings)


def _device(request: Request, item: Item | None, address: str) -> Response:
    if item is None:
        raise HTTPException(404)
    if item.href != address:
        return RedirectResponse(quote(item.href, safe="/:"), 307)
    context = context_of(request)
    spoken = speaker(language_of(request), context.clock.now())
    with context.state.read() as connection:
        sightings = read_sightings(connection, item.unit)
    details = {
        "title": item.told,
        "unit": item.unit,
        "subject": item.subject,
        "first_seen": item.first_seen,
        "last_seen": item.last_seen,
        "lines": [line for each in item.heard[:1] for line in heard(spoken, each)],
        "asked": asked_of(context, spoken, item.devices, user_of(request)),
        "sources": (),
        "ports": ports(item.macs, item.name, devices(context.state, item.unit), sightings),
        "software": (),
        "more_software": 0,
        "history": (),
        "since": "",
        "changed": None,
    }
    said = _said(context, item.unit, item.subject)
    return render(request, "machines/machine.html", {**WORDS, **details, **said})


def _said(context: Context, unit: str, subject: str) -> dict[str, object]:
    """What stands of it in the unit; what people said of it, of a machine in any unit; and what the unit's asset book says."""
    machine = ":" not in subject
    names = context.machines.keys_of(subject) if machine else (subject,)
    with context.state.read() as connection:
        found = [each for each in keeper.read(connection, unit, standing=False) if each.subject == subject]
        said = keeper.marks(connection, None if machine else unit, subjects=names)
    row = booked(context, unit, subject)
    return {"findings": found[::-1], "marks": said[::-1], "booked": row, "BOOK_COLUMNS": BOOK_COLUMNS}
