"""Ingest: samples a second and CPU-seconds per million samples, from request to sample store, beside VictoriaMetrics.

Both get the same figures of the same checks at the same times over kept HTTP connections from this process, whose own
time does not count. Ours is the whole centre with its watch, acknowledges when a report is on disk, folds every result
into spans, and is measured until every sample is in DuckDB. VictoriaMetrics acknowledges from memory and is
measured until its rows are on disk. It gets Influx lines, plain (which costs it less than gzip), in two ways: a line
for each sample, as samples of different series come; and a line for each result with all its figures as fields, which
only a sender can do that knows what belongs together, and which is the cheapest there is for it.
"""

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _ingest_server import CHECKS, SECRET
from _load import bursts, cpu_seconds, quantile, request, stream

from core import wire
from core.clock import SystemClock
from core.compress import deflate
from lab.victoria import VICTORIA, victoria_metrics

ICMP = (
    "loss_ratio",
    "rtt_min_seconds",
    "rtt_median_seconds",
    "rtt_mean_seconds",
    "rtt_max_seconds",
    "jitter_seconds",
    "duplicates",
)
RUN_MS = 5_000
LARGE, SMALL, BURST = "16 x 1000", "188 x 40", "burst of 188"
SAMPLES_A_RUN = CHECKS // 2 * (len(ICMP) + 1)
"""All checks of an agent once: 40 samples."""
LIFE = wire.Life(started_at=0, booted_at=0, boot_id="b", clean_shutdown=True, version="bench")
HEALTH = wire.Health(rss_bytes=25 << 20, cpu_seconds=1.0, outbox_bytes=1 << 20, oldest_at=None)


def figures_of(check: int, dice: random.Random) -> dict[str, float]:
    if check >= CHECKS // 2:
        return {"connect_seconds": round(dice.uniform(0.001, 0.04), 6)}
    low = round(dice.uniform(0.001, 0.04), 6)
    values = (0.0, low, round(low * 1.1, 6), round(low * 1.2, 6), round(low * 1.9, 6), round(low / 9, 6), 0.0)
    return dict(zip(ICMP, values, strict=True))


@dataclass
class Place:
    """How far one agent has come. Its time runs from `start` on, a run of its checks each RUN_MS."""

    start: int
    seq: int = 0
    run: int = 0


