"""The judge: what was true of a unit, as a pure function of the evidence. `docs/verdicts.md` tells it at length.

Evidence comes in three forms: spans of checks that tell of the unit, contacts (its agent was heard), and when the
collector itself was alive. Each becomes claims about stretches of time, and the strongest claim at a time wins:

1. *vouches* (up): the line was seen to work. Contacts, and `line` checks that succeeded, from the first to the last.
   The hub's answer alone does not vouch: what lies behind the hub may be cut. It does while the fault is the centre's own.
2. *presumptions* (up): what worked a moment ago still does, for as long as its evidence allows. What the agent itself
   said is presumed only until it falls silent, since its words come over the same line; what the centre's agent sees
   of the unit's router stays good until its next look.
3. *failures* (down): `line` checks that failed, until their next result.
4. *bridges* (up): the centre's own agent missed looks at the router, which answered before and after: it did in between.
5. *silence* (down): the agent was heard before, the collector listened, and nothing came for longer than is allowed.
6. Otherwise nothing is known.

At times of `up`, checks of the unit that fail make it `degraded`.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from operator import attrgetter, itemgetter
from typing import NamedTuple

from collector import quality
from collector.evidence import Alive, CheckEvidence, Evidence, Said
from collector.spans import REACH, VOUCHING
from collector.timeline import (
    Interval,
    Stretch,
    common,
    in_sequence,
    joined,
    paint,
    status_at,
    union,
    without,
)
from core.values import Status
from inventory.records import LINE_ROLES

BLINK_MS = 750
"""The collector's own heartbeat, taken where agents are heard: when it is missing for longer, nobody was listening."""
AWAY_MS = 5_000
REJOIN_MS = 60_000
"""After the collector was away for AWAY_MS or more, silence counts only when it has listened again for so long:
agents need time to come back. Looks at a router that are missing for longer are not bridged."""
STALLED_MS = 10_000
"""After shorter stalls silence counts later by twice their length, and at most by so much: what agents said meanwhile
waits at the door and has to be heard first."""

LOSSY_MS = 6_000
"""On a line that is known to lose packets silence counts so much later, and one look at the router that fails is not
yet a sign: two in a row are."""

NEVER_SEEN, NO_NEWS, SILENT = "never seen", "no news", "no contact"
ROUTER_LOST, LINE_FAILS = "router not reached", "line checks fail"
CHECK_DOWN, CHECK_DEGRADED = "check down", "check degraded"
ONE_WAY = "one way"
ONE_WAY_MS = 60_000
"""A line that only one of its two sides sees working for so long has a fault of its own: one direction, a filter."""
LASTING = (*LINE_ROLES, "internet", "lan")
"""Checks of these are degraded only when that lasts; a service or a device is as soon as it says so."""
REASONS = {
    NEVER_SEEN: "unknown: nothing was ever heard of the unit",
    NO_NEWS: "unknown: no evidence covers this time",
    SILENT: "down: its agent was heard before and fell silent",
    ROUTER_LOST: "down: the centre's own agent does not reach its router",
    LINE_FAILS: "down: its own agent could not reach hub or centre",
    ONE_WAY: "degraded: one side does not reach the other while that side is heard; the argument is the check's label",
    CHECK_DOWN: "degraded: a check of the unit fails; the argument is the check's label",
    CHECK_DEGRADED: "degraded: a check of the unit is degraded; the argument is the check's label",
}
"""Every reason that the judge gives, and with which status. Arguments follow a `|`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`timeline` covers the period without a hole, in order. `expires`: when to look again though nothing came in."""

    timeline: Sequence[Stretch]
    expires: int | None
    silences: Sequence[Interval] = ()
    """When the agent was silent for long enough to count."""


def margin(intervals: Iterable[int]) -> int:
    """How far, in ms, evidence at one time can bear on the verdict at another."""
    reach = int(REACH * max(intervals, default=0))
    return reach + REJOIN_MS + STALLED_MS + LOSSY_MS + quality.MARGIN_MS + 15_000


