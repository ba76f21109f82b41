"""The centre as it runs: stores, collector, alerts and web, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alerts.sender import Alerts
from collector.centre import Centre
from collector.routes import agent_routes
from collector.samples import SampleStore
from collector.samples.duckdb_engine import DuckStore
from core.clock import Clock, SystemClock
from inventory.state import State
from web.app import Application, create_app
from web.auth import Auth
from web.context import Context
from web.events import Streams
from web.migrate import migrate

ALERTS_FILE = "alerts.toml"


def build(
    data: Path, *, secure: bool = False, store: SampleStore | None = None, clock: Clock | None = None
) -> Application:
    """The application over the folder `data`, which holds everything that it keeps.

    `secure`: it is reached over HTTPS. Stores are opened here, and closed when the application has stopped.

    Raises:
        BadInput: the state store was made by a newer version.
    """
    clock = clock or SystemClock()
    state = State(data / "state.db")
    migrate(state)
    samples = store or DuckStore(data / "samples.duckdb")
    centre = Centre(state, samples, clock)
    auth = Auth(state, clock)
    alerts = Alerts(state, centre, clock, centre.feed, services=centre.services)
    streams = Streams(centre.feed, centre, auth)
    context = Context(
        views=centre,
        services=centre.services,
        machines=centre.machines,
        state=state,
        registry=centre.registry,
        feed=centre.feed,
        hub=centre.hub,
        auth=auth,
        alerts=alerts,
        streams=streams,
        clock=clock,
        secure=secure,
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        try:
            await centre.start()
            try:
                await alerts.start(data / ALERTS_FILE)
                yield
            finally:
                await alerts.stop()
                await centre.stop()
        finally:
            samples.close()
            state.close()

    return create_app(context, agent_routes=agent_routes(centre), running=running)
