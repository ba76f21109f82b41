"""A centre made of values: `FakeViews` answers as `collector.views.Views` does, from what a test put into it."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from collector.feed import Feed
from collector.paths import PathVersion
from collector.samples import Bucket, Point
from collector.services.subjects import service_of
from collector.views import (
    AgentState,
    CheckState,
    EpochCount,
    Happening,
    Outage,
    OutageChange,
    UnitEvidence,
    UnitState,
    Uptime,
)
from core.clock import Clock
from core.values import Cause, Check, Level, Status

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PERIODS = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}


@dataclass
class FakeViews:
    """Change the dictionaries as a test needs; `set_status` also publishes, as the centre does."""

    clock: Clock
    feed: Feed = field(default_factory=lambda: Feed(1))
    units: dict[str, UnitState] = field(default_factory=dict)
    check_states: list[CheckState] = field(default_factory=list)
    all_outages: list[Outage] = field(default_factory=list)
    all_changes: list[OutageChange] = field(default_factory=list)
    agent_states: dict[str, AgentState] = field(default_factory=dict)
    downtime: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Milliseconds down and unknown in each period, by unit."""
    totals: dict[str, float] = field(default_factory=dict)
    all_evidence: dict[str, UnitEvidence] = field(default_factory=dict)
    all_paths: dict[str, list[PathVersion]] = field(default_factory=dict)
    all_happenings: dict[str, list[Happening]] = field(default_factory=dict)

    def set_status(self, code: str, status: Status, reason: str = "", outage: int | None = None) -> None:
        self.units[code] = replace(
            self.units[code], status=status, reason=reason, since=self.now(), outage=outage
        )
        self.feed.publish("unit", code)

    def now(self) -> int:
        return self.clock.now()

    def wall(self) -> Sequence[UnitState]:
        return list(self.units.values())

    def unit(self, code: str) -> UnitState | None:
        return self.units.get(code)

    def checks(self, code: str) -> Sequence[CheckState]:
        return [state for state in self.check_states if state.about == code]

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
        found = [
            outage
            for outage in sorted(self.all_outages, key=lambda outage: -outage.id)
            if (unit is None or outage.unit == unit)
            and (before is None or outage.id < before)
            and cause in (None, outage.cause)
            and service in (None, service_of(outage.subject))
            and not (roots_only and outage.root is not None)
            and not (open_only and (outage.ended_at is not None or outage.retracted))
        ]
        return found[:limit]

    def outage(self, id: int) -> Outage | None:  # noqa: A002 - as the views have it
        return next((outage for outage in self.all_outages if outage.id == id), None)

    def explained(self, root: int) -> Sequence[Outage]:
        return [outage for outage in self.all_outages if outage.root == root]

    def explained_counts(self, roots: Collection[int]) -> Mapping[int, int]:
        return Counter(each.root for each in self.all_outages if each.root in roots and not each.retracted)

    def revisions(self, outage: int) -> Sequence[OutageChange]:
        return [change for change in self.all_changes if change.outage.id == outage]

    def outage_counts(self) -> Mapping[tuple[str, Cause], int]:
        return Counter((each.unit, each.cause) for each in self.all_outages if not each.retracted)

    def evidence(self, code: str, start: int, end: int) -> UnitEvidence:
        return self.all_evidence.get(code, UnitEvidence((), (), (), (), ()))

    def changes(self, after: int, limit: int = 500) -> Sequence[OutageChange]:
        return [change for change in self.all_changes if change.id > after][:limit]

    def paths(self, code: str, limit: int = 50) -> Sequence[PathVersion]:
        return self.all_paths.get(code, [])[:limit]

    def happenings(self, code: str, start: int, end: int, limit: int = 200) -> Sequence[Happening]:
        return [each for each in self.all_happenings.get(code, []) if start <= each.at < end][-limit:]

    def uptime(self, code: str, start: int, end: int) -> Uptime:
        if code not in self.units:
            return Uptime(start, end, 0, 0, end - start)
        down, unknown = self.downtime.get(code, (0, 0))
        unknown = min(unknown, end - start)
        down = min(down, end - start - unknown)
        return Uptime(start, end, end - start - down - unknown, down, unknown)

    def uptimes(self, code: str) -> Mapping[str, Uptime]:
        now = self.now()
        return {period: self.uptime(code, now - length, now) for period, length in PERIODS.items()}

    def agents(self) -> Sequence[AgentState]:
        return list(self.agent_states.values())

    def agent(self, agent: str) -> AgentState | None:
        return self.agent_states.get(agent)

    def series_of(self, series: int) -> tuple[int, str] | None:
        for state in self.check_states:
            for figure, id_ in state.series.items():
                if id_ == series:
                    return state.check.id, figure
        return None

    def points(self, series: int, start: int, end: int) -> Sequence[Point]:
        """One sample each 5 s, a wave of 20 ms around 20 ms."""
        if self.series_of(series) is None:
            return []
        return [Point(at, _wave(at)) for at in range(-(-start // 5_000) * 5_000, end, 5_000)]

    def downsample(self, series: int, start: int, end: int, bucket_ms: int) -> Sequence[Bucket]:
        if self.series_of(series) is None:
            return []
        first, figure = start - start % bucket_ms, (self.series_of(series) or (0, ""))[1]
        if figure == "loss_ratio":
            return [
                Bucket(at, 0, _lost(at), _lost(at), 12, _lost(at), _lost(at))
                for at in range(first, end, bucket_ms)
            ]
        size = (
            1e9
            if "bits_per_second" in figure
            else {"rtt_min_seconds": 0.75, "rtt_max_seconds": 1.5}.get(figure, 1.0)
        )
        return [
            Bucket(
                at,
                size * _wave(at) * 0.9,
                size * _wave(at),
                size * _wave(at) * 1.3,
                max(1, bucket_ms // 5_000),
                size * _wave(at) * 0.98,
                size * _wave(at) * 1.2,
            )
            for at in range(first, end, bucket_ms)
        ]

    def counters(self) -> Mapping[str, float]:
        return self.totals


def _lost(at: int) -> float:
    """A quarter of an hour with loss in each hour."""
    return 0.3 if at // 900_000 % 4 == 2 else 0.0


def _wave(at: int) -> float:
    return 0.020 + 0.008 * math.sin(at / 600_000) + 0.002 * math.sin(at / 37_000)


def unit_state(
    code: str,
    name: str = "",
    *,
    level: Level = Level.COMMUNE,
    parent: str | None = "323",
    status: Status = Status.UP,
    since: int | None = 1_789_990_000_000,
    reason: str = "",
    outage: int | None = None,
) -> UnitState:
    return UnitState(code, name or f"Xã {code}", level, parent, status, since, reason, outage)


def agent_state(unit: str, now: int, **changed: object) -> AgentState:
    """A healthy agent of `unit`, whose sums close."""
    healthy = AgentState(
        agent=f"{unit}-3f2a",
        unit=unit,
        enrolled_at=now - 30 * DAY,
        last_seen=now - 1_000,
        connected=True,
        version="0.1.0",
        clock_error=12,
        cross_check=15,
        rss_bytes=24_300_000,
        cpu_seconds=412.5,
        waiting=0,
        oldest_at=None,
        skipped=0,
        started_at=now - 3 * DAY,
        booted_at=now - 9 * DAY,
        boot_id="0f3c1a52-6a0b-4c0e-9a62-8a1d6a2b7c11",
        clean_shutdown=True,
        note="",
        epochs=(EpochCount("e1a", 51_840, 51_840, 12, 0, 0, {}, 0),),
    )
    return replace(healthy, **changed)  # type: ignore[arg-type]  # field by field, as the test names them


def check_state(
    id_: int,
    unit: str,
    now: int,
    *,
    kind: str = "icmp",
    target: str = "10.33.0.1",
    role: str = "line",
    label: str = "Trung tâm",
    vantage: str | None = None,
    status: Status = Status.UP,
    reason: str = "",
    figures: Mapping[str, float] | None = None,
) -> CheckState:
    """A check of `unit` that answered five seconds ago; each figure has a series, `id * 100 + its place`."""
    if figures is None:
        figures = {
            "rtt_mean_seconds": 0.0213,
            "rtt_max_seconds": 0.0301,
            "loss_ratio": 0.0,
            "rtt_median_seconds": 0.0209,
            "rtt_min_seconds": 0.0188,
        }
    return CheckState(
        Check(id_, kind, target, 5_000, 2_000),
        vantage or unit,
        unit,
        role,
        label,
        status,
        reason,
        now - 2 * HOUR,
        now - 5_000,
        {name: Point(now - 5_000, value) for name, value in figures.items()},
        {name: id_ * 100 + place for place, name in enumerate(figures)},
    )


def few_units(clock: Clock) -> FakeViews:
    """A department, a district and its three communes, each with an agent and a check; one commune is down."""
    now = clock.now()
    views = FakeViews(clock)
    for unit in (
        unit_state("H31.13", "Sở Thông tin và Truyền thông", level=Level.DEPARTMENT, parent="33"),
        unit_state("323", "Thành phố Hưng Yên", level=Level.DISTRICT, parent="33"),
        unit_state("11950", "Phường Lam Sơn"),
        unit_state("11953", "Phường Hiến Nam", status=Status.DOWN, since=now - 4 * MINUTE, outage=7),
        unit_state("11983", "Xã Bảo Khê", status=Status.UNKNOWN, since=None),
    ):
        views.units[unit.code] = unit
        agent = agent_state(unit.code, now)
        views.agent_states[agent.agent] = agent
        views.check_states.append(check_state(len(views.check_states) + 1, unit.code, now))
    views.all_outages = [
        Outage(6, "11950", now - 3 * HOUR, now - 3 * HOUR + 9_000, now - 2 * HOUR, "", 1, retracted=False),
        Outage(7, "11953", now - 4 * MINUTE, now - 4 * MINUTE + 9_000, None, "", 1, retracted=False),
    ]
    views.all_changes = [
        OutageChange(1, now - 3 * HOUR + 9_000, "opened", views.all_outages[0]),
        OutageChange(2, now - 2 * HOUR, "closed", views.all_outages[0]),
        OutageChange(3, now - 4 * MINUTE + 9_000, "opened", views.all_outages[1]),
    ]
    views.downtime["11950"] = (HOUR, 30 * MINUTE)
    return views
