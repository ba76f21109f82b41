"""The OCSP probe against OpenSSL's responder, about certificates that are given and that servers show."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_authority import in_process, responders
from support_probes import probe, raw_server

from agents.probes.ocsp import Ocsp
from agents.probes.reach import off_limits
from core.clock import SystemClock
from core.values import Check, Result, Status
from lab.eoffice.authority import DAY, Authority, Issued
from lab.eoffice.responders import OcspManner, Responders
from lab.manual_clock import ManualClock

PATIENCE_MS = 20_000
HOUR_MS = 3_600_000


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Responders]:
    async with responders(tmp_path) as found:
        yield found


async def look(served: Responders, issued: Issued, *, late_ms: int = 0, **params: object) -> Result:
    """Asks about what was issued, by a clock that is late by so much; verified in this process."""
    params = {"certificate": issued.file.read_text(), **params}
    check = Check(1, "ocsp", f"{served.authority.url}/ocsp", 60_000, PATIENCE_MS, params)
    return await Ocsp(ManualClock(SystemClock().now() - late_ms), in_process).run(check)


async def look_at_server(served: Responders, issued: Issued, **params: object) -> Result:
    """Asks about what a server shows."""
    params = {"ca": served.authority.root.read_text(), "family": "4", **params}
    async with raw_server(b"", certificate=issued.file) as port:
        check = Check(1, "ocsp", f"localhost:{port}", 60_000, PATIENCE_MS, params)
        return await Ocsp(SystemClock(), in_process).run(check)


async def test_a_good_certificate_is_up_when_a_child_of_the_agent_has_verified_it(served: Responders) -> None:
    pem = served.authority.issue("portal").file.read_text()
    result = await probe("ocsp", f"{served.authority.url}/ocsp", certificate=pem)
    assert (result.status, result.reason) == (Status.UP, "")
    assert 3_500 < result.figures["next_update_seconds"] < 3_700
    assert 99 < result.figures["certificate_days_left"] < 100.1
    assert 0 < result.figures["first_byte_seconds"] <= result.figures["total_seconds"]


async def test_a_revoked_certificate_is_down_since_its_day(served: Responders) -> None:
    lost = served.authority.issue("lost")
    before = served.authority.now() - 3 * DAY
    served.authority.revoke(lost.certificate, since=-3 * DAY)
    after = served.authority.now() - 3 * DAY  # another day at midnight
    result = await look(served, lost)
    days = [f"certificate revoked|{day:%Y-%m-%d}" for day in (before, after)]
    assert result.status == Status.DOWN
    assert result.reason in days
    assert result.figures["next_update_seconds"] > 0


async def test_a_certificate_that_the_responder_does_not_know_is_down(
    served: Responders, tmp_path: Path
) -> None:
    served.authority.index.write_text("")
    result = await look(served, served.authority.issue("known"))
    assert result.status == Status.UP
    other = served.authority.issue("unknown")
    served.authority.index.write_text("")
    result = await look(served, other)
    assert (result.status, result.reason) == (Status.DOWN, "certificate unknown")


async def test_a_server_is_asked_for_its_certificate_and_that_for_its_responder(served: Responders) -> None:
    result = await look_at_server(served, served.authority.issue("portal"))
    assert (result.status, result.reason) == (Status.UP, "")
    assert result.figures["handshake_seconds"] > 0


async def test_a_server_that_shows_a_revoked_certificate_is_down(served: Responders) -> None:
    lost = served.authority.issue("lost")
    served.authority.revoke(lost.certificate)
    assert (await look_at_server(served, lost)).reason.startswith("certificate revoked|")


async def test_a_server_that_shows_one_that_has_ended_is_down_by_that(served: Responders) -> None:
    old = served.authority.issue("old", begins=-9 * DAY, ends=-DAY)
    assert (await look_at_server(served, old)).reason == "certificate expired"


async def test_a_server_that_nobody_trusts_is_down_by_that(served: Responders) -> None:
    result = await look_at_server(served, served.authority.issue("portal"), ca=None)
    assert (result.status, result.reason) == (Status.DOWN, "certificate not trusted")


async def test_another_responder_may_be_asked_than_the_one_that_is_named(served: Responders) -> None:
    portal = served.authority.issue("portal")
    url = f"{served.authority.url}/elsewhere"
    assert (await look_at_server(served, portal, responder=url)).reason == "status|404"


async def test_a_certificate_that_names_no_responder_is_unknown(served: Responders, tmp_path: Path) -> None:
    silent = Authority(tmp_path / "silent")
    result = await look_at_server(served, silent.issue("portal"), ca=silent.root.read_text())
    assert (result.status, result.reason) == (Status.UNKNOWN, "no responder")


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        ("unauthorised", "responder not authorised"),
        ("stranger", "responder not authorised"),
        ("bad signature", "bad signature"),
        ("try later", "responder failed|try later"),
    ],
)
async def test_an_answer_that_nobody_should_believe_is_down(
    served: Responders, manner: OcspManner, reason: str
) -> None:
    served.ocsp = manner
    result = await look(served, served.authority.issue("portal"))
    assert (result.status, result.reason) == (Status.DOWN, reason)


async def test_an_answer_to_an_earlier_question_is_down(served: Responders) -> None:
    portal = served.authority.issue("portal")
    served.ocsp = "replayed"
    assert (await look(served, portal)).status == Status.UP
    result = await look(served, portal)
    assert (result.status, result.reason) == (Status.DOWN, "other nonce")


async def test_an_answer_whose_time_is_over_is_down_by_how_long(served: Responders) -> None:
    result = await look(served, served.authority.issue("portal"), late_ms=-3 * HOUR_MS)
    assert (result.status, result.reason) == (Status.DOWN, "stale|2.0 h")
    assert -7_300 < result.figures["next_update_seconds"] < -7_000


async def test_an_answer_of_tomorrow_is_down(served: Responders) -> None:
    result = await look(served, served.authority.issue("portal"), late_ms=HOUR_MS)
    assert (result.status, result.reason) == (Status.DOWN, "not valid yet")


async def test_a_responder_whose_certificate_has_ended_is_down(served: Responders) -> None:
    portal = served.authority.issue("portal", ends=300 * DAY)
    result = await look(served, portal, late_ms=-101 * 24 * HOUR_MS)
    assert (result.status, result.reason) == (Status.DOWN, "certificate expired")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x30\x03\x0a\x01\x00", b"\x30\x80" + bytes(5_000)])
async def test_an_answer_that_makes_no_sense_is_down(served: Responders, body: bytes) -> None:
    pem = served.authority.issue("portal").file.read_text()
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body) as port:
        params = {"certificate": pem}
        check = Check(1, "ocsp", f"http://127.0.0.1:{port}/", 60_000, PATIENCE_MS, params)
        result = await Ocsp(SystemClock(), in_process).run(check)
    assert (result.status, result.reason) == (Status.DOWN, "bad answer")


async def test_a_connection_that_is_half_open_times_out(served: Responders) -> None:
    pem = served.authority.issue("portal").file.read_text()
    async with raw_server(None) as port:
        result = await probe("ocsp", f"http://127.0.0.1:{port}/", certificate=pem, timeout_ms=500)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")


async def test_a_responder_that_is_named_by_a_certificate_may_be_off_limits(served: Responders) -> None:
    portal = served.authority.issue("portal")
    with off_limits(lambda address: address.startswith("127.")):
        result = await look(served, portal)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("refused request|")


@pytest.mark.parametrize(
    ("target", "params"),
    [
        ("http://127.0.0.1:1/", {}),
        ("http://127.0.0.1:1/", {"certificate": "nothing"}),
        ("http://127.0.0.1:1/", {"certificate": "ALONE"}),
        ("http://127.0.0.1:1/", {"certificate": "BROKEN"}),
        ("host:port", {}),
    ],
)
async def test_parameters_that_make_no_sense_are_unknown(
    served: Responders, target: str, params: dict[str, str]
) -> None:
    alone = served.authority.issue("portal").pem
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + alone
    params = {name: {"ALONE": alone, "BROKEN": broken}.get(text, text) for name, text in params.items()}
    result = await probe("ocsp", target, **params)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|")
