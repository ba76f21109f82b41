"""What is down together: a hub with everything that hangs on it, and the centre when it hears nobody. Pure.

A hub is a unit that others hang on. When it and they fall silent within the same moment, that is one outage with
one root, and not one for each of them. When everything falls silent at once, it is the centre that was cut off.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil

from collector.evidence import Alive, Contact
from collector.judge import AWAY_MS
from collector.timeline import Interval, Stretch, at_least, common, union, when
from core.values import Status

SHARE = 0.8
"""A hub is out when so large a part of what hangs on it is, the hub itself counted in."""
TOGETHER_MS = 30_000
"""What went down so long before the hub was out, or less, went down with it."""
EVERYBODY = 0.9
FEWEST = 5
"""Fewer units than these may be silent by chance; then nothing is said of the centre."""

QUIET_MS = 4_000
"""It counts when the collector listened for so long in vain."""


def hub_out(members: Mapping[str, Sequence[Stretch]]) -> list[Interval]:
    """When a hub was out, from the timelines of its members (the hub's own unit among them).

    Members of which nothing is known do not count. It begins with the first of them that went down with it.
    """
    timelines = [timeline for timeline in members.values() if _was_known(timeline)]
    need = max(2, ceil(SHARE * len(timelines)))
    downs = [when(timeline, Status.DOWN) for timeline in timelines]
    if sum(map(bool, downs)) < need:
        return []
    found = []
    for start, end in at_least(need, downs):
        began = min(
            (down[0] for each in downs for down in each if start - TOGETHER_MS <= down[0] <= start < down[1]),
            default=start,
        )
        found.append((began, end))
    return union(found)


def _was_known(timeline: Sequence[Stretch]) -> bool:
    return any(stretch.status is not Status.UNKNOWN for stretch in timeline)


def explains(hub: Interval, began_at: int) -> bool:
    """Whether an outage that began then began with the hub's."""
    return hub[0] - TOGETHER_MS <= began_at < hub[1]


def everyone_silent(
    contacts: Mapping[str, Sequence[Contact]], alive: Sequence[Alive], now: int
) -> list[Interval]:
    """When the collector listened and heard nobody: nearly all agents that it had heard were silent at once.

    Each agent's silence counts from its last sign, once it is longer than that sign was good for.
    """
    silences = [list(_gaps(stretches, now)) for stretches in contacts.values() if stretches]
    if len(silences) < FEWEST:
        return []
    listening = union((each.first_at, each.last_at) for each in alive)
    quiet = at_least(max(FEWEST, ceil(EVERYBODY * len(silences))), silences)
    return [each for each in common(quiet, listening) if each[1] - each[0] >= QUIET_MS]


def _gaps(contacts: Sequence[Contact], now: int) -> Iterable[Interval]:
    for index, contact in enumerate(contacts):
        heard_again = contacts[index + 1].first_at if index + 1 < len(contacts) else now
        if heard_again > contact.until:
            yield contact.last_at, heard_again


def collector_away(alive: Sequence[Alive]) -> list[Interval]:
    """When the collector itself did not listen between two times that it did, for long enough to matter."""
    return [
        (before.last_at, after.first_at)
        for before, after in pairwise(alive)
        if after.first_at - before.last_at >= AWAY_MS
    ]