def judge(evidence: Evidence, start: int, now: int) -> Verdict:
    """The verdict on every moment from `start` until before `now`, and when it may change by itself."""
    claims = _Claims(now)
    lossy = _lossy(evidence)
    claims.silences = list(_silences(evidence, now, claims, lossy))
    for contact in evidence.contacts:
        claims.vouch(contact.first_at, contact.last_at)
        claims.presume(contact.last_at, contact.until)
    faults = _faults(evidence)
    # From the least telling failure to the most: a later layer covers the ones before it.
    checks = sorted(evidence.checks, key=lambda each: (each.role in LINE_ROLES, each.own, each.check))
    for check in checks:
        if check.role in LINE_ROLES:
            seen = check if check.own else _without_single_losses(check, lossy)
            _line_claims(seen, claims, evidence.unheard, faults)
    unknown = Stretch(start, now, Status.UNKNOWN, NO_NEWS if evidence.seen else NEVER_SEEN)
    timeline = [unknown] if now > start else []
    for layer in (
        [Stretch(s.start, s.end, Status.DOWN, SILENT) for s in claims.silences],
        [Stretch(*up, Status.UP, "") for up in union(claims.bridges)],
        *claims.failures,
    ):
        timeline = paint(timeline, layer)
    timeline = paint(timeline, [Stretch(*up, Status.UP, "") for up in union(claims.vouches)])
    for status, reason in ((Status.DEGRADED, CHECK_DEGRADED), (Status.DOWN, CHECK_DOWN)):
        for check in checks:
            of_line = status is Status.DEGRADED and check.role in LASTING
            find = _lasting_troubles if of_line else _troubles
            troubles = find(check, status, f"{reason}|{check.label}", timeline, claims)
            timeline = paint(timeline, troubles, only_over=Status.UP)
    silences = [(each.start, each.end) for each in claims.silences]
    return Verdict(joined(timeline), claims.expires, silences)


class _Silence(NamedTuple):
    start: int
    end: int
    noticed: int
    """When it had lasted long enough to count."""


_end = attrgetter("end")
_start_of = itemgetter(0)
_last_at_of = attrgetter("last_at")


@dataclass(slots=True)
class _Claims:
    now: int
    expires: int | None = None
    vouches: list[tuple[int, int]] = field(default_factory=list)
    bridges: list[tuple[int, int]] = field(default_factory=list)
    silences: list[_Silence] = field(default_factory=list)
    failures: list[list[Stretch]] = field(default_factory=list)

    def ends(self, at: int) -> int:
        """`at`, or now if that is earlier; what does not end before is a reason to look again then."""
        if at < self.now:
            return at
        self.expires = at if self.expires is None else min(at, self.expires)
        return self.now

    def vouch(self, start: int, end: int) -> None:
        if start < end:
            self.vouches.append((start, end))

    def bridge(self, start: int, following: Said) -> None:
        if following.status in VOUCHING and following.first_at - start <= REJOIN_MS:
            self.bridges.append((start, following.first_at))

    def presume(self, last_at: int, until: int, *, own: bool = True) -> None:
        """What worked at `last_at` is presumed to work until `until`; if it is the agent's own word, only while it
        is not silent."""
        until = self.ends(until)
        for silence in self.silences[bisect_right(self.silences, last_at, key=_end) :] if own else ():
            if silence.start >= until:
                break
            if last_at < silence.noticed:
                until = silence.start
                break
        self.vouch(last_at, until)


def _lossy(evidence: Evidence) -> list[Interval]:
    """When a line of the unit was known to lose packets, from either side."""
    return union(
        episode
        for check in evidence.checks
        if check.role in LINE_ROLES
        for episode in quality.degraded(quality.bad(check.said, check.interval_ms, lambda _: True))
    )


def _is_in(intervals: Sequence[Interval], at: int) -> bool:
    index = bisect_right(intervals, at, key=_start_of) - 1
    return index >= 0 and at < intervals[index][1]


def _without_single_losses(check: CheckEvidence, lossy: Sequence[Interval]) -> CheckEvidence:
    """On a lossy line, without single failures between looks."""
    said = [
        each
        for each in check.said
        if not (each.status == "down" and each.first_at == each.last_at and _is_in(lossy, each.first_at))
    ]
    return check if len(said) == len(check.said) else replace(check, said=said)


def _silences(evidence: Evidence, now: int, claims: _Claims, lossy: Sequence[Interval]) -> Iterable[_Silence]:
    """Stretches in which the collector listened for an agent that it had heard before, long enough, in vain."""
    contacts, sittings = evidence.contacts, _sittings(evidence.alive)
    index = 0
    for contact, heard_again in zip(contacts, [c.first_at for c in contacts[1:]] + [now], strict=False):
        while index < len(sittings) and sittings[index][-1].last_at < contact.last_at:
            index += 1
        for sitting in islice(sittings, index, None):
            began, ended = sitting[0].first_at, sitting[-1].last_at
            if began >= heard_again:
                break
            noticed = contact.until if began <= contact.last_at else max(contact.until, began + REJOIN_MS)
            noticed = _later_by_stalls(noticed, sitting, contact.last_at)
            if _is_in(lossy, contact.last_at):
                noticed += LOSSY_MS
            start, end = max(contact.last_at, began), min(ended, heard_again)
            if end >= noticed:
                yield _Silence(start, end, noticed)
            elif ended >= now:
                claims.ends(noticed)


