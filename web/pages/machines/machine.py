"""One machine: what it is, who told of it, what was found of it and what changed; and a device that only the LAN tells of."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inventory.census.lists import of_machine
from inventory.devices import devices
from inventory.findings import keeper
from inventory.lan.reads import read_sightings
from inventory.photos import keeper as photos
from inventory.photos.jpeg import LONGEST_SIDE, MOST_BYTES
from web.api.assets import booked
from web.book import BOOK_COLUMNS
from web.changed import begin_of, day_before
from web.context import Context, context_of
from web.i18n import language_of, speaker
from web.pages.hosts import parts
from web.pages.machines.about import WORDS, about, heard, sections
from web.pages.machines.items import ports
from web.pages.machines.unit import Code, known_unit
from web.pages.rendering import render

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
            "ports": ports(found.macs, found.hostname, devices(context.state, found.unit), sightings),
            "software": software[:SOFTWARE],
            "more_software": max(0, len(software) - SOFTWARE),
            "history": history,
            "since": then.isoformat(),
            "photos": taken,
            "most_photos": photos.MOST,
            "photo_side": LONGEST_SIDE,
            "photo_bytes": MOST_BYTES,
            "changed": None if changed is None else sections(spoken, changed),
            **_said(context, found.unit, name),
        },
    )


@router.get("/units/{code}/machines/{mac}")
def device(
    request: Request, code: Code, mac: Annotated[str, Path(pattern="^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]
) -> Response:
    """A device that sweeps of the unit's LAN tell of."""
    context = context_of(request)
    known_unit(context, code)
    with context.state.read() as connection:
        sightings = read_sightings(connection, code)
    found = next((each for each in sightings if each.mac == mac), None)
    if found is None:
        raise HTTPException(404)
    spoken = speaker(language_of(request), context.clock.now())
    name = next(iter(found.names), "")
    return render(
        request,
        "machines/machine.html",
        {
            **WORDS,
            "title": name or next(iter(found.addresses), mac),
            "unit": code,
            "subject": mac,
            "first_seen": found.first_seen,
            "last_seen": found.last_seen,
            "lines": heard(spoken, found),
            "sources": (),
            "ports": ports({mac}, name, devices(context.state, code), sightings),
            "software": (),
            "more_software": 0,
            "history": (),
            "since": "",
            "changed": None,
            **_said(context, code, mac),
        },
    )


def _said(context: Context, unit: str, subject: str) -> dict[str, object]:
    """What stands of it in the unit; what people said of it, of a machine in any unit; and what the unit's asset book says."""
    machine = ":" not in subject
    names = context.machines.keys_of(subject) if machine else (subject,)
    with context.state.read() as connection:
        found = [each for each in keeper.read(connection, unit, standing=False) if each.subject == subject]
        said = keeper.marks(connection, None if machine else unit, subjects=names)
    row = booked(context, unit, subject)
    return {"findings": found[::-1], "marks": said[::-1], "booked": row, "BOOK_COLUMNS": BOOK_COLUMNS}
