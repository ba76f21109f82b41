"""Findings of all units: devices that nobody knows, that are not seen any more, or that were written off and are back; faults of configurations."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from inventory.findings import keeper
from inventory.findings.configs import device_of
from inventory.findings.decide import MACHINE_KINDS, Kind
from inventory.findings.keeper import KeptFinding
from web.api.findings import seen_by
from web.auth.guard import user_of
from web.context import context_of
from web.i18n import language_of, mark, speaker
from web.pages.machines.about import FOUND, KINDS, WORDS, detail_of
from web.pages.machines.tables import Format, Table, as_file, time
from web.pages.rendering import name_of, render

MOST = 500
"""That a page lists; a file has all."""
_TITLES = (
    mark("Unit code"),
    mark("Unit"),
    mark("Findings"),
    mark("Kind"),
    mark("Name"),
    mark("Device"),
    mark("Details"),
    mark("Since"),
    mark("Last seen"),
)

router = APIRouter()


@router.get("/machines/findings")
def findings(
    request: Request,
    kind: Annotated[Kind | None, Query()] = None,
    unit: Annotated[str | None, Query(max_length=40)] = None,
    format: Format = None,  # noqa: A002 - it is what the address says
) -> Response:
    """Those that stand, the newest first."""
    context, now = context_of(request), context_of(request).clock.now()
    with context.state.read() as connection:
        standing = list(keeper.read(connection, unit, seen_by(user_of(request))))
    found = sorted(
        (each for each in standing if kind in (None, each.kind)),
        key=lambda each: (-each.since, each.id),
    )
    if format:
        say = speaker(language_of(request), now).gettext
        rows = (
            (
                each.unit,
                name_of(context, each.unit),
                say(FOUND[each.kind].word),
                say(KINDS[each.device]),
                each.name,
                each.subject,
                detail_of(each.kind, each.detail),
                time(each.since),
                time(each.last_seen),
            )
            for each in found
        )
        return as_file(Table("findings", [say(title) for title in _TITLES], rows), format, now)
    sums = Counter(each.kind for each in standing)
    counts = {
        key: sums[key]
        for key in seen_by(user_of(request))
        if sums[key] or key == kind or key in MACHINE_KINDS
    }
    details = {
        "found": found[:MOST],
        "more": max(0, len(found) - MOST),
        "counts": counts,
        "kind": kind,
        "unit": unit,
        "address_of": address_of,
    }
    return render(request, "machines/findings.html", {**WORDS, **details})


def address_of(found: KeptFinding) -> str:
    """The page of the device that it is of."""
    if (device := device_of(found.subject)) is not None:
        return f"/configs/{device}"
    if ":" in found.subject:
        return f"/units/{found.unit}/machines/{found.subject}"
    return f"/machines/{found.subject}"
