"""The web application over a centre made of values: `web(tmp_path)` gives it with a real state store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import argon2
import httpx2
import uvicorn
from support_service_views import FakeServices
from support_views import FakeViews, few_units

from alerts.sender import Alerts
from collector.feed import Feed
from core.errors import Unavailable
from core.wire import Diagnosis
from inventory.machines.reads import Machines
from inventory.registry import Registry
from inventory.state import State
from lab.manual_clock import ManualClock
from web.app import Application, create_app
from web.auth import Auth, Role
from web.auth.secrets import Passwords
from web.auth.tokens import create_token
from web.auth.users import add_user
from web.context import Context
from web.events import Streams
from web.server import Server

PASSWORD = "mot-hai-ba-bon"
QUICK = Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""argon2id as ever, but not made slow: tests sign in often."""
ORIGIN = {"Origin": "http://nhip.test", "Sec-Fetch-Site": "same-origin"}


class EchoHub:
    """Every agent is connected and finds what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, Mapping[str, object], str]] = []
        self.online = True
        self.ran: list[tuple[str, int]] = []
        self.answer = Diagnosis("1", "up", "", {"rtt_mean_seconds": 0.01}, 12)

    def connected(self, agent: str) -> bool:
        return self.online

    async def run(self, agent: str, check: int) -> None:
        if not self.online:
            raise Unavailable("the agent is not connected")
        self.ran.append((agent, check))

    async def diagnose(
        self, agent: str, kind: str, target: str, params: dict[str, object], who: str
    ) -> Diagnosis:
        self.asked.append((agent, kind, target, params, who))
        if not self.online:
            raise Unavailable("the agent is not connected")
        return self.answer


@dataclass
class Web:
    app: Application
    context: Context
    views: FakeViews
    clock: ManualClock
    hub: EchoHub
    state: State
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def client(
        self, role: Role | None = None, *, address: str = "192.0.2.7", host: str = "http://nhip.test"
    ) -> httpx2.AsyncClient:
        """A client within this process; with a role it sends a token of that role."""
        headers = {}
        if role is not None:
            token = create_token(self.state, role.name, role, self.clock.now(), 3_600_000)
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx2.ASGITransport(app=self.app, client=(address, 1234), raise_app_exceptions=False)
        made = httpx2.AsyncClient(transport=transport, base_url=host, headers=headers)
        self.clients.append(made)
        return made

    async def browser(self, role: Role = Role.VIEWER, name: str = "lan") -> httpx2.AsyncClient:
        """A signed-in browser: a client with a session cookie and the headers that browsers send."""
        add_user(self.state, name, role, PASSWORD, self.clock.now(), QUICK)
        client = self.client()
        client.headers |= ORIGIN | {"Accept": "text/html"}
        answer = await client.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return client


@contextlib.asynccontextmanager
async def web(
    folder: Path,
    *,
    secure: bool = False,
    clock: ManualClock | None = None,
    make_views: Callable[[ManualClock], FakeViews] = few_units,
    heartbeat_s: float = 15.0,
) -> AsyncIterator[Web]:
    clock = clock or ManualClock()
    views = make_views(clock)
    feed: Feed = views.feed
    state = State(folder / "state.db")
    state.create_all()
    auth = Auth(state, clock, QUICK)
    hub = EchoHub()
    alerts = Alerts(state, views, clock, feed)
    streams = Streams(feed, views, auth, heartbeat_s=heartbeat_s)
    context = Context(
        views,
        FakeServices(),
        Machines(state),
        state,
        Registry(state),
        feed,
        hub,
        auth,
        alerts,
        streams,
        clock,
        secure,
    )
    made = Web(create_app(context), context, views, clock, hub, state)
    try:
        yield made
    finally:
        streams.close()
        for client in made.clients:
            await client.aclose()
        await alerts.stop()
        state.close()


@contextlib.asynccontextmanager
async def served(app: Application, *, port: int = 0) -> AsyncIterator[str]:
    """The application on a real server on a free port of loopback, or on one that it had; its address."""
    config = uvicorn.Config(app, port=port, log_level="error", ws="websockets-sansio", lifespan="on")
    server = Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]  # the test's own signals
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if running.done():
            running.result()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
