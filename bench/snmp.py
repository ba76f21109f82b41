"""A switch of 500 interfaces walked by our SNMP client and by net-snmp's `snmpbulkwalk`, in turn, in the same run.

The switch is net-snmp's own daemon in a network namespace with 500 interfaces, over versions 2c and 3 (SHA-256, AES). Each
object that net-snmp saw before and after our walk with the same value must have that value in ours; what moved meanwhile
(counters of the loopback that the walk itself goes over, times) must lie between. Printed too: what a look of the agent costs.
"""

import argparse
import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agents.snmp.client import Client, Target
from agents.snmp.facts import Oid, Value
from agents.snmp.survey import Surveyor

ROOTS: tuple[Oid, ...] = ((1, 3, 6, 1, 2, 1, 2), (1, 3, 6, 1, 2, 1, 31))
USER, AUTH, PRIV = "noc", "authentic1", "privately1"
_PARTS = ("-On", "-Oq", "-Oe", "-Ot", "-Ox", "-OU", "-m", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interfaces", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    missing = [name for name in ("snmpd", "snmpbulkwalk", "ip", "unshare") if not shutil.which(name)]
    if missing or os.getuid():
        print(f"bench/snmp needs root and {', '.join(missing) or 'nothing else'}; it did not run.")
        return 1
    if not given.inside:
        os.execvp("unshare", ["unshare", "-n", sys.executable, __file__, *sys.argv[1:], "--inside"])
    with (
        tempfile.TemporaryDirectory(prefix="nhip-bench-") as name,
        switch(Path(name), given.interfaces) as port,
    ):
        return asyncio.run(compare(port, given.rounds))


@contextmanager
def switch(folder: Path, interfaces: int) -> Iterator[int]:
    """The daemon in this namespace, which has the interfaces; its port."""
    pairs = (f"link add port{i} type veth peer name port{i + 1}\n" for i in range(1, interfaces, 2))
    up = (f"link set port{i} up\n" for i in range(1, interfaces // 2 * 2 + 1))
    batch = "link set lo up\n" + "".join((*pairs, *up))
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
    config = folder / "snmpd.conf"
    config.write_text(
        f'rocommunity public\ncreateUser {USER} SHA-256 "{AUTH}" AES "{PRIV}"\nrouser {USER} priv\n'
    )
    port = 16_161
    command = [
        "snmpd",
        "-f",
        "-Lo",
        "-C",
        "-c",
        str(config),
        f"--persistentDir={folder}",
        f"udp:127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while b"NET-SNMP version" not in (folder / "log").read_bytes():
            if process.poll() is not None:
                raise SystemExit((folder / "log").read_text())
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


async def compare(port: int, rounds: int) -> int:
    good = True
    print("| version | objects | nhip s | CPU s | snmpbulkwalk s | CPU s | CPU ratio | other values |")
    print("|---|---|---|---|---|---|---|---|")
    for version, target, credential in (
        ("2c", Target("127.0.0.1", port), ["-v2c", "-cpublic"]),
        (
            "3",
            Target(
                "127.0.0.1",
                port,
                version="3",
                user=USER,
                auth="sha256",
                auth_key=AUTH,
                priv="aes",
                priv_key=PRIV,
            ),
            ["-v3", "-u", USER, "-l", "authPriv", "-a", "SHA-256", "-A", AUTH, "-x", "AES", "-X", PRIV],
        ),
    ):
        best_ours, best_theirs = (9e9, 9e9), (9e9, 9e9)
        objects = differing = 0
        for _ in range(rounds):
            before, cost = theirs(credential, port)
            best_theirs = min(best_theirs, cost)
            client = Client()
            began, cpu = time.perf_counter(), time.process_time()
            found = [await client.walk(target, [root]) for root in ROOTS]
            best_ours = min(best_ours, (time.perf_counter() - began, time.process_time() - cpu))
            client.close()
            await asyncio.sleep(0)
            after, cost = theirs(credential, port)
            best_theirs = min(best_theirs, cost)
            ours = {
                root + index: value
                for walk in found
                for root, rows in walk.found.items()
                for index, value in rows.items()
            }
            wrong = different(ours, before, after)
            objects, differing = len(ours), max(differing, len(wrong))
            for line in [*wrong[:5], *(walk.note for walk in found if walk.note)]:
                print("  ", line)
            good &= not wrong and len(ours) > 1_000
        ratio = best_ours[1] / best_theirs[1]
        print(
            f"| {version} | {objects} | {best_ours[0]:.2f} | {best_ours[1]:.2f} | {best_theirs[0]:.2f} "
            f"| {best_theirs[1]:.3f} | {ratio:.0f} | {differing} |",
            flush=True,
        )
    await looks(port)
    return 0 if good else 1


async def looks(port: int) -> None:
    """What the agent's own looks cost."""
    client = Client()
    surveyor = Surveyor(client)
    for what in ("first look, with the survey", "each look after that"):
        began, cpu = time.perf_counter(), time.process_time()
        answer = await surveyor.look(Target("127.0.0.1", port), 60)
        print(
            f"{what}: {time.perf_counter() - began:.2f} s, {time.process_time() - cpu:.2f} CPU-s, "
            f"{len(answer.figures)} figures{', ' + answer.note if answer.note else ''}"
        )
    client.close()
    await asyncio.sleep(0)


def theirs(credential: list[str], port: int) -> tuple[dict[Oid, Value], tuple[float, float]]:
    """What snmpbulkwalk finds, and its seconds and CPU seconds."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    said = "".join(
        subprocess.run(
            ["snmpbulkwalk", *credential, *_PARTS, "-Cr40", f"127.0.0.1:{port}", ".".join(map(str, root))],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for root in ROOTS
    )
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found: dict[Oid, Value] = {}
    lines: list[str] = []
    for line in said.splitlines():
        if line.startswith(".1."):
            lines.append(line)
        else:
            lines[-1] += " " + line
    for line in lines:
        name, _, value = line.partition(" ")
        found[_oid(name)] = _value(value.strip())
    return found, (took, cpu)


def _value(said: str) -> Value:
    if said.startswith('"'):
        return bytes.fromhex(said.strip('" '))
    if said.startswith("."):
        return _oid(said)
    return int(said)


def _oid(said: str) -> Oid:
    return tuple(map(int, said.strip(".").split(".")))


def different(
    ours: Mapping[Oid, Value], before: Mapping[Oid, Value], after: Mapping[Oid, Value]
) -> list[str]:
    """Each object that ours is wrong on, as a line."""
    wrong = []
    for oid in sorted(ours.keys() | before.keys() | after.keys()):
        mine, first, last = ours.get(oid), before.get(oid), after.get(oid)
        moved = (
            isinstance(first, int)
            and isinstance(last, int)
            and isinstance(mine, int)
            and first <= mine <= last
        )
        if not (mine == first == last or moved):
            wrong.append(f"{'.'.join(map(str, oid))}: {first!r}, ours {mine!r}, {last!r}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
