"""What changed at the machines of a unit since a day: each that is otherwise than then, and those that came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from inventory.census.lists import of_unit
from web.context import context_of
from web.i18n import language_of, local_time, speaker
from web.pages.machines.about import WORDS, Section, sections
from web.pages.machines.items import Item, item_of
from web.pages.machines.unit import Code, begin_of, known_unit
from web.pages.rendering import render

BACK_DAYS = 30
MOST = 100
"""Machines whose changes a page compares; more are counted."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Changed:
    """`sections` is None of one of which nothing was known then: it came."""

    item: Item
    sections: Sequence[Section] | None


@router.get("/units/{code}/machines/changes")
def changes(
    request: Request,
    code: Code,
    since: Annotated[date | None, Query(description="From the beginning of that day.")] = None,
) -> Response:
    """Machines that stand in the unit now, by their hostnames; those without a difference are left out."""
    context, now = context_of(request), context_of(request).clock.now()
    known_unit(context, code)
    spoken = speaker(language_of(request), now)
    then = since or (local_time(now) - timedelta(days=BACK_DAYS)).date()
    began = begin_of(then)
    versions = set(context.machines.with_versions_since(code, began))
    touched = [each for each in of_unit(context.state, context.machines, code) if each.name in versions]
    found = []
    for each in touched[:MOST]:
        told = None if each.first_seen > began else context.machines.changed_since(each.name, began)
        if told or each.first_seen > began:
            found.append(Changed(item_of(each), None if told is None else sections(spoken, told)))
    details = {
        "unit": code,
        "since": then.isoformat(),
        "found": found,
        "more": max(0, len(touched) - MOST),
    }
    return render(request, "machines/changes.html", {**WORDS, **details})
