"""Recorded devices behind a real SNMP responder (snmpsim) on loopback, started for a test and ended by it."""

import bz2
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import snmpsim_data

from agents.snmp import bridge, hardware, interfaces
from agents.snmp.families import families
from lab.eoffice.servers import free_port

RECORDINGS = Path(snmpsim_data.__file__).parent / "data"
# It gives its privileges up and can load no module after that: what it needs late is loaded early.
_START = "import codecs, dbm.dumb, sys; codecs.lookup('Latin-1'); from snmpsim.commands.responder import main; sys.exit(main())"


@contextmanager
def recordings_folder() -> Iterator[Path]:
    """A folder for recordings. Not pytest's: another run may take the responder's right to read that at any time."""
    with TemporaryDirectory(prefix="nhip-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@contextmanager
def responder(folder: Path) -> Iterator[int]:
    """Serves the recordings `*.snmprec` in `folder`, each under its name as community; the port."""
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    cache.chmod(0o777)
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


@contextmanager
def _running(command: list[str], log: Path, ready: bytes) -> Iterator[None]:
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        began = time.monotonic()
        while ready not in log.read_bytes():
            if process.poll() is not None or time.monotonic() - began > 600:
                raise RuntimeError(log.read_text()[-2_000:])
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(60)


def unpack(folder: Path, only: Collection[str] = ()) -> dict[str, str]:
    """Recorded devices of the package into `folder`, all without `only`; the text of each, by its community."""
    found = {}
    served = tuple(f"{root}.".encode() for root in _served())
    for path in sorted((*RECORDINGS.rglob("*.snmprec.bz2"), *RECORDINGS.rglob("*.snmprec"))):
        name = "-".join(path.relative_to(RECORDINGS).parts).removesuffix(".bz2").removesuffix(".snmprec")
        if only and name not in only:
            continue
        data = bz2.decompress(path.read_bytes()) if path.suffix == ".bz2" else path.read_bytes()
        # What is asked for is all that is served: some recordings are a hundred megabytes of counters.
        kept = [line for line in data.splitlines() if line.startswith(served)]
        (folder / f"{name}.snmprec").write_bytes(b"\n".join(kept) + b"\n")
        found[name] = b"\n".join(kept).decode("latin-1")
    return found


def _served() -> list[str]:
    """What the agent may ask for."""
    columns = [
        *interfaces.WHAT,
        *interfaces.COUNTERS,
        *hardware.STORAGE,
        hardware.PROCESSOR_LOAD,
        *hardware.ENTITY,
    ]
    columns += [
        *hardware.NEIGHBOURS,
        *hardware.OWN_PORTS,
        *hardware.SUPPLIES,
        hardware.PRINTER_SERIAL,
        hardware.PRINTED,
    ]
    columns += [hardware.DEVICE_TYPE, hardware.DEVICE_NAME]
    columns += [bridge.PORT_INTERFACE, *bridge.BY_VLAN, *bridge.PLAIN, *bridge.ARP]
    roots = [".".join(map(str, column)) for column in columns]
    roots += [
        "1.3.6.1.2.1.1",
        "1.3.6.1.2.1.4.1",
        "1.3.6.1.2.1.17.1",
        "1.3.6.1.2.1.33.1.1",
        "1.3.6.1.2.1.33.1.2",
    ]
    roots += [
        "1.3.6.1.2.1.33.1.4",
        "1.3.6.1.4.1.318.1.1.1.2.2",
        "1.3.6.1.4.1.318.1.1.1.4.1",
        "1.3.6.1.4.1.534.1",
    ]
    for family in families():
        roots += [sign.removesuffix(".0") for sign in family.signs] + list(family.facts.values())
        for figure in family.figures.values():
            roots += [figure.column, *([figure.free] if figure.free else [])]
    return roots
