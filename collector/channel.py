"""The channel: a WebSocket for each agent. Heartbeats vouch for its line; plan news and diagnostics go down it.

The centre answers each heartbeat with its own at once. So it needs no timer for each agent, sends nothing to a line
that is dead, and both sides know within the same time that they no longer hear each other.
"""

import asyncio
import logging
import secrets
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass, field

import msgspec
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from collector.agents import AgentRow, Agents
from collector.feed import Feed
from collector.presence import BEAT_HOLD_MS
from collector.problems import problem
from collector.verdict_tables import diagnoses
from collector.world import World
from core import wire
from core.clock import Clock
from core.errors import Refused, Unavailable
from core.values import Status
from inventory.state import State

log = logging.getLogger(__name__)

IDLE_S = 60.0
"""A connection on which nothing came for so long is let go."""
MAX_MESSAGE = 64 << 10
SEND_S = 5.0
DIAGNOSE_S = 40.0
DIAGNOSES_AT_ONCE = 2
"""Of one agent."""
GOODBYE = frozenset({1000, 1001})
"""WebSocket close codes (RFC 6455, 7.4.1) of a side that ends in order."""
REPLACED, TOO_BIG, NOT_UNDERSTOOD, NOT_ALLOWED = 1012, 1009, 1007, 1008
LOOK_AGAIN_MS = 10_000
"""An open channel speaks for an agent that was not revoked so long ago."""
NO_ANSWER = "no answer"
"""Reason that is kept of a diagnostic whose agent did not answer, or was lost before it did."""

_decoder = msgspec.json.Decoder(wire.ToCentre)


@dataclass(slots=True, eq=False)
class Link:
    """One open connection."""

    agent: AgentRow
    socket: WebSocket
    heard_at: int
    known_at: int
    """When the agent was last seen to be one that may send."""
    pending: dict[str, "asyncio.Future[wire.Diagnosis]"] = field(default_factory=dict)


