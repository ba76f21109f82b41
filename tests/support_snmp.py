"""Recorded devices behind a real SNMP responder (snmpsim) on loopback, started for a test and ended by it."""

import bz2
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import snmpsim_data

RECORDINGS = Path(snmpsim_data.__file__).parent / "data"
# It gives its privileges up and can load no module after that: what it needs late is loaded early.
_START = "import codecs, dbm.dumb, sys; codecs.lookup('Latin-1'); from snmpsim.commands.responder import main; sys.exit(main())"


@contextmanager
def responder(folder: Path) -> Iterator[int]:
    """Serves the recordings `*.snmprec` in `folder`, each under its name as community; the port."""
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    for each in (*folder.parents, folder, cache):
        if each.stat().st_uid == os.getuid() and each != Path("/"):
            each.chmod(each.stat().st_mode | (0o777 if each in (folder, cache) else 0o755))
    port = free_port()
    command = [
        sys.executable,
        "-c",
        _START,
        f"--data-dir={folder}",
        f"--cache-dir={cache}",
        f"--agent-udpv4-endpoint=127.0.0.1:{port}",
        "--process-user=nobody",
        "--process-group=nogroup",
        "--logging-method=stderr",
    ]
    with _running(command, folder / "responder.log", b"Listening at"):
        yield port


@contextmanager
def snmpd(folder: Path) -> Iterator[int]:
    """net-snmp's own daemon with the user `noc` of version 3, who has to authenticate and encrypt; the port."""
    port, config = free_port(), folder / "snmpd.conf"
    config.write_text(
        'createUser noc SHA-256 "authentic1" AES "privately1"\nrouser noc priv\nsysName Trạm Bảo Khê\n'
    )
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
    with _running(command, folder / "snmpd.log", b"NET-SNMP version"):
        yield port


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], log: Path, ready: bytes) -> Iterator[None]:
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        began = time.monotonic()
        while ready not in log.read_bytes():
            if process.poll() is not None or time.monotonic() - began > 120:
                raise RuntimeError(log.read_text()[-2_000:])
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def unpack(folder: Path) -> dict[str, str]:
    """Every recorded device of the package into `folder`; the text of each, by its community."""
    found = {}
    for path in sorted(RECORDINGS.rglob("*.snmprec.bz2")):
        name = "-".join(path.relative_to(RECORDINGS).parts).removesuffix(".snmprec.bz2")
        data = bz2.decompress(path.read_bytes())
        # What is asked for is all that is served: some recordings are a hundred megabytes of counters.
        kept = [
            line
            for line in data.splitlines()
            if line.startswith(
                (b"1.3.6.1.2.1.1.", b"1.3.6.1.2.1.33.1.", b"1.3.6.1.4.1.318.1.1.1.", b"1.3.6.1.4.1.534.1.")
            )
        ]
        (folder / f"{name}.snmprec").write_bytes(b"\n".join(kept) + b"\n")
        found[name] = b"\n".join(kept).decode("latin-1")
    return found
