"""kill -9 of a real collector, fifty times at random moments under load: what it acknowledged is there, once."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
import support_collector
from support_collector import SECRET, prepare
from support_ingest import LIFE

from collector.verdict_tables import spans
from core import wire
from core.clock import SystemClock
from core.compress import deflate
from inventory.state import State

KILLS = 50
AGENTS, CHECKS, RUNS = 6, 5, 20
FIGURES = ("rtt_mean_seconds", "loss_ratio", "jitter_seconds")


class Sender:
    """Sends the reports of one agent, each again and again until it is acknowledged, and some once more after that."""

    def __init__(self, agent, first_check, port, seed):
        self.agent, self.first_check, self.port = agent, first_check, port
        self.dice = random.Random(seed)
        self.start = SystemClock().now()
        self.acknowledged = self.sendings = self.resendings = 0
        self.bodies = []

    def body(self, seq):
        """Report `seq`: RUNS runs of each check, 5 ms apart, from the last one on.

        Close together, or the last ones of a quick machine would be of a time to come.
        """
        size = CHECKS * RUNS
        runs = [(seq - 1) * RUNS + i for i in range(RUNS)]
        rows = [(run, check) for run in runs for check in range(CHECKS)]
        results = wire.Results.of(
            n=list(range((seq - 1) * size + 1, seq * size + 1)),
            check=[self.first_check + check for _, check in rows],
            k=[run + 1 for run, _ in rows],
            at=[self.start - 200_000 + run * 5 + check for run, check in rows],
            status=["up"] * size,
            reason=[""] * size,
        )
        figures = {
            name: wire.Column(list(range(size)), [run + check / 10 for run, check in rows])
            for name in FIGURES
        }
        counters = wire.Counters(produced=seq * size, dropped=0, waiting=0, thinned=0, skipped=0)
        health = wire.Health(rss_bytes=1, cpu_seconds=0.0, outbox_bytes=1, oldest_at=None)
        head = wire.Header(self.agent, "epoch", seq, self.start, 0, LIFE, counters, health)
        return deflate(wire.encode(wire.Report(head, results, wire.gathered(figures))))

    async def send(self, body):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(
                f"POST /api/v1/reports HTTP/1.1\r\nHost: c\r\nContent-Length: {len(body)}\r\n"
                f"Authorization: Bearer {self.agent}.{SECRET}\r\nContent-Encoding: zstd\r\n\r\n".encode()
                + body
            )
            return b" 204 " in (await reader.readline())
        finally:
            writer.close()

    async def insist(self, body):
        while True:
            self.sendings += 1
            with contextlib.suppress(OSError, TimeoutError):
                if await asyncio.wait_for(self.send(body), 30):
                    return

    async def run(self, stop):
        while not stop.is_set():
            body = self.body(self.acknowledged + 1)
            await self.insist(body)
            self.acknowledged += 1
            self.bodies.append(body)
            if self.dice.random() < 0.1:
                self.resendings += 1
                await self.insist(self.dice.choice(self.bodies))


class Collector:
    """The program that makes collectors, and the one it made last."""

    def __init__(self, folder: Path):
        self.maker = subprocess.Popen(
            [sys.executable, support_collector.__file__, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
        )
        self.port = int(self.maker.stdout.readline())
        self.pid = 0

    def start(self):
        self.maker.stdin.write("start\n")
        self.maker.stdin.flush()
        self.pid = int(self.maker.stdout.readline())

    def end(self, how):
        os.kill(self.pid, how)
        assert self.maker.stdout.readline() == "ended\n"

    def close(self):
        self.maker.stdin.close()
        self.maker.wait(60)
        self.maker.stdout.close()


@pytest.mark.slow
def test_after_fifty_kills_every_acknowledged_report_is_there_once(tmp_path, capsys):
    seed = random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)
    agents = prepare(tmp_path, AGENTS, CHECKS)
    collector = Collector(tmp_path)
    senders = [Sender(agent, first, collector.port, seed + i) for i, (agent, first) in enumerate(agents)]
    began = time.monotonic()

    async def acknowledged(enough):
        while sum(sender.acknowledged for sender in senders) < enough:  # noqa: ASYNC110 - any of six may be the one
            await asyncio.sleep(0.01)

    async def trouble():
        stop = asyncio.Event()
        sending = [asyncio.create_task(sender.run(stop)) for sender in senders]
        for _ in range(KILLS):
            await asyncio.to_thread(collector.start)
            before = sum(sender.acknowledged for sender in senders)
            if dice.random() < 0.8:
                # Most live to take something; the others may die while they still digest the journal.
                await acknowledged(before + 1)
            await asyncio.sleep(dice.uniform(0, 0.4))
            await asyncio.to_thread(collector.end, signal.SIGKILL)
        await asyncio.to_thread(collector.start)
        stop.set()
        await asyncio.gather(*sending)

    try:
        asyncio.run(trouble())
        with urllib.request.urlopen(f"http://127.0.0.1:{collector.port}/settle", timeout=180) as answer:
            settled = json.loads(answer.read())
        collector.end(signal.SIGINT)
    finally:
        collector.close()
    reports = sum(sender.acknowledged for sender in senders)
    with capsys.disabled():
        print(
            f"\nseed {seed}: {KILLS} kills in {time.monotonic() - began:.0f} s, {reports} reports acknowledged, "
            f"{sum(sender.sendings for sender in senders)} sendings"
        )
    assert settled["done"]
    for sender in senders:
        size = sender.acknowledged * RUNS * CHECKS
        [[received, _, missing]] = settled["accounts"][sender.agent]
        assert (received, missing) == (size, 0)
    check_spans(tmp_path, senders)
    check_samples(tmp_path, senders)


def check_spans(folder, senders):
    """Each check has one span, from its first result to its last."""
    state = State(folder / "state.db")
    with state.read() as connection:
        found = {
            row.check_id: row for row in connection.execute(sa.select(spans).where(spans.c.epoch == "epoch"))
        }
        count = connection.scalar(sa.select(sa.func.count()).where(spans.c.epoch == "epoch"))
    state.close()
    assert count == len(found) == AGENTS * CHECKS
    for sender in senders:
        for check in range(CHECKS):
            span = found[sender.first_check + check]
            assert (span.k_first, span.k_last) == (1, sender.acknowledged * RUNS)


def check_samples(folder, senders):
    """Every sample of every figure is in the file, in one row, with the value it was sent with."""
    state = State(folder / "state.db")
    with state.read() as connection:
        series = {
            row.id: (row.check_id, row.figure) for row in connection.execute(sa.text("SELECT * FROM series"))
        }
    state.close()
    with duckdb.connect(str(folder / "samples.duckdb"), read_only=True) as database:
        tables = [
            f"day_{day // 86_400_000}" for (day,) in database.execute("SELECT day FROM days").fetchall()
        ]
        rows = database.execute(
            " UNION ALL ".join(f"SELECT * FROM {table}" for table in ["hot", *tables])
        ).fetchall()
    found = sorted((*series[number], at, value) for number, at, value in rows)
    expected = sorted(
        (sender.first_check + check, figure, sender.start - 200_000 + run * 5 + check, run + check / 10)
        for sender in senders
        for run in range(sender.acknowledged * RUNS)
        for check in range(CHECKS)
        for figure in FIGURES
    )
    assert len(found) == len(expected)
    assert found == expected
