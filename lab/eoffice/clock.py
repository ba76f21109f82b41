"""A time server: Debian's chrony, told by a reference clock of ours what time it is. This machine's clock is not touched (`-x`)."""

import contextlib
import os
import shutil
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from agents import ntp
from lab.eoffice.servers import free_port, server

CHRONYD = shutil.which("chronyd", path="/usr/sbin")
"""The program, in Debian's package `chrony`; None where it is not installed."""

_CONFIG = """
port {port}
bindaddress {host}
cmdport 0
bindcmdaddress /
pidfile {folder}/pid
{access}
{source}
"""
# Slews only: a clock that is not steered cannot be stepped. The served time is right, or wrong, as soon as a source is chosen.
_REFERENCE = "refclock SOCK {folder}/reference poll -2 dpoll -4 filter 4 stratum 0 refid GPS precision 1e-3"
_SAMPLE, _MAGIC = struct.Struct("lldiiii"), 0x534F434B
_EACH_S = 0.05


@contextlib.contextmanager
def clock(
    folder: Path,
    *,
    offset_s: float = 0,
    synchronised: bool = True,
    answers: bool = True,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[int]:
    """The port of a time server that is `offset_s` ahead of this machine, or has no time at all where not `synchronised`.

    Where it does not answer (`answers`), it listens and is silent: nobody of ours may ask.

    Raises:
        RuntimeError: chrony is not installed, or did not come up.
    """
    if CHRONYD is None:
        raise RuntimeError("chrony is not installed")
    port = port or free_port(host)
    config = folder / "chrony.conf"
    access = "allow all" if answers else "allow 192.0.2.0/24"
    source = _REFERENCE.format(folder=folder) if synchronised else ""
    config.write_text(_CONFIG.format(port=port, host=host, folder=folder, access=access, source=source))
    command = [CHRONYD, "-x", "-d", *(["-u", "root"] if os.geteuid() == 0 else ["-U"]), "-f", str(config)]
    told = _told(folder / "reference", offset_s) if synchronised else contextlib.nullcontext()
    with (
        told,
        server(
            command,
            folder / "chrony.log",
            lambda: _ready(host, port, synchronised) if answers else (folder / "pid").exists(),
        ),
    ):
        yield port


def _ready(host: str, port: int, synchronised: bool) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        asking.connect((host, port))
        with contextlib.suppress(OSError):
            asking.send(ntp.request(1))
            return ntp.read(asking.recv(512), 1).synchronised is synchronised
    return False


@contextlib.contextmanager
def _told(path: Path, offset_s: float) -> Iterator[None]:
    """A reference clock at chrony's socket `path`: says how far this machine is off, twenty times a second."""
    ended = threading.Event()

    def tell() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reference:
            while not ended.wait(_EACH_S):
                # Before chrony listens, and after it ended, nobody is told.
                with contextlib.suppress(OSError):
                    now_ns = time.time_ns()
                    sample = _SAMPLE.pack(now_ns // 10**9, now_ns % 10**9 // 1000, offset_s, 0, 0, 0, _MAGIC)
                    reference.sendto(sample, str(path))

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    try:
        yield
    finally:
        ended.set()
        telling.join()
