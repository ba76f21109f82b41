"""A small centre for the agent's tests: real HTTP and WebSocket on port 0, keeps what it was sent."""

import asyncio
import socket
from collections.abc import Callable, Sequence

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from core import wire
from core.compress import inflate
from core.reports import decode_report
from core.values import Check, Result, Status

SECRET = "s" * 43
LIFE = wire.Life(1, 0, "boot", None, "test")


class Centre:
    """Answers as the centre does. `answers`, `plan_answers`: for the next reports and plans, before all goes well."""

    def __init__(self, plan: wire.Plan | None = None) -> None:
        self.plan = plan or wire.Plan("11950", [], report_every_ms=50, heartbeat_ms=50)
        self.reports: dict[tuple[str, int], wire.Report] = {}
        self.bodies: list[bytes] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.clock_ms = 1_000_000
        self.tells_time = True
        self.plan_answers: list[int] = []
        self.plan_fetches: list[int] = []
        self.secrets: dict[str, str] | bytes = {}
        self.secret_answers: list[int] = []
        self.secret_fetches = 0
        self.channels: list[WebSocket] = []
        self.opened = 0
        self.beating = True
        self.messages: list[wire.ToCentre] = []
        self.enrolments: list[wire.Enrol] = []
        self.news = asyncio.Event()

    async def start(self, *, port: int = 0, **tls: str) -> str:
        """Serve; returns the address."""
        app = Starlette(
            routes=[
                Route("/api/v1/reports", self._report, methods=["POST"]),
                Route("/api/v1/agent/plan", self._plan),
                Route("/api/v1/agent/secrets", self._secrets),
                Route("/api/v1/agent/enrol", self._enrol, methods=["POST"]),
                WebSocketRoute("/api/v1/agent/channel", self._channel),
            ]
        )
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_level="critical",
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=0,
            **tls,
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None
        self._serving = asyncio.create_task(self._server.serve([listener]))
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.005)
        return f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        await self._serving

    async def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait for something that was sent; each message wakes the wait."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self.news.clear()
                await self.news.wait()

    def rows(self) -> Sequence[tuple[str, int, int, int]]:
        """(epoch, n, check, k) of all results received."""
        return [
            (epoch, *row)
            for (epoch, _), report in self.reports.items()
            for row in zip(report.results.numbers(), report.results.check, report.results.k, strict=True)
        ]

    def events(self) -> list[wire.Event]:
        return [event for report in self.reports.values() for event in report.events]

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Response:
        time = {wire.TIME_HEADER: str(self.clock_ms)} if self.tells_time else {}
        return Response(body, status, time | (headers or {}))

    async def _report(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.append(body)
        report, _ = decode_report(inflate(body, request.headers["Content-Encoding"], wire.MAX_PLAIN))
        self.last = report
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        if status == 204:
            self.reports.setdefault((report.header.epoch, report.header.seq), report)
        self.news.set()
        return self._answer(status, headers=headers)

    async def _plan(self, request: Request) -> Response:
        if self.plan_answers:
            self.news.set()
            return self._answer(self.plan_answers.pop(0))
        body = wire.encode(self.plan)
        etag = f'"{hash(body)}"'
        status = 304 if request.headers.get("If-None-Match") == etag else 200
        self.plan_fetches.append(status)
        self.news.set()
        return self._answer(status, body if status == 200 else b"", {"ETag": etag})

    async def _secrets(self, _request: Request) -> Response:
        self.secret_fetches += 1
        self.news.set()
        if self.secret_answers:
            return self._answer(self.secret_answers.pop(0))
        body = self.secrets if isinstance(self.secrets, bytes) else wire.encode(wire.Secrets(self.secrets))
        return self._answer(200, body)

    async def _enrol(self, request: Request) -> Response:
        enrol = msgspec.json.decode(await request.body(), type=wire.Enrol)
        self.enrolments.append(enrol)
        if enrol.token != "good":
            return self._answer(403, b"no such token")
        return self._answer(200, wire.encode(wire.Enrolled("11950-3f2a", "11950")))

    async def _channel(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.opened += 1
        self.channels.append(websocket)
        self.news.set()
        beats = asyncio.create_task(self._beat(websocket))
        try:
            while True:
                message = await websocket.receive_text()
                self.messages.append(msgspec.json.decode(message, type=wire.ToCentre))
                self.news.set()
        except WebSocketDisconnect:
            self.channels.remove(websocket)
            self.news.set()
        finally:
            beats.cancel()

    async def _beat(self, websocket: WebSocket) -> None:
        while True:
            if self.beating:
                await websocket.send_text(wire.encode(wire.Beat(self.clock_ms)).decode())
            await asyncio.sleep(self.plan.heartbeat_ms / 1000)


class Steady:
    """A probe that always finds the same."""

    def __init__(self, result: Result | None = None) -> None:
        self.result = result or Result(Status.UP, figures={"rtt_mean_seconds": 0.001, "loss_ratio": 0.0})
        self.runs = 0

    async def run(self, check: Check) -> Result:
        self.runs += 1
        return self.result
