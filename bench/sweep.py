"""A LAN of fifty real machines swept by ours and by Debian's arp-scan, in turn, behind the same line that loses 5 % of frames each way.

Half of the machines speak IPv4 only; every one is a network namespace that answers with its kernel. Traffic is what
the line counted, of whole Ethernet frames, also of what the system itself answers. Printed: machines that were found, in what time,
what was sent, and what it cost in CPU and memory.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support_lan import NETWORK, Lan, lan  # noqa: E402 - found by the lines above

MACHINES = 50
LOSS = 0.05
LEAST_FRAME, CHECK_BYTES, ARP_BYTES = 60, 4, 42


@dataclass(frozen=True, slots=True)
class Run:
    """`seconds` of the whole program; `asking_s` until it had asked and waited."""

    found: int
    asking_s: float
    seconds: float
    bits: int
    cpu_s: float

    @property
    def kbps(self) -> float:
        return self.bits / self.seconds / 1_000


def ours(office: Lan, loss: float) -> Run:
    def ask() -> tuple[int, float | None]:
        found = office.sweep()
        here = {a for each in found["sightings"] for a in each.get("addresses", ())}
        return len(here & set(office.machines.values())), found["counts"]["asking_seconds"]

    return measured(office, loss, ask)


def arp_scan(office: Lan, loss: float, *options: str) -> Run:
    def ask() -> tuple[int, float | None]:
        command = ["ip", "netns", "exec", office.agent, "arp-scan", "-I", "eth0", "-q", "-x", *options]
        done = subprocess.run([*command, f"{NETWORK}.0/24"], capture_output=True, text=True, check=True)
        here = {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
        return len(here & set(office.machines.values())), None

    return measured(office, loss, ask)


def measured(office: Lan, loss: float, ask: Callable[[], tuple[int, float | None]]) -> Run:
    office.lose(loss)
    before, spent, began = office.counts(), resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    found, asking = ask()
    seconds = time.perf_counter() - began
    after, used = office.counts(), resource.getrusage(resource.RUSAGE_CHILDREN)
    frames, passed = (after[name] - before[name] for name in ("entered", "forwarded"))
    longer = after["forwarded_bytes"] - before["forwarded_bytes"] - ARP_BYTES * passed
    bits = 8 * (frames * (LEAST_FRAME + CHECK_BYTES) + longer)
    cpu = used.ru_utime + used.ru_stime - spent.ru_utime - spent.ru_stime
    return Run(found, asking or seconds, seconds, bits, cpu)


def show(name: str, runs: Sequence[Run]) -> dict[str, object]:
    all_found = sum(run.found == MACHINES for run in runs)
    worst = max(runs, key=lambda run: run.asking_s)
    mean = {
        key: sum(getattr(run, key) for run in runs) / len(runs) for key in ("found", "bits", "cpu_s", "kbps")
    }
    print(
        f"{name:<26} {all_found:>3}/{len(runs):<3} {mean['found']:>6.2f} {worst.asking_s:>8.1f} {worst.seconds:>8.1f} "
        f"{mean['bits'] / 1_000:>8.0f} {mean['kbps']:>8.1f} {mean['cpu_s']:>7.2f}",
        flush=True,
    )
    kept = {key: round(value, 3) for key, value in mean.items()}
    return {**kept, "all_found": all_found, "runs": len(runs), "asking_s": round(worst.asking_s, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("arp-scan"):
        print("skipped: needs root and arp-scan")
        print("RESULT " + json.dumps({"bench": "sweep", "skipped": True}))
        return
    result: dict[str, object] = {"bench": "sweep"}
    print(f"{MACHINES} machines in a /24, {given.rounds} rounds each; traffic of whole Ethernet frames")
    print(
        f"{'':<26} {'all':>7} {'found':>6} {'asked, s':>8} {'whole, s':>8} {'kbit':>8} {'kbit/s':>8} {'CPU s':>7}"
    )
    with lan(MACHINES, without_ipv6=MACHINES // 2, seed=3) as office:
        for loss in (LOSS, 0.0):
            runs: dict[str, list[Run]] = {"nhip": [], "arp-scan": [], "arp-scan -r 5 -B 60000": []}
            for _ in range(given.rounds):
                runs["nhip"].append(ours(office, loss))
                runs["arp-scan"].append(arp_scan(office, loss))
                runs["arp-scan -r 5 -B 60000"].append(arp_scan(office, loss, "-r", "5", "-B", "60000"))
            print(f"loss of {loss:.0%} each way")
            for name, each in runs.items():
                result[f"{name}, {loss:.0%}"] = show(name, each)
    print(
        f"largest child: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB resident, gone afterwards"
    )
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
