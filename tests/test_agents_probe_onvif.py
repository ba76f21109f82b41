"""The ONVIF probe against a device of the lab's that checks digests as cameras do, and devices that break the rules."""

import contextlib
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from support_certificates import Root
from support_probes import nobody, probe, raw_server, website

from agents.camera import soap
from agents.probes.onvif import Onvif
from core.clock import SystemClock
from core.errors import BadInput
from core.values import Check, Result, Status
from lab.eoffice.onvif import _CLOCK, _ENVELOPE, Device
from lab.manual_clock import ManualClock

USER, PASSWORD = "giam.sat", "mật khẩu <9> & 'ơ'"
ACCOUNT = {"user": USER, "password": PASSWORD}
HOUR = timedelta(hours=1)


async def look(device: Device, **params: object) -> Result:
    return (await timed(device, **params))[0]


async def timed(device: Device, **params: object) -> tuple[Result, float]:
    """With the seconds by which a clock may seem to be off: half of what it took, and of whole seconds the rest."""
    async with website(device.app) as port:
        began = time.perf_counter()
        result = await probe("onvif", f"127.0.0.1:{port}", **{**ACCOUNT, **params})
        return result, (time.perf_counter() - began) / 2 + 1.5


@pytest.mark.parametrize("signs", ["wsse", "http"])
async def test_a_camera_lets_a_watch_account_in_and_says_what_it_is(signs: str) -> None:
    result, near = await timed(Device({USER: PASSWORD}, signs=signs))
    figures = result.figures
    assert (result.status, result.reason) == (Status.UP, "")
    assert abs(figures["offset_seconds"]) < near
    assert 0 < figures["sign_in_seconds"] < figures["total_seconds"]
    ((kind, body),) = result.documents
    assert (kind, body) == (
        "device",
        {
            "address": "127.0.0.1",
            "kind": "camera",
            "vendor": "Lab",
            "model": "DS-1",
            "version": "V5.7.3",
            "serial": "DS-1-0001",
        },
    )


@pytest.mark.parametrize("signs", ["wsse", "http"])
async def test_a_wrong_password_is_refused(signs: str) -> None:
    result = await look(Device({USER: PASSWORD}, signs=signs), password="khác")
    assert result.status == Status.DOWN
    assert (
        result.reason
        == {
            "wsse": "sign-in refused|NotAuthorized Sender not Authorized",
            "http": "sign-in refused|401",
        }[signs]
    )
    assert "offset_seconds" in result.figures


@pytest.mark.parametrize("signs", ["wsse", "http"])
async def test_a_camera_that_wants_an_account_is_down_where_there_is_none(signs: str) -> None:
    result = await look(Device({USER: PASSWORD}, signs=signs), user="")
    assert (result.status, result.reason.partition("|")[0]) == (Status.DOWN, "sign-in refused")


@pytest.mark.parametrize("ahead", [3 * HOUR, -7 * HOUR])
async def test_a_wrong_clock_is_degraded_and_lets_in_by_its_own_time(ahead: timedelta) -> None:
    result, near = await timed(Device({USER: PASSWORD}, ahead=ahead))
    assert (result.status, result.reason.partition("|")[0]) == (Status.DEGRADED, "clock off")
    assert float(result.reason.partition("|")[2]) == pytest.approx(ahead.total_seconds(), abs=near + 0.5)
    assert result.figures["offset_seconds"] == pytest.approx(ahead.total_seconds(), abs=near)


async def test_a_camera_that_tells_no_stranger_the_time_is_asked_again() -> None:
    result, near = await timed(Device({USER: PASSWORD}, ahead=timedelta(seconds=3), secretive=True))
    assert (result.status, result.reason) == (Status.UP, "")
    assert result.figures["offset_seconds"] == pytest.approx(3, abs=near)


async def test_a_clock_that_may_be_so_far_off_is_up() -> None:
    result = await look(Device({USER: PASSWORD}, ahead=HOUR), max_offset_seconds=4_000)
    assert result.status == Status.UP


async def test_a_camera_that_asks_nobody_is_up_without_an_account() -> None:
    assert (await look(Device(), user="")).status == Status.UP


async def test_a_certificate_that_expired_is_down(tmp_path: Path) -> None:
    root = Root(tmp_path)
    async with website(Device({USER: PASSWORD}).app, certificate=root.leaf(ends=-HOUR)) as port:
        target = f"https://127.0.0.1:{port}/onvif/device_service"
        result = await probe("onvif", target, ca_file=str(root.file), **ACCOUNT)
    assert (result.status, result.reason) == (Status.DOWN, "certificate expired")


