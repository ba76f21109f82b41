"""What one unit sees of a service now. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.services.sight import Glance, Line, Look
from collector.services.views import Sees
from core.values import Status


@dataclass(frozen=True, slots=True)
class Seen:
    sees: Sees
    since: int | None
    reason: str = ""
    check: int | None = None
    label: str = ""


def sees(
    claims: Mapping[str, Mapping[str, Sequence[Glance]]],
    looks: Mapping[str, Mapping[str, Look]],
    line: Line,
    unit: str,
    now: int,
) -> Seen:
    """The worst of what its checks say now; without any, whether its line is down."""
    best: tuple[int, str] | None = None
    for label, of_units in claims.items():
        found = of_units.get(unit)
        if found and found[-1].end >= now:
            rank = _RANK[found[-1].status]
            if best is None or rank > best[0]:
                best = (rank, label)
    if best is None:
        cut = next((each for each in line.cut if each[0] < now <= each[1]), None)
        return Seen(Sees.UNKNOWN, None) if cut is None else Seen(Sees.NO_LINE, cut[0])
    found = claims[best[1]][unit]
    look = looks[best[1]][unit]
    return Seen(_SEES[best[0]], _since(found), found[-1].reason, look.check, look.label)


_RANK = {Status.UP: 0, Status.DEGRADED: 1, Status.DOWN: 2}
_SEES = (Sees.UP, Sees.SLOW, Sees.DOWN)


def _since(found: Sequence[Glance]) -> int:
    last = found[-1]
    since = last.start
    for each in reversed(found[:-1]):
        if each.status is not last.status or each.end != since:
            break
        since = each.start
    return since
