"""`/api/v1/changes`: what changed at machines since a day, in the province or a part of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from core.values import Level
from inventory.census.lists import named
from inventory.differences.since import KINDS, Difference, Kind
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.changed import Asked
from web.changed import asked as ask
from web.context import Context, context_of

router = APIRouter(prefix="/changes", tags=["changes"])
Since = Annotated[
    date | None, Query(description="From the beginning of that day here; 30 days ago without it.")
]
Unit = Annotated[str, Query(max_length=40, description="With all units below it.")]
Alone = Annotated[bool, Query(description="Without units below it.")]


@dataclass(frozen=True, slots=True)
class LineOf:
    """One thing that changed, at how many machines in how many units; `first` and `last` noted, null of what was updated."""

    kind: Kind
    subject: str
    machines: int
    units: int
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class ChangedMachine:
    """`name` is that of `devices/{name}`. What it had and has instead; of memory `megabytes` less or more."""

    name: str
    hostname: str
    unit: str
    kind: Kind
    subject: str
    before: str
    after: str
    megabytes: int
    at: int


@router.get("")
def changes(
    request: Request,
    response: Response,
    since: Since = None,
    unit: Unit = "",
    alone: Alone = False,
    level: Annotated[Level | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[LineOf]:
    """What changed at how many machines, as of some minutes ago: kinds in the order in which they are named here, each by subject."""
    told = _asked(context_of(request), since, unit, level, alone=alone)
    lines = [
        LineOf(
            each.kind,
            each.subject,
            each.machines,
            each.units,
            None if each.kind == "updated" else each.first,
            None if each.kind == "updated" else each.last,
        )
        for each in told.lines(kind)
    ]
    return page(
        request,
        response,
        *page_of(
            lines, lambda each: f"{KINDS.index(each.kind):02}{each.subject}", "changes", cursor, limit, str
        ),
    )


@router.get("/machines")
def machines(
    request: Request,
    response: Response,
    kind: Annotated[Kind, Query()],
    subject: Annotated[
        str | None,
        Query(max_length=300, description="Of a line; `updated` needs it, all others are whole without."),
    ] = None,
    since: Since = None,
    unit: Unit = "",
    alone: Alone = False,
    level: Annotated[Level | None, Query()] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[ChangedMachine]:
    """At which machines that changed, by name and subject."""
    context = context_of(request)
    if kind == "updated" and subject is None:
        raise Problem("invalid", "subject is needed with kind=updated")
    found = _asked(context, since, unit, level, alone=alone).machines(context, kind, subject)
    items, next_ = page_of(found, _key, "changed machines", cursor, limit, str)
    listed = named(context.state, context.machines, {each.machine for each in items})
    hostnames = {name: each.facts.hostname for name, each in listed.items()}
    return page(request, response, [_machine(each, hostnames) for each in items], next_)


def _key(each: Difference) -> str:
    return f"{each.machine} {each.subject}"


def _machine(each: Difference, hostnames: Mapping[str, str]) -> ChangedMachine:
    return ChangedMachine(
        each.machine,
        hostnames.get(each.machine, ""),
        each.unit,
        each.kind,
        each.subject,
        each.before,
        each.after,
        each.megabytes,
        each.at,
    )


def _asked(context: Context, since: date | None, unit: str, level: Level | None, *, alone: bool) -> Asked:
    try:
        return ask(context, since, unit, level, alone=alone)
    except KeyError:
        raise Problem("not-found", "no unit has that code") from None
