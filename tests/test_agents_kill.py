"""kill -9 of a real agent under load, at random moments, fifty times: each result that was measured is told once."""

import asyncio
import multiprocessing
import random
import sqlite3
from collections import defaultdict
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from support_agents import SECRET, Centre

from agents import agent as resident
from agents.agent import OUTBOX, Agent, run_until_signal
from agents.credential import Credential
from core import wire

KILLS = 50


class LossyCentre(Centre):
    """Takes every report, and loses one answer in eight: the agent has to send it again."""

    def __init__(self, plan: wire.Plan, chance: random.Random) -> None:
        super().__init__(plan)
        self.chance = chance
        self.by_number: dict[tuple[str, int], bytes] = {}
        self.differing = 0

    async def _report(self, request: Request) -> Response:
        body = await request.body()
        answer = await super()._report(request)
        header = self.last.header
        if self.by_number.setdefault((header.epoch, header.seq), body) != body:
            self.differing += 1
        return answer if self.chance.random() > 1 / 8 else Response(status_code=500)


def live(directory: Path, credential: Credential) -> None:
    """One life of an agent, in a process of its own; the last one has time to tell all at its end."""
    resident._FLUSH_S = 30

    async def run() -> None:
        await run_until_signal(Agent(directory, credential))

    asyncio.run(run())


def started(context: ForkServerContext, directory: Path, credential: Credential) -> ForkServerProcess:
    process = context.Process(target=live, args=(directory, credential))
    process.start()
    return process


@pytest.mark.slow
async def test_after_fifty_kills_every_result_that_was_measured_arrived_exactly_once(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    checks = [wire.PlanCheck(i, "tcp", "127.0.0.1:1", 100, 80) for i in range(1, 31)]
    plan = wire.Plan(
        "11950",
        checks,
        report_every_ms=30,
        heartbeat_ms=500,
        backlog_bytes_per_s=1 << 20,
        allowed=["127.0.0.1"],
    )
    centre = LossyCentre(plan, chance)
    url = await centre.start()
    credential = Credential(url, SECRET, "11950-3f2a", "11950")
    # Processes are forked from one that has its imports done: a life costs milliseconds, so many fit into a test.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["agents.agent", "agents.probes.tcp", "agents.diagnostics", __name__])
    for _ in range(KILLS):
        seen = len(centre.reports)
        process = started(context, tmp_path, credential)
        if chance.random() < 0.8:
            await centre.until(lambda seen=seen: len(centre.reports) > seen)
        await asyncio.sleep(chance.uniform(0, 0.3))
        process.kill()
        await asyncio.to_thread(process.join)
        assert process.exitcode == -9

    centre.plan = wire.Plan("11950", [], report_every_ms=30, heartbeat_ms=500, backlog_bytes_per_s=1 << 20)
    fetched = centre.plan_fetches.count(200)
    process = started(context, tmp_path, credential)
    # Before it has the plan without checks it goes on measuring, and before it lives nobody hears that it is to end.
    await centre.until(lambda: centre.plan_fetches.count(200) > fetched and drained(tmp_path / OUTBOX))
    process.terminate()
    await asyncio.to_thread(process.join)
    assert process.exitcode == 0
    await centre.stop()

    produced, dropped, waiting, unsent = books(tmp_path / OUTBOX)
    assert (dropped, waiting, unsent) == (0, 0, 0)
    assert centre.differing == 0
    assert len({epoch for epoch, *_ in centre.rows()}) == 1
    assert sorted(n for _, n, _, _ in centre.rows()) == list(range(1, produced + 1))
    ordinals = defaultdict(list)
    for _, _, check, k in centre.rows():
        ordinals[check].append(k)
    assert all(sorted(ks) == list(range(1, len(ks) + 1)) for ks in ordinals.values())
    lives = {report.header.life.started_at for report in centre.reports.values()}
    assert len(lives) > KILLS / 2  # the others ended before they had told anything
    assert produced > 10 * KILLS
    print(f"{KILLS} kills, {produced} results, {len(centre.reports)} reports, {len(centre.bodies)} sent")


def books(path: Path) -> tuple[int, int, int, int]:
    """(produced, dropped, waiting, unacknowledged reports) as the file has them."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(
            "SELECT produced, dropped, (SELECT count(*) FROM results), (SELECT count(*) FROM reports) FROM totals"
        ).fetchone()
    finally:
        connection.close()


def drained(path: Path) -> bool:
    _, _, waiting, unsent = books(path)
    return waiting == unsent == 0
