"""A VictoriaMetrics of our own, on loopback, for tests and benches: the real server, ended by whoever started it."""

import contextlib
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.eoffice.servers import free_port
from lab.eoffice.servers import server as serving

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
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        VICTORIA,
        f"-storageDataPath={folder}/data",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-dedup.minScrapeInterval=1ms",
        *flags,
    ]
    url = f"http://127.0.0.1:{port}"
    with serving(command, folder / "log", lambda: _is_well(url)) as server:
        yield Victoria(url, server.pid)


def _is_well(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
        return bool(answer.status == 200)
    return False
