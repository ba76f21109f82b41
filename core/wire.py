"""What agents and the centre tell each other. JSON, columnar where it is bulk; times are integer milliseconds UTC.

A report holds results of one *epoch* (one life of an agent's outbox file) in parallel arrays. `n` numbers every
result of the epoch from 1 without a hole: it is what the accounting closes over. `k` numbers the results of one
check in the epoch from 1 without a hole: it is what spans are folded over. A resend of a report has the same
`(agent, epoch, seq)` and the same content.
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate, groupby
from operator import sub
from typing import Annotated, Any, Literal, NamedTuple, get_args

import msgspec

MAX_BODY = 1 << 20
"""Bytes of one report as sent, compressed."""
MAX_PLAIN = 16 << 20
"""Bytes of one report after decompression."""
TIME_HEADER = "Nhip-Time"
"""Each answer of the centre to an agent says the centre's time in milliseconds here."""


MAX_NUMBER = 1 << 53
"""Past this not every reader of JSON keeps whole numbers whole."""
Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Ordinal = Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
Difference = Annotated[int, msgspec.Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]
Moment = Annotated[int, msgspec.Meta(ge=-(1 << 42), le=1 << 42)]
"""Milliseconds since 1970, up to the year 2109, or between two such times. As many of them as a report can hold sum to a
64-bit number."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Life(msgspec.Struct, frozen=True):
    """The agent process and the machine it runs on: evidence for *power* and *agent* as causes."""

    started_at: int
    booted_at: int
    boot_id: str
    clean_shutdown: bool | None
    """Whether the agent's last end before this start was an orderly one; None when it is not known."""
    version: str


class Counters(msgspec.Struct, frozen=True):
    """Totals over the epoch when the report was made; `produced == dropped + waiting + in reports up to this one`."""

    produced: Number
    dropped: Number
    waiting: Number
    """Results that are in neither this report nor one made before it."""
    thinned: int
    """Results whose samples were dropped while the result itself was kept."""
    skipped: int
    """Runs that were due and not started, because the one before had not ended (since the process started)."""


class Health(msgspec.Struct, frozen=True):
    """The agent about itself, when the report was made."""

    rss_bytes: int
    cpu_seconds: float
    outbox_bytes: int
    oldest_at: int | None
    """Time of the oldest result still waiting."""
    note: str = ""
    """What is wrong with the agent itself, for people; empty when nothing is."""


class Header(msgspec.Struct, frozen=True):
    agent: str
    epoch: Name
    seq: Ordinal
    sent_at: Number
    """Agent's clock when the report was made."""
    clock_error: Difference | None
    """Agent's clock minus the centre's, in ms, as estimated from round trips; None before the first one."""
    life: Life
    counters: Counters
    health: Health


class Results(msgspec.Struct, frozen=True):
    """Parallel arrays, one entry a result, in order of `n`; what repeats is told once.

    Most of what a busy centre does with a report is reading it, so a report holds no number that follows from another.
    """

    n: list[tuple[Ordinal, Ordinal]]
    """The numbers as runs, first and last of each, in order."""
    check: list[Number]
    k: list[Ordinal]
    at: list[Moment]
    """Start of the run, agent's clock: of the first result, then of each how much later than the one before."""
    outcome: list[tuple[str, str, Ordinal]]
    """Status, reason, and how many results in a row have them."""

    @staticmethod
    def of(
        n: Iterable[int],
        check: list[int],
        k: list[int],
        at: list[int],
        status: Iterable[str],
        reason: Iterable[str],
    ) -> "Results":
        """Results from one entry each."""
        numbers: list[tuple[int, int]] = []
        for each in n:
            if numbers and each == numbers[-1][1] + 1:
                numbers[-1] = (numbers[-1][0], each)
            else:
                numbers.append((each, each))
        words = groupby(zip(status, reason, strict=True))
        later = [*at[:1], *map(sub, at[1:], at)]
        return Results(numbers, check, k, later, [(*said, sum(1 for _ in same)) for said, same in words])

    def numbers(self) -> list[int]:
        """`n` of each result."""
        return [each for first, last in self.n for each in range(first, last + 1)]

    def times(self, clock_error: int = 0) -> list[int]:
        """When each began, by a clock that the agent's is ahead of by `clock_error` ms."""
        return list(accumulate(self.at, initial=-clock_error))[1:]

    def words(self) -> tuple[list[str], list[str]]:
        """Status of each result, and reason of each."""
        status: list[str] = []
        reason: list[str] = []
        for said, why, count in self.outcome:
            status += [said] * count
            reason += [why] * count
        return status, reason


class Figures(msgspec.Struct, frozen=True):
    """Samples of figures that the same results have: `value[name][i]` belongs to the result at index `row[i]`."""

    row: list[Number]
    value: dict[str, list[float]]


class Column(NamedTuple):
    """The samples of one figure: `value[i]` belongs to the result at index `row[i]`."""

    row: list[int]
    value: list[float]


class Dropped(msgspec.Struct, frozen=True):
    """Results `first`..`last` (by `n`) of which the agent had to drop `count`, when a bound was hit."""

    what: str
    """`results`, or `samples` when only their figures went."""
    first: Number
    last: Number
    count: Number
    from_at: Number
    to_at: Number
    why: str


INVENTORY = "inventory"


