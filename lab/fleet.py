"""`nhip lab fleet`: any number of virtual agents in one process, over the real protocol with real credentials."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx2
import msgspec
import websockets

from core import wire
from core.clock import Clock, SystemClock
from core.compress import deflate
from lab.virtual import VirtualAgent

log = logging.getLogger(__name__)

TICK_MS = 500
"""How often a virtual agent looks at its conditions: a cut takes effect within this."""


class Credential(msgspec.Struct, frozen=True):
    """What a virtual agent signs in with."""

    unit: str
    agent: str
    secret: str


@dataclass(slots=True)
class Totals:
    """What the fleet did, for its progress line."""

    reports: int = 0
    results: int = 0
    failures: int = 0
    connected: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def fault(self, what: str) -> None:
        self.failures += 1
        self.faults[what] = self.faults.get(what, 0) + 1


class Fleet:
    """Runs virtual agents against the centre at `url` until cancelled."""

    def __init__(
        self,
        url: str,
        agents: Sequence[tuple[VirtualAgent, Credential]],
        *,
        ca: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.agents = agents
        self.totals = Totals()
        self._clock = clock or SystemClock()
        self._ca = ca

    async def run(self) -> None:
        limits = httpx2.Limits(max_connections=256, max_keepalive_connections=256)
        verify: str | bool = self._ca or True
        async with (
            httpx2.AsyncClient(base_url=self.url, limits=limits, verify=verify, timeout=30) as http,
            asyncio.TaskGroup() as group,
        ):
            for agent, credential in self.agents:
                headers = {"Authorization": f"Bearer {credential.agent}.{credential.secret}"}
                first = random.random()
                group.create_task(_guarded(lambda a=agent, h=headers, f=first: self._talk(http, a, h, f)))  # type: ignore[misc]
                group.create_task(_guarded(lambda a=agent, h=headers, f=first: self._beat(a, h, f)))  # type: ignore[misc]

    async def _talk(
        self, http: httpx2.AsyncClient, agent: VirtualAgent, headers: dict[str, str], first: float
    ) -> None:
        """Plan and reports of one agent, for ever."""
        await self._sleep(first * 2_000)
        next_report = next_plan = 0
        while True:
            now = self._clock.now()
            here = agent.conditions(now)
            if here.cut or not here.power:
                agent.measure(now)
                next_report = next_plan = 0
                await self._sleep(TICK_MS)
                continue
            try:
                if agent.plan is None or now >= next_plan:
                    await self._fetch_plan(http, agent, headers)
                    next_plan = now + 300_000
                if now >= next_report and agent.plan is not None:
                    next_report = now + agent.plan.report_every_ms
                    await self._report(http, agent, headers)
            except httpx2.HTTPError as error:
                self.totals.fault(type(error).__name__)
                await self._sleep(1_000 + 4_000 * random.random())
            await self._sleep(TICK_MS)

    async def _fetch_plan(
        self, http: httpx2.AsyncClient, agent: VirtualAgent, headers: dict[str, str]
    ) -> None:
        began = self._clock.now()
        answer = await http.get("/api/v1/agent/plan", headers=headers)
        answer.raise_for_status()
        self._learn_clock(agent, answer, began)
        agent.plan = msgspec.json.decode(answer.content, type=wire.Plan)

    async def _report(self, http: httpx2.AsyncClient, agent: VirtualAgent, headers: dict[str, str]) -> None:
        agent.measure(self._clock.now())
        while (report := agent.report(self._clock.now(), backlog=True)) is not None:
            began = self._clock.now()
            body = deflate(wire.encode(report))
            # A replay scenario sends what was already taken once more: the centre must not count it twice.
            for _ in range(2 if agent.conditions(began).replay else 1):
                answer = await http.post(
                    "/api/v1/reports",
                    content=body,
                    headers={**headers, "Content-Encoding": "zstd", "Content-Type": "application/json"},
                )
                answer.raise_for_status()
            self._learn_clock(agent, answer, began)
            agent.acknowledged()
            self.totals.reports += 1
            self.totals.results += len(report.results.n)

    def _learn_clock(self, agent: VirtualAgent, answer: httpx2.Response, began: int) -> None:
        centre = answer.headers.get(wire.TIME_HEADER)
        if centre is not None:
            ended = self._clock.now()
            own = (began + ended) // 2 + agent.conditions(ended).clock_error_ms
            agent.clock_error = own - int(centre)

    async def _beat(self, agent: VirtualAgent, headers: dict[str, str], first: float) -> None:
        """The channel of one agent, for ever: connected and beating while its unit has line and power."""
        await self._sleep(first * 2_000)
        url = self.url.replace("http", "ws", 1) + "/api/v1/agent/channel"
        while True:
            here = agent.conditions(self._clock.now())
            if here.cut or not here.power:
                await self._sleep(TICK_MS)
                continue
            try:
                async with websockets.connect(
                    url, additional_headers=headers, ping_interval=None, open_timeout=20, compression=None
                ) as channel:
                    self.totals.connected += 1
                    try:
                        await self._hold(agent, channel)
                    finally:
                        self.totals.connected -= 1
            except (OSError, websockets.WebSocketException) as error:
                self.totals.fault(type(error).__name__)
                await self._sleep(500 + 2_000 * random.random())

    async def _hold(self, agent: VirtualAgent, channel: websockets.ClientConnection) -> None:
        listener = asyncio.create_task(_listen(agent, channel))
        try:
            next_beat = 0
            while not listener.done():
                now = self._clock.now()
                here = agent.conditions(now)
                if here.cut or not here.power:
                    # A cut line says no goodbye: the centre must notice by the silence.
                    channel.transport.abort()
                    return
                if now >= next_beat:
                    next_beat = now + (agent.plan.heartbeat_ms if agent.plan else 2_000)
                    await channel.send(msgspec.json.encode(wire.Beat(now)).decode())
                await self._sleep(TICK_MS)
        finally:
            listener.cancel()

    async def _sleep(self, ms: float) -> None:
        await self._clock.sleep_until(self._clock.now() + int(ms))


_to_agent = msgspec.json.Decoder(wire.ToAgent)


async def _listen(agent: VirtualAgent, channel: websockets.ClientConnection) -> None:
    async for text in channel:
        message = _to_agent.decode(text)
        if isinstance(message, wire.PlanChanged):
            agent.plan = None
        elif isinstance(message, wire.Diagnose):
            answer = wire.Diagnosis(message.id, "unknown", "a virtual agent runs no diagnostics", {}, 0)
            await channel.send(msgspec.json.encode(answer).decode())


async def _guarded(work: Callable[[], Awaitable[None]]) -> None:
    """One agent's bug must not end the province: it is logged, and that agent starts over."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("virtual agent failed; starting it again")
            await asyncio.sleep(5)
