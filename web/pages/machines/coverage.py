"""Coverage for managers: PCs per official against what is wanted, age, memory, systems, antivirus, by unit, district and level, with its trend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.values import Level
from inventory.census.coverage import Behind, behind, date_of, those_below
from inventory.census.keeper import counted
from inventory.stock import offices
from web.api import coverage as api
from web.api.coverage import Day, Share
from web.context import context_of
from web.i18n import Speaker, language_of, mark, speaker
from web.pages.machines.about import WORDS
from web.pages.machines.items import item_of
from web.pages.machines.tables import Cell, Format, Table, as_file, of_machines
from web.pages.rendering import name_of, render
from web.words import word

MOST = 500
"""Machines behind a count that a page lists; a file has all."""
TREND_DAYS = 90
WIDTH, HEIGHT = 600, 90
SHARES: Mapping[str, tuple[str, str]] = {
    "memory_low": (mark("Memory below 8 GB"), "memory_known"),
    "system_ended": (mark("System without support"), "system_known"),
    "system_ends_soon": (mark("Support ends within 180 days"), "system_known"),
    "antivirus_missing": (mark("Without antivirus"), "antivirus_known"),
    "disk_low": (mark("Disk almost full"), "disk_known"),
    "age_old": (mark("Seven years or older"), "age_known"),
}
"""Counts that are part of another: a title, and of which."""
COUNTS: Mapping[str, str] = {
    "pcs": mark("PCs and laptops"),
    "silent": mark("Silent for 30 days"),
    **{name: title for name, (title, _) in SHARES.items()},
}
"""Each of `Behind` with its title."""
_CODE, _UNIT, _OF = mark("Unit code"), mark("Unit"), mark("of those that tell")
_OFFICIALS, _TARGET, _PER, _LACK = (
    mark("Officials"),
    mark("Wanted"),
    mark("PCs per official"),
    mark("PCs lacking"),
)
By = Literal["below", "unit", "level"]

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure over days, the oldest first, and as points of a line in WIDTH by HEIGHT. `top`: the value at its upper edge."""

    title: str
    first: int
    last: int
    values: Sequence[float]
    points: str
    top: float


@router.get("/machines/coverage")
def coverage(
    request: Request,
    by: Annotated[By, Query()] = "below",
    unit: Annotated[str, Query(max_length=40)] = "",
    format: Format = None,  # noqa: A002 - it is what the address says
) -> Response:
    """`below`: departments and districts, each with all below it; `unit`: each alone; `level`. The trend is that of `unit`
    with all below it, of the province where none is given."""
    context, now = context_of(request), context_of(request).clock.now()
    spoken = speaker(language_of(request), now)
    table = api.coverage(request, by)
    units = context.registry.units(now)
    places = {each.code: place for place, each in enumerate(units)}
    items = sorted(table.items, key=lambda each: (list(Level).index(each.level), places.get(each.code, 0)))
    if by == "below":
        heads = {each.parent for each in units}
        items = [each for each in items if each.code in heads or each.level is not Level.COMMUNE]
    top = next((each.code for each in units if each.parent is None), "")
    if unit and all(each.code != unit for each in units):
        raise HTTPException(404)
    if format:
        return as_file(_as_table(spoken, items), format, now)
    history = api.history(request, unit or top, TREND_DAYS) if unit or top else []
    details = {
        "table": items,
        "day": None if table.day is None else date_of(table.day).isoformat(),
        "by": by,
        "unit": unit or top,
        "trends": _trends(history),
        "SHARES": SHARES,
        "WIDTH": WIDTH,
        "HEIGHT": HEIGHT,
        "date_of": date_of,
    }
    return render(request, "machines/coverage.html", {**WORDS, **details})


@router.get("/machines/coverage/machines")
def those_behind(
    request: Request,
    count: Annotated[Behind, Query()],
    unit: Annotated[str, Query(max_length=40)] = "",
    alone: Annotated[bool, Query(description="Without units below it.")] = False,
    format: Format = None,  # noqa: A002 - it is what the address says
) -> Response:
    """Which machines a count is made of, now."""
    context, now = context_of(request), context_of(request).clock.now()
    places = offices(context.registry.units(now))
    codes = (
        {unit} if alone and unit else those_below(places, unit) if unit else {each.code for each in places}
    )
    with context.state.read() as connection:
        machines = behind(count, counted(connection, context.machines.names_of_faces()), now)
    items = [
        (each.unit, item_of(each))
        for each in sorted(machines, key=lambda each: (each.unit, each.facts.hostname.casefold(), each.name))
        if each.unit in codes
    ]
    if format:
        names = {code: name_of(context, code) for code in codes}
        return as_file(of_machines(speaker(language_of(request), now), names, items), format, now)
    details = {
        "title": COUNTS[count],
        "count": count,
        "unit": unit,
        "alone": alone,
        "items": items[:MOST],
        "more": max(0, len(items) - MOST),
    }
    return render(request, "machines/behind.html", {**WORDS, **details})


def _as_table(spoken: Speaker, items: Sequence[Share]) -> Table:
    say = spoken.gettext
    titles = [_CODE, _UNIT, _OFFICIALS, COUNTS["pcs"], _PER, _TARGET, _LACK, COUNTS["silent"]]
    for title, _whole in SHARES.values():
        titles += [title, _OF]
    rows: list[list[Cell]] = []
    for each in items:
        counts = {name: value for name, value in each.counts.items() if isinstance(value, int)}
        row: list[Cell] = [each.code, each.name if each.code else word(spoken, each.level)]
        row += [
            counts["staff"],
            counts["pcs"],
            each.per_official,
            each.target,
            counts["short"],
            counts["silent"],
        ]
        for name, (_title, whole) in SHARES.items():
            row += [counts[name], counts[whole]]
        rows.append(row)
    return Table("coverage", [say(title) for title in titles], rows)


def _trends(history: Sequence[Day]) -> Sequence[Trend]:
    """Pure. Of what is known on two days at least."""
    found = []
    figures = [(_PER, [(each.day, each.per_official) for each in history])]
    figures += [
        (SHARES[name][0], [(each.day, _ratio(each.counts, name)) for each in history])
        for name in ("system_ended", "memory_low", "antivirus_missing")
    ]
    for title, told in figures:
        known = [(day, value) for day, value in told if value is not None]
        if len(known) > 1:
            found.append(_trend(title, known))
    return found


def _trend(title: str, known: Sequence[tuple[int, float]]) -> Trend:
    first, last = known[0][0], known[-1][0]
    top = max(1.0, *(value for _, value in known))
    points = " ".join(
        f"{WIDTH * (day - first) / (last - first):.1f},{HEIGHT * (1 - value / top):.1f}"
        for day, value in known
    )
    return Trend(title, first, last, [value for _, value in known], points, top)


def _ratio(counts: Mapping[str, object], name: str) -> float | None:
    part, whole = counts[name], counts[SHARES[name][1]]
    return part / whole if isinstance(part, int) and isinstance(whole, int) and whole else None
