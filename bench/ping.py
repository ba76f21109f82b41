"""Our ICMP engine beside fping: the same targets, the same number of requests at the same pace, in the same run.

    .venv/bin/python bench/ping.py [--rounds N] [--quick]

Three parts, the tools in turn, CPU (user + system) taken from the kernel's account of each process:
loopback, where every target answers; a relay of 20 ms and 5 % loss between two namespaces, whose own count of what
it dropped is the truth (its CPU is not counted); and our round-trip times against what the kernel saw pass on the device.
Needs root and fping. The best run counts, for either tool, out of equally many.

What is counted. Ours: bursts one after the other in one process, as in an agent; its start is not charged, nor, where a
round has several bursts, is being the first (shown as `first`). fping: one process for each, as only that gives
figures for a round, so `ratio` charges its start; `no start` is the ratio with neither start. A start is
what fping takes for one request to one target. Both tools send each target a request every period and as many per
second; fping spaces them out evenly, with a wake-up for each, while ours may send 20 ms' worth of requests at once.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from agents.icmp.engine import Engine  # noqa: E402 - found through the line above
from lab.netns import inside  # noqa: E402
from lab.relay import Relay  # noqa: E402

COUNT = 5
PACE = {"loopback": 25_000, "relay": 5_000}
"""Requests per second; a relay in user space carries no more on a small machine without a queue of its own."""
SIZES = (10, 200, 1_000, 5_000)
WAIT_S = 1.0
REPEAT = {10: 6, 200: 4}
"""Bursts per round where one is short; 1 for other sizes."""


@dataclass(frozen=True)
class Run:
    """What one tool used and found: CPU seconds per 1,000 requests, replies missing, wall seconds."""

    cpu: float
    lost: int
    wall: float


def targets_on(network: str, size: int) -> list[str]:
    return [f"{network}.{n // 250}.{n % 250 + 1}" for n in range(size)]


def spacing_for(size: int, pace: int) -> float:
    """Seconds between two requests to one target, so that both tools keep the pace evenly."""
    return max(0.02, size / pace)


def ours(targets: Sequence[str], pace: int) -> list[Run]:
    """The engine in a fresh interpreter; what it takes to start one is not charged (an agent starts once)."""
    job = json.dumps({"targets": targets, "pace": pace, "bursts": REPEAT.get(len(targets), 1)})
    command = [sys.executable, str(Path(__file__)), "--child"]
    done = subprocess.run(command, input=job, capture_output=True, text=True, check=True)
    return [Run(**run) for run in json.loads(done.stdout)]


def child() -> None:
    job = json.load(sys.stdin)
    addresses = [(target, 0) for target in job["targets"]]
    spacing = spacing_for(len(addresses), job["pace"])

    async def burst(engine: Engine) -> Run:
        before, began = own_cpu(), time.perf_counter()
        bursts = await engine.bursts(addresses, count=COUNT, spacing=spacing, wait=WAIT_S)
        lost = sum(rtt is None for found in bursts for rtt in found.rtts)
        used, wall = own_cpu() - before, time.perf_counter() - began
        return Run(used / (len(addresses) * COUNT) * 1_000, lost, wall)

    async def all_bursts() -> list[Run]:
        engine = Engine(packets_per_s=job["pace"])
        runs = [await burst(engine) for _ in range(job["bursts"])]
        engine.close()
        return runs

    print(json.dumps([asdict(run) for run in asyncio.run(all_bursts())]))


def own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def fping(targets: Sequence[str], pace: int) -> list[Run]:
    return [fping_once(targets, pace) for _ in range(REPEAT.get(len(targets), 1))]


def fping_once(targets: Sequence[str], pace: int, count: int = COUNT) -> Run:
    period_ms = spacing_for(len(targets), pace) * 1_000
    command = [
        "fping",
        "-q",
        f"-c{count}",
        f"-i{1_000 / pace:g}",
        f"-p{period_ms:g}",
        f"-t{WAIT_S * 1_000:g}",
    ]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, input="\n".join(targets), capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    counts = re.findall(r"xmt/rcv/%loss = (\d+)/(\d+)/", done.stderr)
    if len(counts) != len(targets):
        raise SystemExit(f"fping said: {done.stderr[-300:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lost = sum(int(sent) - int(got) for sent, got in counts)
    return Run(used / (len(targets) * count) * 1_000, lost, wall)


def start_of_fping() -> float:
    """CPU seconds of a run that has one packet to send: hardly more than the process."""
    return min(fping_once(["127.0.0.1"], PACE["loopback"], 1).cpu for _ in range(20)) / 1_000


@contextmanager
def relay() -> Iterator[tuple[str, Callable[[], dict[str, dict[str, int]]]]]:
    """A namespace from which 10.64.0.0/16 answers over 20 ms there and back, 5 % of requests lost; and the counts."""
    near, far = (f"nhip-bench-{uuid4().hex[:8]}" for _ in range(2))
    try:
        for name in (near, far):
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        with Relay.between(near, far, delay_ms=10) as line:
            line.set(way="ab", loss=0.05)
            subprocess.run(["ip", "-n", near, "route", "add", "10.64.0.0/16", "dev", "wan"], check=True)
            subprocess.run(
                ["ip", "-n", far, "route", "add", "local", "10.64.0.0/16", "dev", "lo"], check=True
            )
            yield near, line.counts
    finally:
        for name in (near, far):
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def dropped(counts: dict[str, dict[str, int]]) -> int:
    """Packets that never arrived, both ways, by the relay's and the devices' own account."""
    fates = ("lost", "cut", "overflowed", "failed", "overrun")
    return sum(way[fate] for way in counts.values() for fate in fates)


def bias() -> float:
    """Median of our round-trip time less that between the kernel's stamps of request and reply on `lo`, in seconds."""
    targets = targets_on("127.7", 200)

    async def run() -> float:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as tap:
            tap.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
            tap.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
            tap.bind(("lo", 0x0800))
            tap.setblocking(False)
            engine = Engine(packets_per_s=2_000)
            bursts = await engine.bursts([(target, 0) for target in targets], count=COUNT, spacing=0.1)
            engine.close()
            seen = stamps(tap)
        errors = []
        for target, burst in zip(targets, bursts, strict=True):
            pairs = zip(sorted(seen[target, 8].items()), burst.rtts, strict=True)
            for (key, sent), rtt in pairs:
                if rtt is not None and key in seen[target, 0]:
                    errors.append(rtt - (seen[target, 0][key] - sent) / 1e9)
        return statistics.median(errors)

    return asyncio.run(run())


