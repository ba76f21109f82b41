"""Runs: stretches of a timeline in which something was never up and sometimes down. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.services.sight import Glance
from collector.timeline import Stretch
from core.values import Status

FAR = 1 << 52


@dataclass(slots=True)
class Run:
    """Unknown time inside does not end one."""

    first_down: int
    ended_at: int | None
    at_edge: bool
    """It was not up before, as far as the timeline reaches."""
    last_down: int


def twice(run: Run, failed: Sequence[Glance]) -> bool:
    within = [g for g in failed if g.end > run.first_down and g.start < run.last_down]
    return len(within) > 1 or any(g.sure > g.start for g in within)


def whole(runs: Sequence[Run]) -> list[Run]:
    """Those of several checks of one unit that overlap, as one."""
    found: list[Run] = []
    for run in sorted(runs, key=lambda each: (each.first_down, each.ended_at or FAR, each.at_edge)):
        last = found[-1] if found else None
        if last is not None and (last.ended_at is None or run.first_down < last.ended_at):
            open_ = last.ended_at is None or run.ended_at is None
            last.ended_at = None if open_ else max(last.ended_at or 0, run.ended_at or 0)
            last.last_down = max(last.last_down, run.last_down)
        else:
            found.append(run)
    return found


def runs_of(timeline: Sequence[Stretch]) -> list[Run]:
    """Stretches in which it was never up and sometimes down. Unknown time inside does not end one."""
    runs: list[Run] = []
    seen_up = False
    current: Run | None = None
    for stretch in timeline:
        if stretch.status is Status.DOWN:
            if current is None:
                current = Run(stretch.start, None, not seen_up, stretch.end)
            current.last_down = stretch.end
        elif stretch.status is Status.UP:
            seen_up = True
            if current is not None:
                current.ended_at = stretch.start
                runs.append(current)
                current = None
    return [*runs, current] if current is not None else runs
