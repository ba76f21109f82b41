"""What the launchers share: a folder that servers without privileges may enter, free ports, a process until it listens."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder of its own that other users of this machine may enter: servers give their privileges up."""
    with TemporaryDirectory(prefix="nhip-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def free_port(host: str = "127.0.0.1") -> int:
    """Free for UDP and TCP, and below those that outgoing connections take by themselves."""
    domain = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = random.randrange(20_000, 32_000)
        with (
            contextlib.suppress(OSError),
            socket.socket(domain, socket.SOCK_DGRAM) as udp,
            socket.socket(domain) as tcp,
        ):
            udp.bind((host, port))
            tcp.bind((host, port))
            return port


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
    within_s: float = 20,
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
