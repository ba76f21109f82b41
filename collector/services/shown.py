"""From the verdict on a service to what is shown of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from collector.causes import Window
from collector.services import summary
from collector.services.apdex import is_slow, total
from collector.services.finding import Finding
from collector.services.present import Seen
from collector.services.verdict import Verdict
from collector.services.views import Score, Sees, ServiceState, Sight, Standing
from core.values import Cause
from inventory.records import Service

TOO_SLOW = "scores low"
"""Why a unit finds it slow, where no look says so itself; the argument is the score."""


@dataclass(frozen=True, slots=True)
class Open:
    """What goes on, the id of its outage, and its cause as stored."""

    finding: Finding
    id: int | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class Seeing:
    """Who looks at a service, and why units themselves are down."""

    watched_from: frozenset[str]
    apart: frozenset[str]
    causes_of_units: Mapping[str, Cause | None]


def seen_with_scores(seen: Mapping[str, Seen], scores: Mapping[str, Score]) -> Mapping[str, Seen]:
    """Where it works and scores low, it is slow."""
    found = {}
    for unit, each in seen.items():
        score = scores.get(unit)
        if each.sees is Sees.UP and score is not None and is_slow(score):
            each = replace(each, sees=Sees.SLOW, since=None, reason=f"{TOO_SLOW}|{score.pace:.2f}")  # noqa: PLW2901 - as it is from here on
        found[unit] = each
    return found


def sights_of(
    code: str,
    seen: Mapping[str, Seen],
    open_now: Sequence[Open],
    scores: Mapping[str, Score],
    before: Mapping[str, Sight],
    now: int,
) -> Mapping[str, Sight]:
    """What each unit sees; since when is as it was, while it sees the same."""
    own = next((each.id for each in open_now if each.finding.is_service), None)
    part_of = {unit: each.id for each in open_now for unit in each.finding.units}
    found = {}
    for unit, each in seen.items():
        was, since = before.get(unit), each.since
        if was is not None and was.sees is each.sees and was.since is not None:
            since = was.since if since is None else min(was.since, since)
        elif each.sees is Sees.SLOW and since is None:
            since = now
        outage = part_of.get(unit, own) if each.sees is Sees.DOWN else None
        found[unit] = Sight(
            code, unit, each.sees, since, each.reason, each.check, each.label, scores.get(unit), outage
        )
    return found


def state_of(
    service: Service,
    verdict: Verdict,
    seen: Mapping[str, Seen],
    open_now: Sequence[Open],
    seeing: Seeing,
    scores: Mapping[str, Score],
    windows: Sequence[Window],
    before: ServiceState | None,
    now: int,
) -> ServiceState:
    findings = [replace(each.finding, cause=each.cause) for each in open_now]
    status, slow_at = summary.standing(seen, findings)
    own = next((each for each in open_now if each.finding.is_service), None)
    if own is not None:
        since: int | None = own.finding.began_at
    elif before is not None and before.status is status:
        since = before.since
    else:
        since = _since(verdict, status, now)
    on = [each.note for each in windows if each.start <= now and (each.end is None or now < each.end)]
    ids = {(each.finding.shared, each.finding.units): each.id for each in open_now}
    return ServiceState(
        code=service.code,
        name=service.name,
        owner=service.owner,
        status=status,
        since=since,
        reason=own.finding.reason if own is not None else "",
        headline=summary.headline(seen, seeing.watched_from, seeing.apart, findings, seeing.causes_of_units),
        outage=own.id if own is not None else None,
        cause=own.cause if own is not None else None,
        planned=on[0] if on else "",
        troubles=summary.troubles(findings, lambda each: ids[each.shared, each.units]),
        score=total(scores.values()) if scores else None,
        slow_at=slow_at,
        objective_percent=service.objective_percent,
        slow_ms=service.slow_ms,
    )


def _since(verdict: Verdict, status: Standing, now: int) -> int | None:
    """When the last stretch of the service's own timeline began; None where nothing is known."""
    if status is Standing.UNKNOWN or not verdict.timeline:
        return None
    return now if status is Standing.SLOW else verdict.timeline[-1].start


def is_news(
    before: tuple[ServiceState, Mapping[str, Sight]] | None, after: tuple[ServiceState, Mapping[str, Sight]]
) -> bool:
    """Whether pages should be told. Scores move with each look, and are no news."""
    return before is None or _plain(*before) != _plain(*after)


def _plain(state: ServiceState, sights: Mapping[str, Sight]) -> object:
    return replace(state, score=None), [replace(each, score=None, reason="") for each in sights.values()]
