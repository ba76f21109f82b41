"""What is known of a unit, as the judge takes it: what checks said, when its agent was heard, when the collector listened. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from collector.notices import Notice
from collector.timeline import Interval


class Said(NamedTuple):
    """A span as evidence: the check said `status` from `first_at` to `last_at`."""

    first_at: int
    last_at: int
    status: str
    reason: str


class Contact(NamedTuple):
    """The agent was heard from `first_at` to `last_at`, and is presumed there until `until`."""

    first_at: int
    last_at: int
    until: int


class Alive(NamedTuple):
    """The collector listened from `first_at` to `last_at`."""

    first_at: int
    last_at: int


class Life(NamedTuple):
    """One life of the unit's agent, as its reports told it. Times by the centre's clock."""

    started_at: int
    booted_at: int
    boot_id: str
    """Another one than before: the machine was started anew in between."""
    clean: bool | None
    """Whether the life before it ended in order; None when that is not known."""


@dataclass(frozen=True, slots=True)
class CheckEvidence:
    """What one check said, in order of time."""

    check: int
    role: str
    own: bool
    """Measured by the unit's own agent; else by the centre's."""
    label: str
    interval_ms: int
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a unit for a period: whatever touches it, the contact before it, and a margin."""

    checks: Sequence[CheckEvidence] = ()
    contacts: Sequence[Contact] = ()
    """Disjoint and in order of time."""
    alive: Sequence[Alive] = ()
    """Disjoint and in order of time; the last one reaches `now` when the collector listens now."""
    unheard: Sequence[Interval] = ()
    """When the centre itself heard nobody at all: it was the centre that was cut off. `alive` leaves this out."""
    lives: Sequence[Life] = ()
    """Of its agent, in order of `started_at`."""
    notices: Sequence[Notice] = ()
    """Of devices in its LAN, in order of time; of causes only."""
    seen: bool = True
    """Whether anything was ever known of the unit."""
