"""What agents ask of the centre, as plain Starlette routes: they are many, and each must be cheap."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.problems import TooOften, problem
from collector.reception import Reception
from core import wire
from core.clock import Clock
from core.compress import TooLarge
from core.errors import BadInput, NhipError, Refused
from inventory.machines.addresses import PREFIX
from inventory.registry import Registry

if TYPE_CHECKING:
    from collector.centre import Centre

MAX_ENROL = 16 << 10
FAILURES, FAILURES_IN_MS = 10, 60_000
"""So many refused enrolments from one address, in so long a time; then it has to wait."""
_ADDRESSES = 10_000

Endpoint = Callable[[Request], Awaitable[Response]]


def agent_routes(centre: "Centre") -> list[BaseRoute]:
    """Reports, plan, secrets, channel, enrolment and posts of inventory agents, under `/api/v1`. Each answer says the centre's time."""
    timed = [Middleware(Timed, clock=centre.clock)]
    enrolment = Enrolment(centre)

    async def get_plan(request: Request) -> Response:
        agent = centre.enrolled.authenticate(request.headers.get("authorization"))
        centre.world.contact(agent.unit, centre.clock.now())
        body, etag = centre.plans.of(agent.unit)
        if etag in (each.strip() for each in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers={"ETag": etag})
        return Response(body, media_type="application/json", headers={"ETag": etag})

    return [
        Route("/api/v1/reports", Reception(centre.ingest, centre.clock)),
        Route("/api/v1/agent/throughput", centre.throughput),
        Route("/api/v1/agent/plan", _told(get_plan), methods=["GET"], middleware=timed),
        Route("/api/v1/agent/secrets", _told(centre.secrets.serve), methods=["GET"], middleware=timed),
        Route("/api/v1/agent/enrol", _told(enrolment.post), methods=["POST"], middleware=timed),
        WebSocketRoute("/api/v1/agent/channel", centre.hub.serve),
        Mount(PREFIX.rstrip("/"), centre.intake),
    ]


class Timed:
    """ASGI middleware: puts the time into the answer at the moment at which it leaves."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = str(self._clock.now()).encode()
                message["headers"] = [*message["headers"], (_TIME_HEADER, now)]
            await send(message)

        await self._app(scope, receive, send_timed)


_TIME_HEADER = wire.TIME_HEADER.lower().encode()


class Plans:
    """Plans as they are sent, with their ETags, made once for each revision of the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._revision = -1
        self._made: dict[str, tuple[bytes, str]] = {}

    def of(self, unit: str) -> tuple[bytes, str]:
        """The plan of a unit, and its ETag."""
        if self._revision != self._registry.revision:
            self._revision, self._made = self._registry.revision, {}
        made = self._made.get(unit)
        if made is None:
            body = wire.encode(self._registry.plan(unit))
            made = self._made[unit] = body, f'"{sha256(body).hexdigest()[:32]}"'
        return made

    def known(self) -> dict[str, str]:
        """The ETags of the plans that were asked for."""
        return {unit: etag for unit, (_, etag) in self._made.items()}


class Enrolment:
    """`POST /api/v1/agent/enrol`. Guessing tokens is slow: refusals are counted by address."""

    def __init__(self, centre: "Centre") -> None:
        self._centre = centre
        self._refused: dict[str, list[int]] = {}

    async def post(self, request: Request) -> Response:
        now = self._centre.clock.now()
        address = request.client.host if request.client else ""
        recent = [at for at in self._refused.get(address, ()) if 0 <= now - at < FAILURES_IN_MS]
        if len(recent) >= FAILURES:
            wait_ms = recent[0] + FAILURES_IN_MS - now
            raise TooOften("too many refused enrolments from this address", retry_after_s=wait_ms / 1000 + 1)
        body = await _body(request)
        try:
            asked = msgspec.json.decode(body, type=wire.Enrol)
        except msgspec.DecodeError as error:
            raise BadInput(f"not an enrolment: {error}") from error
        try:
            enrolled = await run_in_threadpool(self._centre.enrolled.enrol, asked)
        except Refused:
            if len(self._refused) >= _ADDRESSES:
                self._refused.clear()
            self._refused[address] = [*recent, now]
            raise
        return Response(wire.encode(enrolled), media_type="application/json")


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_ENROL:
            raise TooLarge(f"an enrolment may have {MAX_ENROL} bytes")
    return body


def _told(endpoint: Endpoint) -> Endpoint:
    """The endpoint with its foreseen errors as answers."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except NhipError as error:
            return problem(error)

    return answer
