"""What answers a trace, and what does not: packets of scapy's own making, forged ones, and any bytes at all."""

import struct
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6TimeExceeded, IPv6
from scapy.packet import Raw

from agents.icmp.packets import V4, V6
from agents.path.flow import Answer, Flow, Method, read_icmp, read_tcp
from agents.path.packets import Ends, compose
from agents.path.tally import Hop, Path, Tally, broken_at

ENDS = {
    V4: Ends("192.0.2.1", "198.51.100.9", 40_000, 33_434),
    V6: Ends("2001:db8::1", "2001:db8:9::9", 40_000, 33_434),
}
ROUTER = {V4: "203.0.113.7", V6: "2001:db8:7::7"}
METHODS: tuple[Method, ...] = ("udp", "icmp", "tcp")
TTLS = [1, 2, 3, 1, 2, 3]
kinds = [(method, family) for method in METHODS for family in (V4, V6)]


def composed(method: Method, family: int, seed: int = 7) -> tuple[Flow, list[bytes]]:
    return compose(method, ENDS[family], TTLS, Random(seed))


def layers(family: int, probe: bytes) -> IP | IPv6:
    return IP(probe) if family == V4 else IPv6(probe)


def exceeded(family: int, probe: bytes, quote: int = 200) -> bytes:
    """What a router sends that let the probe die, quoting so many bytes after the IP header."""
    probe = probe[: (20 if family == V4 else 40) + quote]
    if family == V4:
        return bytes(ICMP(type=11, code=0) / Raw(probe))
    return bytes(IPv6(src=ROUTER[V6], dst=ENDS[V6].source) / ICMPv6TimeExceeded(code=0) / Raw(probe))[40:]


@pytest.mark.parametrize(("method", "family"), kinds)
def test_all_probes_of_a_trace_are_one_flow_to_a_router(method: Method, family: int) -> None:
    _, probes = composed(method, family)
    start = 20 if family == V4 else 40
    flows = {
        (probe[12:20] if family == V4 else probe[1:4] + probe[8:40], probe[start : start + 4])
        for probe in probes
    }
    assert len(flows) == 1
    assert [layers(family, probe).ttl if family == V4 else probe[7] for probe in probes] == TTLS
    assert len(set(probes)) == len(probes)


@pytest.mark.parametrize(("method", "family"), kinds)
def test_probes_are_packets_with_right_checksums(method: Method, family: int) -> None:
    for probe in composed(method, family)[1]:
        packet = layers(family, probe)
        for layer in (UDP, TCP, ICMP, ICMPv6EchoRequest):
            if layer in packet:
                name = "cksum" if layer is ICMPv6EchoRequest else "chksum"
                said = getattr(packet[layer], name)
                delattr(packet[layer], name)
                assert getattr(layers(family, bytes(packet))[layer], name) == said != 0


@pytest.mark.parametrize(("method", "family"), kinds)
def test_a_router_on_the_way_answers_for_each_probe_by_its_number(method: Method, family: int) -> None:
    flow, probes = composed(method, family)
    for number, probe in enumerate(probes):
        assert read_icmp(flow, ROUTER[family], exceeded(family, probe)) == Answer(number)


@pytest.mark.parametrize("method", METHODS)
def test_eight_quoted_bytes_are_enough_by_ipv4(method: Method) -> None:
    flow, probes = composed(method, V4)
    assert read_icmp(flow, ROUTER[V4], exceeded(V4, probes[4], quote=8)) == Answer(4)
    assert read_icmp(flow, ROUTER[V4], exceeded(V4, probes[4], quote=7)) is None


@pytest.mark.parametrize(("method", "family"), kinds)
def test_a_late_answer_to_an_earlier_trace_does_not_count(method: Method, family: int) -> None:
    flow, _ = composed(method, family)
    _, earlier = composed(method, family, seed=8)
    for probe in earlier:
        assert read_icmp(flow, ROUTER[family], exceeded(family, probe)) is None


@pytest.mark.parametrize(("method", "family"), kinds)
def test_an_answer_that_quotes_another_target_or_port_does_not_count(method: Method, family: int) -> None:
    flow, probes = composed(method, family)
    start = 20 if family == V4 else 40
    for place in (start - 1, start, start + 2, start + 6):
        forged = bytearray(probes[0])
        forged[place] ^= 1
        assert read_icmp(flow, ROUTER[family], exceeded(family, bytes(forged))) is None


def test_a_wrong_token_does_not_count_where_it_is_quoted() -> None:
    for method in ("udp", "icmp"):
        flow, probes = composed(method, V4)
        forged = bytearray(probes[0])
        forged[20 + 8 + 4] ^= 1
        assert read_icmp(flow, ROUTER[V4], exceeded(V4, bytes(forged))) is None


def test_the_target_answers_each_method_in_its_own_way() -> None:
    flow, probes = composed("udp", V4)
    refused = bytes(ICMP(type=3, code=3) / Raw(probes[2]))
    assert read_icmp(flow, ENDS[V4].target, refused) == Answer(2, reached=True)
    flow, probes = composed("udp", V6)
    whole = bytes(IPv6(src=ENDS[V6].target, dst=ENDS[V6].source) / ICMPv6DestUnreach(code=4) / Raw(probes[2]))
    assert read_icmp(flow, ENDS[V6].target, whole[40:]) == Answer(2, reached=True)
    flow, probes = composed("icmp", V4)
    assert read_icmp(flow, ENDS[V4].target, b"\0" + probes[3][21:]) == Answer(3, reached=True)
    assert read_icmp(flow, ROUTER[V4], b"\0" + probes[3][21:]) is None
    flow, probes = composed("icmp", V6)
    echo = IPv6(probes[3])[ICMPv6EchoRequest]
    reply = bytes(ICMPv6EchoReply(id=echo.id, seq=echo.seq, data=echo.data))
    assert read_icmp(flow, ENDS[V6].target, reply) == Answer(3, reached=True)


