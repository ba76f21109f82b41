"""Reads what `web.phases` stacks: of one check of a service from one unit, over a period."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.evidence import Said
from collector.said import read_said
from collector.services.views import Score
from collector.views import CheckState
from inventory.records import PlannedCheck
from web.context import Context
from web.phases import TOTAL, layers, scores, stacked

MEMORY_MS = 20 * 3_600_000
"""What a check said within this time is all in memory (`collector.views.UnitEvidence`)."""


@dataclass(frozen=True, slots=True)
class Timing:
    """`at` are the buckets' times; each of `layers` has a mean, in seconds, for each of them, None without samples."""

    check: int
    label: str
    unit: str
    by: str
    bucket_ms: int
    objective_ms: int | None
    at: Sequence[int]
    layers: Mapping[str, Sequence[float | None]]
    apdex: Sequence[float | None]
    """None for a bucket without results, and for all without an objective."""


def planned_of(context: Context, service: str) -> Mapping[int, PlannedCheck]:
    """The checks of a service that are planned now, by id."""
    return {id_: each for id_, each in context.registry.checks().items() if each.service == service}


def checks_from(context: Context, service: str, unit: str) -> Sequence[CheckState]:
    """The checks of a service from one unit, as last seen, in the order of the catalogue's names."""
    ids = {id_ for id_, each in planned_of(context, service).items() if each.vantage == unit}
    found = [state for state in context.views.checks(unit) if state.check.id in ids]
    return sorted(found, key=lambda state: (state.label, state.check.target))


def steps_of(params: Mapping[str, object]) -> Sequence[str]:
    """Names of a scenario's steps, in order."""
    steps = params.get("steps")
    named = [step.get("name") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return [name for name in named if isinstance(name, str)]


def timing(
    context: Context,
    state: CheckState,
    objective_ms: int | None,
    *,
    by_step: bool,
    start: int,
    end: int,
    bucket_ms: int,
) -> Timing:
    """Blocking: reads samples."""
    views, series = context.views, state.series
    wanted = layers(series, steps_of(state.check.params), by_step=by_step)
    told = {
        each.name: [views.downsample(id_, start, end, bucket_ms) for id_ in each.series] for each in wanted
    }
    total = series.get(TOTAL)
    at, found = stacked(told, views.downsample(total, start, end, bucket_ms) if total is not None else [])
    quick: Mapping[int, Score] = {}
    if objective_ms is not None and total is not None:
        quick = scores(
            views.points(total, start, end),
            said_by(context, state, start, end),
            interval_ms=state.check.interval_ms,
            objective_ms=objective_ms,
            start=start,
            end=end,
            bucket_ms=bucket_ms,
        )
        at, found = _widened(at, found, quick)
    return Timing(
        state.check.id,
        state.label,
        state.vantage,
        "step" if by_step else "phase",
        bucket_ms,
        objective_ms,
        at,
        found,
        [quick[time].value if time in quick else None for time in at],
    )


def said_by(context: Context, state: CheckState, start: int, end: int) -> list[Said]:
    """What it said: of today from memory, of before from disk."""
    edge = context.views.now() - MEMORY_MS
    recent = context.views.evidence(state.about, max(start, edge), end).checks if end > edge else ()
    found = [said for each in recent if each.check == state.check.id for said in each.said]
    if start >= edge:
        return found
    first = min((each.first_at for each in found), default=end)
    with context.state.read() as connection:
        older = read_said(connection, state.check.id, start, end)
    return sorted([*(each for each in older if each.last_at < first), *found])


def _widened(
    at: Sequence[int], found: Mapping[str, Sequence[float | None]], quick: Mapping[int, Score]
) -> tuple[list[int], dict[str, list[float | None]]]:
    """With buckets in which all failed, and nothing was timed."""
    wide = sorted({*at, *quick})
    if wide == list(at):
        return list(at), {name: list(row) for name, row in found.items()}
    place = {time: index for index, time in enumerate(at)}
    return wide, {
        name: [row[place[time]] if time in place else None for time in wide] for name, row in found.items()
    }


def params_of(text: str) -> Mapping[str, object]:
    """The parameters of a check of the catalogue."""
    found: Mapping[str, object] = json.loads(text) if text else {}
    return found
