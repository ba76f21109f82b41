"""Real processes for tests: started on free ports, waited for, ended by their own ids."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NHIP = [sys.executable, "-m", "cli.main"]
AGENT = [sys.executable, "-m", "agents"]
ROOT = Path(__file__).parent.parent


def until(condition: Callable[[], object], within_s: float, what: str) -> float:
    """Wait for `condition` to be true; the seconds it took. AssertionError with `what` when it never was."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within_s:
            raise AssertionError(f"not within {within_s:g} s: {what}")
        time.sleep(0.05)  # polls another process: there is no event to wait for
    return time.monotonic() - began


@contextlib.contextmanager
def process(command: list[str], log: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """`command` in a session of its own, its output in `log`; asked to end at the end, killed if it will not."""
    with log.open("ab") as out:
        started = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(60)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def children_of(pid: int) -> list[int]:
    """All processes below `pid`, at any depth."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    return []


def answers(port: int, path: str = "/readyz") -> bool:
    import httpx2

    try:
        return httpx2.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False
