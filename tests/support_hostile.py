"""Inventories that were made to hurt, and what one costs in a process of its own.

Run as a program: takes the plain body on its input into a state store, and tells what that took.
"""

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

MIB = 1 << 20
ROOM = 16 * MIB - 200
"""Plain bytes that one may have, with some left for its frame."""


def json_of(content: str, device: str = "ke-xau") -> bytes:
    return f'{{"action":"inventory","deviceid":"{device}","content":{{"bios":{{"ssn":"X1"}},{content}}}}}'.encode()


def xml_of(content: str, head: str = "") -> bytes:
    return f"{head}<REQUEST><CONTENT><BIOS><SSN>X1</SSN></BIOS>{content}</CONTENT><DEVICEID>ke-xau</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>".encode()


def packages(number: int) -> list[dict[str, str]]:
    return [
        {"name": f"Phần mềm {n}", "version": f"1.{n}", "publisher": "Nhà cung cấp"} for n in range(number)
    ]


def filled(piece: str, room: int = ROOM) -> str:
    return piece * (room // len(piece.encode()))


LAUGHS = '<!DOCTYPE z [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE z [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def heavy() -> dict[str, bytes]:
    """The dearest that fit: what a reader could be made to spend on one body."""
    twice = ",".join(f'"k{n}":1' for n in range(998)) + ',"k0":2'
    return {
        "empty objects": json_of(f'"softwares":[{filled("{},")[:-1]}]'),
        "empty lists": json_of(f'"novel":[{filled("[],")[:-1]}]'),
        "numbers": json_of(f'"novel":[{filled("1.5,")[:-1]}]'),
        "short texts": json_of(f'"novel":[{filled(chr(34) + "ab" + chr(34) + ",")[:-1]}]'),
        "just below the bound": json_of(f'"novel":[{filled("{},", 1_199_000)[:-1]},{filled("1.5,", 6_000_000)[:-1]}]'),
        "sections": json_of(",".join(f'"s{n}":[{{"a":1}}]' for n in range(300_000))),
        "one huge text": json_of(f'"bios":{{"ssn":"{"x" * ROOM}"}}'),
        "one huge name": json_of(f'"novel":{{"{"x" * ROOM}":1}}'),
        "a hundred thousand packages": json_of(f'"softwares":{json.dumps(packages(100_000))}'),
        "keys that are there twice": json_of(f'"novel":[{",".join(["{" + twice + "}"] * 1_500)}]'),
        "nested": json_of(f'"novel":{"[" * 390_000}'),
        "names of disks": json_of(f'"storages":[{",".join(f"{{{chr(34)}serial{chr(34)}:{chr(34)}{n:0100}{chr(34)}}}" for n in range(100_000))}]'),
        "not UTF-8": json_of(f'"softwares":{json.dumps(packages(100_000))}').replace(b"X1", b"X\xff"),
        "xml: elements": xml_of(filled("<A/>", 15 * MIB)),
        "xml: small objects": xml_of(filled("<A><B>1</B></A>", 15 * MIB)),
        "xml: elements as many as may be": xml_of("<A/>" * 499_000),
        "xml: small objects as many as may be": xml_of("<A><B>1</B></A>" * 249_000),
        "xml: nested": xml_of("<A>" * 499_000 + "</A>" * 499_000),
        "xml: nested as deep as may be": xml_of(("<A>" * 9 + "<B>1</B><C>2</C>" + "</A>" * 9) * 45_000),
        "xml: signs that are no elements": xml_of(filled("a='", 15 * MIB)),
        "xml: quoted": xml_of(filled("<A><![CDATA[x]]></A>", 9 * MIB)),
        "xml: attributes": xml_of("<A " + " ".join(f'a{n}=""' for n in range(1_400_000)) + "/>"),
        "xml: a hundred thousand packages": xml_of("".join(f"<SOFTWARES><NAME>p{n}</NAME><VERSION>1.{n}</VERSION><PUBLISHER>x</PUBLISHER></SOFTWARES>" for n in range(100_000))),
        "xml: lines that are not UTF-8": xml_of(filled("\n", 15 * MIB)).replace(b"X1", b"X\xff"),
        "xml: an encoding of Python's": xml_of("é" * 4_000_000, '<?xml version="1.0" encoding="punycode"?>'),
    }  # fmt: skip


def spent(plain: bytes) -> dict[str, Any]:
    """Take a body in a process of its own: MiB more than before at the highest, CPU seconds, and what came of it."""
    done = subprocess.run(
        [sys.executable, __file__], input=zlib.compress(plain, 1), capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def bombs() -> dict[str, bytes]:
    """Bodies that unpack to far more than they are."""
    zeros = bytes(64 * MIB)
    inner = zlib.compress(zeros, 9)
    return {
        "zlib": zlib.compress(b"<REQUEST>" + zeros, 9),
        "gzip": gzip.compress(b'{"deviceid":"' + zeros, 9),
        "zlib in zlib": zlib.compress(inner, 9),
        "gzip in gzip": gzip.compress(gzip.compress(zeros, 9), 9),
        "many members of gzip": gzip.compress(b" " * MIB, 9) * 200,
    }


def main() -> None:
    from inventory.machines.store import Told, take
    from inventory.state import State

    plain = zlib.decompress(sys.stdin.buffer.read())
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state.db")
        state.create_all()
        Path("/proc/self/clear_refs").write_text("5")  # the highest so far is forgotten
        before, used = _highest_mib(), _cpu()
        outcome = "taken"
        try:
            with state.write() as connection:
                take(connection, Told("11950", 1_790_000_000_000, plain))
        except Exception as error:  # noqa: BLE001 - what it is, the test judges
            outcome = f"{type(error).__name__}: {error}"[:200]
        after = _highest_mib()
        state.close()
    print(json.dumps({"mib": after - before, "cpu_s": _cpu() - used, "outcome": outcome}))


def _highest_mib() -> float:
    (line,) = (
        each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    main()
