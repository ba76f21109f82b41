"""What changed in a province of 20,000 machines since a month, half a year and two years: how long it takes to keep, and to tell.

Each machine is heard once a month for two years: most months a program or two in another version, now and then one that came or
went, a disk, a module of memory, a new system. First all of it is followed from nothing, as after an update of the centre; then what
is asked most is timed as the page asks it, the median of ROUNDS. Beside it what the same costs when contents are held against each other at each
question: SAMPLE machines are, and their time is multiplied. Making the inventories is not measured.
"""

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from collector.ingest import GC_THRESHOLDS
from inventory.differences.keeper import refresh
from inventory.differences.reads import changed
from inventory.differences.tables import machine_notes, machine_updates
from inventory.machines.reads import Machines
from inventory.machines.store import Told, take_all
from inventory.machines.tables import machine_versions
from inventory.state import State

BEGAN, DAY = 1_730_000_000_000, 86_400_000
MONTH, GROUP, SAMPLE = 30 * DAY, 64, 200
PROGRAMS = 60
RARE = 2_000
"""Programs of which a machine has few."""


class Machine:
    """One PC over the months."""

    def __init__(self, number: int) -> None:
        self.number, self.dice = number, random.Random(number)
        self.unit = f"{number % 188:05}"
        self.modules = [self.dice.choice([4096, 8192])] * self.dice.choice([1, 2, 2])
        self.disk, self.system = 0, "Microsoft Windows 10 Pro"
        self.versions = {f"Phần mềm cơ quan {n}": 1 for n in range(PROGRAMS)}

    def next_month(self) -> None:
        dice = self.dice
        for name in dice.sample(sorted(self.versions), 3):
            self.versions[name] += 1
        if dice.random() < 0.3:
            self.versions[f"Chương trình {int(dice.paretovariate(0.4)) % RARE}"] = 1
        if dice.random() < 0.1:
            del self.versions[dice.choice(sorted(self.versions))]
        if dice.random() < 0.005 and len(self.modules) > 1:
            self.modules.pop()
        self.disk += dice.random() < 0.01
        if dice.random() < 0.02:
            self.system = "Microsoft Windows 11 Pro"

    def document(self) -> bytes:
        n = self.number
        content = {
            "bios": {"ssn": f"SN{n:07}", "msn": f"BD{n:07}", "smanufacturer": "Dell Inc.", "smodel": "OptiPlex 3080"},
            "hardware": {"name": f"PC-{n:05}", "memory": sum(self.modules), "uuid": f"4C4C4544-{n >> 16:04X}-{n & 65535:04X}-8000-C2C04F503732"},
            "operatingsystem": {"full_name": self.system},
            "networks": [{"description": "eth", "mac": f"3c:52:82:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"}],
            "memories": [{"capacity": size, "numslots": slot} for slot, size in enumerate(self.modules)],
            "storages": [{"model": "KIOXIA KBG40", "serial": f"KX{n:06}{self.disk}", "disksize": 256_060, "type": "disk"}],
            "softwares": [{"name": f"{name} {version}.0", "version": f"{version}.0", "arch": "x86_64"} for name, version in self.versions.items()],
        }  # fmt: skip
        return json.dumps({"deviceid": f"pc-{n:05}", "itemtype": "Computer", "content": content}).encode()


def fill(state: State, count: int, months: int) -> int:
    machines = [Machine(number) for number in range(count)]
    for month in range(months):
        reports = []
        for each in machines:
            reports.append(Told(each.unit, BEGAN + month * MONTH + each.number % 28 * DAY, each.document()))
            each.next_month()
        for start in range(0, count, GROUP):
            with state.write() as connection:
                take_all(connection, reports[start : start + GROUP])
    with state.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(machine_versions)) or 0


def timed(asked: Callable[[], int], rounds: int) -> tuple[float, float, int]:
    times, found = [], 0
    for _ in range(rounds):
        start = time.perf_counter()
        found = asked()
        times.append(time.perf_counter() - start)
    return statistics.median(times), max(times), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    wants = parser.parse_args()
    gc.set_threshold(*GC_THRESHOLDS)  # as the centre does
    with tempfile.TemporaryDirectory(prefix="nhip-bench-") as folder:
        state = State(Path(folder) / "state.db")
        state.create_all()
        versions = fill(state, wants.machines, wants.months)
        machines = Machines(state)
        names = machines.names_of_faces()
        began, used = time.perf_counter(), time.process_time()
        refresh(state, names)
        took, cpu = time.perf_counter() - began, time.process_time() - used
        with state.read() as connection:
            counts = [
                connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in (machine_notes, machine_updates)
            ]
        print(f"{versions} versions followed in {took:.0f} s ({versions / took:.0f} a second, {1000 * cpu / versions:.2f} ms of CPU each): {counts[0]} notes, {counts[1]} updates")  # fmt: skip
        nothing = timed(lambda: refresh(state, names), wants.rounds)
        print(f"nothing new: {1000 * nothing[0]:.0f} ms")
        units = {f"{n:05}" for n in range(188)}
        end = BEGAN + wants.months * MONTH
        dice = random.Random(1)
        print("| since | kept: s | worst | lines | contents, at each question: s |")
        print("|---|---|---|---|---|")
        for title, back in (("a month", 1), ("half a year", 6), ("two years", wants.months - 1)):
            at = end - back * MONTH
            median, worst, found = timed(
                lambda at=at: len(changed(state, machines, at).lines(units)), wants.rounds
            )  # type: ignore[misc]
            some = dice.sample(sorted(set(names.values())), min(SAMPLE, wants.machines))
            start = time.perf_counter()
            for name in some:
                machines.changed_since(name, at)
            each = (time.perf_counter() - start) / len(some)
            print(f"| {title} | {median:.2f} | {worst:.2f} | {found} | {each * wants.machines:.0f} |")
        state.close()


if __name__ == "__main__":
    main()
