"""Searching 20,000 machines for anything: name, user, address, MAC, serial and asset number, with and without tone marks.

Ours as pages and API ask it, from the words to the first 50 machines with their facts. Beside it what SQL offers over the same words in the same store: LIKE
over the rows of the table, and FTS5 with trigrams, which finds nothing by fewer than three letters. These two give the keys of 50 rows and no more. Each query
in turn, ROUNDS times. Prints the median and the worst in ms, and how many rows each found.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from inventory.census.keeper import refresh
from inventory.census.lists import search
from inventory.census.tables import machine_facts
from inventory.census.words import wanted
from inventory.machines.reads import Machines
from inventory.machines.store import Told, take_all
from inventory.state import State

AT, LIMIT, GROUP = 1_790_000_000_000, 50, 64
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ")
MIDDLES = ("Văn", "Thị", "Minh", "Thu", "Ngọc", "Quang", "Hồng", "Đức")
GIVEN = (
    "An",
    "Bình",
    "Chi",
    "Dũng",
    "Hà",
    "Hương",
    "Lan",
    "Long",
    "Nga",
    "Phương",
    "Sơn",
    "Thảo",
    "Tuấn",
    "Yến",
)
QUERIES = {
    "name": "PC-12345",
    "a user, no marks": "nguyen thi huong",
    "a user, in full": "Đặng Đức Sơn",
    "address": "10.33.48.57",
    "MAC": "3C-52-82-00-30-39",
    "MAC of a switch": "3c52.8200.3039",
    "serial": "SN0012345",
    "asset number": "TS-0012345",
    "two letters": "ha",
    "in all of them": "pc-",
    "in none": "khong-co-may-nao",
}


def inventories(number: int) -> Iterator[bytes]:
    """A PC's, and for one in ten that of a second agent; little software, which nobody searches here."""
    dice = random.Random(number)
    user = f"{dice.choice(FAMILIES)} {dice.choice(MIDDLES)} {dice.choice(GIVEN)}"
    content = {
        "bios": {"ssn": f"SN{number:07}", "msn": f"BD{number:07}", "assettag": f"TS-{number:07}", "smanufacturer": "Dell Inc.", "smodel": dice.choice(["OptiPlex 3080", "Vostro 3681", "ThinkCentre M70s"])},
        "hardware": {"name": f"PC-{number:05}", "memory": 8192, "uuid": f"4C4C4544-{number >> 16:04X}-{number & 65535:04X}-8000-C2C04F503732", "lastloggeduser": user, "workgroup": "HUNGYEN"},
        "operatingsystem": {"full_name": "Microsoft Windows 10 Pro"},
        "networks": [{"description": "eth", "mac": f"3c:52:82:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}", "ipaddress": f"10.33.{number >> 8 & 255}.{number & 255}"}],
        "storages": [{"name": "disk0", "serial": f"WD-{number:010}"}],
        "monitors": [{"serial": f"MON{number:08}"}],
    }  # fmt: skip
    for agent in ("glpi", "ocs")[: 2 if number % 10 == 0 else 1]:
        document = {"deviceid": f"{agent}-{number:05}", "itemtype": "Computer", "content": content}
        yield json.dumps(document).encode()


def fill(state: State, machines: int) -> None:
    reports = [
        Told(f"{number % 188:05}", AT, plain) for number in range(machines) for plain in inventories(number)
    ]
    for start in range(0, len(reports), GROUP):
        with state.write() as connection:
            take_all(connection, reports[start : start + GROUP])
    refresh(state)


def with_like(state: State, query: str) -> int:
    """Each word anywhere in the row."""
    c = machine_facts.c
    # Not from the index of words, which the planner would read: as over a table that nobody made ready for it.
    table = sa.text("machine_facts NOT INDEXED")
    wheres = [
        sa.or_(*(sa.literal_column("words").contains(form, autoescape=True) for form in forms))
        for forms in wanted(query)
    ]
    with state.read() as connection:
        found = connection.execute(
            sa.select(sa.literal_column("unit"), sa.literal_column(c.device.name))
            .select_from(table)
            .where(*wheres)
            .limit(LIMIT)
        )
        return len(found.all())


def with_fts(state: State, query: str) -> int:
    match = " AND ".join(
        "(" + " OR ".join('"' + form.replace('"', '""') + '"' for form in forms) + ")"
        for forms in wanted(query)
    )
    with state.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT unit, device FROM words_fts WHERE words_fts MATCH ? LIMIT ?", (match, LIMIT)
        )
        return len(found.all())


def timed(asked: Callable[[], int], rounds: int) -> tuple[float, float, int]:
    times, found = [], 0
    for _ in range(rounds):
        start = time.perf_counter()
        found = asked()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), max(times), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=15)
    wants = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nhip-bench-") as folder:
        state = State(Path(folder) / "state.db")
        state.create_all()
        fill(state, wants.machines)
        with state.write() as connection:
            connection.exec_driver_sql(
                "CREATE VIRTUAL TABLE words_fts USING fts5(words, unit UNINDEXED, device UNINDEXED, tokenize='trigram')"
            )
            connection.exec_driver_sql("INSERT INTO words_fts SELECT words, unit, device FROM machine_facts")
        machines = Machines(state)
        asks: dict[str, Callable[[str], int]] = {
            "nhip": lambda query: len(search(state, machines, query, LIMIT)),
            "LIKE": lambda query: with_like(state, query),
            "FTS5": lambda query: with_fts(state, query),
        }
        print("| searched | " + " | ".join(f"{name} ms | worst | found" for name in asks) + " |")
        print("|---" * (1 + 3 * len(asks)) + "|")
        for title, query in QUERIES.items():
            row = [timed(lambda ask=ask, query=query: ask(query), wants.rounds) for ask in asks.values()]  # type: ignore[misc]
            print(
                f"| {title}: `{query}` | " + " | ".join(f"{a:.1f} | {b:.1f} | {n}" for a, b, n in row) + " |"
            )
        state.close()


if __name__ == "__main__":
    main()
