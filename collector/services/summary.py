"""From the verdict on a service to what is shown of it: headline, standing, troubles. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from collector.services.finding import Finding
from collector.services.present import Seen
from collector.services.views import Headline, Sees, Standing, Trouble
from core.values import Cause

WORKS = (Sees.UP, Sees.SLOW)
SLOW_FOR_ALL = 0.8
"""Slow for so large a part of those for which it works: then it is the service that is slow."""
UNKNOWN = "unknown"

IdOf = Callable[[Finding], int | None]
"""The id of the open outage that a finding is."""


def headline(
    seen: Mapping[str, Seen],
    watched_from: Iterable[str],
    apart: frozenset[str],
    findings: Sequence[Finding],
    causes_of_units: Mapping[str, Cause | None],
) -> Headline:
    """For how many units it works, and why not for the others. `causes_of_units`: why units themselves are down."""
    blamed = {unit: each.cause for each in findings for unit in each.units}
    service = next((each for each in findings if each.is_service), None)
    works = slow = of = 0
    not_for: Counter[str] = Counter()
    centre: Sees | None = None
    for unit in watched_from:
        sees = seen[unit].sees if unit in seen else Sees.UNKNOWN
        if unit in apart:
            centre = sees
            continue
        of += 1
        if sees in WORKS:
            works, slow = works + 1, slow + (sees is Sees.SLOW)
        elif sees is Sees.NO_LINE:
            not_for[causes_of_units.get(unit) or Cause.UNDETERMINED] += 1
        elif sees is Sees.DOWN:
            own = service.cause if service is not None else Cause.UNDETERMINED
            not_for[blamed.get(unit, own)] += 1
        else:
            not_for[UNKNOWN] += 1
    return Headline(works, slow, of, dict(sorted(not_for.items())), centre)


def standing(seen: Mapping[str, Seen], findings: Sequence[Finding]) -> tuple[Standing, tuple[str, ...]]:
    """What is true of the service, and the units that find it slow alone."""
    slow = sorted(unit for unit, each in seen.items() if each.sees is Sees.SLOW)
    works = sum(each.sees in WORKS for each in seen.values())
    for_all = len(slow) >= max(2, SLOW_FOR_ALL * works)
    alone = () if for_all else tuple(slow)
    if any(each.is_service for each in findings):
        return Standing.DOWN, alone
    if findings:
        return Standing.UNREACHABLE, alone
    if for_all:
        return Standing.SLOW, alone
    return (Standing.UP if works else Standing.UNKNOWN), alone


def troubles(findings: Iterable[Finding], id_of: IdOf) -> list[Trouble]:
    """Units that cannot reach it while others can, the most first; units alone one by one."""
    found = [
        Trouble(each.shared, each.units, each.began_at, each.cause, each.reason, id_of(each))
        for each in findings
        if not each.is_service
    ]
    return sorted(found, key=lambda each: (-len(each.units), each.since, each.units))
