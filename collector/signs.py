"""What the devices of a unit themselves said of an outage: that power was gone, that a link was lost. Pure."""

from collections.abc import Sequence

from collector.evidence import Evidence
from collector.notices import Notice
from collector.spans import kind
from core.told import LINK_DOWN, POWER_BACK, POWER_LOST

ON_BATTERY = "on battery"
"""The kind of reason with which a check of a UPS tells that power is gone."""
BEFORE_MS = 60_000
"""What happened so long before an outage may have led to it."""
BATTERY_BEFORE_MS = 3_600_000
"""A UPS keeps a unit alive for so long at most: after that it says nothing of why a line went."""

Said = tuple[int, str]
"""When, and the sentence (`collector.causes.SENTENCES`)."""


def power_gone(evidence: Evidence, began: int, ended: int) -> Said | None:
    """When power was gone before or in an outage, as a UPS tells it: asked over SNMP, or by a notice of its own."""
    since = began - BATTERY_BEFORE_MS
    told = [
        (said.first_at, ON_BATTERY)
        for check in evidence.checks
        if check.own
        for said in check.said
        if kind(said.reason) == ON_BATTERY and said.last_at >= began - BEFORE_MS
        if since <= said.first_at < ended
    ]
    told += [
        (lost.at, f"power lost|{lost.name}")
        for lost, back_at in _power_cuts(evidence.notices)
        if since <= lost.at < ended and (back_at is None or back_at >= began - BEFORE_MS)
    ]
    return min(told, default=None)


def _power_cuts(notices: Sequence[Notice]) -> list[tuple[Notice, int | None]]:
    """Each first word of a UPS that power is gone, and when the same one said that it is back."""
    open_: dict[str, Notice] = {}
    found: list[tuple[Notice, int | None]] = []
    for notice in notices:
        if notice.kind == POWER_LOST:
            open_.setdefault(notice.source, notice)  # many say it again each minute
        elif notice.kind == POWER_BACK and notice.source in open_:
            found.append((open_.pop(notice.source), notice.at))
    return [*found, *((notice, None) for notice in open_.values())]


def link_lost(evidence: Evidence, began: int, ended: int) -> Said | None:
    """When the unit's router lost a link at the beginning of an outage, as it told itself."""
    told = [
        (notice.at, f"link down|{notice.name}|{notice.text}")
        for notice in evidence.notices
        if notice.kind == LINK_DOWN and notice.is_router
        if began - BEFORE_MS <= notice.at <= min(ended, began + BEFORE_MS)
    ]
    return min(told, default=None)
