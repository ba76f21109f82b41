"""From what was found of a service to an outage as it is stored: subject, place, cause, and the sentences that led to it. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector.causes import Window, window_of
from collector.outages import Found
from collector.services.finding import Finding
from collector.services.shared import HUB
from collector.services.subjects import subject_of
from collector.views import Sentence
from core.values import Cause

SENTENCES: Mapping[str, str] = {
    "vantages agree": "so many of so many places whose line worked saw it fail",
    "check fails": "the check named failed",
    "failed with": "what most of them met; the arguments are a probe's reason",
    "centre fails too": "the centre's own agent saw it fail too",
    "centre reaches it": "the centre's own agent reached it all the time",
    "others reach it": "so many others reached it meanwhile",
    "lines down": "so many units were left out, since their own line was down",
    "share hub": "all of them hang on the hub named",
    "share provider": "all of them are on lines of the provider named",
    "share resolver": "all of them ask the name server named",
    "units hit": "the codes of the units from where it could not be reached, with blanks between",
    "internet lost": "the unit did not reach the Internet either; the argument is the check's label",
    "still coming in": "what some of them measured in this time has not come in yet",
    "all in": "all that was measured in this time is in",
}
"""Every sentence of evidence on services, by its key, beside those of `collector.causes.SENTENCES`."""

Placed = tuple[str, Found]
"""The unit that the outage is stored with, and the outage as found."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around the outages of one service."""

    code: str
    province: str
    now: int
    windows: Sequence[Window]
    """Planned work on the service."""
    windows_of: Callable[[str], Sequence[Window]]
    """Planned work on a unit."""
    told_until: Callable[[str], int]
    """All that a unit's agent measured before this is in; 0: it never said so."""
    internet_lost: Callable[[str, int], str]
    """Label of the check by which a unit did not reach the Internet at a time; empty when it did."""


def placed(finding: Finding, around: Surroundings) -> Placed:
    """The finding as an outage, and where."""
    shared, alone = finding.shared, not finding.is_service and finding.shared is None
    unit = around.province
    if alone:
        unit = finding.units[0]
    elif shared is not None and shared.kind == HUB:
        unit = shared.value
    sentences = list(_sentences(finding))
    cause = finding.cause
    if alone and cause is Cause.UNDETERMINED:
        lost = around.internet_lost(unit, finding.began_at)
        if lost:
            sentences.append(Sentence(finding.began_at, f"internet lost|{lost}"))
            cause = Cause.LINE
    windows = [*around.windows, *(around.windows_of(unit) if unit != around.province else ())]
    ended = finding.ended_at
    window = window_of(finding.began_at, windows, around.now if ended is None else ended)
    if window is not None:
        cause = Cause.PLANNED
        sentences.append(Sentence(window.start, f"planned|{window.note}"))
    final = ended is not None and all(_has_told(around.told_until(each), ended) for each in finding.voices)
    if ended is not None:
        sentences.append(Sentence(None, "all in" if final else "still coming in"))
    return unit, Found(
        finding.began_at,
        ended,
        finding.reason,
        finding.at_edge,
        subject=subject_of(around.code, shared, alone=alone),
        cause=cause,
        final=final,
        evidence=in_order(sentences),
        waits=ended is not None and not final,
    )


def _has_told(told_until: int, ended: int) -> bool:
    return told_until >= ended or not told_until


def _sentences(finding: Finding) -> Iterable[Sentence]:
    at = finding.began_at
    if len(finding.voices) > 1:
        hit = len({each.unit for each in finding.failures})
        if finding.is_service:
            yield Sentence(at, f"vantages agree|{hit}|{len(finding.voices)}")
        elif len(finding.voices) > hit:
            yield Sentence(at, f"others reach it|{len(finding.voices) - hit}")
    for label in sorted({each.label for each in finding.failures}):
        yield Sentence(at, f"check fails|{label}")
    if finding.reason:
        yield Sentence(at, f"failed with|{finding.reason}")
    if finding.centre_fails is not None:
        yield Sentence(at, "centre fails too" if finding.centre_fails else "centre reaches it")
    if finding.without_line:
        yield Sentence(at, f"lines down|{finding.without_line}")
    if finding.shared is not None and f"share {finding.shared.kind}" in SENTENCES:
        yield Sentence(at, f"share {finding.shared.kind}|{finding.shared.value}")
    if finding.units:
        yield Sentence(at, f"units hit|{' '.join(finding.units)}")


def in_order(sentences: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """In order of time, each once; those of one time as they were said."""
    return tuple(sorted(dict.fromkeys(sentences), key=lambda each: (each.at is None, each.at or 0)))
