"""A little province in virtual time: two hubs with communes, agents that beat, measure, keep and tell, and things that
happen to them. What the centre makes of it is the real thing: world, watch and state store.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from collector import outage_store
from collector.facts import Row, in_runs
from collector.feed import Feed
from collector.views import Outage, OutageChange
from collector.watch import Watch
from collector.world import World
from core import wire
from core.values import Check, Level
from inventory.records import Maintenance, PlannedCheck, Unit
from inventory.state import State
from lab.manual_clock import ManualClock

START = 1_790_000_000_000
S = 1_000
TICK = 500
PROVINCE = "33"
GATEWAY, HUB, CENTRE, PC, ROUTER, UPS = 1, 2, 3, 4, 5, 6
KINDS = {
    GATEWAY: ("lan", 5 * S, True),
    HUB: ("hub", 5 * S, True),
    CENTRE: ("line", 5 * S, True),
    PC: ("device", 10 * S, True),
    ROUTER: ("line", 2 * S, False),
    UPS: ("device", 10 * S, True),
}
LABELS = {GATEWAY: "gateway", HUB: "hub", CENTRE: "centre", PC: "pc1", ROUTER: "router", UPS: "ups"}


def address(kind: int) -> str:
    """Where what is checked is, in each unit's LAN."""
    return f"192.0.2.{kind}"


class Registry:
    """Stands where `inventory.registry.Registry` stands: hubs h1, h2 … with communes h1c1, h1c2 …, departments d1 …"""

    revision = 1

    def __init__(
        self,
        hubs: int = 2,
        communes: int = 5,
        departments: int = 3,
        *,
        ups: bool = False,
        routers: bool = True,
    ) -> None:
        self.windows: list[Maintenance] = []
        found = [(PROVINCE, Level.PROVINCE, None)]
        found += [(f"d{n}", Level.DEPARTMENT, PROVINCE) for n in range(1, departments + 1)]
        for h in range(1, hubs + 1):
            found.append((f"h{h}", Level.DISTRICT, PROVINCE))
            found += [(f"h{h}c{n}", Level.COMMUNE, f"h{h}") for n in range(1, communes + 1)]
        self.all = {
            code: Unit(code, code, level, parent, None, "", None, None, 0, None)
            for code, level, parent in found
        }
        self._checks: dict[int, PlannedCheck] = {}
        for number, code in enumerate(self.all):
            for kind, (role, interval, own) in KINDS.items():
                if code == PROVINCE or (kind == UPS and not ups) or (kind == ROUTER and not routers):
                    continue
                check = Check(number * 10 + kind, "icmp", address(kind), interval, 1_000)
                vantage = code if own else PROVINCE
                self._checks[check.id] = PlannedCheck(check, vantage, code, role, LABELS[kind])

    def check(self, id: int) -> PlannedCheck | None:  # noqa: A002 - the registry's name for it
        return self._checks.get(id)

    def checks(self) -> Mapping[int, PlannedCheck]:
        return self._checks

    def plan(self, vantage: str) -> wire.Plan:
        return wire.Plan(unit=vantage, checks=[])

    def maintenance(self) -> Sequence[Maintenance]:
        return self.windows

    def units(self, at: int) -> Sequence[Unit]:
        return list(self.all.values())

    def unit(self, code: str, at: int) -> Unit | None:
        return self.all.get(code)


@dataclass
class Site:
    """One unit: what is true of it, and what its agent has measured and not told yet."""

    code: str
    number: int
    line: bool = True
    power: bool = True
    agent: bool = True
    gateway: bool = True
    pc: bool = True
    battery: bool = False
    boot: int = 1
    booted_at: int = START - 86_400 * S
    started_at: int = START - 3_600 * S
    clean: bool | None = True
    back_at: int = 0
    """Its agent answers again from then on."""
    seq: int = 0
    n: int = 0
    ks: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    waiting: list[Row] = field(default_factory=list)
    heard: list[wire.Event] = field(default_factory=list)
    """What devices told its agent, and it has not told yet."""

    @property
    def alive(self) -> bool:
        return self.agent and self.power


Told = tuple[str, str, list[Row], list[wire.Event], wire.Header, int]


class Story:
    """Drive it with `until(seconds)`; change `sites` in between."""

    def __init__(self, folder: Path, registry: Registry | None = None, seed: int = 1) -> None:
        self.registry = registry or Registry()
        self.state = State(folder / "state.db")
        self.state.create_all()
        self.folder, self.dice = folder, random.Random(seed)
        self.sites = {
            code: Site(code, number) for number, code in enumerate(self.registry.all) if code != PROVINCE
        }
        self.now = START
        self.listening = True
        self.loss = 0.0
        """Part of the packets that is lost on each line, each way."""
        self.reports: list[Told] = []
        self.signs: list[tuple[int, Callable[[World], None]]] = []
        """All that the centre saw for itself, to be seen again by another one."""
        self.router_ks: dict[int, int] = defaultdict(int)
        self.begin()

    def begin(self) -> None:
        """A new process of the collector on the same store."""
        self.clock = ManualClock(self.now)
        self.world = World(self.registry)
        self.watch = Watch(self.world, self.registry, self.state, Feed(1), self.clock)  # type: ignore[arg-type]
        with self.state.read() as connection:
            self.world.load(connection, self.now)
        for told in self.reports:
            self.take(told)  # the journal: what is in it already changes nothing
        self.watch.start(self.now)
        self.signs.append((self.now, lambda world, now=self.now: world.alive(now)))  # type: ignore[misc]
        for code in self.sites:
            self.world.channel(code, +1)

    def restart(self) -> None:
        """The collector ends in order and begins again, now."""
        with self.state.write() as connection:
            self.world.checkpoint(connection)
        self.begin()

    def close(self) -> None:
        self.state.close()

    def until(self, seconds: float) -> None:
        """Go on until so many seconds after the start."""
        while self.now < START + int(seconds * S):
            self.now += TICK
            for site in self.sites.values():
                self._measure(site)
            if self.listening:
                self._sign(lambda world, now=self.now: world.alive(now))  # type: ignore[misc]
                for site in self.sites.values():
                    self._hear(site)
                self.watch.step(self.now)

    def _sign(self, sign: Callable[[World], None]) -> None:
        self.signs.append((self.now, sign))
        sign(self.world)

    def reaches(self, site: Site) -> bool:
        """Whether the unit's line leads to the centre."""
        parent = self.sites.get(self.registry.all[site.code].parent or "")
        return site.line and site.power and (parent is None or (parent.line and parent.power))

    def _measure(self, site: Site) -> None:
        for kind, (_, interval, own) in KINDS.items():
            check = site.number * 10 + kind
            if not own or check not in self.registry.checks() or not site.alive or self.now < site.back_at:
                continue
            if (self.now - START + site.number * TICK) % interval:
                continue
            status, reason = self._outcome(site, kind)
            site.ks[check] += 1
            site.n += 1
            site.waiting.append(Row(check, site.ks[check], self.now - 100, self.now - 100, status, reason))

    def _outcome(self, site: Site, kind: int) -> tuple[str, str]:
        if kind == UPS:
            return ("degraded", "on battery|12") if site.battery else ("up", "")
        lan = site.gateway
        parent = self.sites.get(self.registry.all[site.code].parent or "")
        works = {
            GATEWAY: lan,
            PC: site.pc and lan,
            HUB: lan and site.line and (parent is None or parent.power),
            CENTRE: lan and self.reaches(site),
        }[kind]
        return self._burst(works, lines=0 if kind in (GATEWAY, PC) else 1)

    def _burst(self, works: bool, lines: int) -> tuple[str, str]:
        """Five pings over so many lossy lines, as the probe judges them."""
        if not works:
            return "down", "timeout"
        there = (1 - self.loss) ** (2 * lines)
        lost = sum(self.dice.random() > there for _ in range(5)) if self.loss else 0
        if lost == 5:
            return "down", "timeout"
        return ("degraded", f"loss|{lost / 5}") if lost > 1 else ("up", "")

    def _hear(self, site: Site) -> None:
        phase = self.now - START + site.number * TICK
        if phase % (2 * S) == 0 and site.number * 10 + ROUTER in self.registry.checks():
            self._look_at_router(site)
        if not (site.alive and site.gateway and self.reaches(site)) or self.now < site.back_at:
            return
        if phase % (2 * S) == 0:
            at = self.now + self._delay()
            self._sign(lambda world, at=at: world.beat(site.code, at))  # type: ignore[misc]
        if site.waiting and phase % (5 * S) == 0:
            self._report(site)

    def _delay(self) -> int:
        """What TCP makes of lost packets: it sends again after 200 ms, and then after twice as long each time."""
        waited, pause = 0, 200
        while self.loss and self.dice.random() > (1 - self.loss) ** 2:
            waited, pause = waited + pause, pause * 2
        return waited

    def _look_at_router(self, site: Site) -> None:
        check = site.number * 10 + ROUTER
        self.router_ks[check] += 1
        status, reason = self._burst(self.reaches(site), lines=1)
        row = Row(check, self.router_ks[check], self.now - 100, self.now - 100, status, reason)
        self._sign(lambda world: world.fold(PROVINCE, "centre", in_runs([row]), row.at))

    def _report(self, site: Site) -> None:
        rows, site.waiting = site.waiting, []
        site.seq += 1
        life = wire.Life(site.started_at, site.booted_at, f"boot-{site.code}-{site.boot}", site.clean, "1")
        counters = wire.Counters(site.n, 0, 0, 0, 0)
        header = wire.Header(
            site.code, "e", site.seq, self.now, 0, life, counters, wire.Health(1, 1.0, 1, None)
        )
        heard, site.heard = site.heard, []
        told = (site.code, "e", rows, heard, header, self.now)
        self.reports.append(told)
        self.take(told)
        self._sign(lambda world, now=self.now: world.contact(site.code, now))  # type: ignore[misc]

    def take(self, told: Told) -> None:
        """A report comes in."""
        unit, epoch, rows, heard, header, received_at = told
        self.world.fold(unit, epoch, in_runs(rows), received_at)
        self.world.header(unit, header)
        self.world.told(unit, header, heard)

    # What happens.

    def power_off(self, code: str) -> None:
        self.sites[code].power = False

    def power_on(self, code: str, *, after: float = 5) -> None:
        site = self.sites[code]
        site.power, site.boot, site.clean = True, site.boot + 1, False
        site.booted_at, site.started_at = self.now, self.now + int(after * S)
        site.back_at = site.started_at

    def kill_agent(self, code: str) -> None:
        self.sites[code].agent = False

    def start_agent(self, code: str) -> None:
        site = self.sites[code]
        site.agent, site.clean, site.started_at, site.back_at = True, False, self.now, self.now

    def notice(self, code: str, kind: str, device: int, text: str = "") -> None:
        """A device in the unit's LAN tells the agent something, if that is there to hear it."""
        if self.sites[code].alive:
            self.sites[code].heard.append(wire.Event(self.now, kind, text, address(device)))

    def plan(self, code: str, start: float, end: float, *, below: bool = False) -> None:
        self.registry.windows.append(
            Maintenance(code, below, "work", START + int(start * S), START + int(end * S))
        )

    # What came of it.

    def outages(self) -> list[Outage]:
        """All that are not retracted, by their beginning."""
        with self.state.read() as connection:
            found = outage_store.read_page(connection, None, open_only=False, before=None, limit=1_000)
        return sorted((each for each in found if not each.retracted), key=lambda each: each.began_at)

    def changes(self) -> list[OutageChange]:
        with self.state.read() as connection:
            return outage_store.read_changes(connection, 0, 10_000)

    def verdicts(self) -> set[tuple[str, str, str, bool]]:
        """Unit, subject, cause, final."""
        return {(each.unit, each.subject, each.cause.value, each.final) for each in self.outages()}

    def plain(self) -> list[Outage]:
        """The outages as any other centre with the same evidence would have them: ids and histories aside."""
        found = self.outages()
        roots = {each.id: f"{each.unit} {each.subject}" for each in found}
        return sorted(
            (
                replace(each, id=0, detected_at=0, revision=0, root=roots[each.root] if each.root else None)  # type: ignore[arg-type]
                for each in found
            ),
            key=lambda each: (each.began_at, each.unit, each.subject),
        )
