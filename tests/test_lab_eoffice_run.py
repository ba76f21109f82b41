"""The servers of the e-office as processes of their own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support_mail import HERE as MAIL
from support_probes import probe
from support_processes import process, until

from core.values import Status
from lab.eoffice.camera import PATH, is_here
from lab.eoffice.clock import CHRONYD
from lab.eoffice.run import MAIL_PORTS
from lab.eoffice.servers import free_port, listens, open_folder

CAMERA = pytest.mark.skipif(not is_here(), reason="GStreamer's RTSP server is not here")
CLOCK = pytest.mark.skipif(CHRONYD is None, reason="chrony is not here")


@contextmanager
def running(what: str, *options: str) -> Iterator[Path]:
    with open_folder() as folder:
        log = folder / "run.log"
        command = [sys.executable, "-m", "lab.eoffice.run", what, str(folder), "127.0.0.1", *options]
        with process(command, log) as started:
            until(lambda: "ready" in log.read_text() or started.poll() is not None, 60, "it is ready")
            assert started.poll() is None, log.read_text()
            yield folder
        assert started.returncode == 0, log.read_text()


@CLOCK
async def test_a_clock_runs_ahead_as_it_is_told() -> None:
    port = free_port()
    with running("clock", f"--port={port}", "--ahead=60"):
        result = await probe("ntp", f"127.0.0.1:{port}")
    assert (result.status, result.reason.partition("|")[0]) == (Status.DEGRADED, "clock off")
    # A machine that stands still between question and answer moves what is measured by as much.
    assert result.figures["offset_seconds"] == pytest.approx(60, abs=20)


@CAMERA
async def test_a_camera_runs_and_ends() -> None:
    port = free_port()
    with running("camera", f"--port={port}", "--account=giam.sat:mật khẩu:1"):
        url = f"rtsp://127.0.0.1:{port}{PATH}"
        result = await probe("rtsp", url, user="giam.sat", password="mật khẩu:1")
    assert (result.status, result.reason) == (Status.UP, "")
    assert not listens("127.0.0.1", port)


async def test_a_device_runs_with_its_wrong_clock() -> None:
    port = free_port()
    with running("onvif", f"--port={port}", "--account=giam.sat:1", "--ahead=7200"):
        result = await probe("onvif", f"127.0.0.1:{port}", user="giam.sat", password="1")
    assert result.status is Status.DEGRADED
    # It tells whole seconds, and this machine may stand still for some before it hears them.
    what, _, by = result.reason.partition("|")
    assert (what, float(by)) == ("clock off", pytest.approx(7_200, abs=20))


@MAIL
async def test_mail_runs_at_four_ports_and_ends() -> None:
    first = free_port(row=4)
    with running("mail", "--account=theo.doi:1", f"--port={first}"):
        result = await probe("smtp", f"127.0.0.1:{first}", tls="none")
        taken = {name: listens("127.0.0.1", first + number) for number, name in enumerate(MAIL_PORTS)}
    assert (result.status, result.reason) == (Status.UP, "")
    assert taken == {"smtp": True, "smtps": True, "imap": True, "imaps": False}  # without a certificate
    assert not any(listens("127.0.0.1", first + number) for number in range(4))
