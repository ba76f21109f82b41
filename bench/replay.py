"""Late evidence: three hours without a line, then everything that was measured meanwhile at once.

The whole centre, with its watch and DuckDB, whose clock was moved over three hours in which one unit, or all 188, were
cut off; their agents went on measuring (10 checks each 5 s: 21,600 results and 86,400 samples each). Then they send it as fast
as they are answered, and each second 20 of them send what they measure now. Measured: until every report is
acknowledged, until the verdicts are final, how often they were changed, and how soon new results are acknowledged
meanwhile. There is no peer in this bench: the others that we know throw late results away or file them under the
time at which they came.
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
from pathlib import Path

from _ingest_server import CHECKS, SECRET
from _load import Client, quantile, request
from ingest import HEALTH, LIFE, figures_of

from core import wire
from core.compress import deflate

RUN_MS = 5_000
RUNS_A_REPORT = 2_000 // CHECKS
GATEWAY = 0
FRESH_AGENTS = 20
REPLAY_OF_ONE_S, REPLAY_OF_ALL_S = 2.0, 60.0


class Centre:
    def __init__(self, folder: Path, alone: bool) -> None:
        folder.mkdir()
        unit = "11950" if alone else ""
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("_replay_server.py"), folder, unit],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.port: int = said["port"]
        self.agents: list[tuple[str, str, int]] = [
            agent for agent in said["agents"] if not alone or agent[0] == unit
        ]

    def ask(self, path: str) -> dict[str, object]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=300) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def body(
    agent: tuple[str, str, int],
    seq: int,
    epoch: str,
    first_run: int,
    times: list[int],
    left: int,
    *,
    cut: bool,
) -> bytes:
    """A report of one run of all checks at each of `times`, with `left` results waiting behind it."""
    _, name, first_check = agent
    dice = random.Random(seq)
    rows = [(run, check) for run in range(len(times)) for check in range(CHECKS)]
    down = [cut and check != GATEWAY for _, check in rows]
    columns: dict[str, wire.Column] = {}
    for row, (_, check) in enumerate(rows):
        found = {"loss_ratio": 1.0} if down[row] else figures_of(check, dice)
        for figure, value in found.items():
            column = columns.setdefault(figure, wire.Column([], []))
            column.row.append(row)
            column.value.append(value)
    size, made = len(rows), first_run * CHECKS
    results = wire.Results.of(
        n=range(made + 1, made + size + 1),
        check=[first_check + check for _, check in rows],
        k=[first_run + run + 1 for run, _ in rows],
        at=[times[run] + check for run, check in rows],
        status=["down" if each else "up" for each in down],
        reason=["timeout" if each else "" for each in down],
    )
    health = wire.Health(HEALTH.rss_bytes, 1.0, 1 << 20, times[-1] + 1 if left else None)
    counters = wire.Counters(made + size + left, 0, left, 0, 0)
    header = wire.Header(name, epoch, seq, times[-1] + 1_000, 0, LIFE, counters, health)
    packed = deflate(wire.encode(wire.Report(header, results, wire.gathered(columns))))
    headers = {"Authorization": f"Bearer {name}.{SECRET}", "Content-Encoding": "zstd"}
    return request("/api/v1/reports", packed, headers)


def backlog(agent: tuple[str, str, int], start: int, end: int) -> list[bytes]:
    """Everything that was measured from `start` to `end`, oldest first, and one run after that, when the line is back."""
    times = list(range(start, end, RUN_MS))
    parts = [times[i : i + RUNS_A_REPORT] for i in range(0, len(times), RUNS_A_REPORT)]
    made, run = [], 0
    for seq, part in enumerate(parts, 1):
        run += len(part)
        left = (len(times) - run) * CHECKS
        made.append(body(agent, seq, "bench", run - len(part), part, left, cut=True))
    return [*made, body(agent, len(parts) + 1, "bench", run, [end], 0, cut=False)]


async def replay(centre: Centre, work: list[list[bytes]], now: int) -> dict[str, float]:
    clients = [Client(centre.port, reports) for reports in work]
    await asyncio.gather(*(client.open() for client in clients))
    fresh, stop = [], asyncio.Event()
    pacers = [
        asyncio.create_task(pace(centre, agent, now, fresh, stop)) for agent in centre.agents[:FRESH_AGENTS]
    ]
    units = {unit for unit, _, _ in centre.agents}
    began = time.perf_counter()
    sending = asyncio.gather(*(client.run() for client in clients))
    sent_after = final_after = 0.0
    while not final_after and time.perf_counter() - began < 10 * REPLAY_OF_ALL_S:
        if sending.done() and not sent_after:
            sending.result()
            sent_after = time.perf_counter() - began
        said = await asyncio.to_thread(centre.ask, "/verdicts")
        if sent_after and units <= set(said["final"]):  # type: ignore[call-overload]
            final_after = time.perf_counter() - began
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*pacers)
    for client in clients:
        client.close()
    return {
        "fresh": len(fresh),
        "sent_s": sent_after,
        "final_s": final_after,
        "fresh_p99_ms": quantile(fresh, 0.99) * 1e3,
        "fresh_max_ms": max(fresh) * 1e3,
    }


async def pace(
    centre: Centre, agent: tuple[str, str, int], now: int, took: list[float], stop: asyncio.Event
) -> None:
    """One run of new results each second, as its agent sends it ahead of the backlog."""
    client, seq = Client(centre.port, []), 0
    await client.open()
    while not stop.is_set():
        seq += 1
        one = body(agent, seq, "fresh", seq - 1, [now + seq * 1_000], 0, cut=False)
        await client.send(one)
        took.append(client.took[-1])
        await asyncio.sleep(1)
    client.close()


def run(folder: Path, *, alone: bool) -> dict[str, object]:
    centre = Centre(folder, alone)
    try:
        centre.ask("/beat")
        period = centre.ask("/cut")
        start, end = int(str(period["from"])), int(str(period["to"]))
        work = [backlog(agent, start, end) for agent in centre.agents]
        results = len(centre.agents) * (end - start) // RUN_MS * CHECKS
        found = asyncio.run(replay(centre, work, end))
        said, counts = centre.ask("/verdicts"), centre.ask("/settle")
        # Beside the backlog there is one run of each agent with its line back, and what was sent as new.
        wanted = results + (len(centre.agents) + int(found.pop("fresh"))) * CHECKS
        missing = wanted - int(float(str(counts["results_total"])))
        return {
            **found,
            "units": len(centre.agents),
            "results": results,
            "missing": missing,
            "causes": said["causes"],
            "changes": said["changes"],
            "outages": said["outages"],
        }
    finally:
        centre.stop()


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "one unit": run(Path(folder) / "one", alone=True),
            "all 188": run(Path(folder) / "all", alone=False),
        }
    print(
        f"{'':10}{'results':>12}{'missing':>9}{'sent after':>12}{'final after':>13}"
        f"{'new results p99':>17}{'max':>9}  outages, causes, changes"
    )
    for name, each in found.items():
        print(
            f"{name:10}{each['results']:>12,}{each['missing']:>9}{each['sent_s']:>10.2f} s{each['final_s']:>11.2f} s"
            f"{each['fresh_p99_ms']:>14.0f} ms{each['fresh_max_ms']:>6.0f} ms"
            f"  {each['outages']}, {each['causes']}, {each['changes']}"
        )
    one, everyone = found.values()
    result = {
        "final_s_one": one["final_s"],
        "final_s_188": everyone["final_s"],
        "kept_one": REPLAY_OF_ONE_S,
        "kept_188": REPLAY_OF_ALL_S,
        "missing": int(str(one["missing"])) + int(str(everyone["missing"])),
        "fresh_p99_ms_188": everyone["fresh_p99_ms"],
    }
    print("RESULT", json.dumps({key: round(float(str(value)), 3) for key, value in result.items()}))


if __name__ == "__main__":
    main()
