"""What the centre knows, as pages, API and metrics read it. Frozen values; `Views` is the one way to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from collector.evidence import Alive, CheckEvidence, Contact, Life
from collector.paths import PathVersion
from collector.samples import Bucket, Point
from collector.timeline import Stretch
from core.values import Cause, Check, Status


@dataclass(frozen=True, slots=True)
class UnitState:
    """What is true of a unit now. `since` is when that began, None when it never was known."""

    code: str
    name: str
    level: str
    parent: str | None
    status: Status
    since: int | None
    reason: str
    """Why, in the judge's words: a stable key with its arguments, `key|arg|arg`, translated by the pages."""
    outage: int | None
    """Id of the open outage, if one is open."""
    cause: Cause | None = None
    """Of the open outage."""
    root: int | None = None
    """Id of the outage that explains the open one."""
    flapping: int = 0
    """How often it went up or down within the last hour, when that is too often; else 0."""


class Sentence(NamedTuple):
    """One piece of the evidence that led to a verdict, as pages say it: `text` is a stable key with its arguments,
    `key|arg|arg` (`collector.causes.SENTENCES`); `at` is the time that it speaks of, None when it is of none."""

    at: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which something was down. `began_at` is the last moment anything vouched for it."""

    id: int
    unit: str
    """The unit it is in; for a `hub` the unit that the others hang on; for the `centre` the province's own."""
    began_at: int
    detected_at: int
    ended_at: int | None
    reason: str
    revision: int
    retracted: bool
    """Late evidence showed that it was none; kept, and shown as such."""
    subject: str = "unit"
    """What was down: `unit` (nothing vouched for it), `hub` (what hangs on the unit, as one), `agent`, `lan`,
    `device|<check id>`, `centre`, or a service and the way to it (`collector.services.subjects`)."""
    cause: Cause = Cause.UNDETERMINED
    final: bool = False
    """It has ended and all that its unit had to say of that time is in. Until then the verdict is provisional."""
    root: int | None = None
    """Id of the outage that explains this one: people handle that one."""
    evidence: Sequence[Sentence] = ()
    """What led to the cause, in order of time."""


@dataclass(frozen=True, slots=True)
class OutageChange:
    """One thing that happened to an outage: `opened`, `closed`, `revised` or `retracted`. Ids only grow."""

    id: int
    at: int
    what: str
    outage: Outage


@dataclass(frozen=True, slots=True)
class UnitEvidence:
    """What was known of a unit in a period, and what was concluded. Empty for a unit that is not known."""

    timeline: Sequence[Stretch]
    """The verdicts, in order and without a hole."""
    contacts: Sequence[Contact]
    """When its agent was heard."""
    listening: Sequence[Alive]
    """When the collector listened."""
    checks: Sequence[CheckEvidence]
    """What each check said, in stretches of equal outcome. Checks that are not of its line: of the last day only."""
    lives: Sequence[Life]
    """Of its agent, each life of the process with that of the machine it ran on."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that the agent of a unit told: its own word, or with `source`, the address, what a device told it
    (`core.told.TOLD`)."""

    id: int
    at: int
    kind: str
    text: str
    source: str
    agent: str


@dataclass(frozen=True, slots=True)
class Uptime:
    """Of a period: milliseconds up (degraded counts as up), down, unknown; they sum to the period's length."""

    start: int
    end: int
    up: int
    down: int
    unknown: int

    @property
    def ratio(self) -> float | None:
        """Availability: up over known time; None when nothing is known."""
        known = self.up + self.down
        return self.up / known if known else None


@dataclass(frozen=True, slots=True)
class CheckState:
    """A check as last seen from its vantage. `series` maps figure names to series ids."""

    check: Check
    vantage: str
    """Code of the unit it is measured from."""
    about: str
    """Code of the unit it tells of."""
    role: str
    """What it is evidence of: `lan`, `hub`, `line`, `internet`, `service` or `device` (`inventory.registry.ROLES`)."""
    label: str
    """Name for people: the service's or target's name."""
    status: Status
    reason: str
    since: int | None
    last_at: int | None
    figures: Mapping[str, Point] = field(default_factory=dict)
    series: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EpochCount:
    """Loss accounting of one epoch of an agent; `missing` is what nobody can explain, and must be 0.

    produced = received + dropped + waiting + missing. `refused` results are among the received ones.
    """

    epoch: str
    produced: int
    received: int
    duplicated: int
    dropped: int
    waiting: int
    refused: Mapping[str, int]
    """Received and not taken, by reason: `future`, `before enrolment`, `unknown check`."""
    missing: int


