"""Whether what was found may be part of something larger, of which too little is known yet to say. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from collector.services.quorum import FEWEST, SHARE
from collector.services.shared import Group
from collector.services.sight import Glance
from collector.services.views import Sees, Shared
from core.values import Status


class SoFar(NamedTuple):
    """All that is known of a service now."""

    claims: Mapping[str, Mapping[str, Sequence[Glance]]]
    """By label of the check, by unit."""
    waits: Mapping[str, int]
    """By label: after so long at most, in ms, all that look have looked again, but for the slowest."""
    groups: Sequence[Group]
    """The largest first."""
    units: Collection[str]
    now: int


def is_held(
    so_far: SoFar, began: int, units: Collection[str], labels: Collection[str], shared: Shared | None
) -> bool:
    """Whether too few of the others, or of a larger group than `shared`, have looked since `began` and found it well, and
    they still have time to. `units` are those for which checks with these labels failed."""
    if any(so_far.now >= began + so_far.waits[label] for label in labels):
        return False
    others = [_since(so_far, unit, labels, began) for unit in so_far.units if unit not in units]
    if 2 * others.count(Sees.UP) < len(others) - others.count(Sees.NO_LINE):
        return True
    for group in so_far.groups:
        if group.shared == shared:
            return False
        if not group.units.isdisjoint(units):
            of_group = [_since(so_far, unit, labels, began) for unit in group.units]
            most = of_group.count(Sees.UNKNOWN) + of_group.count(Sees.DOWN)
            if most >= max(FEWEST, SHARE * (most + of_group.count(Sees.UP))):
                return True
    return False


def _since(so_far: SoFar, unit: str, labels: Collection[str], began: int) -> Sees:
    """What a unit has seen since by these checks: down, or up; unknown: it has not looked; no line: it has no word."""
    found = [
        claims[-1]
        for label in labels
        if (claims := so_far.claims[label].get(unit)) and claims[-1].end >= so_far.now
    ]
    if not found:
        return Sees.NO_LINE
    if any(each.status is Status.DOWN for each in found):
        return Sees.DOWN
    return Sees.UP if any(each.sure >= began for each in found) else Sees.UNKNOWN