def stamps(tap: socket.socket) -> dict[tuple[str, int], dict[bytes, int]]:
    """By target and ICMP type: when the kernel saw each message, by (time of the request, token)."""
    seen: dict[tuple[str, int], dict[bytes, int]] = {}
    while True:
        try:
            packet, extra, _, _ = tap.recvmsg(256, 64)
        except BlockingIOError:
            return seen
        at = packet[0] % 16 * 4
        if packet[9] != 1 or packet[at] not in (0, 8):
            continue
        kind = packet[at]
        target = socket.inet_ntoa(packet[16:20] if kind == 8 else packet[12:16])
        seconds, nanoseconds = struct.unpack("@ll", extra[0][2])
        # `lo` shows each packet twice, out and in; the first is when it left, and for a reply when it arrived.
        seen.setdefault((target, kind), {}).setdefault(
            packet[at + 6 : at + 16], seconds * 10**9 + nanoseconds
        )


def show(
    where: str, size: int, mine: Sequence[Run], theirs: Sequence[Run], start: float, note: str = ""
) -> dict[str, float]:
    """Print a line of the table; the ratios, with fping's start and without."""
    our, their = best(mine), best(theirs)
    without = their.cpu - start / (size * COUNT) * 1_000
    ratio, no_start = our.cpu / their.cpu, our.cpu / without
    print(
        f"{where:<9} {size:>6} {mine[0].cpu:>9.4f} {our.cpu:>9.4f} {their.cpu:>9.4f} {ratio:>6.2f} {no_start:>8.2f} "
        f"{our.lost:>6} {their.lost:>6} {our.wall:>7.2f} {their.wall:>7.2f}  {note}",
        flush=True,
    )
    name = f"{where}_{size}_cpu_ratio"
    return {name: round(ratio, 3), f"{name}_no_start": round(no_start, 3)}


def best(runs: Sequence[Run]) -> Run:
    return min(runs, key=lambda run: run.cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="up to 1,000 targets only")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child()
        return
    if os.geteuid() != 0 or not shutil.which("fping"):
        print("skipped: needs root and fping")
        print("RESULT " + json.dumps({"bench": "ping", "skipped": True}))
        return
    sizes = [size for size in SIZES if not options.quick or size <= 1_000]
    start = start_of_fping()
    result: dict[str, object] = {"bench": "ping", "fping_start_ms": round(start * 1_000, 2)}
    print("CPU seconds per 1,000 requests, replies missing, wall seconds")
    print(f"a start of fping: {start * 1_000:.2f} ms of CPU")
    print(
        f"{'where':<9} {'hosts':>6} {'first':>9} {'ours':>9} {'fping':>9} {'ratio':>6} {'no start':>8} "
        f"{'lost':>6} {'fping':>6} {'wall':>7} {'fping':>7}"
    )
    lost = 0
    for size in sizes:
        targets = targets_on("127.0", size)
        mine: list[Run] = []
        theirs: list[Run] = []
        for _ in range(options.rounds):
            mine += ours(targets, PACE["loopback"])
            theirs += fping(targets, PACE["loopback"])
        lost += sum(run.lost for run in mine)
        result.update(show("loopback", size, mine, theirs, start))
    result["loopback_lost"] = lost
    result.update(over_relay(sizes, options.rounds, start))
    result["bias_us"] = round(bias() * 1e6, 1)
    print(f"bias of our round-trip times against the kernel's stamps: {result['bias_us']} µs (median)")
    print("RESULT " + json.dumps(result))


def over_relay(sizes: Sequence[int], rounds: int, start: float) -> dict[str, object]:
    found: dict[str, object] = {}
    unexplained = 0
    with relay() as (near, counts):
        for size in sizes:
            targets = targets_on("10.64", size)
            mine: list[Run] = []
            theirs: list[Run] = []
            true = missed = 0
            for _ in range(rounds):
                before = dropped(counts())
                with inside(near):
                    runs = ours(targets, PACE["relay"])
                true, missed = dropped(counts()) - before, sum(run.lost for run in runs)
                unexplained += abs(missed - true)
                with inside(near):
                    theirs += fping(targets, PACE["relay"])
                mine += runs
            note = f"last round: dropped {true}, we missed {missed}"
            found.update(show("relay", size, mine, theirs, start, note))
    found["relay_loss_unexplained"] = unexplained
    return found


if __name__ == "__main__":
    main()
