"""The whole centre for `bench/replay.py`: its clock can be moved over three hours in which units are cut off."""

import sys
from pathlib import Path

import sqlalchemy as sa
import uvloop
from _ingest_server import CHECKS, prepare, serve

from collector.centre import Centre
from collector.verdict_tables import outage_changes, outages
from core.clock import SystemClock
from inventory.state import State
from web.main import build
from web.migrate import migrate

ROLES = ("lan", "hub", "line", "internet", "internet", *("service",) * (CHECKS - 5))
HOURS_MS = 3 * 3_600_000
BEFORE_MS = HOURS_MS + 600_000
"""The centre's clock begins so far in the past."""


class Moved(SystemClock):
    """The system's clock, so many ms ahead or behind."""

    offset = -BEFORE_MS

    def now(self) -> int:
        return super().now() + self.offset


async def main(folder: Path, alone: str) -> None:
    """`alone`: the only unit that is cut off; empty: all of them."""
    state = State(folder / "state.db")
    migrate(state)
    agents = prepare(state, ROLES)
    state.close()
    clock = Moved()
    app = build(folder, clock=clock)
    centre: Centre = app.state.context.views
    units = [unit for unit, _, _ in agents]

    async def cut() -> dict[str, int]:
        """Three hours go by, in which the collector listens and those that are not cut off beat."""
        start = clock.now()
        for at in range(start, start + HOURS_MS, 500):
            centre.world.alive(at)
            if (at - start) % 2_000 == 0:
                for unit in units if alone else ():
                    if unit != alone:
                        centre.world.beat(unit, at)
            if (at - start) % 5_000 == 0:
                clock.offset += at - clock.now()
                centre.watch.step(at)
        clock.offset += start + HOURS_MS - clock.now()
        return {"from": start, "to": clock.now()}

    async def beat() -> dict[str, int]:
        now = clock.now()
        for unit in units:
            centre.world.beat(unit, now)
        return {"now": now}

    async def verdicts() -> dict[str, object]:
        with centre.state.read() as connection:
            rows = connection.execute(
                sa.select(outages.c.unit, outages.c.cause, outages.c.final).where(
                    outages.c.subject == "unit", outages.c.retracted.is_(False)
                )
            ).all()
            changes = connection.execute(
                sa.select(outage_changes.c.what, sa.func.count())
                .where(outage_changes.c.subject == "unit")
                .group_by(outage_changes.c.what)
            ).all()
        return {
            "final": sorted({row.unit for row in rows if row.final}),
            "causes": sorted({row.cause for row in rows}),
            "outages": len(rows),
            "changes": dict(tuple(row) for row in changes),
        }

    async def settle() -> dict[str, object]:
        return {"settled": await centre.ingest.settle(), **centre.ingest.counters()}

    await serve(app, {"/cut": cut, "/beat": beat, "/verdicts": verdicts, "/settle": settle}, agents)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), sys.argv[2]))