def our_request(agent: str, first_check: int, place: Place, runs: int, dice: random.Random) -> bytes:
    size, first_run, base = runs * CHECKS, place.run, place.start
    columns: dict[str, wire.Column] = {}
    for row in range(size):
        for name, value in figures_of(row % CHECKS, dice).items():
            column = columns.setdefault(name, wire.Column([], []))
            column.row.append(row)
            column.value.append(value)
    results = wire.Results.of(
        n=list(range(first_run * CHECKS + 1, (first_run + runs) * CHECKS + 1)),
        check=[first_check + row % CHECKS for row in range(size)],
        k=[first_run + row // CHECKS + 1 for row in range(size)],
        at=[base + (first_run + row // CHECKS) * RUN_MS + row % CHECKS for row in range(size)],
        status=["up"] * size,
        reason=[""] * size,
    )
    produced = (first_run + runs) * CHECKS
    counters = wire.Counters(produced=produced, dropped=0, waiting=0, thinned=0, skipped=0)
    header = wire.Header(agent, "bench", place.seq, base, 3, LIFE, counters, HEALTH)
    body = deflate(wire.encode(wire.Report(header, results, wire.gathered(columns))))
    headers = {
        "Authorization": f"Bearer {agent}.{SECRET}",
        "Content-Encoding": "zstd",
        "Content-Type": "application/json",
    }
    return request("/api/v1/reports", body, headers)


def their_request(first_check: int, place: Place, runs: int, dice: random.Random, joined: bool) -> bytes:
    lines = []
    for row in range(runs * CHECKS):
        at = place.start + (place.run + row // CHECKS) * RUN_MS + row % CHECKS
        fields = [f"{name}={value}" for name, value in figures_of(row % CHECKS, dice).items()]
        parts = [",".join(fields)] if joined else fields
        lines += [f"nhip,check={first_check + row % CHECKS} {part} {at}" for part in parts]
    return request("/api/v2/write?precision=ms", "\n".join(lines).encode(), {})


def ask(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=120) as answer:
        data: bytes = answer.read()
        return data


class Ours:
    name = "nhip"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("_ingest_server.py"), folder],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.port: int = said["port"]
        self.agents: list[tuple[str, str, int]] = said["agents"]
        self.pid = self.process.pid

    def make(self, agent: int, place: Place, runs: int, dice: random.Random) -> bytes:
        return our_request(self.agents[agent][1], self.agents[agent][2], place, runs, dice)

    def settle(self) -> int:
        return int(json.loads(ask(f"http://127.0.0.1:{self.port}/settle"))["samples_total"])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


class Theirs:
    """VictoriaMetrics; `joined`: the figures of a result are fields of one line."""

    def __init__(self, folder: Path, joined: bool) -> None:
        self.name = f"victoria-metrics, a line a {'result' if joined else 'sample'}"
        self._joined = joined
        self._running = victoria_metrics(folder)
        server = self._running.__enter__()
        self.url, self.pid = server.url, server.pid
        self.port = int(self.url.rpartition(":")[2])

    def make(self, agent: int, place: Place, runs: int, dice: random.Random) -> bytes:
        return their_request(1_000 + agent * CHECKS, place, runs, dice, self._joined)

    def settle(self) -> int:
        ask(f"{self.url}/internal/force_flush")
        time.sleep(6)  # its in-memory parts go to disk each five seconds
        lines = ask(f"{self.url}/metrics").decode().splitlines()
        return sum(
            int(line.split()[1]) for line in lines if line.startswith('vm_rows_inserted_total{type="influx"}')
        )

    def stop(self) -> None:
        self._running.__exit__(None, None, None)


class Bench:
    """Both kinds of measurement of one side; its agents go on from one to the next."""

    def __init__(self, side: Ours | Theirs) -> None:
        start = SystemClock().now() - 7 * 86_400_000
        self.side = side
        self.places = [Place(start) for _ in range(188)]
        self.dice = random.Random(1)

    def work(self, agents: int, reports: int, runs: int) -> list[list[bytes]]:
        return [[self.next(agent, runs) for _ in range(reports)] for agent in range(agents)]

    def next(self, agent: int, runs: int) -> bytes:
        place = self.places[agent]
        place.seq += 1
        made = self.side.make(agent, place, runs, self.dice)
        place.run += runs
        return made

    def throughput(self, agents: int, runs: int, samples: int) -> dict[str, float]:
        """About `samples` samples, `runs` runs of all checks in a report, each agent as fast as it is answered."""
        reports = max(2, samples // (agents * runs * SAMPLES_A_RUN))
        work, pid = self.work(agents, reports, runs), self.side.pid
        before, cpu = self.side.settle(), cpu_seconds(pid)
        took = asyncio.run(stream(self.side.port, work))
        sent = agents * reports * runs * SAMPLES_A_RUN
        stored = self.side.settle() - before
        if stored != sent:
            raise AssertionError(f"{self.side.name} stored {stored} samples of {sent}")
        return {"samples_per_s": sent / took, "cpu_per_million": (cpu_seconds(pid) - cpu) / sent * 1e6}

    def burst(self, rounds: int) -> dict[str, float]:
        """188 agents with 40 samples each at the same instant, `rounds` times."""
        took = asyncio.run(bursts(self.side.port, self.work(188, rounds, 1), 0.4))
        return {
            "p50_ms": quantile(took, 0.5) * 1e3,
            "p99_ms": quantile(took, 0.99) * 1e3,
            "max_ms": max(took) * 1e3,
        }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--samples", type=int, default=2_000_000, help="samples in each measurement")
    arguments.add_argument("--rounds", type=int, default=25, help="bursts of 188 reports")
    chosen = arguments.parse_args()
    if VICTORIA is None:
        print("victoria-metrics is not installed: nothing to compare with")
        return
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        makers: list[Callable[[], Ours | Theirs]] = [
            lambda: Theirs(Path(folder) / "samples", joined=False),
            lambda: Ours(Path(folder) / "nhip"),
            lambda: Theirs(Path(folder) / "results", joined=True),
        ]
        for make_side in makers:
            side = make_side()
            try:
                bench = Bench(side)
                bench.throughput(188, 3, 50_000)  # warm: series made, code paths taken
                found[side.name] = {
                    LARGE: bench.throughput(16, 25, chosen.samples),
                    SMALL: bench.throughput(188, 1, chosen.samples),
                    BURST: bench.burst(chosen.rounds),
                }
            finally:
                side.stop()
    print(
        f"{'':34}{'load':>14}{'samples/s':>12}{'CPU-s/million':>15}{'ack p50 ms':>12}{'p99 ms':>9}{'max ms':>9}"
    )
    for name, loads in found.items():
        for load, figures in loads.items():
            cells = [
                figures.get(key) for key in ("samples_per_s", "cpu_per_million", "p50_ms", "p99_ms", "max_ms")
            ]
            widths, digits = (12, 15, 12, 9, 9), (0, 2, 1, 1, 1)
            line = "".join(
                f"{'' if cell is None else format(cell, f',.{digit}f'):>{width}}"
                for cell, width, digit in zip(cells, widths, digits, strict=True)
            )
            print(f"{name:34}{load:>14}{line}")
    samples, ours, results = found.values()
    result = {}
    for load, key in ((LARGE, "16x1000"), (SMALL, "188x40")):
        cpu = ours[load]["cpu_per_million"]
        result[f"cpu_ratio_{key}"] = cpu / samples[load]["cpu_per_million"]
        result[f"cpu_ratio_{key}_to_joined_lines"] = cpu / results[load]["cpu_per_million"]
        result[f"cpu_s_per_million_{key}"] = cpu
        result[f"samples_per_s_{key}"] = ours[load]["samples_per_s"]
    result |= {f"ack_{key}_188": ours[BURST][key] for key in ("p50_ms", "p99_ms")}
    print("RESULT", json.dumps({key: round(value, 3) for key, value in result.items()}))


if __name__ == "__main__":
    main()
