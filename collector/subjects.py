"""What else can be down in a unit than the unit: its agent, its LAN, a device in it. Pure; timelines like the unit's.

A subject is a key: `agent`, `lan`, `device|<check id>`. The unit's own is `unit`, and is the judge's.
"""

from collections.abc import Mapping, Sequence

from collector.evidence import CheckEvidence, Evidence
from collector.judge import Verdict
from collector.spans import REACH, VOUCHING
from collector.timeline import (
    Interval,
    Stretch,
    common,
    in_sequence,
    joined,
    length,
    paint,
    union,
    when,
    without,
)
from core.values import Status

UNIT, HUB, AGENT, LAN, DEVICE, CENTRE = "unit", "hub", "agent", "lan", "device", "centre"
AGENT_MS = 30_000
"""An agent that is silent for so long behind a line that works is down: a restart takes less."""
LAN_MS = 10_000
"""A gateway that its agent does not reach for so long is lost."""

AGENT_SILENT = "agent silent"
GATEWAY_LOST = "gateway lost"
DEVICE_LOST = "device lost"


def others(
    evidence: Evidence, verdict: Verdict, start: int, now: int
) -> tuple[dict[str, list[Stretch]], int | None]:
    """The timeline of each other subject from `start` until before `now`, unknown where nothing tells of it; and when
    they may change though nothing comes in."""
    unit_up = when(verdict.timeline, Status.UP, Status.DEGRADED)
    lan_lost = _lan_lost(evidence, now)
    silent = common(verdict.silences, unit_up)
    expires = min((s + AGENT_MS for s, e in silent if e >= now > s > now - AGENT_MS), default=None)
    found = {AGENT: _painted(start, now, _agent_silent(evidence, silent), AGENT_SILENT, _agent_ran(evidence))}
    lan_well = union(
        stretch for check in evidence.checks if check.own and check.role == LAN for stretch in _well(check)
    )
    if lan_well or lan_lost:
        found[LAN] = _painted(start, now, common(lan_lost, unit_up), GATEWAY_LOST, lan_well)
    for check in evidence.checks:
        if check.own and check.role == DEVICE:
            # What failed while the gateway was lost says nothing of the device, and is good until its next result.
            reach = int(REACH * check.interval_ms)
            lost = without(_failed(check, now), union((start, end + reach) for start, end in lan_lost))
            found[f"{DEVICE}|{check.check}"] = _painted(
                start, now, lost, f"{DEVICE_LOST}|{check.label}", _well(check)
            )
    return found, expires


def label_of(evidence: Evidence, subject: str) -> str:
    """What people call a device's subject: the label of its check."""
    number = subject.partition("|")[2]
    return next((check.label for check in evidence.checks if str(check.check) == number), number)


def _painted(
    start: int, now: int, down: Sequence[Interval], reason: str, well: Sequence[Interval]
) -> list[Stretch]:
    timeline = [Stretch(start, now, Status.UNKNOWN, "")] if now > start else []
    timeline = paint(timeline, [Stretch(*each, Status.UP, "") for each in well])
    return joined(paint(timeline, [Stretch(*each, Status.DOWN, reason) for each in down]))


def _agent_ran(evidence: Evidence) -> list[Interval]:
    """When the agent lived, by its heartbeats or by what it measured."""
    heard = [(each.first_at, each.until) for each in evidence.contacts]
    return union([*heard, *_measured(evidence)])


def _measured(evidence: Evidence) -> list[Interval]:
    """When the unit's own agent measured anything, whatever it found."""
    return union(
        (said.first_at, said.last_at + int(REACH * check.interval_ms))
        for check in evidence.checks
        if check.own
        for said in check.said
    )


def _agent_silent(evidence: Evidence, silent: Sequence[Interval]) -> list[Interval]:
    """When it was silent behind a line that worked for long enough, and did not live on in silence either."""
    return without([each for each in silent if each[1] - each[0] >= AGENT_MS], _measured(evidence))


def _lan_lost(evidence: Evidence, now: int) -> list[Interval]:
    """When every gateway of the LAN that is looked at failed, for long enough."""
    gateways = [check for check in evidence.checks if check.own and check.role == LAN]
    if not gateways:
        return []
    lost = _failed(gateways[0], now)
    for check in gateways[1:]:
        lost = common(lost, _failed(check, now))
    return [each for each in lost if each[1] - each[0] >= LAN_MS]


def _failed(check: CheckEvidence, now: int) -> list[Interval]:
    """When it failed, two results in a row at least."""
    found = []
    for index, said in enumerate(check.said):
        if said.status == "down" and said.last_at > said.first_at:
            end = said.last_at + int(REACH * check.interval_ms)
            if index + 1 < len(check.said):
                end = max(said.last_at, min(end, check.said[index + 1].first_at))
            found.append(Stretch(said.first_at, min(end, now), Status.DOWN, ""))
    return [(each.start, each.end) for each in in_sequence(found)]


def _well(check: CheckEvidence) -> list[Interval]:
    return union(
        (said.first_at, said.last_at + int(REACH * check.interval_ms))
        for said in check.said
        if said.status in VOUCHING
    )


def gateway_was(evidence: Evidence, start: int, end: int) -> tuple[Mapping[str, int], int | None]:
    """How long the unit's own agent found the LAN's gateway `well` and `lost` within a period, in ms, and when it
    first was lost there."""
    lost = [each for each in _lan_lost(evidence, end) if each[1] > start]
    well = common(
        [(start, end)],
        union(
            each
            for check in evidence.checks
            if check.own and check.role == LAN
            for each in _known_well(check)
        ),
    )
    gone = common([(start, end)], lost)
    return (
        {"well": length(well), "lost": length(gone)},
        lost[0][0] if gone else None,
    )


def _known_well(check: CheckEvidence) -> list[Interval]:
    return [
        (said.first_at, said.last_at + check.interval_ms) for said in check.said if said.status in VOUCHING
    ]


def measured_ms(evidence: Evidence, start: int, end: int) -> int:
    """For how long the unit's own agent measured within a period."""
    ran = union(
        (said.first_at, said.last_at) for check in evidence.checks if check.own for said in check.said
    )
    return length(common(ran, [(start, max(start, end))]))
