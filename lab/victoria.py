"""A VictoriaMetrics of our own, on loopback, for tests and benches: the real server, ended by whoever started it."""

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VICTORIA = shutil.which("victoria-metrics")
"""The program, in Debian's package `victoria-metrics`; None where it is not installed."""


@dataclass(frozen=True, slots=True)
class Victoria:
    """A running server."""

    url: str
    pid: int


@contextlib.contextmanager
def victoria_metrics(folder: Path, *flags: str, port: int = 0) -> Iterator[Victoria]:
    """A server with its data in `folder`. Raises RuntimeError when it does not come up."""
    if VICTORIA is None:
        raise RuntimeError("victoria-metrics is not installed")
    with socket.create_server(("127.0.0.1", port)) as free:
        port = free.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(
            [
                VICTORIA,
                f"-storageDataPath={folder}/data",
                f"-httpListenAddr=127.0.0.1:{port}",
                "-retentionPeriod=100y",
                "-dedup.minScrapeInterval=1ms",
                *flags,
            ],
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=1) as answer:
                if answer.status == 200:
                    break
            time.sleep(0.025)
        else:
            raise RuntimeError((folder / "log").read_text())
        yield Victoria(url, server.pid)
    finally:
        server.terminate()
        server.wait(30)
