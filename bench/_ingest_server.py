"""The collector as it runs, in a process of its own, for `bench/ingest.py`. Prints its port and its agents' credentials."""

import json
import socket
import sys
from pathlib import Path

import sqlalchemy as sa
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

import inventory.tables as inventory_tables
from collector import verdict_tables
from collector.agents import Agents
from collector.feed import Feed
from collector.ingest import Ingest
from collector.samples.duckdb_engine import DuckStore
from collector.world import World
from core.clock import SystemClock
from core.wire import Enrol
from inventory.registry import Registry
from inventory.seed import seed
from inventory.state import State

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


def prepare(state: State) -> list[tuple[str, str, int]]:
    """The province with CHECKS checks in each unit: (unit, agent, id of the first check) of 188 agents."""
    now = Yesterday().now()
    seed(state, now)
    agents = Agents(state, Yesterday())
    units = [unit for unit in Registry(state).units(SystemClock().now()) if unit.parent is not None]
    rows = [
        {
            "id": 1_000 + place * CHECKS + i,
            "vantage": unit.code,
            "about": unit.code,
            "role": "service",
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
    assert verdict_tables
    state = State(folder / "state.db")
    state.create_all()
    agents = prepare(state)
    clock = SystemClock()
    registry = Registry(state)
    store = DuckStore(folder / "samples.duckdb")
    ingest = Ingest(state, store, registry, Agents(state, clock), World(registry), clock, Feed(clock.now()))

    async def settle(_request: Request) -> Response:
        assert await ingest.settle()
        return JSONResponse(dict(ingest.counters()))

    await ingest.start()
    routes = [
        Route("/api/v1/reports", ingest.post_report, methods=["POST"]),
        Route("/settle", settle),
    ]
    server = uvicorn.Server(
        uvicorn.Config(
            Router(routes),
            http="httptools",
            loop="uvloop",
            access_log=False,
            lifespan="off",
            log_level="warning",
        )
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    print(json.dumps({"port": listener.getsockname()[1], "agents": agents}), flush=True)
    await server.serve([listener])
    await ingest.stop()
    store.close()
    state.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(Path(sys.argv[1])))
