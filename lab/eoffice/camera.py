"""A camera at a one-stop desk: GStreamer's RTSP server with a picture that moves."""

import contextlib
import functools
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.eoffice.servers import free_port, listens, server

_PYTHON = Path("/usr/bin/python3")
_SCRIPT = Path(__file__).parent / "gstreamer_camera.py"
_NEEDS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
PATH = "/Streaming/Channels/101"
"""As cameras of one large vendor have it."""


@functools.cache
def is_here() -> bool:
    """Whether Debian's `gir1.2-gst-rtsp-server-1.0` and `python3-gi` are installed."""
    asked = [str(_PYTHON), "-c", _NEEDS]
    return _PYTHON.exists() and subprocess.run(asked, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that runs."""

    url: str
    port: int
    pid: int

    def shut(self, closed: bool = True) -> None:
        """From now on it answers, and no frame comes; or frames come again."""
        os.kill(self.pid, signal.SIGUSR1 if closed else signal.SIGUSR2)

    def hang(self, hung: bool = True) -> None:
        """From now on connections are taken and nothing is said; or it goes on."""
        os.kill(self.pid, signal.SIGSTOP if hung else signal.SIGCONT)


@contextlib.contextmanager
def camera(
    folder: Path,
    *,
    user: str = "",
    password: str = "",
    basic: bool = False,
    certificate: Path | None = None,
    closed: bool = False,
    sound: bool = False,
    rate: int = 10,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Camera]:
    """A camera with that account (digest, or `basic`); `closed` shows nothing, `sound` has no picture to show.

    Raises:
        RuntimeError: the packages are not installed, or it did not come up.
    """
    if not is_here():
        raise RuntimeError("gir1.2-gst-rtsp-server-1.0 or python3-gi is not installed")
    port = port or free_port(host)
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    command = [str(_PYTHON), str(_SCRIPT), host, str(port), PATH, f"--rate={rate}"]
    command += [f"--user={user}", f"--password-file={secret}"] if user else []
    command += [f"--certificate={certificate}"] if certificate else []
    command += [flag for flag, set_ in (("--basic", basic), ("--closed", closed), ("--sound", sound)) if set_]
    with server(command, folder / "camera.log", lambda: listens(host, port)) as started:
        scheme = "rtsps" if certificate else "rtsp"
        yield Camera(f"{scheme}://{host}:{port}{PATH}", port, started.pid)
