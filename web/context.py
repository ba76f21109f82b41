"""What the pages, the API and the metrics work with: one value, made at the start, kept in `app.state.context`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from starlette.requests import HTTPConnection

from core.wire import Diagnosis

if TYPE_CHECKING:
    from alerts.sender import Alerts
    from collector.feed import Feed
    from collector.services.reads import ServiceReads
    from collector.views import Views
    from core.clock import Clock
    from inventory.machines.reads import Machines
    from inventory.registry import Registry
    from inventory.state import State
    from web.auth import Auth
    from web.events import Streams


class Diagnoser(Protocol):
    """The part of `collector.channel.Hub` that the web needs."""

    def connected(self, agent: str) -> bool: ...

    async def run(self, agent: str, check: int) -> None: ...

    async def diagnose(
        self, agent: str, kind: str, target: str, params: dict[str, object], who: str
    ) -> Diagnosis: ...


@dataclass(frozen=True, slots=True)
class Context:
    views: Views
    services: ServiceReads
    machines: Machines
    state: State
    registry: Registry
    feed: Feed
    hub: Diagnoser
    auth: Auth
    alerts: Alerts
    streams: Streams
    clock: Clock
    secure: bool
    """The pages are reached over HTTPS (everywhere but on loopback): cookies are `Secure`, HSTS is sent."""


def context_of(connection: HTTPConnection) -> Context:
    """The context of the application that serves this request."""
    return cast("Context", connection.app.state.context)
