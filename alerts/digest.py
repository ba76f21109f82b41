"""Which findings a destination is told of now: at once what it asked for so, the rest in the morning of a working day. Pure.

Findings wake nobody: they are gathered, and those of a unit are one line. One that is over before the morning is not told.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from inventory.findings.keeper import KeptFinding
from inventory.hours import DAY_MS, Hours
from inventory.records import Maintenance, climb

AFTER_MS: Mapping[str, int] = {
    "unknown": 0,
    "missing": 0,
    "returned": 0,
    "memory": 0,
    "disk": 0,
    "host_key": 0,
    "telnet": 0,
    "community": 0,
    "unsaved": DAY_MS,
    "changed": 0,
}
"""The kinds that people are told of, and how long one stands before; others are on the pages only."""
MORNING = "T2-T6 07:30-11:30; nghỉ 1/1, 30/4, 1/5, 2/9"
"""When a digest may go, unless `alerts.toml` says otherwise. The days of Tết are other ones each year."""
PROVINCE = "*"
"""Of a wish: all units."""
PAUSE_MS = 900_000
"""Between two messages at once: a first stock-taking comes in pieces."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a destination wants to be told of."""

    unit: str
    """Findings of this unit and of those below it; PROVINCE: of all; empty: none."""
    at_once: frozenset[str] = field(default_factory=frozenset)
    """Kinds that do not wait for the morning."""
    since: int = 0
    """What was opened before is on the pages."""
    digest_at: int = 0
    """When the last digest went, or would have gone if there had been anything in it."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Findings that go out now, each in one of the two messages; of `planned` nobody is told. `digest_due`: it is that time."""

    at_once: Sequence[KeptFinding] = ()
    digest: Sequence[KeptFinding] = ()
    planned: Sequence[KeptFinding] = ()
    digest_due: bool = False


def telling(
    wish: Wish,
    standing: Sequence[KeptFinding],
    told: Mapping[int, int],
    parents: Mapping[str, str | None],
    windows: Collection[Maintenance],
    morning: Hours,
    now: int,
) -> Telling:
    """`told`: ids of findings that this destination was told of, and when; `parents`: of each unit the one above it."""
    due = is_due(wish.digest_at, morning, now)
    new = [
        each
        for each in standing
        if each.id not in told
        and each.opened_at >= wish.since
        and each.kind in AFTER_MS
        and now - each.since >= AFTER_MS[each.kind]
        and is_below(each.unit, wish.unit, parents)
    ]
    planned = [each for each in new if _is_planned(each, windows, parents)]
    left = [each for each in new if each not in planned]
    paused = now - max(told.values(), default=0) < PAUSE_MS
    return Telling(
        at_once=[each for each in left if each.kind in wish.at_once and not paused],
        digest=[each for each in left if each.kind not in wish.at_once] if due else (),
        planned=planned,
        digest_due=due,
    )


def is_due(digest_at: int, morning: Hours, now: int) -> bool:
    """Whether these hours have begun again since the last digest, and are not over."""
    begun = [begin for begin, end in morning.within(now - DAY_MS, now + 1) if end > now]
    return bool(begun) and digest_at < begun[-1]


def is_below(unit: str, top: str, parents: Mapping[str, str | None]) -> bool:
    """Whether a unit is this one or hangs below it."""
    return top == PROVINCE or top in climb(unit, parents.get)


def _is_planned(
    found: KeptFinding, windows: Collection[Maintenance], parents: Mapping[str, str | None]
) -> bool:
    """Whether a configuration was changed, as far as is known, while work on the unit was announced."""
    if found.kind != "changed":
        return False
    before = int(found.detail or found.since)
    return any(
        not window.service
        and window.valid_from <= found.since
        and (window.valid_to is None or window.valid_to > before)
        and (window.unit == found.unit or (window.below and is_below(found.unit, window.unit, parents)))
        for window in windows
    )
