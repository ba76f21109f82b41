"""What changed at machines since a day: in the province or a part of it, what changed at how many and where; in a unit, at each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.values import Level
from inventory.census.lists import named, of_unit
from inventory.differences.since import KINDS, Difference, Kind, Line
from web.changed import Asked, asked, begin_of, day_before
from web.context import Context, context_of
from web.i18n import Speaker, language_of, mark, speaker
from web.pages.machines.about import CHANGED, WORDS, Section, sections
from web.pages.machines.items import Item, item_of
from web.pages.machines.tables import Format, Table, as_file, time
from web.pages.machines.unit import Code, known_unit
from web.pages.rendering import name_of, render

MOST = 100
"""Machines whose changes a page compares; more are counted."""
FEW, MANY = 12, 500
"""Lines of each kind that are shown beside other kinds, and alone; a file has all."""
AT_EACH = ("memory_less", "disk_gone", "disk_replaced", "memory_more", "disk_more")
"""Kinds whose machines are told one by one: each is another story."""
_LINES = (
    mark("What changed"),
    mark("What"),
    mark("Machines"),
    mark("Units"),
    mark("First noted"),
    mark("Last noted"),
)
_MACHINES = (
    mark("What changed"),
    mark("What"),
    mark("Unit code"),
    mark("Unit"),
    mark("Name"),
    mark("Device"),
    mark("Before"),
    mark("After"),
    mark("Memory, MB"),
    mark("Last noted"),
)
Since = Annotated[date | None, Query(description="From the beginning of that day.")]
Unit = Annotated[str, Query(max_length=40, description="With all units below it.")]
OfLevel = Annotated[Level | Literal[""], Query()]
"""A form sends it empty where none is chosen."""
Alone = Annotated[bool, Query(description="Without units below it.")]

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Group:
    """What changed of one kind: at how many machines in how many units; its lines, or its machines one by one."""

    kind: Kind
    machines: int
    units: int
    lines: Sequence[Line]
    each: Sequence[Difference]
    more: int


@dataclass(frozen=True, slots=True)
class Changed:
    """`sections` is None of one of which nothing was known then: it came."""

    item: Item
    sections: Sequence[Section] | None


@router.get("/machines/changes")
def province(
    request: Request,
    since: Since = None,
    unit: Unit = "",
    alone: Alone = False,
    level: OfLevel = "",
    kind: Annotated[Kind | None, Query()] = None,
    format: Format = None,  # noqa: A002 - it is what the address says
) -> Response:
    """What went missing first, then what is in most units."""
    context, now = context_of(request), context_of(request).clock.now()
    told = _asked(context, since, unit, level or None, alone=alone)
    if format:
        spoken = speaker(language_of(request), now)
        return as_file(_of_lines(context, spoken, told.lines(kind)), format, now)
    groups = groups_of(told.lines(), kind)
    query = {
        "since": told.since.isoformat(),
        "unit": unit,
        "alone": "true" if alone else "",
        "level": level.value if level else "",
    }
    details = {
        "groups": [each for each in groups if kind in (None, each.kind)],
        "counts": {each.kind: each.machines for each in groups},
        "kind": kind,
        "query": {name: value for name, value in query.items() if value},
        "asked": query,
        "units": context.registry.units(now),
        "levels": list(Level),
        "items": _items(context, [each for group in groups for each in group.each]),
    }
    return render(request, "machines/province.html", {**WORDS, **details})


@router.get("/machines/changes/machines")
def those_behind(
    request: Request,
    kind: Annotated[Kind, Query()],
    subject: Annotated[str | None, Query(max_length=300)] = None,
    since: Since = None,
    unit: Unit = "",
    alone: Alone = False,
    level: OfLevel = "",
    format: Format = None,  # noqa: A002 - it is what the address says
) -> Response:
    """At which machines that changed, unit by unit."""
    context, now = context_of(request), context_of(request).clock.now()
    told = _asked(context, since, unit, level or None, alone=alone)
    found = told.machines(context, kind, subject)
    if format:
        spoken = speaker(language_of(request), now)
        return as_file(_of_machines(context, spoken, found), format, now)
    shown = found[:MANY]
    query = {
        "kind": kind,
        "subject": subject,
        "since": told.since.isoformat(),
        "unit": unit,
        "alone": "true" if alone else "",
        "level": level.value if level else "",
    }
    details = {
        "found": shown,
        "total": len(found),
        "in_units": len({each.unit for each in found}),
        "more": len(found) - len(shown),
        "items": _items(context, shown),
        "kind": kind,
        "subject": subject,
        "since": told.since.isoformat(),
        "query": {name: value for name, value in query.items() if value},
    }
    return render(request, "machines/changed.html", {**WORDS, **details})


@router.get("/units/{code}/machines/changes")
def changes(request: Request, code: Code, since: Since = None) -> Response:
    """The same of the unit alone, and the machines that stand in it now, by their hostnames; those without a difference are left out."""
    context, now = context_of(request), context_of(request).clock.now()
    known_unit(context, code)
    spoken = speaker(language_of(request), now)
    told = _asked(context, since or day_before(now), code, None, alone=True)
    began = begin_of(told.since)
    versions = set(context.machines.with_versions_since(code, began))
    touched = [each for each in of_unit(context.state, context.machines, code) if each.name in versions]
    found = []
    for each in touched[:MOST]:
        compared = None if each.first_seen > began else context.machines.changed_since(each.name, began)
        if compared or each.first_seen > began:
            found.append(Changed(item_of(each), None if compared is None else sections(spoken, compared)))
    groups = groups_of(told.lines(), None)
    details = {
        "unit": code,
        "since": told.since.isoformat(),
        "query": {"since": told.since.isoformat(), "unit": code, "alone": "true"},
        "groups": groups,
        "items": _items(context, [each for group in groups for each in group.each]),
        "found": found,
        "more": max(0, len(touched) - MOST),
    }
    return render(request, "machines/changes.html", {**WORDS, **details})


def groups_of(lines: Sequence[Line], kind: Kind | None) -> list[Group]:
    """Lines by their kinds, a few of each; many of the one that was chosen. Pure."""
    by_kind: dict[Kind, list[Line]] = {}
    for line in lines:
        by_kind.setdefault(line.kind, []).append(line)
    groups = []
    for of_kind in sorted(by_kind, key=KINDS.index):
        its, most = by_kind[of_kind], MANY if of_kind == kind else FEW
        told = [each for line in its for each in line.differences]
        if of_kind == "updated":
            machines = units = 0
        else:
            machines, units = len({each.machine for each in told}), len({each.unit for each in told})
        one_by_one = told[:most] if of_kind in AT_EACH else []
        shown = [] if one_by_one else its[:most]
        more = len(told) - len(one_by_one) if one_by_one else len(its) - len(shown)
        groups.append(Group(of_kind, machines, units, shown, one_by_one, more))
    return groups


def _asked(context: Context, since: date | None, unit: str, level: Level | None, *, alone: bool) -> Asked:
    try:
        return asked(context, since, unit, level, alone=alone)
    except KeyError:
        raise HTTPException(404) from None


def _items(context: Context, told: Sequence[Difference]) -> Mapping[str, Item]:
    """What machines are called, by their names; those of which nothing was made yet are not among them."""
    names = {each.machine for each in told}
    return {name: item_of(each) for name, each in named(context.state, context.machines, names).items()}


def _what(context: Context, of_kind: Kind, subject: str) -> str:
    """A subject as people read it: units by their names."""
    if of_kind != "moved":
        return subject
    return " → ".join(name_of(context, code) for code in subject.split(" → "))


def _of_lines(context: Context, spoken: Speaker, lines: Sequence[Line]) -> Table:
    rows = (
        (
            spoken.gettext(CHANGED[each.kind]),
            _what(context, each.kind, each.subject),
            each.machines,
            each.units,
            time(each.first) if each.kind != "updated" else "",
            time(each.last) if each.kind != "updated" else "",
        )
        for each in lines
    )
    return Table("changes", [spoken.gettext(title) for title in _LINES], rows)


def _of_machines(context: Context, spoken: Speaker, found: Sequence[Difference]) -> Table:
    items = _items(context, found)
    rows = (
        (
            spoken.gettext(CHANGED[each.kind]),
            _what(context, each.kind, each.subject),
            each.unit,
            name_of(context, each.unit),
            items[each.machine].told if each.machine in items else "",
            each.machine,
            each.before,
            each.after,
            each.megabytes or None,
            time(each.at),
        )
        for each in found
    )
    return Table("changes", [spoken.gettext(title) for title in _MACHINES], rows)
