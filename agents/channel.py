"""The channel: a WebSocket on which agent and centre hear each other's heart, and the centre may ask for a look.

It carries nothing that may not be lost. What it is for is knowing soon: that the line is cut, that it is back.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from agents.credential import Credential
from agents.pace import Backoff
from agents.reach import reach
from core import wire
from core.clock import Clock

_log = logging.getLogger(__name__)

PATH = "/api/v1/agent/channel"
BEATS_MISSED = 3
"""The centre is silent for so many heartbeats: the connection is dead, whatever TCP still hopes."""
_OPEN_TIMEOUT_S = 2.5
_RETRY_BASE_MS, _RETRY_CAP_MS = 250, 2_000
"""With the time to open, a line that heals is noticed within five seconds."""
_NOT_ALLOWED_CAP_MS = 60_000
_MAX_MESSAGE = 1 << 20
_DIAGNOSTICS_AT_ONCE = 2

Diagnose = Callable[[wire.Diagnose], Awaitable[wire.Diagnosis]]


class Channel:
    """Keeps the channel open. `connected` says whether it is."""

    def __init__(
        self,
        credential: Credential,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None,
        heartbeat_ms: int,
        on_open: Callable[[], Awaitable[None]],
        on_plan: Callable[[], None],
        on_run: Callable[[int], None],
        diagnose: Diagnose,
    ) -> None:
        self.connected = False
        self.heartbeat_ms = heartbeat_ms
        self._url = "ws" + credential.url.removeprefix("http") + PATH
        self._headers = {"Authorization": credential.authorization}
        self._clock, self._tls = clock, tls
        self._on_open, self._on_plan, self._diagnose = on_open, on_plan, diagnose
        self._on_run = on_run
        self._heard_at = 0
        self._looking: set[asyncio.Task[None]] = set()
        self._decoder = msgspec.json.Decoder(wire.ToAgent)

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        backoff = Backoff(_RETRY_BASE_MS, _RETRY_CAP_MS)
        refused = Backoff(_RETRY_CAP_MS, _NOT_ALLOWED_CAP_MS)
        while True:
            opened = self._clock.now()
            wait = refused.failed if await self._one_connection() else backoff.failed
            if self._heard_at >= opened:
                backoff.succeeded()
                refused.succeeded()
            await self._clock.sleep_until(self._clock.now() + wait())

    async def _one_connection(self) -> bool:
        """From connecting to the end of the connection. True when the centre refuses this agent's credential."""
        try:
            async with connect(
                self._url,
                sock=await self._reach(),
                additional_headers=self._headers,
                ssl=self._tls,
                compression=None,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=0.5,
                ping_interval=None,  # our own heartbeats do it, both ways
                max_size=_MAX_MESSAGE,
                max_queue=4,
                proxy=None,
                user_agent_header="nhip-agent",
            ) as line:
                await self._talk(line)
        except InvalidStatus as error:
            _log.warning("channel: the centre answers %d", error.response.status_code)
            return error.response.status_code in (401, 403)
        except (OSError, TimeoutError, InvalidHandshake, WebSocketException) as error:
            _log.info("channel: %s: %s", type(error).__name__, error)
        finally:
            self.connected = False
        return False

    async def _reach(self) -> socket.socket:
        parts = urlsplit(self._url)
        return await reach(parts.hostname or "", parts.port or (443 if self._tls else 80))

    async def _talk(self, line: ClientConnection) -> None:
        self.connected = True
        self._heard_at = self._clock.now()
        _log.info("channel: open")
        await self._on_open()
        beats = asyncio.create_task(self._beat(line))
        try:
            async for message in line:
                self._heard_at = self._clock.now()
                self._take(line, message)
        finally:
            beats.cancel()
            for look in self._looking:
                look.cancel()

    async def _beat(self, line: ClientConnection) -> None:
        while True:
            now = self._clock.now()
            if now - self._heard_at > BEATS_MISSED * self.heartbeat_ms:
                _log.warning("channel: nothing heard for %d ms", now - self._heard_at)
                # No closing handshake: nobody is there to answer it.
                line.transport.abort()
                return
            try:
                await line.send(wire.encode(wire.Beat(now)), text=True)
            except WebSocketException:
                return  # the reading side sees the same end
            await self._clock.sleep_until(now + self.heartbeat_ms)

    def _take(self, line: ClientConnection, message: str | bytes) -> None:
        try:
            request = self._decoder.decode(message)
        except msgspec.DecodeError as error:
            _log.warning("channel: a message that is none: %s", error)
            return
        match request:
            case wire.PlanChanged():
                self._on_plan()
            case wire.Run():
                self._on_run(request.check)
            case wire.Diagnose():
                look = asyncio.create_task(self._look(line, request))
                self._looking.add(look)
                look.add_done_callback(self._looking.discard)
            case wire.Beat():
                pass

    async def _look(self, line: ClientConnection, request: wire.Diagnose) -> None:
        _log.info("diagnostic %s: %s %s", request.id, request.kind, request.target)
        if len(self._looking) > _DIAGNOSTICS_AT_ONCE:
            diagnosis = wire.Diagnosis(request.id, "unknown", f"busy|{_DIAGNOSTICS_AT_ONCE}", {}, 0)
        else:
            diagnosis = await self._diagnose(request)
        _log.info("diagnostic %s: %s %s", request.id, diagnosis.status, diagnosis.reason)
        try:
            await line.send(wire.encode(diagnosis), text=True)
        except WebSocketException as error:
            _log.info("diagnostic %s: the answer could not be sent: %s", request.id, error)
