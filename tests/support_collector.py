"""A collector as it runs, behind a listening socket, in child processes that a test may kill at any moment.

Run as a program: it imports everything once, listens, and makes a child for each line `start` on its input. The
children inherit the socket, so a sender that comes while there is none waits for the next, as behind a load balancer.
"""

import os
import socket
import sys
from pathlib import Path

import sqlalchemy as sa
import uvicorn
import uvloop
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from collector import inbox, worker
from collector.agents import Agents
from collector.centre import Centre
from collector.routes import agent_routes
from collector.samples.duckdb_engine import DuckStore
from core.clock import SystemClock
from core.wire import Enrol
from inventory.seed import seed
from inventory.state import State
from inventory.tables import checks as checks_table

SECRET = "s" * 43
FIRST_CHECK = 5_000


def prepare(folder: Path, agents: int, checks: int) -> list[tuple[str, int]]:
    """A province with `checks` checks in each of `agents` units: (agent, id of its first check)."""
    state, clock = State(folder / "state.db"), SystemClock()
    state.create_all()
    seed(state, clock.now(), addresses=False)
    enrolled = Agents(state, clock)
    made = []
    with state.write() as connection:
        units = list(
            connection.scalars(sa.text("SELECT code FROM units WHERE level = 'commune' ORDER BY id"))
        )
    for place, unit in enumerate(units[:agents]):
        first = FIRST_CHECK + place * checks
        rows = [
            {
                "id": first + i,
                "vantage": unit,
                "about": unit,
                "role": "service",
                "kind": "icmp",
                "target": f"192.0.2.{i}",
                "interval_ms": 5_000,
                "timeout_ms": 1_000,
                "meaning": f"test {first + i}",
                "since": 0,
            }
            for i in range(checks)
        ]
        with state.write() as connection:
            connection.execute(sa.insert(checks_table), rows)
        agent = enrolled.enrol(Enrol(token=enrolled.create_token(unit), secret=SECRET)).agent
        made.append((agent, first))
    state.close()
    return made


async def serve(folder: Path, listener: socket.socket) -> None:
    state = State(folder / "state.db")
    store = DuckStore(folder / "samples.duckdb", threads=1)
    centre = Centre(state, store)
    await centre.start()

    async def settle(_request: Request) -> Response:
        done = await centre.ingest.settle()
        accounts = {
            row.agent: [
                [count.received, count.duplicated, count.missing]
                for count in centre.ingest.accounts(row.agent)
            ]
            for row in centre.enrolled.all()
        }
        return JSONResponse({"done": done, "accounts": accounts})

    app = Router([*agent_routes(centre), Route("/settle", settle)])
    server = uvicorn.Server(
        uvicorn.Config(app, http="httptools", access_log=False, lifespan="off", log_level="warning")
    )
    await server.serve([listener])
    await centre.stop()
    store.close()
    state.close()


def main(folder: Path) -> None:
    # Everything often: a kill then falls into stores, checkpoints and changes of files too.
    worker.GATHER_S, worker.GROUP_S, worker.CHECKPOINT_S = 0.01, 0.03, 0.1
    inbox.SEGMENT_BYTES = 64 << 10
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    for line in sys.stdin:
        assert line.strip() == "start"
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            uvloop.run(serve(folder, listener))
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
