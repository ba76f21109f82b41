"""A whole collector with real stores, behind a real server on port 0, and an agent that a test moves by hand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import uvicorn
import websockets
from starlette.applications import Starlette
from support_ingest import SECRET, header
from support_registry import THEN, small_province

from collector.centre import Centre
from collector.routes import agent_routes
from collector.samples.duckdb_engine import DuckStore
from core import wire
from core.compress import deflate
from inventory.changes import put
from inventory.state import State
from lab.manual_clock import ManualClock

UNIT = "11950"
LOOPS = 6
"""Of a started centre, each asleep until its next turn: the watch breathes and judges, services are judged, the registry
is followed, stock is taken, the sample store is kept. Who adds one counts it here."""


class Site:
    """`centre` on `clock`, served at `url`."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.clock = clock
        self.state = State(folder / "state.db")
        self.state.create_all()
        with self.state.read() as connection:
            empty = not connection.exec_driver_sql("select count(*) from units").scalar()
        if empty:
            small_province(self.state, clock.now())
            link = {"unit": UNIT, "kind": "wan", "gateway": "gw", "hub": "hub", "valid_from": THEN}
            templates = [("lan", "{gateway}", "gateway"), ("line", "{hub}", "hub")]
            rows = [
                {
                    "level": "all",
                    "vantage": "unit",
                    "label": label,
                    "role": role,
                    "kind": "icmp",
                    "target": target,
                    "interval_ms": 5_000,
                    "timeout_ms": 2_000,
                    "valid_from": THEN,
                }
                for role, target, label in templates
            ]
            put(self.state, clock.now(), {"links": [link], "templates": rows})
        self.store = DuckStore(folder / "samples.duckdb", threads=1)
        self.centre = Centre(self.state, self.store, clock)
        self.url = ""

    def status(self, unit: str = UNIT) -> str:
        state = self.centre.unit(unit)
        assert state is not None
        return state.status.value

    async def settle(self) -> None:
        """Everything that came in is digested and judged."""
        await self.centre.ingest.settle()
        await asyncio.to_thread(self.centre.watch.step, self.clock.now())

    async def rest(self) -> None:
        """Until no loop of the centre is at work any more.

        They work in threads, for which the clock does not wait: left behind, one would do a step of an earlier time
        after one of a later, or sleep past the moment for which a test wakes it.
        """
        async with asyncio.timeout(60):
            while self.clock.asleep != LOOPS:  # noqa: ASYNC110 - a thread tells nobody
                await asyncio.sleep(0.001)

    async def passes(self, ms: int, *agents: "FakeAgent") -> None:
        """Time goes by; each of `agents` beats every two seconds."""
        for _ in range(ms // 250):
            await self.clock.advance(250)
            await self.rest()
            if self.clock.now() % 2_000 == 0:
                for agent in agents:
                    await agent.beat()
            await asyncio.to_thread(self.centre.watch.step, self.clock.now())


class FakeAgent:
    """An enrolled agent of `UNIT`: speaks the real protocol, when told to."""

    def __init__(self, site: Site, name: str) -> None:
        self.site, self.name = site, name
        self.headers = {"authorization": f"Bearer {name}.{SECRET}"}
        self.http = httpx2.AsyncClient(base_url=site.url, timeout=60)
        self.channel: websockets.ClientConnection | None = None
        self.seq = self.n = 0
        self.k: dict[int, int] = {}

    @property
    def checks(self) -> dict[str, int]:
        """Ids of the planned checks, by label."""
        planned = self.site.centre.registry.checks_of(UNIT)
        return {each.label: each.check.id for each in planned}

    async def connect(self) -> None:
        url = self.site.url.replace("http", "ws") + "/api/v1/agent/channel"
        self.channel = await websockets.connect(
            url, additional_headers=self.headers, ping_interval=None, open_timeout=60
        )

    async def beat(self) -> wire.Beat:
        assert self.channel is not None
        await self.channel.send(wire.encode(wire.Beat(self.site.clock.now())).decode())
        return await self.hear(wire.Beat)

    async def hear(self, shape: type[msgspec.Struct]) -> msgspec.Struct:
        """The next message of this shape."""
        assert self.channel is not None
        async with asyncio.timeout(60):
            while True:
                message = msgspec.json.decode(await self.channel.recv(), type=wire.ToAgent)
                if isinstance(message, shape):
                    return message

    def measure(self, status: str, *, at: int | None = None, **labels: str) -> wire.Report:
        """A report with one result of each check; `labels` give another status to some."""
        self.seq += 1
        at = self.site.clock.now() if at is None else at
        checks = self.checks
        first = self.n + 1
        self.n += len(checks)
        for check in checks.values():
            self.k[check] = self.k.get(check, 0) + 1
        said = [labels.get(label, status) for label in checks]
        results = wire.Results.of(
            n=list(range(first, self.n + 1)),
            check=list(checks.values()),
            k=[self.k[check] for check in checks.values()],
            at=[at] * len(checks),
            status=said,
            reason=["" if each == "up" else "timeout" for each in said],
        )
        figures = {"rtt_mean_seconds": wire.Column([0], [0.01])}
        return wire.Report(
            header(self.name, self.seq, produced=self.n, sent_at=self.site.clock.now(), clock_error=0),
            results,
            wire.gathered(figures),
        )

    async def post(self, report: wire.Report) -> httpx2.Response:
        body = deflate(wire.encode(report))
        return await self.http.post(
            "/api/v1/reports", content=body, headers={**self.headers, "content-encoding": "zstd"}
        )

    async def close(self) -> None:
        await self.http.aclose()
        if self.channel is not None:
            self.channel.transport.abort()


@contextlib.asynccontextmanager
async def site(folder: Path, clock: ManualClock | None = None) -> AsyncIterator[Site]:
    """A started collector; stopped and closed at the end."""
    here = Site(folder, clock or ManualClock())
    await here.centre.start()
    config = uvicorn.Config(
        Starlette(routes=agent_routes(here.centre)),
        ws="websockets-sansio",
        ws_ping_interval=None,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        here.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        try:
            yield here
        finally:
            server.should_exit = True
            await serving
            await here.centre.stop()
            here.store.close()
            here.state.close()


@contextlib.asynccontextmanager
async def agent(here: Site) -> AsyncIterator[FakeAgent]:
    """An agent that has just joined, or the one that joined before."""
    known = [row.agent for row in here.centre.enrolled.all() if row.unit == UNIT]
    if not known:
        token = here.centre.enrolled.create_token(UNIT)
        async with httpx2.AsyncClient(base_url=here.url, timeout=60) as http:
            asked = wire.encode(wire.Enrol(token=token, secret=SECRET))
            answer = await http.post("/api/v1/agent/enrol", content=asked)
        assert answer.status_code == 200, answer.text
        known = [msgspec.json.decode(answer.content, type=wire.Enrolled).agent]
    made = FakeAgent(here, known[0])
    try:
        yield made
    finally:
        await made.close()