@pytest.mark.parametrize("flags", ["SA", "RA"])
def test_a_segment_of_the_target_answers_the_probe_that_it_acknowledges(flags: str) -> None:
    flow, probes = composed("tcp", V4)
    seq = IP(probes[5])[TCP].seq
    answer = bytes(TCP(sport=33_434, dport=40_000, ack=(seq + 1) & 0xFFFF_FFFF, flags=flags))
    assert read_tcp(flow, ENDS[V4].target, answer) == Answer(5, reached=True)
    assert read_tcp(flow, ROUTER[V4], answer) is None
    guessed = bytes(TCP(sport=33_434, dport=40_000, ack=(seq + 2) & 0xFFFF_FFFF, flags=flags))
    assert read_tcp(flow, ENDS[V4].target, guessed) is None


def test_a_router_that_gives_up_on_a_probe_says_why() -> None:
    flow, probes = composed("udp", V4)
    for code, reason in ((13, "prohibited"), (1, "host unreachable"), (0, "network unreachable")):
        said = bytes(ICMP(type=3, code=code) / Raw(probes[1]))
        assert read_icmp(flow, ROUTER[V4], said) == Answer(1, reason=reason)


@settings(deadline=None)
@given(st.sampled_from(kinds), st.data())
def test_no_bytes_at_all_raise_or_are_taken_for_an_answer(
    kind: tuple[Method, int], data: st.DataObject
) -> None:
    method, family = kind
    flow, probes = composed(method, family)
    source = data.draw(st.sampled_from([ROUTER[family], ENDS[family].target, "", "not an address"]))
    raw = data.draw(st.binary(max_size=120))
    assert read_tcp(flow, source, raw) is None or method == "tcp"
    read_icmp(flow, source, raw)
    good = exceeded(family, data.draw(st.sampled_from(probes)))
    cut = good[: data.draw(st.integers(0, len(good)))]
    place, value = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(0, 255))
    changed = good[:place] + bytes([value]) + good[place + 1 :]
    for each in (cut, changed, cut + raw, raw + good):
        found = read_icmp(flow, source, each)
        assert found is None or 0 <= found.number < len(probes)


def told(*answers: tuple[int, str, float, bool, str], max_hops: int = 3, rounds: int = 2) -> Path:
    tally = Tally(max_hops)
    for number in range(max_hops * rounds):
        tally.sent(number, 0.0)
    for number, address, at, reached, reason in answers:
        tally.take(Answer(number, reached, reason), address, at)
    return tally.path()


def test_hops_are_what_answered_with_the_least_time_and_what_was_lost() -> None:
    path = told((0, "a", 0.004, False, ""), (3, "a", 0.002, False, ""), (2, "c", 0.009, True, ""))
    assert path == Path([Hop(1, "a", 2.0, 0.0), Hop(2, None, None, 1.0), Hop(3, "c", 9.0, 0.5)], reached=True)
    assert broken_at(path) is None


def test_a_way_breaks_at_the_hop_after_the_last_that_answered() -> None:
    path = told((0, "a", 0.004, False, ""))
    assert (len(path.hops), broken_at(path)) == (1, 2)
    assert broken_at(told()) == 1


def test_a_router_that_refuses_is_one_hop_though_it_answers_for_two() -> None:
    path = told((0, "a", 0.1, False, ""), (1, "b", 0.1, False, ""), (2, "b", 0.1, False, "prohibited"))
    assert ([hop.address for hop in path.hops], path.refused, path.reached) == (
        ["a", "b"],
        "prohibited",
        False,
    )
    path = told((0, "a", 0.1, False, ""), (1, "b", 0.1, False, "prohibited"))
    assert ([hop.address for hop in path.hops], path.refused) == (["a", "b"], "prohibited")


def test_the_second_answer_to_a_probe_and_one_to_none_do_not_count() -> None:
    tally = Tally(3)
    tally.sent(0, 1.0)
    for number, address in ((1, "x"), (0, "a"), (0, "b")):
        tally.take(Answer(number), address, 1.5)
    assert [hop.address for hop in tally.path().hops] == ["a"]


@given(
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from("abc"), st.booleans(), st.sampled_from(["", "x"])))
)
def test_any_answers_in_any_order_give_hops_without_a_hole(answers: list[tuple[int, str, bool, str]]) -> None:
    path = told(*((n, address, 0.1, reached, why) for n, address, reached, why in answers), rounds=3)
    assert [hop.ttl for hop in path.hops] == list(range(1, len(path.hops) + 1))
    assert not path.hops or path.hops[-1].address is not None
    assert path.reached == any(reached for *_, reached, _ in path_relevant(answers))
    assert all(after.ttl == before.ttl + 1 for before, after in pairwise(path.hops))


def path_relevant(answers: list[tuple[int, str, bool, str]]) -> list[tuple[int, str, bool, str]]:
    """The first answer of each probe, of those at the least TTL that ends the way."""
    first: dict[int, tuple[int, str, bool, str]] = {}
    for each in answers:
        first.setdefault(each[0], each)
    ends = [each[0] % 3 for each in first.values() if each[2] or each[3]]
    return [each for each in first.values() if ends and each[0] % 3 == min(ends)]


def test_numbers_of_a_probe_and_its_flow_stay_within_their_fields() -> None:
    flow, probes = compose("icmp", ENDS[V4], [1] * 300, Random(3))
    assert len(flow.keys) == len(set(probes)) == 300
    sequence = [struct.unpack_from(">H", probe, 26)[0] for probe in probes]
    assert all((after - before) % 0x1_0000 == 1 for before, after in pairwise(sequence))
