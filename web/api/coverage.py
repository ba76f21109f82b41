"""`/api/v1/coverage`: how well officials are provided with machines, by unit, district and level."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from core.values import Level
from inventory.census.coverage import TARGETS, Behind, Counts, behind, day_of, summed, those_below, total
from inventory.census.facts import Counted
from inventory.census.keeper import counted, days, newest_day
from inventory.stock import offices
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.context import context_of

router = APIRouter(prefix="/coverage", tags=["coverage"])
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Share:
    """Counts of a unit (`code`) or a level, and what follows from them; ratios are null where nothing is known."""

    code: str
    name: str
    level: Level
    target: float | None
    """PCs per official that are wanted; null where several levels are together."""
    per_official: float | None
    age_mean_years: float | None
    counts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Table:
    """`day`: days since 1970 in the province's time; null when nothing was counted yet."""

    day: int | None
    items: list[Share]


@dataclass(frozen=True, slots=True)
class Day:
    day: int
    per_official: float | None
    counts: Mapping[str, object]


@router.get("")
def coverage(
    request: Request,
    by: Annotated[
        Literal["unit", "below", "level"],
        Query(description="Each unit alone, each with all below it, or each level."),
    ] = "unit",
) -> Table:
    """As it was counted last, at most some minutes ago."""
    context = context_of(request)
    units = {unit.code: unit for unit in context.registry.units(context.clock.now())}
    with context.state.read() as connection:
        day = newest_day(connection)
        alone = {} if day is None else days(connection, day, day).get(day, {})
    found = summed(offices(units.values()), alone)
    if by == "level":
        items = [
            _share("", level.value, level, counts, TARGETS.get(level, 1.0))
            for level, counts in sorted(found.levels.items())
        ]
    else:
        chosen = found.alone if by == "unit" else found.below
        items = [
            _share(
                code,
                units[code].name,
                units[code].level,
                counts,
                TARGETS.get(units[code].level, 1.0) if counts.units <= 1 else None,
            )
            for code, counts in sorted(chosen.items())
        ]
    return Table(day, items)


@dataclass(frozen=True, slots=True)
class OneOf:
    """A machine behind a count. None, or empty: not told."""

    name: str
    unit: str
    hostname: str
    kind: str
    last_seen: int
    memory_mb: int | None
    system: str
    version: str
    made: int | None
    antivirus: bool | None
    free_ratio: float | None


@router.get("/machines")
def machines(
    request: Request,
    response: Response,
    count: Annotated[Behind, Query(description="The count that they are behind.")],
    unit: Annotated[str | None, Query(max_length=32, description="With all units below it.")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[OneOf]:
    """Which machines a count is made of, as of now; by name."""
    context = context_of(request)
    now = context.clock.now()
    places = offices(context.registry.units(now))
    codes = {place.code for place in places} if unit is None else those_below(places, unit)
    with context.state.read() as connection:
        found = behind(count, counted(connection, context.machines.names_of_faces()), now)
    shown = [_one(each) for each in found if each.unit in codes]
    return page(request, response, *page_of(shown, lambda each: each.name, "coverage", cursor, limit, str))


def _one(machine: Counted) -> OneOf:
    facts = machine.facts
    return OneOf(
        machine.name,
        machine.unit,
        facts.hostname,
        facts.kind,
        machine.last_seen,
        facts.memory_mb,
        facts.system,
        facts.version,
        facts.made,
        facts.antivirus,
        facts.free_ratio,
    )


@router.get("/days")
def history(
    request: Request,
    unit: Annotated[str, Query(max_length=32, description="With all units below it.")],
    days_back: Annotated[int, Query(alias="days", ge=1, le=LONGEST, description="So many days.")] = 90,
) -> list[Day]:
    """How it was at the end of each of the last days, the oldest first."""
    context = context_of(request)
    now = context.clock.now()
    places = offices(context.registry.units(now))
    if unit not in {place.code for place in places}:
        raise Problem("not-found", "no unit has that code")
    today = day_of(now)
    with context.state.read() as connection:
        found = days(connection, today - days_back + 1, today)
    codes = those_below(places, unit)
    told = []
    for day, alone in found.items():
        counts = total([each for code, each in alone.items() if code in codes])
        told.append(Day(day, counts.per_official, _plain(counts)))
    return told


def _share(code: str, name: str, level: Level, counts: Counts, target: float | None) -> Share:
    age = round(counts.age_years / counts.age_known, 2) if counts.age_known else None
    return Share(code, name, level, target, counts.per_official, age, _plain(counts))


def _plain(counts: Counts) -> Mapping[str, object]:
    return {name: getattr(counts, name) for name in counts.__struct_fields__ if name != "age_years"}