def _sittings(alive: Sequence[Alive]) -> list[list[Alive]]:
    """When the collector listened, with short stalls inside."""
    sittings: list[list[Alive]] = []
    for each in alive:
        if sittings and each.first_at - sittings[-1][-1].last_at < AWAY_MS:
            sittings[-1].append(each)
        else:
            sittings.append([each])
    return sittings


def _later_by_stalls(noticed: int, sitting: Sequence[Alive], since: int) -> int:
    """When a silence counts that would at `noticed`, given the stalls between `since` and then."""
    latest = noticed + STALLED_MS
    first = max(0, bisect_right(sitting, since, key=_last_at_of) - 1)
    for before, after in pairwise(islice(sitting, first, None)):
        if before.last_at >= noticed:
            break
        noticed = min(latest, noticed + 2 * max(0, after.first_at - max(since, before.last_at)))
    return noticed


def _faults(evidence: Evidence) -> list[Interval]:
    """When the centre itself was away or heard nobody, with what the unit sees of that before and after: until its agent
    was heard again, and REJOIN_MS at most. What happens to the line after that is no fault of the centre's."""
    faults = []
    for before, after in pairwise(evidence.alive):
        if after.first_at - before.last_at >= AWAY_MS:
            end = after.first_at + REJOIN_MS
            index = bisect_right(evidence.contacts, after.first_at, key=_last_at_of)
            if index < len(evidence.contacts):
                end = min(end, max(evidence.contacts[index].first_at, after.first_at))
            faults.append((before.last_at - AWAY_MS, end))
    return union(faults)


def _line_claims(
    check: CheckEvidence, claims: _Claims, unheard: Sequence[Interval], faults: Sequence[Interval]
) -> None:
    """What a check of the line tells. The hub's answer tells that the unit's own line works, and nothing of what lies
    behind the hub; only while the fault was the centre's own is that enough."""
    reach, reason = int(REACH * check.interval_ms), LINE_FAILS if check.own else ROUTER_LOST
    failures = []
    vouches, claims.vouches = claims.vouches, []
    for said, following in _with_next(check.said):
        until = said.last_at + reach
        if said.status in VOUCHING:
            claims.vouch(said.first_at, said.last_at)
            if following is None or following.first_at > until:
                claims.presume(said.last_at, until, own=check.own)
                if following is not None and not check.own and check.role == "line":
                    claims.bridge(until, following)
            elif following.status in VOUCHING:
                claims.vouch(said.last_at, following.first_at)
            else:
                claims.presume(said.last_at, following.first_at, own=check.own)
        elif said.status == "down":
            end = claims.ends(_spoken_until(said, following, reach))
            failures.append(Stretch(said.first_at, end, Status.DOWN, reason))
    failures = in_sequence(failures)
    if unheard and not check.own:
        heard = without([(each.start, each.end) for each in failures], unheard)
        failures = [Stretch(*each, Status.DOWN, reason) for each in heard]
    claims.failures.append(failures)
    vouched = claims.vouches if check.role == "line" else common(union(claims.vouches), faults)
    claims.vouches = vouches + vouched


def _troubles(
    check: CheckEvidence, status: Status, reason: str, timeline: Sequence[Stretch], claims: _Claims
) -> list[Stretch]:
    """When the check had `status`. What failed while the unit was down says nothing of the time after."""
    reach = int(REACH * check.interval_ms)
    found = []
    for said, following in _with_next(check.said):
        if said.status == status:
            end = claims.ends(_spoken_until(said, following, reach))
            if status_at(timeline, said.last_at) not in (Status.UP, Status.DEGRADED, None):
                end = min(end, said.last_at)
            # Others vouch for the unit meanwhile: where that lasts, the two sides of the line disagree.
            lasts = check.role == "line" and status is Status.DOWN and end - said.first_at >= ONE_WAY_MS
            found.append(
                Stretch(said.first_at, end, Status.DEGRADED, f"{ONE_WAY}|{check.label}" if lasts else reason)
            )
    return in_sequence(found)


def _lasting_troubles(
    check: CheckEvidence, status: Status, reason: str, timeline: Sequence[Stretch], claims: _Claims
) -> list[Stretch]:
    """When the check was degraded for long enough (`collector.quality`), while the unit was up."""

    def counts(at: int) -> bool:
        return status_at(timeline, at) in (Status.UP, Status.DEGRADED, None)

    bad = quality.bad(check.said, check.interval_ms, counts)
    return [
        Stretch(start, claims.ends(end), status, reason)
        for start, end in quality.degraded(bad)
        if start < claims.now
    ]


def _with_next(said: Sequence[Said]) -> Iterable[tuple[Said, Said | None]]:
    return zip(said, [*said[1:], None], strict=bool(said))


def _spoken_until(said: Said, following: Said | None, reach: int) -> int:
    """Until when a span speaks: the next one, or so long after its last result."""
    until = said.last_at + reach
    return max(said.last_at, min(until, following.first_at)) if following else until
