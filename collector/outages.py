"""Outages: found in timelines, and matched with those that are stored. Pure; `collector.outage_store` keeps them.

An outage is a longest stretch in which nothing vouched for a unit and something said that it was down. Unknown time
inside does not end it; only what vouches does. It keeps its id for as long as what is found overlaps what is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from collector.judge import LINE_FAILS, ROUTER_LOST, SILENT
from collector.timeline import Stretch
from collector.views import Outage, Sentence
from core.values import Cause, Status

_TELLING = {SILENT: 0, ROUTER_LOST: 1, LINE_FAILS: 2}
"""Which reason an outage is shown with when several held during it: the one that saw most."""

SETTLING_MS = 60_000
"""A unit that was never up before and is up after so short a time was being installed."""

CHANGES: Mapping[tuple[str, str], Sequence[str]] = {
    ("none", "open"): ("opened",),
    ("none", "ended"): ("opened", "closed"),
    ("open", "open"): ("revised",),
    ("open", "ended"): ("closed",),
    ("open", "none"): ("retracted",),
    ("ended", "ended"): ("revised",),
    ("ended", "open"): ("opened",),
    ("ended", "none"): ("retracted",),
    ("retracted", "open"): ("opened",),
    ("retracted", "ended"): ("opened", "closed"),
}
"""What happens to an outage when it was stored as the first and is found as the second. Whatever is not here is an
error. Two equal states are a change only if times or reason differ."""


class Found(NamedTuple):
    """An outage in a timeline."""

    began_at: int
    ended_at: int | None
    reason: str
    at_edge: bool
    """Nothing before it is known to have been up: it may have begun earlier than the timeline can tell."""
    subject: str = "unit"
    cause: Cause = Cause.UNDETERMINED
    final: bool = False
    root: int | None = None
    evidence: tuple[Sentence, ...] = ()
    waits: bool = False
    """It is over, and evidence of it is still coming in: it is revised once, when all of it is there."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be stored: `what` happened to `outage`, whose id is 0 when it is new."""

    what: Sequence[str]
    outage: Outage


def find(timeline: Sequence[Stretch], start: int) -> tuple[int, list[Found]]:
    """The outages that touch `start` or come after it, and from which time on these are all."""
    first = next((i for i, stretch in enumerate(timeline) if stretch.end > start), len(timeline))
    if first < len(timeline) and timeline[first].status is not Status.UP:
        while first > 0 and timeline[first - 1].status is not Status.UP:
            first -= 1
    found: list[Found] = []
    stretches: list[Stretch] = []
    seen_up = first > 0
    for stretch in timeline[first:]:
        if stretch.status is Status.UP:
            found += _outage(stretches, stretch.start, at_edge=not seen_up)
            stretches, seen_up = [], True
        else:
            stretches.append(stretch)
    found += _outage(stretches, None, at_edge=not seen_up)
    return (timeline[first].start if first < len(timeline) else start), found


def _outage(stretches: Sequence[Stretch], ended_at: int | None, *, at_edge: bool) -> list[Found]:
    down = [stretch for stretch in stretches if stretch.status is Status.DOWN]
    if not down:
        return []
    reason = max((stretch.reason for stretch in down), key=lambda reason: _TELLING.get(reason, -1))
    began_at = down[0].start if at_edge else stretches[0].start
    if at_edge and ended_at is not None and ended_at - began_at < SETTLING_MS:
        return []
    return [Found(began_at, ended_at, reason, at_edge)]


def reconcile(unit: str, found: Iterable[Found], stored: Sequence[Outage], now: int) -> list[Change]:
    """What has to change so that what is stored says what was found. `stored` are all that may overlap."""
    changes: list[Change] = []
    left = sorted(stored, key=lambda outage: (outage.retracted, outage.id))
    for each in found:
        match = next(
            (outage for outage in left if outage.subject == each.subject and _overlap(each, outage)), None
        )
        if match is None:
            new = _as_found(Outage(0, unit, each.began_at, now, None, "", 0, retracted=False), each)
            changes.append(Change(CHANGES["none", _state(new)], new))
            continue
        left.remove(match)
        now_so = _as_found(match, each)
        if now_so != match and not (each.waits and _state(match) == "ended"):
            now_so = replace(now_so, revision=match.revision + 1)
            changes.append(Change(CHANGES[_state(match), _state(now_so)], now_so))
    for outage in left:
        if not outage.retracted:
            ended_at = now if outage.ended_at is None else outage.ended_at
            gone = replace(outage, retracted=True, ended_at=ended_at, revision=outage.revision + 1)
            changes.append(Change(CHANGES[_state(outage), "none"], gone))
    return changes


def _as_found(outage: Outage, found: Found) -> Outage:
    began_at = min(found.began_at, outage.began_at) if found.at_edge else found.began_at
    return replace(
        outage,
        began_at=began_at,
        ended_at=found.ended_at,
        reason=found.reason,
        retracted=False,
        subject=found.subject,
        cause=found.cause,
        final=found.final,
        root=found.root,
        evidence=found.evidence,
    )


def end(outage: Outage, at: int) -> Change:
    """An open outage that is over for another reason than that something vouched."""
    ended = replace(outage, ended_at=max(at, outage.began_at), final=True, revision=outage.revision + 1)
    return Change(CHANGES[_state(outage), _state(ended)], ended)


def _state(outage: Outage) -> str:
    if outage.retracted:
        return "retracted"
    return "open" if outage.ended_at is None else "ended"


def _overlap(found: Found, outage: Outage) -> bool:
    return (outage.ended_at is None or found.began_at < outage.ended_at) and (
        found.ended_at is None or outage.began_at < found.ended_at
    )
