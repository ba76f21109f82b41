"""The engine against the kernel's own echo, and against a peer that answers late, twice, falsely or not at all."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import support_netns
from support_icmp import IS_ROOT, Request, Send, scripted_peer

from agents.icmp.engine import Engine, engine
from agents.icmp.stats import loss
from core.errors import Unavailable
from lab.netns import inside

pytestmark = [pytest.mark.root, pytest.mark.skipif(not IS_ROOT, reason=support_netns.WHY_NOT)]
kinds = pytest.mark.parametrize("raw", [True, False], ids=["raw", "datagram"])
PING_GROUPS = Path("/proc/sys/net/ipv4/ping_group_range")
PATIENT = 20
"""Seconds for a reply that is sure to come: a burst ends with it, however long it may wait."""


def forbid_datagram_sockets() -> None:
    PING_GROUPS.write_text("1 0")


@pytest.fixture(autouse=True)
def _network_of_its_own() -> Iterator[None]:
    with support_netns.namespaces(1) as (name,), inside(name):
        PING_GROUPS.write_text("0 2147483647")
        yield


@pytest.fixture
async def pinger(raw: bool) -> Iterator[Engine]:
    made = Engine(packets_per_s=50_000, raw=raw)
    yield made
    made.close()


@kinds
async def test_no_reply_of_hundreds_of_targets_at_once_is_lost(pinger: Engine) -> None:
    targets = [(f"127.0.{n // 250}.{n % 250 + 1}", 0) for n in range(400)]
    bursts = await pinger.bursts(targets, count=5, spacing=0.02, wait=PATIENT)
    assert [loss(burst) for burst in bursts] == [0.0] * 400
    assert pinger.strays == 0


@kinds
async def test_sequence_numbers_may_come_round(pinger: Engine) -> None:
    targets = [(f"127.1.{n // 250}.{n % 250 + 1}", 0) for n in range(700)]
    bursts = await pinger.bursts(targets, count=100, spacing=0.001, wait=20)
    # A kernel that is kept from its turn drops a few; numbers that are taken for others of before would be thousands.
    assert sum(rtt is not None for burst in bursts for rtt in burst.rtts) > 69_000


@kinds
async def test_ipv6_is_answered_like_ipv4(pinger: Engine) -> None:
    burst = await pinger.burst(("::1", 0, 0, 0), count=3, spacing=0.005, wait=PATIENT)
    assert loss(burst) == 0


@kinds
async def test_a_reply_that_comes_too_late_is_no_reply(pinger: Engine) -> None:
    with scripted_peer(lambda request: [Send(0.06, request.target, request.reply())]):
        burst = await pinger.burst(("127.0.0.2", 0), count=3, spacing=0.04, wait=0.03)
        assert list(burst.rtts) == [None] * 3
        # A later burst looks again, and finds what came in between: its own reply is later than those.
        await pinger.burst(("127.0.0.2", 0), count=1, wait=PATIENT)
    assert pinger.strays > 0


@kinds
async def test_a_reply_with_a_guessed_sequence_number_and_another_token_is_no_reply(pinger: Engine) -> None:
    def script(request: Request) -> list[Send]:
        true = request.target == "127.0.0.3"
        return [Send(0, request.target, request.reply() if true else request.forged())]

    with scripted_peer(script):
        burst = await pinger.burst(("127.0.0.2", 0), count=2, spacing=0.005, wait=0.5)
        # Whatever was sent before this reply is there with it, even if the peer was late with the two of before.
        await pinger.burst(("127.0.0.3", 0), count=1, wait=PATIENT)
    assert list(burst.rtts) == [None] * 2
    assert pinger.strays == 2


@kinds
async def test_a_reply_from_another_address_is_no_reply(pinger: Engine) -> None:
    with scripted_peer(lambda request: [Send(0, "127.0.0.9", request.reply())]):
        burst = await pinger.burst(("127.0.0.2", 0), count=2, spacing=0.005, wait=0.5)
    assert list(burst.rtts) == [None] * 2


@kinds
async def test_a_second_and_third_reply_count_as_duplicates_and_not_as_replies(pinger: Engine) -> None:
    with scripted_peer(lambda request: [Send(0, request.target, request.reply())] * 3):
        burst = await pinger.burst(("127.0.0.2", 0), count=4, spacing=0.01, wait=PATIENT)
    assert loss(burst) == 0
    assert burst.duplicates == 8


@kinds
async def test_a_forged_reply_does_not_take_the_place_of_the_true_one(pinger: Engine) -> None:
    with scripted_peer(
        lambda request: [
            Send(0, request.target, request.forged()),
            Send(0.01, request.target, request.reply()),
        ]
    ):
        burst = await pinger.burst(("127.0.0.2", 0), count=2, spacing=0.005, wait=PATIENT)
    assert loss(burst) == 0
    assert all(rtt is not None and rtt > 0.009 for rtt in burst.rtts)


@kinds
@pytest.mark.parametrize("quote", [8, 64])
async def test_an_unreachable_message_gives_the_reason(pinger: Engine, quote: int) -> None:
    with scripted_peer(lambda request: [Send(0, "127.0.0.9", request.unreachable(quote))]):
        for wait in (0.5, 2, 8):  # in which the peer on a busy machine gets its turn
            burst = await pinger.burst(("127.0.0.2", 0), count=2, spacing=0.005, wait=wait)
            assert loss(burst) == 1
            if burst.reason:
                break
    assert burst.reason == "host unreachable"


@kinds
async def test_an_unreachable_message_does_not_keep_a_reply_from_counting(pinger: Engine) -> None:
    with scripted_peer(
        lambda request: [
            Send(0, "127.0.0.9", request.unreachable(64)),
            Send(0.01, request.target, request.reply()),
        ]
    ):
        burst = await pinger.burst(("127.0.0.2", 0), count=2, spacing=0.005, wait=PATIENT)
    assert loss(burst) == 0


@kinds
async def test_an_error_about_one_target_does_not_touch_another(pinger: Engine) -> None:
    def script(request):  # type: ignore[no-untyped-def]
        bad = request.target == "127.0.0.2"
        return [Send(0, request.target, request.unreachable(64) if bad else request.reply())]

    with scripted_peer(script):
        bad, good = await pinger.bursts([("127.0.0.2", 0), ("127.0.0.3", 0)], count=5, spacing=0.01, wait=5)
    assert (loss(bad), bad.reason) == (1, "host unreachable")
    assert (loss(good), good.reason) == (0, "")


@kinds
async def test_no_way_there_is_a_loss_with_its_reason(pinger: Engine) -> None:
    burst = await pinger.burst(("203.0.113.1", 0), count=2, spacing=0.005, wait=0.02)
    assert loss(burst) == 1
    assert burst.reason == "network unreachable"


@kinds
async def test_a_busy_event_loop_does_not_lengthen_the_times(pinger: Engine) -> None:
    # Linux begins to stamp packets a moment after the first socket asks for it (net_enable_timestamp leaves it to a
    # work queue); what comes before that moment is stamped when it is read.
    assert min([await _rtt_beside_a_busy_loop(pinger) for _ in range(3)]) < 0.2


async def _rtt_beside_a_busy_loop(pinger: Engine) -> float:
    waiting = asyncio.ensure_future(pinger.burst(("127.0.0.2", 0), count=1, wait=PATIENT))
    await asyncio.sleep(0)  # the request goes out
    until = time.perf_counter() + 0.3
    while time.perf_counter() < until:
        pass
    (rtt,) = (await waiting).rtts
    assert rtt is not None
    return rtt


@kinds
async def test_a_burst_that_is_cancelled_leaves_nothing_behind(pinger: Engine) -> None:
    with scripted_peer(lambda request: []):
        waiting = asyncio.ensure_future(pinger.burst(("127.0.0.2", 0), count=50, spacing=0.001, wait=PATIENT))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert pinger.waiting == 0


@kinds
async def test_bursts_at_once_do_not_mix(pinger: Engine) -> None:
    slow = {"127.0.0.2": 0.6, "127.0.0.3": 0.0, "127.0.0.4": 0.3}
    with scripted_peer(lambda request: [Send(slow[request.target], request.target, request.reply())]):
        for _ in range(10):
            bursts = await asyncio.gather(
                *(pinger.burst((a, 0), count=3, spacing=0.005, wait=PATIENT) for a in slow)
            )
            times = [min(rtt for rtt in burst.rtts if rtt is not None) for burst in bursts]
            # No reply comes earlier than it was sent. Later it may come, where the peer was kept from its turn.
            assert times[0] >= 0.6
            assert times[2] >= 0.3
            if times[0] > times[2] + 0.1 > times[1] + 0.2:
                break
    assert times[0] > times[2] + 0.1 > times[1] + 0.2


async def test_requests_keep_the_pace_that_is_set() -> None:
    pinger = Engine(packets_per_s=500)
    began = time.perf_counter()
    await pinger.bursts([(f"127.0.0.{n + 1}", 0) for n in range(100)], count=1, spacing=0.001)
    pinger.close()
    assert time.perf_counter() - began > 0.16  # 100 at 500/s, less what may go at once


async def test_without_permission_for_a_datagram_socket_a_raw_one_does() -> None:
    forbid_datagram_sockets()
    pinger = Engine()
    burst = await pinger.burst(("127.0.0.1", 0), count=1, wait=PATIENT)
    pinger.close()
    assert loss(burst) == 0


async def test_without_any_permission_it_says_so() -> None:
    forbid_datagram_sockets()
    with pytest.raises(Unavailable, match="no ICMPv4 socket"):
        await Engine(raw=False).burst(("127.0.0.1", 0))


async def test_a_raw_socket_is_not_woken_by_what_is_not_for_it() -> None:
    pinger = Engine(raw=True)
    with scripted_peer(lambda request: []):
        waiting = asyncio.ensure_future(pinger.burst(("127.0.0.2", 0), count=1, wait=0.3))
        other = await asyncio.create_subprocess_exec(
            "ping", "-c3", "-i0.01", "-W0.1", "127.0.0.3", stdout=subprocess.DEVNULL
        )
        await other.wait()
        await waiting
    pinger.close()
    assert pinger.strays == 0


def test_each_event_loop_has_its_engine_and_a_closed_loop_none() -> None:
    async def ping() -> Engine:
        await engine().burst(("127.0.0.1", 0), count=1)
        return engine()

    first, second = asyncio.run(ping()), asyncio.run(ping())
    assert first is not second
    assert first.is_closed
    second.close()