class Document(msgspec.Struct, frozen=True):
    """Facts with a shape of their own, kept as versions."""

    kind: str
    """`host`: the agent's own machine. `device`: a device in its LAN, as it describes itself over SNMP. `path`: the
    hops to a target, as a trace found them. INVENTORY: what an inventory agent on a machine in its LAN sent, as it came. `step`: what a
    scenario met when a step of it failed. `lan`: what
    a sweep heard of the machines in its LAN. `config`: a device's configuration, masked."""
    at: int
    body: dict[str, Any]


class Event(msgspec.Struct, frozen=True):
    """Something that happened in the unit and that people may need to know: to the agent itself (outbox set aside,
    clock jumped …), or told by a device (trap, syslog message)."""

    at: int
    kind: str
    text: str
    source: str = ""
    """Address of the device that told it; empty when it is the agent's own word."""


class Report(msgspec.Struct, frozen=True):
    header: Header
    results: Results
    figures: list[Figures] = []
    documents: list[Document] = []
    events: list[Event] = []
    dropped: list[Dropped] = []

    def columns(self) -> dict[str, Column]:
        """Its figures by name."""
        found: dict[str, Column] = {}
        for figures in self.figures:
            for name, value in figures.value.items():
                column = found.setdefault(name, Column([], []))
                column.row.extend(figures.row)
                column.value.extend(value)
        return found


def gathered(columns: Mapping[str, Column]) -> list[Figures]:
    """Figures by name, those together that stand in the same rows."""
    found: list[Figures] = []
    for name, (row, value) in columns.items():
        same = next((figures for figures in found if figures.row == row and name not in figures.value), None)
        if same is None:
            found.append(Figures(row, {name: value}))
        else:
            same.value[name] = value
    return found


class PlanCheck(msgspec.Struct, frozen=True):
    """A `core.values.Check` on the wire."""

    id: int
    kind: str
    target: str
    interval_ms: int
    timeout_ms: int
    params: dict[str, Any] = {}
    role: str = "line"
    """What it is evidence of: `lan`, `line`, `internet` or `service`."""


class Plan(msgspec.Struct, frozen=True):
    """All that an agent has to do, and the bounds it must keep. Its ETag is a hash of its encoding."""

    unit: str
    checks: list[PlanCheck]
    report_every_ms: int = 5_000
    heartbeat_ms: int = 2_000
    backlog_bytes_per_s: int = 65_536
    """At most this much of the line is used to catch up."""
    outbox_bytes: int = 256 << 20
    outbox_days: int = 90
    host_facts_every_ms: int = 3_600_000
    allowed: list[str] = []
    """Networks that checks may connect to though they are the agent's own machine, its link or its cloud's."""


class Secrets(msgspec.Struct, frozen=True):
    """`GET /api/v1/agent/secrets`: those that the agent's own plan names and the centre has, by name."""

    values: dict[str, str]


class Enrol(msgspec.Struct, frozen=True):
    """`POST /api/v1/agent/enrol`. The agent makes its own secret, so asking twice with the same is answered alike."""

    token: str
    secret: str
    """32 to 256 letters, digits, `-` or `_`; the centre keeps only a hash."""
    hostname: str = ""
    version: str = ""


class Enrolled(msgspec.Struct, frozen=True):
    """The agent's name from now on; it signs in with `Authorization: Bearer <agent>.<secret>`."""

    agent: str
    unit: str


class Received(msgspec.Struct, frozen=True):
    """What arrived of a throughput test after its first piece, and how long that took from then on."""

    bytes: Number
    ms: Annotated[float, msgspec.Meta(ge=0)]


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """Heartbeat, both ways on the channel."""

    at: int


class PlanChanged(msgspec.Struct, frozen=True, tag="plan"):
    """Centre to agent: fetch the plan."""


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Centre to agent: run this check of your plan now, out of turn; its result comes with a report. An agent does so only
    for kinds that are long in coming: `config`."""

    check: Number


DiagnosticKind = Literal["ping", "tcp", "dns", "http", "tls", "path", "throughput"]
DIAGNOSTICS: tuple[DiagnosticKind, ...] = get_args(DiagnosticKind)
"""The whole list of what may be asked for: the centre takes no other, and an agent runs no other."""


CHECK = "check"
"""The kind of a diagnostic that runs a whole check of a service: with secrets, and telling of what pages say. So it is not
on the list for everyone who may test: `params` are a `Trial`."""


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The check that a diagnostic of kind CHECK runs; its target is the diagnostic's."""

    kind: str
    params: dict[str, Any] = {}
    timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] = 10_000


class Diagnose(msgspec.Struct, frozen=True, tag="diagnose"):
    """Centre to agent: run one probe now, once. `kind` is one of DIAGNOSTICS, or CHECK; an agent refuses any other."""

    id: str
    kind: str
    target: str
    params: dict[str, Any] = {}


class Diagnosis(msgspec.Struct, frozen=True, tag="diagnosis"):
    """Agent to centre: what a diagnostic found, or why it was refused."""

    id: str
    status: str
    reason: str
    figures: dict[str, float]
    took_ms: int
    details: dict[str, Any] = {}
    """What it found that is no figure: bodies of documents, by their kind."""


ToAgent = Beat | PlanChanged | Run | Diagnose
ToCentre = Beat | Diagnosis

_encoder = msgspec.json.Encoder()


def encode(value: msgspec.Struct) -> bytes:
    """Any message of this module as JSON."""
    return _encoder.encode(value)
