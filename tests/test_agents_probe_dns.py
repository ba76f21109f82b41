"""The DNS probe against a server that is right, wrong, late, cut short or forging."""

import time

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_probes import name_server, probe, records

from agents.probes.dns import _parse
from core.values import Status
from lab.eoffice.servers import free_port

ONE = "a.example. 60 IN A 192.0.2.1"
TWO = "a.example. 60 IN A 192.0.2.2"
VIA = "a.example. 60 IN CNAME b.example."
BEHIND = "b.example. 60 IN A 192.0.2.1"


async def test_an_answer_is_up_with_its_time() -> None:
    async with name_server(records(ONE)) as server:
        assert (await probe("dns", f"a.example@{server}")).status is Status.UP
        began = time.perf_counter()
        result = await probe("dns", "a.example", server=server)
        took = time.perf_counter() - began
    assert (result.status, result.reason) == (Status.UP, "")
    assert 0 < result.figures["query_seconds"] <= took


async def test_an_answer_behind_an_alias_counts() -> None:
    async with name_server(records(VIA, BEHIND)) as server:
        result = await probe("dns", "a.example", server=server, expect=["192.0.2.1"])
    assert result.status == Status.UP


async def test_an_answer_among_the_expected_is_up() -> None:
    async with name_server(records(ONE)) as server:
        result = await probe("dns", "a.example", server=server, expect=["192.0.2.2", "192.0.2.1"])
    assert result.status == Status.UP


async def test_an_answer_that_nobody_expects_is_down_and_named() -> None:
    async with name_server(records(ONE, TWO)) as server:
        result = await probe("dns", "a.example", server=server, expect=["192.0.2.1"])
    assert (result.status, result.reason) == (Status.DOWN, "other answer|192.0.2.2")
    assert "query_seconds" in result.figures


async def test_expected_records_may_be_written_in_any_way() -> None:
    async with name_server(records("a.example. 60 IN AAAA 2001:db8::1")) as server:
        result = await probe("dns", "a.example", server=server, type="AAAA", expect=["2001:0DB8:0::1"])
    assert result.status == Status.UP


@pytest.mark.parametrize(
    ("rcode", "reason"),
    [
        (dns.rcode.NXDOMAIN, "name not found"),
        (dns.rcode.SERVFAIL, "rcode|SERVFAIL"),
        (dns.rcode.REFUSED, "rcode|REFUSED"),
        (dns.rcode.NOERROR, "no answer"),
    ],
)
async def test_a_server_that_has_no_answer_gives_the_reason(rcode: int, reason: str) -> None:
    async with name_server(records(rcode=rcode)) as server:
        result = await probe("dns", "a.example", server=server)
    assert (result.status, result.reason) == (Status.DOWN, reason)


async def test_an_answer_that_does_not_fit_is_fetched_by_tcp() -> None:
    async with name_server(records(flags=dns.flags.TC), records(ONE)) as server:
        result = await probe("dns", "a.example", server=server, expect=["192.0.2.1"])
    assert result.status == Status.UP


async def test_an_answer_cut_within_a_record_is_fetched_by_tcp() -> None:
    def cut(query: dns.message.Message) -> list[bytes]:
        return [packet[:-6] for packet in records(ONE, flags=dns.flags.TC)(query)]

    async with name_server(cut, records(ONE)) as server:
        result = await probe("dns", "a.example", server=server)
    assert result.status == Status.UP


async def test_forged_and_garbled_packets_are_passed_over() -> None:
    def forging(query: dns.message.Message) -> list[bytes]:
        (true,) = records(ONE)(query)
        return [b"", b"\xff" * 40, bytes([true[0] ^ 1]) + true[1:], true[:20], true]

    async with name_server(forging) as server:
        result = await probe("dns", "a.example", server=server, expect=["192.0.2.1"])
    assert result.status == Status.UP


async def test_one_lost_packet_is_no_outage() -> None:
    asked: list[int] = []

    def second_time(query: dns.message.Message) -> list[bytes]:
        asked.append(query.id)
        return records(ONE)(query) if len(asked) == 2 else []

    async with name_server(second_time) as server:
        result = await probe("dns", "a.example", server=server, timeout_ms=8_000)
    assert result.status == Status.UP
    assert result.figures["query_seconds"] > 3.9


async def test_a_silent_server_times_out() -> None:
    async with name_server(lambda query: []) as server:
        result = await probe("dns", "a.example", server=server, timeout_ms=300)
    assert (result.status, result.reason) == (Status.DOWN, "timeout")


async def test_a_machine_without_a_name_server_refuses() -> None:
    # Of those that are given to this process alone: one that was only free may be another's a moment later.
    assert (await probe("dns", "a.example", server=f"127.0.0.1:{free_port()}")).reason == "refused"


async def test_an_expected_record_that_is_none_is_a_bad_parameter() -> None:
    async with name_server(records(ONE)) as server:
        result = await probe("dns", "a.example", server=server, expect=["not an address"])
    assert result.status == Status.UNKNOWN


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_no_bytes_of_a_server_raise(wire: bytes) -> None:
    _parse(wire)
