"""The probe of lists of revocations against the lab's authority, and against servers that have none."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_authority import in_process, responders
from support_probes import probe, raw_server

from agents.probes.crl import Crl
from agents.probes.reach import off_limits
from core.clock import SystemClock
from core.values import Check, Result, Status
from lab.eoffice.authority import DAY
from lab.eoffice.responders import Responders

PATIENCE_MS = 20_000


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Responders]:
    async with responders(tmp_path) as found:
        yield found


async def look(served: Responders, url: str = "", **params: object) -> Result:
    """Verified in this process."""
    params = {"issuer": served.authority.issuing.read_text(), **params}
    check = Check(1, "crl", url or f"{served.authority.url}/issuing.crl", 60_000, PATIENCE_MS, params)
    return await Crl(SystemClock(), in_process).run(check)


async def test_a_fresh_list_is_up_when_a_child_of_the_agent_has_verified_it(served: Responders) -> None:
    served.authority.revoke(served.authority.issue("lost").certificate)
    url, issuer = f"{served.authority.url}/issuing.crl", served.authority.issuing.read_text()
    result = await probe("crl", url, issuer=issuer)
    assert (result.status, result.reason) == (Status.UP, "")
    assert result.figures["entries"] == 1
    assert 3_590 < result.figures["age_seconds"] < 3_660
    assert 86_300 < result.figures["next_update_seconds"] < 86_410
    assert (
        abs(result.figures["body_bytes"] - len(served.authority.revocations())) < 5
    )  # signatures vary in length


async def test_a_list_whose_time_is_over_is_down_by_how_long(served: Responders) -> None:
    served.crl = "stale"
    result = await look(served)
    assert (result.status, result.reason) == (Status.DOWN, "stale|24.0 h")
    assert result.figures["entries"] == 0
    assert result.figures["age_seconds"] > 8 * 86_400


async def test_a_list_that_ends_soon_degrades_where_that_is_asked_for(served: Responders) -> None:
    result = await look(served, warn_hours=48)
    assert result.status == Status.DEGRADED
    assert result.reason in ("ends soon|24.0 h", "ends soon|23.9 h")


async def test_a_list_that_another_signed_in_the_issuers_name_is_down(served: Responders) -> None:
    served.crl = "stranger"
    result = await look(served)
    assert (result.status, result.reason) == (Status.DOWN, "bad signature")


async def test_a_list_of_another_issuer_is_down(served: Responders) -> None:
    result = await look(served, issuer=served.authority.root.read_text())
    assert (result.status, result.reason) == (Status.DOWN, "other issuer")


async def test_a_certificate_that_is_on_the_list_is_down_since_its_day(served: Responders) -> None:
    lost = served.authority.issue("lost")
    before = served.authority.now() - 3 * DAY
    served.authority.revoke(lost.certificate, since=-3 * DAY)
    after = served.authority.now() - 3 * DAY  # another day at midnight
    expected = [(Status.DOWN, f"certificate revoked|{day:%Y-%m-%d}") for day in (before, after)]
    by_serial = await look(served, serial=f"{lost.certificate.serial_number:X}")
    by_itself = await look(served, certificate=lost.pem)
    assert (by_serial.status, by_serial.reason) in expected
    assert (by_itself.status, by_itself.reason) in expected


async def test_a_certificate_that_is_not_on_the_list_is_up(served: Responders) -> None:
    served.authority.revoke(served.authority.issue("lost").certificate)
    kept = served.authority.issue("kept")
    assert (await look(served, certificate=kept.pem)).status == Status.UP


async def test_a_list_that_is_not_there_is_down(served: Responders) -> None:
    result = await look(served, f"{served.authority.url}/other.crl")
    assert (result.status, result.reason) == (Status.DOWN, "status|404")


async def test_a_list_that_is_too_large_is_not_read_to_its_end(served: Responders) -> None:
    result = await look(served, max_body_bytes=100)
    assert (result.status, result.reason) == (Status.DOWN, "too large|100")


_HEAVY = """
import asyncio, sys
from agents.probes import PROBES
from core.values import Check

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

async def look(url, most):
    params = {"issuer": sys.argv[1], "max_body_bytes": most}
    return await PROBES["crl"].run(Check(1, "crl", url, 60_000, 60_000, params))

async def main():
    await look(sys.argv[2], 1 << 20)
    before = resident()
    result = await look(sys.argv[2], 32 << 20)
    print(result.reason, int(result.figures["body_bytes"]), resident() - before)

asyncio.run(main())
"""


async def test_a_list_of_30_mb_takes_no_memory_of_the_agent(served: Responders) -> None:
    size = 30 << 20
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    async with raw_server(head + bytes(size)) as port:
        agent = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _HEAVY,
            served.authority.issuing.read_text(),
            f"http://127.0.0.1:{port}/",
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await agent.communicate()
    *reason, read, grown = said.decode().split()
    assert (" ".join(reason), int(read)) == ("bad answer", size)
    assert int(grown) < 2 << 20


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x30\x03\x02\x01\x00", b"\x30\x80" + bytes(5_000)])
async def test_an_answer_that_makes_no_sense_is_down(served: Responders, body: bytes) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body) as port:
        result = await look(served, f"http://127.0.0.1:{port}/")
    assert (result.status, result.reason) == (Status.DOWN, "bad answer")


async def test_a_list_that_breaks_off_is_down(served: Responders) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + bytes(100)) as port:
        result = await look(served, f"http://127.0.0.1:{port}/")
    assert (result.status, result.reason) == (Status.DOWN, "bad answer")


async def test_a_connection_that_is_half_open_times_out(served: Responders) -> None:
    issuer = served.authority.issuing.read_text()
    async with raw_server(None) as port:
        result = await probe("crl", f"http://127.0.0.1:{port}/", issuer=issuer, timeout_ms=500)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")


async def test_an_address_that_is_off_limits_is_not_asked(served: Responders) -> None:
    with off_limits(lambda address: address.startswith("127.")):
        result = await look(served)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("refused request|")


@pytest.mark.parametrize(
    "params", [{"issuer": "nothing"}, {"serial": "0x12"}, {"certificate": "nothing"}, {"max_body_bytes": 0}]
)
async def test_parameters_that_make_no_sense_are_unknown(
    served: Responders, params: dict[str, object]
) -> None:
    result = await look(served, **params)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|")
