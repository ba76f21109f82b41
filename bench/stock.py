"""Taking stock of a province of 20,000 machines and of one unit of it, as a word of a technician's has it done.

Machines as `bench/search.py` has them, in 188 units; sweeps hear each of them and ten printers in each unit. Nothing new is heard between: what is
timed is what follows at each taking. Prints the median and the worst of ROUNDS, in ms.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from search import AT, fill

from core.wire import Document
from inventory.lan.store import store_lan
from inventory.machines.reads import Machines
from inventory.state import State
from inventory.stock import take_stock

UNITS = 188


def sweep(state: State, unit: int, machines: int) -> None:
    macs = [f"3c:52:82:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}" for n in range(unit, machines, UNITS)]  # fmt: skip
    macs += [f"00:1b:a9:00:{unit:02x}:{n:02x}" for n in range(10)]
    heard = [{"mac": mac, "kinds": [], "names": [], "addresses": []} for mac in macs]
    with state.write() as connection:
        document = Document("lan", AT, {"sightings": heard})
        store_lan(connection, unit=f"{unit:05}", document=document, received_at=AT)


def timed(state: State, machines: Machines, only: Collection[str] | None, rounds: int) -> list[float]:
    times = []
    for number in range(rounds):
        began = time.perf_counter()
        take_stock(state, machines, (), AT + number, only)
        times.append((time.perf_counter() - began) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state.db")
        state.create_all()
        fill(state, wanted.machines)
        for unit in range(UNITS):
            sweep(state, unit, wanted.machines)
        machines = Machines(state)
        take_stock(state, machines, (), AT)
        for name, only in (("all units", None), ("one unit", {"00007"})):
            times = timed(state, machines, only, wanted.rounds)
            print(f"{name}: {statistics.median(times):.0f} ms, at worst {max(times):.0f}")
        state.close()


if __name__ == "__main__":
    main()
