"""The RTSP probe against GStreamer's RTSP server, and cameras that break the rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from support_certificates import Root
from support_mail import scripted
from support_probes import nobody, probe

from core.values import Status
from lab.eoffice.camera import Camera, camera, is_here
from lab.eoffice.servers import open_folder

USER, PASSWORD = "giam.sat", "mật khẩu 9"
ACCOUNT = {"user": USER, "password": PASSWORD}
HERE = pytest.mark.skipif(not is_here(), reason="GStreamer's RTSP server is not here")
SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"


def ok(number: int, headers: bytes = b"", body: bytes = b"") -> bytes:
    return b"RTSP/1.0 200 OK\r\nCSeq: %d\r\n%bContent-Length: %d\r\n\r\n%b" % (
        number,
        headers,
        len(body),
        body,
    )


def rtp(sequence: int, timestamp: int, *, ends: bool = False, channel: int = 0) -> bytes:
    head = (
        bytes([0x80, 96 | (0x80 if ends else 0)]) + sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big")
    )
    packet = head + b"cam1" + b"picture"
    return b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet


SETUP = b"Session: 12;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"


@contextmanager
def seen(**told: object) -> Iterator[Camera]:
    with open_folder() as folder, camera(folder, **told) as running:
        yield running


@pytest.fixture(scope="module")
def desk() -> Iterator[Camera]:
    with seen(user=USER, password=PASSWORD) as running:
        yield running


@HERE
async def test_a_camera_that_shows_a_picture_is_up(desk: Camera) -> None:
    result = await probe("rtsp", desk.url, **ACCOUNT)
    figures = result.figures
    assert (result.status, result.reason) == (Status.UP, "")
    assert figures["frames"] >= 1
    phases = ("resolve", "connect", "describe", "first_frame")
    assert 0 < sum(figures[f"{phase}_seconds"] for phase in phases) < figures["total_seconds"]


@HERE
async def test_who_watches_sees_how_many_frames_come_and_how_old_they_are(desk: Camera) -> None:
    # A camera on a busy machine skips frames and sends them late, which is what there is to see then: but not each time.
    for _ in range(5):
        result = await probe("rtsp", desk.url, watch_s=6, **ACCOUNT)
        figures = result.figures
        assert result.status == Status.UP
        assert figures["packets_lost"] == 0
        assert figures["frame_age_seconds"] > -0.5
        if abs(figures["frames_per_second"] - 10) <= 2 and figures["frame_age_seconds"] < 1.5:
            break
    assert figures["frames_per_second"] == pytest.approx(10, abs=2)
    assert figures["frame_age_seconds"] < 1.5


@HERE
async def test_fewer_frames_than_there_have_to_be_are_degraded(desk: Camera) -> None:
    result = await probe("rtsp", desk.url, watch_s=1, min_frames_per_second=100, **ACCOUNT)
    assert (result.status, result.reason.partition("|")[0]) == (Status.DEGRADED, "few frames")


@HERE
async def test_a_camera_that_is_only_asked_whether_it_would_play_is_not_played(desk: Camera) -> None:
    result = await probe("rtsp", desk.url, play=False, **ACCOUNT)
    assert result.status == Status.UP
    assert "frames" not in result.figures


@HERE
async def test_a_camera_that_answers_and_gives_no_picture_is_down() -> None:
    with seen(user=USER, password=PASSWORD, closed=True) as blind:
        result = await probe("rtsp", blind.url, timeout_ms=8_000, **ACCOUNT)
        blind.shut(closed=False)
        mended = await probe("rtsp", blind.url, **ACCOUNT)
    assert (result.status, result.reason) == (Status.DOWN, "no picture|no frames")
    assert "describe_seconds" in result.figures
    assert mended.status == Status.UP


@HERE
async def test_a_camera_with_sound_alone_gives_no_picture() -> None:
    with seen(user=USER, password=PASSWORD, sound=True) as deaf:
        result = await probe("rtsp", deaf.url, **ACCOUNT)
    assert (result.status, result.reason) == (Status.DOWN, "no picture|no video")


@HERE
async def test_a_wrong_password_is_refused(desk: Camera) -> None:
    result = await probe("rtsp", desk.url, **{**ACCOUNT, "password": "khác"})
    assert (result.status, result.reason) == (Status.DOWN, "sign-in refused|401 Unauthorized")


@HERE
async def test_a_camera_that_wants_an_account_is_down_where_there_is_none(desk: Camera) -> None:
    result = await probe("rtsp", desk.url)
    assert (result.status, result.reason) == (Status.DOWN, "sign-in refused|401 Unauthorized")


@HERE
async def test_a_picture_that_is_not_there_is_down(desk: Camera) -> None:
    result = await probe("rtsp", f"{desk.url}9", **ACCOUNT)
    assert (result.status, result.reason) == (Status.DOWN, "status|404 Not Found")


@HERE
async def test_a_password_is_told_in_the_clear_only_where_that_was_allowed() -> None:
    with seen(user=USER, password=PASSWORD, basic=True) as old:
        refused = await probe("rtsp", old.url, **ACCOUNT)
        allowed = await probe("rtsp", old.url, basic=True, **ACCOUNT)
    assert (refused.status, refused.reason) == (Status.DOWN, "no sign-in|basic")
    assert (allowed.status, allowed.reason) == (Status.UP, "")


@HERE
async def test_a_camera_behind_tls_shows_its_picture_and_its_certificate(tmp_path: Path) -> None:
    root = Root(tmp_path)
    with seen(user=USER, password=PASSWORD, certificate=root.leaf()) as secure:
        result = await probe("rtsp", secure.url, ca_file=str(root.file), **ACCOUNT)
    assert (result.status, result.reason) == (Status.UP, "")
    assert 99 < result.figures["certificate_days_left"] < 100


@HERE
async def test_an_expired_certificate_of_a_camera_is_down(tmp_path: Path) -> None:
    root = Root(tmp_path)
    with seen(certificate=root.leaf(ends=timedelta(hours=-1))) as secure:
        result = await probe("rtsp", secure.url, ca=root.file.read_text(), **ACCOUNT)
    assert (result.status, result.reason) == (Status.DOWN, "certificate expired")


@HERE
async def test_a_camera_that_hangs_is_silent() -> None:
    with seen() as hung:
        await probe("rtsp", hung.url, **ACCOUNT)
        hung.hang()
        result = await probe("rtsp", hung.url, timeout_ms=4_000)
        hung.hang(False)
        until_well = await probe("rtsp", hung.url, **ACCOUNT)
    assert (result.status, result.reason) == (Status.DOWN, "silent|OPTIONS")
    assert until_well.status == Status.UP


async def test_a_port_where_nobody_listens_is_refused() -> None:
    with nobody() as port:
        assert (await probe("rtsp", f"rtsp://127.0.0.1:{port}/")).reason == "refused"


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "bad answer|not RTSP"),
        ((b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 500,), "bad answer|headers without end"),
        ((b"x" * 100_000,), "bad answer|long line"),
        ((b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",), "bad answer|too long"),
        ((b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",), "bad answer|length of the body"),
        ((ok(1), b"RTSP/1.0 500 Internal\r\nCSeq: 2\r\n\r\n"), "status|500 Internal"),
        ((ok(1), ok(2)), "no picture|no video"),
        (
            (ok(1), ok(2, body=SDP), b"RTSP/1.0 461 Unsupported transport\r\n\r\n"),
            "no picture|status|461 Unsupported transport",
        ),
        ((ok(1), ok(2, body=SDP), ok(3)), "no picture|bad answer|no channel"),
        ((ok(1), ok(2, body=SDP), ok(3, SETUP), b""), "no picture|connection reset"),
        ((ok(1), ok(2, body=SDP), ok(3, SETUP)), "no picture|silent|PLAY"),
        ((ok(1), ok(2, body=SDP), ok(3, SETUP), ok(4) + rtp(1, 5)), "no picture|no frames"),
        (
            (ok(1), ok(2, body=SDP), ok(3, SETUP), ok(4) + rtp(1, 5, ends=True, channel=7)),
            "no picture|no frames",
        ),
        (
            (ok(1), ok(2, body=SDP.replace(b"trackID=1", b"rtsp://192.0.2.9/elsewhere"))),
            "no picture|bad answer|control leads to another server",
        ),
    ],
)
async def test_who_breaks_the_rules_is_down(turns: tuple[bytes, ...], reason: str) -> None:
    # Only what never comes is waited for to the end.
    timeout_ms = 4_000 if reason in ("no picture|silent|PLAY", "no picture|no frames") else 20_000
    async with scripted(*turns, first=False) as port:
        result = await probe("rtsp", f"rtsp://127.0.0.1:{port}/live", timeout_ms=timeout_ms)
    assert (result.status, result.reason) == (Status.DOWN, reason)


async def test_frames_may_come_before_the_answer_to_play() -> None:
    async with scripted(
        ok(1), ok(2, body=SDP), ok(3, SETUP), rtp(1, 5) + rtp(2, 5, ends=True) + ok(4), first=False
    ) as port:
        result = await probe("rtsp", f"rtsp://127.0.0.1:{port}/live")
    assert (result.status, result.figures["frames"]) == (Status.UP, 1)


async def test_a_camera_that_asks_something_of_its_own_is_not_misread() -> None:
    asks = b"OPTIONS rtsp://127.0.0.1/live RTSP/1.0\r\nCSeq: 9\r\n\r\n"
    async with scripted(asks + ok(1), ok(2, body=SDP), first=False) as port:
        result = await probe("rtsp", f"rtsp://127.0.0.1:{port}/live", play=False)
    assert result.status == Status.UP


async def test_a_flood_of_packets_ends() -> None:
    flood = b"".join(b"$\x05\xff\xff" + bytes(65535) for _ in range(300))
    async with scripted(ok(1), ok(2, body=SDP), ok(3, SETUP), ok(4) + flood, first=False) as port:
        result = await probe("rtsp", f"rtsp://127.0.0.1:{port}/live")
    assert (result.status, result.reason) == (Status.DOWN, "no picture|bad answer|too long")


@pytest.mark.parametrize(
    ("target", "params"),
    [
        ("http://192.0.2.1/", {}),
        ("rtsp://user:secret@192.0.2.1/", {}),
        ("rtsp://192.0.2.1:99999/", {}),
        ("rtsp://192.0.2.1/a b", {}),
        ("rtsp://192.0.2.1/", {"watch_s": 1.5, "timeout_ms": 2_000}),
    ],
)
async def test_a_check_that_makes_no_sense_says_so(target: str, params: dict[str, float]) -> None:
    result = await probe("rtsp", target, **params)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|")
    assert "secret" not in result.reason
