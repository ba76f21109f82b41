"""The web application: agents' routes as they are, everything else behind guards and security headers."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import NhipError
from web import api, destinations, events, health, metrics
from web.api.problems import Problem
from web.auth import routes as sign_in
from web.auth.guard import same_site, signed_in
from web.context import Context
from web.errors import answer_error
from web.headers import SecurityHeaders
from web.pages import page_routes
from web.pages.services.month import Histories

MAX_BODY = 1 << 20
"""Bytes of any request that is not an agent's report."""

Running = Callable[[], AbstractAsyncContextManager[None]]


class Application(FastAPI):
    """A FastAPI application whose agents' routes stand before all middlewares: a report has to stay cheap."""

    def __init__(self, context: Context, agent_routes: Sequence[BaseRoute], running: Running) -> None:
        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            async with running():
                yield
            context.streams.close()

        super().__init__(
            title="Nhịp",
            version="1",
            openapi_url=None,  # described by `api`, behind the guards like the rest
            lifespan=lifespan,
            redirect_slashes=False,
            max_body_size=MAX_BODY,
            dependencies=[Depends(signed_in), Depends(same_site)],
        )
        self.agent_routes = list(agent_routes)
        self._agents = Router(self.agent_routes, redirect_slashes=False)
        self._agent_paths = frozenset(_path(route) for route in agent_routes if not isinstance(route, Mount))
        # Routes that are applications of their own choose by path alone: no router has to look.
        self._direct = {
            route.path: route.app for route in agent_routes if isinstance(route, Route) and not route.methods
        }
        self._below = [(route.path, route.app) for route in agent_routes if isinstance(route, Mount)]
        self._rest = SecurityHeaders(super().__call__, secure=context.secure)
        self.state.context = context
        self.state.months = Histories()
        self.state.readiness = health.Readiness()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if scope["type"] == "http" and path in self._direct:
            await self._direct[path](scope, receive, send)
        elif path in self._agent_paths:
            await self._agents(scope, receive, send)
        elif scope["type"] == "http" and (below := self._mounted(scope["path"])) is not None:
            await below(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    def _mounted(self, path: str) -> ASGIApp | None:
        """The application of everything below a path, which sees the whole of it."""
        return next((app for start, app in self._below if path.startswith(f"{start}/")), None)


def create_app(
    context: Context, *, agent_routes: Sequence[BaseRoute] = (), running: Running | None = None
) -> Application:
    """The application over `context`. `running` starts and ends what has to run while it serves."""
    app = Application(context, agent_routes, running or _nothing)
    for error in (HTTPException, RequestValidationError, NhipError, Problem, Exception):
        app.add_exception_handler(error, answer_error)
    for router in (health.router, metrics.router, events.router, api.router):
        app.include_router(router)
    for router in (sign_in.router, destinations.router, page_routes(context)):
        app.include_router(router, include_in_schema=False)
    return app


def _path(route: BaseRoute) -> str:
    if not isinstance(route, Route | WebSocketRoute) or "{" in route.path:
        raise TypeError(f"{route!r} is not a route with a fixed path")
    return route.path


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield
