"""One virtual agent: what a unit's agent would have measured, and what of it still waits for the line.

Results are made when they are asked for, for all runs that fell due since the last time: a province of 10,000
needs no timer each. All is in memory; the protocol is the real one (`core.wire`).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.wire import (
    Column,
    Counters,
    Document,
    Dropped,
    Figures,
    Header,
    Health,
    Life,
    Plan,
    PlanCheck,
    Report,
    Results,
    gathered,
)
from lab.scenario import Conditions, Event, conditions, noise

FRESH_MS = 60_000
MAX_ROWS = 4_000
"""Results in one report, so that it stays far below the limit of its size."""
MAX_WAITING = 200_000
"""Results that a virtual agent keeps; a real one keeps far more, on disk."""
OVER_THE_LINE = frozenset({"line", "hub", "internet", "service"})


@dataclass(frozen=True, slots=True)
class Row:
    """One virtual result with its figures."""

    n: int
    check: int
    k: int
    at: int
    status: str
    reason: str
    figures: Mapping[str, float]


@dataclass(slots=True)
class VirtualAgent:
    """State of one virtual agent. `events` and `start` (ms) tell what happens to its unit and from when on."""

    agent: str
    unit: str
    epoch: str
    start: int
    events: Sequence[Event] = ()
    plan: Plan | None = None
    upto: int = 0
    produced: int = 0
    seq: int = 0
    dropped: int = 0
    clock_error: int | None = None
    ordinals: dict[int, int] = field(default_factory=dict)
    waiting: list[Row] = field(default_factory=list)
    drops: list[Dropped] = field(default_factory=list)
    formed: Report | None = None
    """Sent and not yet acknowledged: goes out again as it is, before any other."""
    boots: int = 0
    described: bool = False

    def conditions(self, now: int) -> Conditions:
        return conditions(self.events, (now - self.start) / 1000)

    def measure(self, now: int) -> None:
        """Make the results of all runs that fell due after the last call and until `now` (true time, ms)."""
        if self.plan is None:
            return
        since, self.upto = self.upto or now - 1, now
        fresh = [row for check in self.plan.checks for row in self._runs(check, since, now)]
        fresh.sort(key=lambda row: row[0])
        for at, check, status, reason, figures in fresh:
            self.produced += 1
            k = self.ordinals[check] = self.ordinals.get(check, 0) + 1
            self.waiting.append(Row(self.produced, check, k, at, status, reason, figures))
        if (over := len(self.waiting) - MAX_WAITING) > 0:
            self._drop(over)

    def _drop(self, count: int) -> None:
        """Let the oldest go, as a real agent does at its bound, and say exactly which."""
        gone, self.waiting = self.waiting[:count], self.waiting[count:]
        self.dropped += count
        self.drops.append(
            Dropped(
                what="results",
                first=gone[0].n,
                last=gone[-1].n,
                count=count,
                from_at=gone[0].at,
                to_at=gone[-1].at,
                why="size",
            )
        )

    def _runs(
        self, check: PlanCheck, since: int, until: int
    ) -> list[tuple[int, int, str, str, Mapping[str, float]]]:
        phase = int(noise("phase", check.id) * check.interval_ms)
        first = since + 1 + (phase - since - 1) % check.interval_ms
        runs = []
        for at in range(first, until + 1, check.interval_ms):
            now = self.conditions(at)
            if now.power:
                outcome = virtual_outcome(check, self.unit, at, now)
                runs.append((at + now.clock_error_ms, check.id, *outcome))
        return runs

    def report(self, now: int, *, backlog: bool) -> Report | None:
        """The next report: the one that is under way, else the fresh results, else (with `backlog`) the oldest."""
        if self.formed is not None:
            return self.formed
        edge = now - FRESH_MS
        rows = [row for row in self.waiting[-MAX_ROWS:] if row.at >= edge]
        if not rows and backlog:
            rows = self.waiting[:MAX_ROWS]
        if not rows and self.described:
            return None
        taken = {row.n for row in rows}
        self.waiting = [row for row in self.waiting if row.n not in taken]
        self.seq += 1
        self.formed = Report(
            header=self._header(now),
            results=_columns(rows),
            figures=_figures(rows),
            documents=[] if self.described else [virtual_host(self.unit, now)],
            dropped=self.drops,
        )
        self.drops = []
        return self.formed

    def acknowledged(self) -> None:
        self.formed = None
        self.described = True

    def _header(self, now: int) -> Header:
        here = self.conditions(now)
        return Header(
            agent=self.agent,
            epoch=self.epoch,
            seq=self.seq,
            sent_at=now + here.clock_error_ms,
            clock_error=self.clock_error,
            life=Life(
                started_at=self.start,
                booted_at=self.start - 3_600_000,
                boot_id=f"virtual-{self.unit}-{here.boots}",
                clean_shutdown=here.boots == 0,
                version="virtual",
            ),
            counters=Counters(
                produced=self.produced,
                dropped=self.dropped,
                waiting=len(self.waiting),
                thinned=0,
                skipped=0,
            ),
            health=Health(
                rss_bytes=0,
                cpu_seconds=0.0,
                outbox_bytes=100 * len(self.waiting),
                oldest_at=self.waiting[0].at if self.waiting else None,
                note="virtual agent of the lab",
            ),
        )


def _columns(rows: Sequence[Row]) -> Results:
    return Results.of(
        n=[row.n for row in rows],
        check=[row.check for row in rows],
        k=[row.k for row in rows],
        at=[row.at for row in rows],
        status=[row.status for row in rows],
        reason=[row.reason for row in rows],
    )


def _figures(rows: Sequence[Row]) -> list[Figures]:
    found: dict[str, tuple[list[int], list[float]]] = {}
    for index, row in enumerate(rows):
        for name, value in row.figures.items():
            column = found.setdefault(name, ([], []))
            column[0].append(index)
            column[1].append(value)
    return gathered({name: Column(*column) for name, column in found.items()})


_COUNTED = {"listen": "messages", "relay": "inventories", "sweep": "hosts"}


def virtual_outcome(
    check: PlanCheck, unit: str, at: int, now: Conditions
) -> tuple[str, str, Mapping[str, float]]:
    """Status, reason and figures that a check of this kind would have at this time under these conditions."""
    over = check.role in OVER_THE_LINE
    chance = noise(check.id, at)
    base = 0.0004 if not over else 0.002 + 0.012 * noise("distance", unit)
    rtt = base * (1 + 0.25 * chance) + (now.delay_ms / 1000 if over else 0.0)
    if over and now.cut:
        return "down", "timeout", {"loss_ratio": 1.0} if check.kind == "icmp" else {}
    if check.kind == "icmp":
        sent = 5
        lost = sum(noise(check.id, at, i) < now.loss for i in range(sent)) if over else 0
        if lost == sent:
            return "down", "timeout", {"loss_ratio": 1.0}
        status, reason = ("degraded", f"loss|{lost / sent:g}") if lost > 1 else ("up", "")
        return status, reason, _icmp_figures(rtt, lost / sent, chance)
    if check.kind == "path":
        return ("down", "breaks|2|10.0.0.1", {"hops": 1.0, "reached": 0.0}) if now.cut else _path(rtt)
    if check.kind in _COUNTED:
        return "up", "", {_COUNTED[check.kind]: float(int(6 * chance))}
    if check.kind == "throughput" and now.cut:
        return "down", "timeout", {}
    if check.kind == "throughput":
        return (
            "up",
            "",
            {"down_bits_per_second": 19e6 + 1e6 * chance, "up_bits_per_second": 18e6 + 2e6 * chance},
        )
    if chance < now.loss * 0.3:
        return "down", "timeout", {}
    if check.kind == "http":
        return "up", "", _http_figures(rtt, chance)
    if check.kind == "tls":
        return "up", "", {"handshake_seconds": 2.5 * rtt, "expires_in_seconds": 86_400.0 * 200}
    if check.kind == "dns":
        return "up", "", {"query_seconds": rtt}
    return "up", "", {"connect_seconds": rtt}


def _path(rtt: float) -> tuple[str, str, dict[str, float]]:
    return "up", "", {"hops": 3.0, "reached": 1.0, "rtt_seconds": rtt}


def _icmp_figures(rtt: float, loss: float, chance: float) -> dict[str, float]:
    return {
        "loss_ratio": loss,
        "rtt_min_seconds": rtt * 0.95,
        "rtt_median_seconds": rtt,
        "rtt_mean_seconds": rtt * 1.02,
        "rtt_max_seconds": rtt * (1.05 + 0.4 * chance * chance),
        "jitter_seconds": rtt * 0.06 * chance,
        "duplicates": 0.0,
    }


def _http_figures(rtt: float, chance: float) -> dict[str, float]:
    think = 0.05 + 0.08 * chance
    return {
        "resolve_seconds": rtt * 0.5,
        "connect_seconds": rtt,
        "tls_seconds": rtt * 2.2,
        "first_byte_seconds": rtt + think,
        "total_seconds": rtt * 4.7 + think,
        "body_bytes": 5_120.0,
        "status_code": 200.0,
    }


def virtual_host(unit: str, now: int) -> Document:
    """Facts of a virtual machine: plainly named as one."""
    memory = random.Random(unit).choice((4_096, 8_192, 16_384))
    return Document(
        kind="host",
        at=now,
        body={
            "hardware": {"name": f"may-ao-{unit}", "memory": memory, "uuid": f"virtual-{unit}"},
            "bios": {"smanufacturer": "Nhịp lab", "smodel": "Virtual PC", "ssn": f"LAB{unit}"},
            "operatingsystem": {"name": "Virtual", "full_name": "Virtual machine of the lab"},
        },
    )
