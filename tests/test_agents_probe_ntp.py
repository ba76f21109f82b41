"""The NTP probe against Debian's chrony, which has the right time, a wrong one or none; and servers that break the rules."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support_probes import probe

from agents import ntp
from core.errors import BadInput
from core.values import Status
from lab.eoffice.clock import CHRONYD, clock

HERE = pytest.mark.skipif(CHRONYD is None, reason="chrony is not here")
Answer = Callable[[bytes], list[bytes]]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with clock(tmp_path_factory.mktemp("right")) as port:
        yield port


@HERE
async def test_a_server_with_the_right_time_is_up(right: int) -> None:
    result = await probe("ntp", f"127.0.0.1:{right}")
    figures = result.figures
    assert (result.status, result.reason) == (Status.UP, "")
    assert figures["rtt_seconds"] >= 0
    assert abs(figures["offset_seconds"]) < figures["rtt_seconds"] / 2 + 0.1
    assert (figures["stratum"], figures["leap"]) == (1, 0)
    assert 0 < figures["root_distance_seconds"] < 0.5


@HERE
@pytest.mark.parametrize("offset_s", [2.5, -40.0])
async def test_a_server_with_a_wrong_clock_is_degraded(tmp_path: Path, offset_s: float) -> None:
    with clock(tmp_path, offset_s=offset_s) as port:
        result = await probe("ntp", f"127.0.0.1:{port}")
        lenient = await probe("ntp", f"127.0.0.1:{port}", max_offset_seconds=60)
    assert (result.status, result.reason.partition("|")[0]) == (Status.DEGRADED, "clock off")
    near = result.figures["rtt_seconds"] / 2 + 0.2
    assert result.figures["offset_seconds"] == pytest.approx(offset_s, abs=near)
    assert lenient.status == Status.UP


@HERE
async def test_a_server_that_has_no_time_itself_is_down(tmp_path: Path) -> None:
    with clock(tmp_path, synchronised=False) as port:
        result = await probe("ntp", f"127.0.0.1:{port}")
    assert (result.status, result.reason) == (Status.DOWN, "not synchronised")
    assert (result.figures["stratum"], result.figures["leap"]) == (16, 3)
    assert "offset_seconds" not in result.figures


@HERE
async def test_a_server_that_may_not_answer_us_is_silent(tmp_path: Path) -> None:
    with clock(tmp_path, answers=False) as port:
        result = await probe("ntp", f"127.0.0.1:{port}", timeout_ms=500)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")


@HERE
async def test_a_server_that_has_ended_is_refused(tmp_path: Path) -> None:
    with clock(tmp_path, synchronised=False) as port:
        pass
    assert (await probe("ntp", f"127.0.0.1:{port}")).reason == "refused"


@HERE
async def test_a_source_that_is_further_than_it_may_is_degraded(right: int) -> None:
    result = await probe("ntp", f"127.0.0.1:{right}", max_root_distance_seconds=1e-6)
    assert (result.status, result.reason.partition("|")[0]) == (Status.DEGRADED, "far from its source")


class _Scripted(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        for packet in self.answer(data):
            self.transport.sendto(packet, addr)


@asynccontextmanager
async def scripted(answer: Answer) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Scripted(answer), local_addr=("127.0.0.1", 0))
    try:
        yield "{}:{}".format(*transport.get_extra_info("sockname"))
    finally:
        transport.close()


def stamp(ns: int) -> bytes:
    seconds, rest = divmod(ns, 10**9)
    return ((seconds + 2_208_988_800) % 2**32).to_bytes(4, "big") + (rest * 2**32 // 10**9).to_bytes(4, "big")


def packet(
    asked: bytes,
    *,
    stratum: int = 2,
    leap: int = 0,
    reference: bytes = b"\x7f\0\0\1",
    at_ns: int | None = None,
) -> bytes:
    now = stamp(time.time_ns() if at_ns is None else at_ns)
    head = bytes([leap << 6 | 4 << 3 | 4, stratum, 6, 0xEC]) + bytes(8) + reference
    return head + now + asked[40:48] + now + now


@pytest.mark.parametrize(
    ("code", "status"), [(b"DENY", Status.DOWN), (b"RSTR", Status.DOWN), (b"RATE", Status.UNKNOWN)]
)
async def test_a_kiss_of_death_says_why_there_is_no_time(code: bytes, status: Status) -> None:
    async with scripted(lambda asked: [packet(asked, stratum=0, leap=3, reference=code)]) as server:
        result = await probe("ntp", server)
    assert (result.status, result.reason) == (status, f"kiss|{code.decode()}")


@pytest.mark.parametrize(
    "lack",
    [
        {"stratum": 0, "leap": 3, "reference": b"INIT"},
        {"stratum": 16},
        {"leap": 3},
    ],
)
async def test_who_has_no_time_yet_is_not_synchronised(lack: dict[str, int]) -> None:
    async with scripted(lambda asked: [packet(asked, **lack)]) as server:
        result = await probe("ntp", server)
    assert (result.status, result.reason) == (Status.DOWN, "not synchronised")


async def test_packets_that_answer_somebody_else_are_passed_over() -> None:
    def answers(asked: bytes) -> list[bytes]:
        forged = packet(asked[:40] + b"guessing", at_ns=0)
        return [b"", b"short", forged, asked, packet(asked, at_ns=0)[:47], packet(asked)]

    async with scripted(answers) as server:
        result = await probe("ntp", server)
    assert (result.status, result.reason) == (Status.UP, "")


async def test_one_lost_packet_is_not_a_server_that_is_down() -> None:
    asked_before: list[bytes] = []

    def second_only(asked: bytes) -> list[bytes]:
        asked_before.append(asked)
        return [packet(asked)] if len(asked_before) > 1 else []

    async with scripted(second_only) as server:
        result = await probe("ntp", server, timeout_ms=8_000)
    assert result.status == Status.UP
    assert asked_before[0] != asked_before[1]


async def test_a_server_far_from_the_first_is_degraded_where_it_may_not_be() -> None:
    async with scripted(lambda asked: [packet(asked, stratum=9)]) as server:
        result = await probe("ntp", server, max_stratum=4)
    assert (result.status, result.reason) == (Status.DEGRADED, "stratum|9")


async def test_a_server_that_tells_no_time_makes_no_sense() -> None:
    async with scripted(lambda asked: [packet(asked)[:32] + bytes(16)]) as server:
        result = await probe("ntp", server)
    assert (result.status, result.reason) == (Status.DOWN, "bad answer|no time")


def answer(token: int, arrived_ns: int, left_ns: int) -> ntp.Packet:
    head = bytes([4 << 3 | 4, 1]) + bytes(22)
    return ntp.read(head + token.to_bytes(8, "big") + stamp(arrived_ns) + stamp(left_ns), token)


NS = 10**9


@given(
    sent=st.integers(0, 5_000_000_000 * NS),
    there=st.integers(0, 3 * NS),
    thinks=st.integers(0, NS),
    back=st.integers(0, 3 * NS),
    ahead=st.integers(-(10**8) * NS, 10**8 * NS),
    token=st.integers(0, 2**64 - 1),
)
@example(
    sent=2_085_978_494 * NS + NS // 2, there=NS, thinks=0, back=NS, ahead=0, token=1
)  # into the second era, in 2036
def test_the_offset_is_never_further_off_than_half_of_the_delay(
    sent: int, there: int, thinks: int, back: int, ahead: int, token: int
) -> None:
    arrived = sent + there + ahead
    found = ntp.measured(answer(token, arrived, arrived + thinks), sent, sent + there + thinks + back)
    assert abs(found.offset - ahead / NS) <= found.delay / 2 + 1e-6
    assert found.delay == pytest.approx((there + back) / NS, abs=1e-6)


@given(st.binary(max_size=80), st.integers(0, 2**64 - 1), st.integers(0, 2**63), st.integers(0, 2**63))
def test_any_bytes_are_no_answer_or_a_time(data: bytes, token: int, sent: int, received: int) -> None:
    if len(data) >= 48:
        data = bytes([4 << 3 | 4]) + data[1:24] + token.to_bytes(8, "big") + data[32:]
    with suppress(BadInput):
        found = ntp.read(data, token)
        assert found.kiss.isprintable()
        assert ntp.measured(found, sent, received).delay >= 0