async def test_a_certificate_that_is_good_tells_how_long(tmp_path: Path) -> None:
    root = Root(tmp_path)
    async with website(Device({USER: PASSWORD}).app, certificate=root.leaf()) as port:
        target = f"https://127.0.0.1:{port}/onvif/device_service"
        result = await probe("onvif", target, ca=root.file.read_text(), **ACCOUNT)
    assert result.status == Status.UP
    assert 99 < result.figures["certificate_days_left"] < 100


async def test_what_a_camera_is_goes_along_once_and_when_it_changes() -> None:
    clock = ManualClock(SystemClock().now())
    onvif, device = Onvif(clock), Device({}, clock=clock)

    async with website(device.app) as port:
        check = Check(7, "onvif", f"127.0.0.1:{port}", 60_000, 20_000)
        seen = [len((await onvif.run(check)).documents) for _ in range(2)]
        device.version = "V5.7.9"
        seen.append(len((await onvif.run(check)).documents))
        clock.set(clock.now() + 7 * 3_600_000)
        seen.append(len((await onvif.run(check)).documents))
    assert seen == [1, 0, 1, 1]


async def test_a_recorder_is_told_from_a_camera() -> None:
    result = await look(Device(model="DS-7608NI-NVR"))
    assert result.documents[0][1]["kind"] == "recorder"


def saying(body: bytes, status: int = 200) -> Starlette:
    async def serve(_request: object) -> Response:
        return Response(body, status, media_type="application/soap+xml")

    return Starlette(routes=[Route("/onvif/device_service", serve, methods=["POST"])])


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"<html>", 200, "bad answer|not SOAP"),
        (b"<html>", 404, "status|404"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 200, "bad answer|a document type"),
        (b"<a>" * 100 + b"</a>" * 100, 200, "bad answer|deeper or longer"),
        (b"<a>" + b"<b/>" * 5_000 + b"</a>", 200, "bad answer|deeper or longer"),
        (b"<a>" + b"x" * 200_000 + b"</a>", 200, "bad answer|too long"),
        (b"<Envelope><Body/></Envelope>", 200, "bad answer|no information"),
        (
            (
                b"<E><Body><GetSystemDateAndTimeResponse><SystemDateAndTime><UTCDateTime><Time><Hour>25</Hour><Minute>1</Minute>"
                b"<Second>1</Second></Time><Date><Year>2026</Year><Month>1</Month><Day>1</Day></Date></UTCDateTime>"
                b"</SystemDateAndTime></GetSystemDateAndTimeResponse></Body></E>"
            ),
            200,
            "bad answer|not a time",
        ),
    ],
)
async def test_an_answer_that_makes_no_sense_is_down(body: bytes, status: int, reason: str) -> None:
    async with website(saying(body, status)) as port:
        result = await probe("onvif", f"127.0.0.1:{port}")
    assert result.status == Status.DOWN
    assert result.reason.startswith(reason)


async def test_a_connection_that_is_half_open_times_out() -> None:
    async with raw_server(None) as port:
        result = await probe("onvif", f"127.0.0.1:{port}", timeout_ms=500)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")


async def test_a_port_where_nobody_listens_is_refused() -> None:
    with nobody() as port:
        assert (await probe("onvif", f"127.0.0.1:{port}")).reason == "refused"


@pytest.mark.parametrize(
    "target", ["http://user:secret@192.0.2.1/", "user:secret@192.0.2.1", "ftp://192.0.2.1/x"]
)
async def test_a_target_that_makes_no_sense_says_so(target: str) -> None:
    result = await probe("onvif", target)
    assert result.status == Status.UNKNOWN
    assert "secret" not in result.reason


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=80).map(lambda text: f"<a><Body>{text}</Body></a>".encode("utf-8", "replace")),
    )
)
def test_any_bytes_are_an_envelope_or_bad_input(data: bytes) -> None:
    with contextlib.suppress(BadInput):
        told = soap.read(data)
        soap.fault(told)
        soap.information(told)
        soap.clock(told)


@given(
    st.dictionaries(
        st.sampled_from(["Time/Hour", "Time/Minute", "Time/Second", "Date/Year", "Date/Month", "Date/Day"]),
        st.one_of(st.integers(-5, 5_000).map(str), st.text(max_size=5)),
    )
)
def test_any_time_is_read_or_bad_input(parts: dict[str, str]) -> None:
    told = {
        f"Body/GetSystemDateAndTimeResponse/SystemDateAndTime/UTCDateTime/{part}": text
        for part, text in parts.items()
    }
    with contextlib.suppress(BadInput):
        assert isinstance(soap.clock(told), int | None)


@given(st.integers(0, 4_000_000_000))
def test_a_time_is_read_as_the_device_tells_it(seconds: int) -> None:
    told = _CLOCK.format(Device(clock=ManualClock(seconds * 1000)).now())
    assert soap.clock(soap.read(_ENVELOPE.format(told).encode())) == seconds * 1000
