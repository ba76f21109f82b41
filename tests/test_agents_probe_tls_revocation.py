"""The TLS probe asks whether the certificate that it sees was revoked, where that is wanted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_authority import in_process, responders
from support_probes import raw_server

from agents.probes.ocsp import Ocsp
from agents.probes.tls import Tls
from core.clock import SystemClock
from core.values import Check, Result, Status
from lab.eoffice.authority import DAY, Authority, Issued
from lab.eoffice.responders import OcspManner, Responders


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Responders]:
    async with responders(tmp_path) as found:
        yield found


async def look(authority: Authority, issued: Issued, *, timeout_ms: int = 20_000, **params: object) -> Result:
    clock = SystemClock()
    params = {"ca": authority.root.read_text(), "family": "4", "revocation": True, **params}
    async with raw_server(b"", certificate=issued.file) as port:
        check = Check(1, "tls", f"localhost:{port}", 60_000, timeout_ms, params)
        return await Tls(clock, Ocsp(clock, in_process)).run(check)


async def test_a_certificate_that_was_not_revoked_is_up_with_the_time_of_the_answer(
    served: Responders,
) -> None:
    result = await look(served.authority, served.authority.issue("portal"))
    assert (result.status, result.reason) == (Status.UP, "")
    assert 3_500 < result.figures["next_update_seconds"] < 3_700


async def test_a_certificate_that_was_revoked_is_down(served: Responders) -> None:
    lost = served.authority.issue("lost")
    served.authority.revoke(lost.certificate)
    result = await look(served.authority, lost)
    assert result.status == Status.DOWN
    assert result.reason.startswith("certificate revoked|")
    assert result.figures["certificate_days_left"] > 99


async def test_nobody_is_asked_unless_that_is_wanted(served: Responders) -> None:
    lost = served.authority.issue("lost")
    served.authority.revoke(lost.certificate)
    assert (await look(served.authority, lost, revocation=False)).status == Status.UP


@pytest.mark.parametrize(
    ("manner", "why"),
    [("unauthorised", "responder not authorised"), ("try later", "responder failed|try later")],
)
async def test_an_answer_that_is_not_believed_degrades(
    served: Responders, manner: OcspManner, why: str
) -> None:
    served.ocsp = manner
    result = await look(served.authority, served.authority.issue("portal"))
    assert (result.status, result.reason) == (Status.DEGRADED, f"revocation not known|{why}")


async def test_a_responder_that_refuses_the_connection_degrades(tmp_path: Path) -> None:
    authority = Authority(tmp_path, url="http://127.0.0.1:1")
    result = await look(authority, authority.issue("portal"))
    assert (result.status, result.reason) == (Status.DEGRADED, "revocation not known|refused")


async def test_a_responder_that_never_answers_degrades_in_time(tmp_path: Path) -> None:
    async with raw_server(None) as port:
        authority = Authority(tmp_path, url=f"http://127.0.0.1:{port}")
        result = await look(authority, authority.issue("portal"), timeout_ms=5_000)
    assert (result.status, result.reason) == (Status.DEGRADED, "revocation not known|timeout")


async def test_a_certificate_that_names_no_responder_degrades(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    result = await look(authority, authority.issue("portal"))
    assert (result.status, result.reason) == (Status.DEGRADED, "revocation not known|no responder")


async def test_that_it_ends_soon_is_told_before_that_nobody_knows(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    result = await look(authority, authority.issue("portal", ends=9.5 * DAY))
    assert (result.status, result.reason) == (Status.DEGRADED, "certificate expires soon|9")