class Hub:
    """All channels, for one event loop. `connected` may be asked from any thread."""

    def __init__(self, state: State, agents: Agents, world: World, clock: Clock, feed: Feed) -> None:
        self._state, self._agents, self._world = state, agents, world
        self._clock, self._feed = clock, feed
        self._links: dict[str, Link] = {}
        self._sends: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._links)

    def connected(self, agent: str) -> bool:
        """Whether the agent's channel is open and was heard within the time that a heartbeat is good for."""
        link = self._links.get(agent)
        return link is not None and self._clock.now() - link.heard_at <= BEAT_HOLD_MS

    def heard_at(self, agent: str) -> int | None:
        """When something last came on the open channel of an agent."""
        link = self._links.get(agent)
        return link.heard_at if link else None

    async def serve(self, socket: WebSocket) -> None:
        """The endpoint: one connection, from its request to its end."""
        try:
            agent = self._agents.authenticate(socket.headers.get("authorization"))
        except Refused as error:
            await _deny(socket, problem(error))
            return
        await socket.accept()
        now = self._clock.now()
        link = Link(agent, socket, heard_at=now, known_at=now)
        older = self._links.get(agent.agent)
        self._links[agent.agent] = link
        self._world.channel(agent.unit, +1)
        self._world.beat(agent.unit, link.heard_at)
        self._feed.publish("agent", agent.agent)
        if older is not None:
            self._later(_close(older.socket, REPLACED))
        code = None
        try:
            code = await self._listen(link)
        finally:
            self._ended(link, code)

    async def _listen(self, link: Link) -> int | None:
        """Take messages until the other side closes; returns its close code, None when this side gave up."""
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    message = await link.socket.receive()
            except TimeoutError:
                await _close(link.socket, 1001)
                return None
            if message["type"] == "websocket.disconnect":
                return int(message.get("code") or 1006)
            data = message.get("bytes") or (message.get("text") or "").encode()
            if len(data) > MAX_MESSAGE:
                await _close(link.socket, TOO_BIG)
                return None
            try:
                said = _decoder.decode(data)
            except msgspec.DecodeError:
                await _close(link.socket, NOT_UNDERSTOOD)
                return None
            now = self._clock.now()
            if not 0 <= now - link.known_at < LOOK_AGAIN_MS:
                if self._agents.get(link.agent.agent) is None:
                    await _close(link.socket, NOT_ALLOWED)
                    return None
                link.known_at = now
            link.heard_at = now
            self._world.beat(link.agent.unit, link.heard_at)
            if isinstance(said, wire.Beat):
                await _send(link.socket, wire.Beat(link.heard_at))
            elif (waiting := link.pending.get(said.id)) is not None and not waiting.done():
                waiting.set_result(said)

    def _ended(self, link: Link, code: int | None) -> None:
        agent = link.agent
        self._world.channel(agent.unit, -1)
        now = self._clock.now()
        if code in GOODBYE and now - link.heard_at <= BEAT_HOLD_MS:
            # It ended in order: its line is well. From now on its reports are what is waited for.
            self._world.contact(agent.unit, now)
        for waiting in link.pending.values():
            if not waiting.done():
                waiting.set_exception(Unavailable("the agent's channel was closed"))
        if self._links.get(agent.agent) is link:
            del self._links[agent.agent]
            self._feed.publish("agent", agent.agent)

    def plan_changed(self, units: Collection[str]) -> None:
        """Tell the agents of these units to fetch their plan."""
        for link in list(self._links.values()):
            if link.agent.unit in units:
                self._later(_send(link.socket, wire.PlanChanged()))

    async def run(self, agent: str, check: int) -> None:
        """Have the agent run a check of its plan now; what it finds comes with a report.

        Raises:
            Unavailable: the agent is not connected.
        """
        link = self._links.get(agent)
        if link is None or not self.connected(agent):
            raise Unavailable("the agent is not connected")
        await _send(link.socket, wire.Run(check))

    async def diagnose(
        self, agent: str, kind: str, target: str, params: Mapping[str, object], who: str
    ) -> wire.Diagnosis:
        """Have the agent run one diagnostic of its fixed list now. Who asked for what is kept, and the answer.

        Raises:
            Unavailable: the agent is not connected, has enough to do, or does not answer. That it did not is kept too.
        """
        link = self._links.get(agent)
        if link is None or not self.connected(agent):
            raise Unavailable("the agent is not connected")
        if len(link.pending) >= DIAGNOSES_AT_ONCE:
            raise Unavailable("the agent runs other diagnostics now")
        request = wire.Diagnose(secrets.token_hex(8), kind, target, dict(params))
        answer: asyncio.Future[wire.Diagnosis] = asyncio.get_running_loop().create_future()
        link.pending[request.id] = answer
        diagnosis = wire.Diagnosis(request.id, "unknown", NO_ANSWER, {}, 0)
        try:
            await asyncio.to_thread(self._asked, agent, request, who)
            await _send(link.socket, request)
            async with asyncio.timeout(DIAGNOSE_S):
                diagnosis = _with_known_status(await answer)
        except TimeoutError as error:
            raise Unavailable("the agent did not answer") from error
        finally:
            del link.pending[request.id]
            # Shielded: whoever asked may be gone, what came of it is kept all the same.
            await asyncio.shield(asyncio.to_thread(self._answered, diagnosis))
        return diagnosis

    def _asked(self, agent: str, request: wire.Diagnose, who: str) -> None:
        with self._state.write() as connection:
            connection.execute(
                diagnoses.insert().values(
                    id=request.id,
                    at=self._clock.now(),
                    agent=agent,
                    who=who,
                    kind=request.kind,
                    target=request.target,
                    params=msgspec.json.encode(request.params).decode(),
                )
            )

    def _answered(self, diagnosis: wire.Diagnosis) -> None:
        with self._state.write() as connection:
            connection.execute(
                diagnoses.update()
                .where(diagnoses.c.id == diagnosis.id)
                .values(
                    status=diagnosis.status[:16],
                    reason=diagnosis.reason[:500],
                    took_ms=diagnosis.took_ms,
                    # A message of the channel has 64 KiB at most, and so has this.
                    details=msgspec.json.encode(diagnosis.details).decode(),
                )
            )

    async def close(self) -> None:
        """Close all channels: the centre stops."""
        await asyncio.gather(*(_close(link.socket, REPLACED) for link in list(self._links.values())))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)


def _with_known_status(diagnosis: wire.Diagnosis) -> wire.Diagnosis:
    """Whatever an agent calls it is kept and shown: a word that is no status means that nothing is known."""
    if diagnosis.status in set(Status):
        return diagnosis
    return msgspec.structs.replace(diagnosis, status=Status.UNKNOWN.value)


async def _send(socket: WebSocket, message: msgspec.Struct) -> None:
    """Send, or find that nobody is there: then the reading side learns it too."""
    try:
        async with asyncio.timeout(SEND_S):
            await socket.send_text(wire.encode(message).decode())
    except (TimeoutError, RuntimeError, WebSocketDisconnect, OSError) as error:
        log.info("channel: could not send: %s", error)


async def _close(socket: WebSocket, code: int) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        try:
            async with asyncio.timeout(SEND_S):
                await socket.close(code)
        except (TimeoutError, RuntimeError, WebSocketDisconnect, OSError) as error:
            log.info("channel: could not close: %s", error)


async def _deny(socket: WebSocket, response: Response) -> None:
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(response)
    else:
        await socket.close()
