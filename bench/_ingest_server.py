"""The centre as it runs, whole, in a process of its own, for `bench/ingest.py`. Prints its port and its agents' credentials."""

import json
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
import uvicorn
import uvloop
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

import inventory.tables as inventory_tables
from collector.agents import Agents
from core.clock import SystemClock
from core.wire import Enrol
from inventory.registry import Registry
from inventory.seed import seed
from inventory.state import State
from web.main import build
from web.migrate import migrate
from web.server import Server

CHECKS = 10
"""Of each agent: half of them ICMP with seven figures, half TCP with one."""
DAY_MS = 86_400_000
SECRET = "s" * 43


class Yesterday:
    """Enrols agents early enough for the times that the bench makes up."""

    def now(self) -> int:
        return SystemClock().now() - 30 * DAY_MS

    async def sleep_until(self, when: int) -> None:
        raise NotImplementedError


def prepare(state: State, roles: Sequence[str] = ("service",) * CHECKS) -> list[tuple[str, str, int]]:
    """The province with CHECKS checks in each unit: (unit, agent, id of the first check) of 188 agents."""
    now = Yesterday().now()
    seed(state, now, addresses=False)
    agents = Agents(state, Yesterday())
    units = [unit for unit in Registry(state).units(SystemClock().now()) if unit.parent is not None]
    rows = [
        {
            "id": 1_000 + place * CHECKS + i,
            "vantage": unit.code,
            "about": unit.code,
            "role": roles[i],
            "kind": "icmp" if i < CHECKS // 2 else "tcp",
            "target": f"192.0.2.{i}",
            "interval_ms": 5_000,
            "timeout_ms": 1_000,
            "meaning": f"bench {place} {i}",
            "since": now,
        }
        for place, unit in enumerate(units)
        for i in range(CHECKS)
    ]
    with state.write() as connection:
        connection.execute(sa.insert(inventory_tables.checks), rows)
    return [
        (
            unit.code,
            agents.enrol(Enrol(token=agents.create_token(unit.code), secret=SECRET)).agent,
            1_000 + place * CHECKS,
        )
        for place, unit in enumerate(units)
    ]


async def main(folder: Path) -> None:
    state = State(folder / "state.db")
    migrate(state)
    agents = prepare(state)
    state.close()
    app = build(folder)
    centre = app.state.context.views

    async def settle() -> dict[str, object]:
        return {"settled": await centre.ingest.settle(), **centre.ingest.counters()}

    await serve(app, {"/settle": settle}, agents)


async def serve(
    app: ASGIApp, asked: Mapping[str, Callable[[], Awaitable[object]]], agents: list[tuple[str, str, int]]
) -> None:
    """The application on a free port of loopback, which is printed; and, by path, what the bench may ask beside it."""

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        if (answer := asked.get(scope.get("path", ""))) is not None:
            await JSONResponse(await answer())(scope, receive, send)
        else:
            await app(scope, receive, send)

    server = Server(
        uvicorn.Config(outer, http="httptools", loop="uvloop", access_log=False, log_level="warning")
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    print(json.dumps({"port": listener.getsockname()[1], "agents": agents}), flush=True)
    await server.serve([listener])


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
