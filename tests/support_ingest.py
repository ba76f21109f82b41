"""Reports, and a collector's ingest with real stores, for tests. The verdicts' side is a recorder."""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route

from collector.agents import Agents
from collector.feed import Feed
from collector.ingest import Ingest
from collector.notices import Notices
from collector.reception import Reception
from collector.samples.duckdb_engine import DuckStore
from core import wire
from core.compress import deflate
from core.values import Check
from inventory.records import PlannedCheck
from inventory.state import State
from lab.manual_clock import ManualClock

NOW = 1_790_000_000_000
SECRET = "s" * 43
LIFE = wire.Life(
    started_at=NOW - 60_000, booted_at=NOW - 120_000, boot_id="b", clean_shutdown=True, version="1"
)


class Recorder:
    """Stands where `collector.world.World` stands, and keeps what it is told."""

    def __init__(self):
        self.rows = defaultdict(dict)
        self.contacts = []
        self.folds = self.checkpoints = 0
        self.notices = Notices()

    def header(self, unit, header):
        pass

    def told(self, unit, header, events):
        self.notices.take(unit, header, events)

    def fold(self, unit, epoch, runs, received_at):
        self.folds += 1
        for run in runs:
            for row in run.rows():
                self.rows[unit][epoch, row.check, row.k] = row

    def contact(self, unit, at):
        self.contacts.append((unit, at))

    def checkpoint(self, connection):
        self.checkpoints += 1


class Checks:
    """A registry in which unit `u<N>` has checks N*100 .. N*100+99."""

    def check(self, id):  # noqa: A002 - the name in the registry
        if not 100 <= id < 100_000:
            return None
        check = Check(id, "icmp", "192.0.2.1", 5_000, 1_000)
        return PlannedCheck(check, vantage=f"u{id // 100}", about=f"u{id // 100}", role="line", label="")


def header(agent, seq, *, epoch="e", produced=0, dropped=0, waiting=0, sent_at=NOW, clock_error=None, **more):
    counters = wire.Counters(produced=produced, dropped=dropped, waiting=waiting, thinned=0, skipped=0)
    health = wire.Health(
        rss_bytes=1, cpu_seconds=0.5, outbox_bytes=1, oldest_at=None, note=more.pop("note", "")
    )
    return wire.Header(agent, epoch, seq, sent_at, clock_error, more.pop("life", LIFE), counters, health)


def report(agent, seq, checks, *, first=1, at=NOW, status="up", figures=None, extra=None, **more):
    """One result of each of `checks`, a second apart, numbered from `first` (n and k alike)."""
    size = len(checks)
    results = wire.Results.of(
        n=list(range(first, first + size)),
        check=list(checks),
        k=[first] * size,
        at=[at + i for i in range(size)],
        status=[status] * size,
        reason=[""] * size,
    )
    if figures is None:
        figures = {
            "rtt_mean_seconds": wire.Column(list(range(size)), [0.001 * (i + seq) for i in range(size)])
        }
    more.setdefault("produced", first + size - 1)
    return wire.Report(header(agent, seq, **more), results, wire.gathered(figures), **(extra or {}))


class Site:
    """A collector's ingest behind a real Starlette application, without a socket."""

    def __init__(self, folder: Path, store=None, clock=None, world=None):
        self.clock = clock or ManualClock(NOW)
        self.state = State(folder / "state.db")
        self.state.create_all()
        self.store = store or DuckStore(folder / "samples.duckdb", threads=1)
        self.agents = Agents(self.state, self.clock)
        self.world = world or Recorder()
        self.feed = Feed(1)
        self.ingest = Ingest(self.state, self.store, Checks(), self.agents, self.world, self.clock, self.feed)
        self.app = Starlette(routes=[Route("/api/v1/reports", Reception(self.ingest, self.clock))])
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url="http://centre")

    def enrol(self, unit="u1"):
        token = self.agents.create_token(unit)
        return self.agents.enrol(wire.Enrol(token=token, secret=SECRET)).agent

    async def post(self, body, agent="", *, encoding="zstd", **headers):
        if isinstance(body, wire.Report):
            agent = agent or body.header.agent
            body = deflate(wire.encode(body), encoding)
        headers = {"authorization": f"Bearer {agent}.{SECRET}", "content-encoding": encoding, **headers}
        return await self.http.post("/api/v1/reports", content=body, headers=headers)

    def samples(self, check, figure="rtt_mean_seconds"):
        series = self.ingest.series.of_check(check).get(figure)
        return [] if series is None else [tuple(point) for point in self.store.range(series, 0, 1 << 52)]


@contextlib.asynccontextmanager
async def site(folder: Path, **more) -> AsyncIterator[Site]:
    """A started `Site`, stopped and closed at the end."""
    here = Site(folder, **more)
    await here.ingest.start()
    try:
        yield here
    finally:
        await here.ingest.stop()
        await here.http.aclose()
        here.store.close()
        here.state.close()
