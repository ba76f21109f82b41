"""A real HTTP proxy for a test: Debian's tinyproxy, on a free port of loopback."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.eoffice.servers import free_port, listens, server

needs_tinyproxy = pytest.mark.skipif(not shutil.which("tinyproxy"), reason="needs tinyproxy (Debian)")
USER, PASSWORD = "giamsat", "luavang33"


@contextmanager
def proxied(folder: Path, *, user: bool = False) -> Iterator[tuple[str, Path]]:
    """`host:port` of the proxy, and the log of what went through it; `user`: it asks for USER and PASSWORD."""
    port, log = free_port(), folder / "proxy.log"
    settings = folder / "tinyproxy.conf"
    settings.write_text(
        f"Port {port}\nListen 127.0.0.1\nTimeout 10\nMaxClients 10\nAllow 127.0.0.1\nLogLevel Connect\n"
        + (f"BasicAuth {USER} {PASSWORD}\n" if user else "")
    )
    with server(["tinyproxy", "-d", "-c", str(settings)], log, lambda: listens("127.0.0.1", port)):
        yield f"127.0.0.1:{port}", log