@dataclass(frozen=True, slots=True)
class AgentState:
    agent: str
    unit: str
    enrolled_at: int
    last_seen: int | None
    connected: bool
    version: str
    clock_error: int | None
    cross_check: int | None
    """The collector's own estimate of the clock error, in ms (sent_at less the time of receipt)."""
    rss_bytes: int | None
    cpu_seconds: float | None
    waiting: int | None
    oldest_at: int | None
    skipped: int | None
    started_at: int | None
    booted_at: int | None
    boot_id: str
    clean_shutdown: bool | None
    note: str
    epochs: Sequence[EpochCount] = ()


class Views(Protocol):
    """Reads of the centre's state. Cheap (memory first), safe from any thread; codes and ids that are not known
    give None or empty sequences."""

    def now(self) -> int: ...

    def wall(self) -> Sequence[UnitState]:
        """All units that exist now, in the registry's order (the province's own is not among them)."""

    def unit(self, code: str) -> UnitState | None: ...

    def checks(self, code: str) -> Sequence[CheckState]:
        """Every check that tells of this unit, from each vantage."""

    def outages(
        self,
        unit: str | None = None,
        *,
        open_only: bool = False,
        roots_only: bool = False,
        cause: Cause | None = None,
        service: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[Outage]:
        """Newest first, by id; `before` is the id to go on from. `roots_only`: those that no other explains. Of a `unit`:
        its own, and what is in it; of a `service`: its own, and those of the way to it."""

    def outage(self, id: int) -> Outage | None:  # noqa: A002 - what it is
        """One outage, retracted ones too."""

    def explained(self, root: int) -> Sequence[Outage]:
        """The outages whose root is this one, oldest first."""

    def explained_counts(self, roots: Collection[int]) -> Mapping[int, int]:
        """How many outages each of these explains; those that explain none are left out."""

    def revisions(self, outage: int) -> Sequence[OutageChange]:
        """Everything that happened to an outage, oldest first."""

    def outage_counts(self) -> Mapping[tuple[str, Cause], int]:
        """How many outages each unit has had, by cause; retracted ones and those with a root do not count twice."""

    def evidence(self, code: str, start: int, end: int) -> UnitEvidence:
        """All that bears on the verdicts on a unit within a period of the last 31 days, and the verdicts."""

    def changes(self, after: int, limit: int = 500) -> Sequence[OutageChange]:
        """Changes of outages with ids past `after`, oldest first. Durable: alerts read them here."""

    def paths(self, code: str, limit: int = 50) -> Sequence[PathVersion]:
        """The ways that traces of the unit's agent found, the one seen last first."""

    def happenings(self, code: str, start: int, end: int, limit: int = 200) -> Sequence[Happening]:
        """What happened in a unit within a period, the newest of it, in order of time."""

    def uptime(self, code: str, start: int, end: int) -> Uptime: ...

    def uptimes(self, code: str) -> Mapping[str, Uptime]:
        """Over the last `24h`, `7d` and `30d`."""

    def agents(self) -> Sequence[AgentState]: ...

    def agent(self, agent: str) -> AgentState | None: ...

    def series_of(self, series: int) -> tuple[int, str] | None:
        """The (check id, figure name) of a series."""

    def points(self, series: int, start: int, end: int) -> Sequence[Point]: ...

    def downsample(self, series: int, start: int, end: int, bucket_ms: int) -> Sequence[Bucket]: ...

    def counters(self) -> Mapping[str, float]:
        """Totals and gauges of the collector itself for `/metrics`: `reports_total`, `samples_total`,
        `inbox_rows`, `ingest_seconds_total`, `channels`, …"""
