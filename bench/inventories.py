"""Full inventories of a province's PCs into the state store, as the relays of the units hand them on: new ones, and the same again.

20,000 machines of 30 to 150 KiB each, unpacked, read, known again and committed in groups, then all of them once more a day later
with only what moves by itself changed. Nothing is shared between machines but the names of software. Prints inventories and CPU a
second, and the rows and bytes that each round left.
"""

import argparse
import base64
import gc
import json
import random
import resource
import tempfile
import time
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from xml.sax.saxutils import escape

import sqlalchemy as sa

from collector.ingest import GC_THRESHOLDS
from collector.ledger import GROUP
from core.wire import INVENTORY, Document
from inventory.machines.store import take_all, told_by
from inventory.machines.tables import contents, faces, heard, machine_versions
from inventory.state import State

AT, DAY = 1_790_000_000_000, 86_400_000
PUBLISHERS = ("Microsoft Corporation", "Công ty Cổ phần MISA", "BkavCA", "Google LLC", "Viettel", "VNPT IT")


def inventory(number: int, day: int, software: list[dict[str, object]]) -> bytes:
    """One PC's, of that day; the same on every day but for what moves."""
    dice = random.Random(number)
    moves = random.Random(number * 1_000 + day)
    installed = dice.sample(software, dice.randint(150, 700))
    mac = f"3c:52:82:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    content = {
        "versionclient": "GLPI-Agent_v1.11",
        "bios": {"ssn": f"SN{number:08}", "msn": f"BD{number:08}", "smanufacturer": "Dell Inc.", "smodel": "OptiPlex 3080"},
        "hardware": {
            "name": f"PC-{number:05}",
            "memory": dice.choice([4096, 8192, 16384]),
            "uuid": f"4C4C4544-{number >> 16:04X}-{number & 65535:04X}-8000-C2C04F503732",
            "lastloggeduser": moves.choice(["an", "binh", "chi"]),
        },
        "operatingsystem": {"full_name": "Microsoft Windows 10 Pro", "version": "10.0.19045", "boot_time": f"2026-11-{day + 1:02} 07:{moves.randint(0, 59):02}:00"},
        "networks": [{"description": "Intel(R) Ethernet", "mac": mac, "ipaddress": f"192.168.1.{moves.randint(2, 254)}", "status": "up", "type": "ethernet"}],
        "storages": [{"name": "disk0", "serial": f"WD{number:010}", "disksize": 500_107, "type": "SSD"}],
        "drives": [{"letter": "C:", "filesystem": "NTFS", "total": 476_000, "free": moves.randint(10_000, 400_000)}],
        "processes": [{"cmd": f"process {n}", "pid": moves.randint(1, 9_999), "user": "an"} for n in range(60)],
        "softwares": installed,
    }  # fmt: skip
    return json.dumps(
        {"action": "inventory", "deviceid": f"PC-{number:05}", "itemtype": "Computer", "content": content}
    ).encode()


def as_xml(plain: bytes) -> bytes:
    """The same as FusionInventory would send it."""

    def element(name: str, value: object) -> str:
        if isinstance(value, list):
            return "".join(element(name, each) for each in value)
        inner = (
            "".join(element(*pair) for pair in value.items())
            if isinstance(value, dict)
            else escape(str(value))
        )
        return f"<{name.upper()}>{inner}</{name.upper()}>\n"

    told = json.loads(plain)
    return f"<REQUEST>{element('content', told['content'])}<DEVICEID>{told['deviceid']}</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>".encode()


def software(dice: random.Random) -> list[dict[str, object]]:
    return [
        {
            "name": f"Phần mềm số {n} cho cơ quan nhà nước",
            "version": f"{dice.randint(1, 9)}.{dice.randint(0, 99)}.{dice.randint(0, 9999)}",
            "publisher": dice.choice(PUBLISHERS),
            "arch": "x86_64",
            "install_date": f"202{dice.randint(0, 6)}-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}",
            "guid": f"{dice.getrandbits(64):016X}",
            "from": "registry",
        }
        for n in range(3_000)
    ]


def documents(machines: int, day: int, names: list[dict[str, object]], *, xml: bool) -> Iterator[Document]:
    for number in range(machines):
        plain = inventory(number, day, names)
        packed = base64.b64encode(zlib.compress(as_xml(plain) if xml else plain, 6)).decode()
        yield Document(
            INVENTORY,
            AT + day * DAY,
            {"device": f"PC-{number:05}", "source": "192.168.1.9", "packed": packed},
        )


def rows(state: State) -> int:
    tables = (faces, machine_versions, heard, contents)
    with state.read() as connection:
        return sum(connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables)


def run(
    state: State, machines: int, day: int, names: list[dict[str, object]], *, xml: bool = False
) -> dict[str, float]:
    """Making the inventories is not measured."""
    wall = cpu = size = 0.0
    before = rows(state)
    source = documents(machines, day, names, xml=xml)
    done = 0
    while group := list(islice(source, GROUP)):
        size += sum(len(each.body["packed"]) for each in group)
        began, used = time.perf_counter(), _cpu()
        with state.write() as connection:
            told = [
                told_by(f"unit-{(done + n) % 188}", document, AT + 40 * DAY)
                for n, document in enumerate(group)
            ]
            kept = take_all(connection, told)
        assert all(outcome is (day == 0) for outcome in kept)
        done += len(group)
        wall += time.perf_counter() - began
        cpu += _cpu() - used
    return {
        "per_second": machines / wall,
        "cpu_ms_each": 1000 * cpu / machines,
        "packed_kb_each": size / machines / 1000,
        "new_rows": rows(state) - before,
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--machines", type=int, default=20_000)
    arguments.add_argument("--xml", action="store_true", help="as FusionInventory sends them")
    chosen = arguments.parse_args()
    names = software(random.Random(1))
    sizes = sorted(len(inventory(number, 0, names)) for number in range(200))
    print(
        f"plain size of 200 of them: {sizes[0] / 1024:.0f} to {sizes[-1] / 1024:.0f} KiB, median {sizes[100] / 1024:.0f} KiB"
    )
    gc.set_threshold(*GC_THRESHOLDS)  # as the centre does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        state = State(path)
        state.create_all()
        found = {}
        for name, day in (("new", 0), ("unchanged", 1)):
            found[name] = run(state, chosen.machines, day, names, xml=chosen.xml)
            print(name, {key: round(value, 2) for key, value in found[name].items()}, flush=True)
        state.close()
        size = path.stat().st_size
    print(f"store: {size / chosen.machines / 1000:.1f} kB a machine")
    result = {f"{name}_{key}": round(value, 2) for name, each in found.items() for key, value in each.items()}
    print(
        "RESULT",
        json.dumps(
            {"machines": chosen.machines, **result, "store_kb_each": round(size / chosen.machines / 1000, 1)}
        ),
    )


if __name__ == "__main__":
    main()
