"""The probe of time stamps against OpenSSL's authority, and against servers that are none."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from support_authority import in_process, responders
from support_probes import probe, raw_server, website

from agents.probes.reach import off_limits
from agents.probes.timestamp import Timestamp
from core.clock import SystemClock
from core.values import Check, Result, Status
from lab.eoffice.responders import OTHER_POLICY, POLICY, Responders
from lab.manual_clock import ManualClock

DAY_MS = 86_400_000
PATIENCE_MS = 20_000


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Responders]:
    async with responders(tmp_path) as found:
        yield found


async def look(served: Responders, *, late_ms: int = 0, **params: object) -> Result:
    """A look by a clock that is late by so much, verified in this process."""
    params = {"ca": served.authority.root.read_text(), **params}
    check = Check(1, "timestamp", f"{served.authority.url}/tsa", 60_000, PATIENCE_MS, params)
    return await Timestamp(ManualClock(SystemClock().now() - late_ms), in_process).run(check)


async def test_a_stamp_is_up_when_a_child_of_the_agent_has_verified_it(served: Responders) -> None:
    url, root = f"{served.authority.url}/tsa", str(served.authority.root)
    result = await probe("timestamp", url, ca_file=root)
    assert (result.status, result.reason) == (Status.UP, "")
    assert abs(result.figures["offset_seconds"]) <= result.figures["first_byte_seconds"] / 2 + 0.05
    assert result.figures["accuracy_seconds"] == 0.5
    assert 99 < result.figures["certificate_days_left"] < 100.1
    assert 0 < result.figures["first_byte_seconds"] <= result.figures["total_seconds"]


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
async def test_an_imprint_may_be_of_any_of_three_kinds(served: Responders, hash_name: str) -> None:
    assert (await look(served, hash=hash_name)).status == Status.UP


async def test_a_stamp_that_is_signed_with_a_key_on_a_curve_is_up(tmp_path: Path) -> None:
    async with responders(tmp_path, tsa_rsa=False) as served:
        assert (await look(served)).status == Status.UP


@pytest.mark.parametrize("policy", [POLICY, OTHER_POLICY])
async def test_a_policy_that_is_asked_for_is_given(served: Responders, policy: str) -> None:
    assert (await look(served, policy=policy)).status == Status.UP


async def test_a_policy_that_the_authority_does_not_have_is_down_with_its_words(served: Responders) -> None:
    result = await look(served, policy="1.2.3.4.9")
    assert result.status == Status.DOWN
    assert result.reason.startswith("stamp refused|rejection, policy not accepted")


async def test_a_stamp_of_something_else_is_down(served: Responders) -> None:
    served.tsa = "replayed"
    assert (await look(served)).status == Status.UP
    result = await look(served)
    assert (result.status, result.reason) == (Status.DOWN, "other imprint")


async def test_a_stamp_for_another_question_about_the_same_is_down(served: Responders) -> None:
    served.tsa = "other nonce"
    result = await look(served)
    assert (result.status, result.reason) == (Status.DOWN, "other nonce")


async def test_a_stamp_of_an_authority_that_nobody_knows_is_down(served: Responders) -> None:
    served.tsa = "stranger"
    result = await look(served)
    assert (result.status, result.reason) == (Status.DOWN, "certificate not trusted")


async def test_an_authority_whose_certificate_has_ended_is_down(served: Responders) -> None:
    result = await look(served, late_ms=-101 * DAY_MS)
    assert (result.status, result.reason) == (Status.DOWN, "certificate expired")
    assert -2 < result.figures["certificate_days_left"] < -0.9


async def test_an_authority_whose_certificate_ends_soon_degrades(served: Responders) -> None:
    result = await look(served, late_ms=-80 * DAY_MS)
    assert (result.status, result.reason) == (Status.DEGRADED, "certificate expires soon|19")


async def test_clocks_that_are_far_apart_degrade_by_how_far(served: Responders) -> None:
    result = await look(served, late_ms=300_000)
    assert result.status == Status.DEGRADED
    offset = result.figures["offset_seconds"]
    assert result.reason == f"clock off|{offset:+.1f} s"
    assert abs(offset - 300) <= result.figures["first_byte_seconds"] / 2 + 0.05
    assert (await look(served, late_ms=300_000, max_offset_seconds=400)).status == Status.UP


async def test_user_and_password_go_along() -> None:
    async def guarded(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        known = Request(scope).headers.get("authorization") == "Basic YW5oOm3huq10"
        await PlainTextResponse("?", 503 if known else 401)(scope, receive, send)

    async with website(guarded) as port:
        url = f"http://127.0.0.1:{port}/"
        assert (await probe("timestamp", url)).reason == "status|401"
        assert (await probe("timestamp", url, user="anh", password="mật")).reason == "status|503"


async def test_a_server_that_is_no_authority_is_down(served: Responders) -> None:
    check = Check(1, "timestamp", f"{served.authority.url}/issuing.crl", 60_000, PATIENCE_MS, {})
    assert (await Timestamp(SystemClock(), in_process).run(check)).reason == "status|405"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x30\x03\x02\x01\x00", b"\x30\x80" + bytes(5_000)])
async def test_an_answer_that_makes_no_sense_is_down(body: bytes) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body) as port:
        check = Check(1, "timestamp", f"http://127.0.0.1:{port}/", 60_000, PATIENCE_MS, {})
        result = await Timestamp(SystemClock(), in_process).run(check)
    assert (result.status, result.reason) == (Status.DOWN, "bad answer")


async def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(200_000)) as port:
        result = await probe("timestamp", f"http://127.0.0.1:{port}/")
    assert (result.status, result.reason) == (Status.DOWN, "too large|131072")


async def test_what_is_no_http_is_down() -> None:
    async with raw_server(b"220 mail.example ESMTP\r\n") as port:
        result = await probe("timestamp", f"http://127.0.0.1:{port}/")
    assert (result.status, result.reason) == (Status.DOWN, "bad answer")


async def test_a_connection_that_is_half_open_times_out() -> None:
    async with raw_server(None) as port:
        result = await probe("timestamp", f"http://127.0.0.1:{port}/", timeout_ms=3_000)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")
    assert result.figures["connect_seconds"] > 0


async def test_a_child_that_is_late_says_nothing_of_the_authority(served: Responders) -> None:
    async def late(_module: str, **_given: object) -> bytes:
        await asyncio.Event().wait()
        return b""

    check = Check(1, "timestamp", f"{served.authority.url}/tsa", 60_000, 6_000, {})
    result = await Timestamp(SystemClock(), late).run(check)
    assert (result.status, result.reason) == (Status.UNKNOWN, "not verified|timeout")


async def test_a_child_that_says_nothing_says_nothing_of_the_authority(served: Responders) -> None:
    async def silent(_module: str, **_given: object) -> bytes:
        return b""

    check = Check(1, "timestamp", f"{served.authority.url}/tsa", 60_000, PATIENCE_MS, {})
    result = await Timestamp(SystemClock(), silent).run(check)
    assert (result.status, result.reason) == (Status.UNKNOWN, "not verified|no answer")


async def test_an_address_that_is_off_limits_is_not_asked(served: Responders) -> None:
    with off_limits(lambda address: address.startswith("127.")):
        result = await look(served)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("refused request|")


@pytest.mark.parametrize(
    "params", [{"policy": "one.two"}, {"hash": "md5"}, {"ca": "nothing"}, {"ca_file": "/nowhere/ca.pem"}]
)
async def test_parameters_that_make_no_sense_are_unknown(
    served: Responders, params: dict[str, object]
) -> None:
    result = await look(served, **{"ca": None, **params})
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|")
