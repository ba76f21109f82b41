"""Sample stores for tests: both engines, the second on a real VictoriaMetrics that the test starts and ends."""

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from collector.samples import Batch

VICTORIA = shutil.which("victoria-metrics")


def batch(*rows: tuple[int, int, float]) -> Batch:
    """A batch of (series, at, value)."""
    series, at, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Batch(np.array(series, np.int32), np.array(at, np.int64), np.array(value, np.float64))


@contextlib.contextmanager
def victoria_metrics(folder: Path, *flags: str) -> Iterator[str]:
    """The URL of a VictoriaMetrics of our own, its data in `folder`."""
    assert VICTORIA is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
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
            raise AssertionError((folder / "log").read_text())
        yield url
    finally:
        server.terminate()
        server.wait(30)
