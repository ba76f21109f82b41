"""What is known of services, as pages, API and metrics read it. Frozen values; `collector.services.reads` gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.values import Cause


class Sees(StrEnum):
    """What a unit sees of a service."""

    UP = "up"
    SLOW = "slow"
    DOWN = "down"
    NO_LINE = "no line"
    """The unit itself is down: it says nothing of the service, and counts neither for it nor against it."""
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """What is true of a service."""

    UP = "up"
    SLOW = "slow"
    """Slow for nearly all; where only some find it slow, it is up and they are named."""
    UNREACHABLE = "unreachable"
    """It works, and some cannot reach it."""
    DOWN = "down"
    """For nearly all whose line works."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Score:
    """How quick the answers were (Apdex, Application Performance Index 1.1): results within the objective T, within
    4 T, and beyond that or failed."""

    satisfied: int
    tolerating: int
    frustrated: int
    failed: int = 0
    """Of the frustrated."""

    @property
    def count(self) -> int:
        return self.satisfied + self.tolerating + self.frustrated

    @property
    def value(self) -> float | None:
        """0 to 1; None without results."""
        return (self.satisfied + self.tolerating / 2) / self.count if self.count else None

    @property
    def worked(self) -> int:
        return self.count - self.failed

    @property
    def pace(self) -> float | None:
        """As `value`, of those that worked."""
        return (self.satisfied + self.tolerating / 2) / self.worked if self.worked else None


@dataclass(frozen=True, slots=True)
class Sight:
    """A service as one unit sees it now. `since` is None when that was never known."""

    service: str
    unit: str
    sees: Sees
    since: int | None
    reason: str
    """Of the check that sees the worst, in the probe's words; empty when all is well."""
    check: int | None
    """The check that says so."""
    label: str
    """Name of that check for people."""
    score: Score | None = None
    outage: int | None = None
    """Id of the open outage that it is part of: the service's, that of several units, or this unit's own."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What units have in common that cannot reach a service: `hub` (code of the unit), `provider` (name), `resolver`
    (address), `dns` and `certificate` (the reason), `family` (`4` or `6`)."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Units that cannot reach a service that works for others. `shared` is None for one unit alone."""

    shared: Shared | None
    units: Sequence[str]
    since: int
    cause: Cause
    reason: str
    outage: int | None


@dataclass(frozen=True, slots=True)
class Headline:
    """For how many units it works. `of` counts all from which it is watched, without the province's own; each is in
    exactly one of `works` and the counts of `not_for`."""

    works: int
    slow: int
    """Of those for which it works."""
    of: int
    not_for: Mapping[str, int]
    """Why not: a cause (`core.values.Cause`) with how many, `no line` split into the causes of the units' outages;
    `unknown` for those of which nothing is known."""
    centre: Sees | None
    """What the centre's own agent sees; None when it does not look."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What is true of a service now."""

    code: str
    name: str
    owner: str
    status: Standing
    since: int | None
    reason: str
    headline: Headline
    outage: int | None
    """Id of its own open outage."""
    cause: Cause | None
    planned: str
    """Note of the planned work that goes on now; empty when none does. It is excluded from availability."""
    troubles: Sequence[Trouble] = ()
    score: Score | None = None
    slow_at: Sequence[str] = ()
    """Units that find it slow while others do not."""
    objective_percent: float | None = None
    slow_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FailingStep:
    """What a scenario met when one of its steps failed. `excerpt` is scrubbed of secrets by the agent."""

    id: int
    check: int
    service: str
    unit: str
    at: int
    step: str
    reason: str
    url: str
    status: int | None
    excerpt: str


@dataclass(frozen=True, slots=True)
class Phase:
    """How long a part of a look took: the median of what `units` units saw lately."""

    service: str
    label: str
    """Of the check."""
    phase: str
    """`resolve`, `connect`, `tls`, `first_byte`, `total`, `step#<name>`, with `#<name>` behind those of a step …"""
    seconds: float
    units: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """Something of a service that ends by itself: its `certificate` (as the check `label` sees it) or its `domain`."""

    service: str
    kind: str
    label: str
    expires_at: int
    units: Sequence[str] = field(default=())
    """From where it was seen so; empty for a domain."""
