"""What the launchers share: a folder that servers without privileges may enter, free ports, a process until it listens."""

import atexit
import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder of its own that other users of this machine may enter: servers give their privileges up."""
    with TemporaryDirectory(prefix="nhip-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def free_port(host: str = "127.0.0.1", *, row: int = 1) -> int:
    """Free for UDP and TCP; with `row`, the first of so many in a row.

    A port is free only until somebody takes it, and who asked may take a while to. So no two processes of this machine
    that ask here are given the same one, and none is given twice before its process has been through all it has.
    """
    ours = _ports()
    for _ in range(_EACH):
        first = next(ours)
        if first // _EACH == (first + row - 1) // _EACH and all(
            _is_free(host, first + n) for n in range(row)
        ):
            for _ in range(row - 1):
                next(ours)
            return first
    raise RuntimeError(f"none of the ports from {first // _EACH * _EACH} on is free")


_EACH = 100
_BLOCKS = range(200, 320)
"""Blocks of so many ports: 20000 to 31999, below those that outgoing connections take by themselves."""


@cache
def _ports() -> Iterator[int]:
    """The ports of a block that is this process's for as long as it lives, over and over."""
    for block in random.sample(_BLOCKS, len(_BLOCKS)):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0nhip-ports-{block}")  # a name without a file: the kernel frees it with its process
        except OSError:
            claim.close()
            continue
        atexit.register(claim.close)
        return itertools.cycle(range(block * _EACH, (block + 1) * _EACH))
    raise RuntimeError("every block of ports belongs to another process")


def _is_free(host: str, port: int) -> bool:
    domain = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(domain, socket.SOCK_DGRAM) as udp, socket.socket(domain) as tcp:
        try:
            udp.bind((host, port))
            tcp.bind((host, port))
        except OSError:
            return False
    return True


def listens(host: str, port: int) -> bool:
    """Whether a TCP connection is taken there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def server(
    command: list[str],
    log: Path,
    ready: Callable[[], bool],
    *,
    within_s: float = 60,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """`command` in a session of its own until the end of the block, from when it is `ready`.

    Raises:
        RuntimeError: it ended, or was not ready in time; with the end of its log.
    """
    with log.open("ab") as out:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
    try:
        until = time.monotonic() + within_s
        while not ready():
            if started.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not come up: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
        yield started
    finally:
        _end(started)


def _end(started: subprocess.Popen[bytes]) -> None:
    started.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        started.wait(10)
    # Its session is its own: what it left behind in there goes too.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait(10)
