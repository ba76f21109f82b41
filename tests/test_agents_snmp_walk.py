"""Walks over what devices tell: honest ones whole, lying ones to an end; and a device as it is looked at over time."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api
from support_snmp import recordings_folder, responder

from agents.snmp.client import Client, NoAnswer, Target
from agents.snmp.facts import Oid, Value
from agents.snmp.survey import AGAIN_S, Surveyor
from agents.snmp.walk import END, End, Walk

ROOT = (1, 3, 6, 1, 2, 1, 2, 2, 1, 2)
OTHER = (1, 3, 6, 1, 2, 1, 2, 2, 1, 3)
oids = st.lists(st.integers(0, 4), max_size=4).map(lambda rest: ROOT + tuple(rest)) | st.sampled_from(
    [ROOT, OTHER, (1,), ()]
)
answers = st.lists(st.lists(st.tuples(oids, st.integers(0, 9) | st.just(END)), max_size=12), max_size=60)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    client.close()
    await asyncio.sleep(0)  # its sockets close in the loop's next turn


@given(answers, st.integers(1, 3))
def test_a_walk_goes_forward_or_ends_whatever_the_device_says(
    said: list[list[tuple[Oid, int | End]]], columns: int
) -> None:
    walk = Walk([(*ROOT[:-1], ROOT[-1] + i) for i in range(columns)], most=30)
    asked: list[Oid] = []
    for answer in said:
        question, each = walk.question()
        assert each >= 1
        if not question:
            break
        assert question != asked or not asked
        asked = question
        walk.take(answer)
    for root, rows in walk.found.items():
        assert list(rows) == sorted(rows), "each object came once, in order"
        assert all(root + index > root for index in rows)
    assert sum(len(rows) for rows in walk.found.values()) <= 30


def test_a_device_that_repeats_itself_is_left_with_what_it_said() -> None:
    walk = Walk([ROOT])
    walk.question()
    walk.take([((*ROOT, 1), 7), ((*ROOT, 2), 8), ((*ROOT, 1), 7)])
    assert walk.question() == ([], 40)
    assert walk.found[ROOT] == {(1,): 7, (2,): 8}
    assert walk.note == "not increasing|1.3.6.1.2.1.2.2.1.2.1"


Reply = Callable[[Sequence[Oid], int], Sequence[tuple[Oid, object]]]


@asynccontextmanager
async def lying(reply: Reply) -> AsyncIterator[Target]:
    """A device that answers what `reply` makes of the objects asked and how many of each."""
    version = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]

    class Liar(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            message, _ = decoder.decode(data, asn1Spec=version.Message())
            pdu = version.apiMessage.get_pdu(message)
            asked = [tuple(oid) for oid, _ in version.apiPDU.get_varbinds(pdu)]
            bulk = pdu.isSameTypeWith(version.GetBulkRequestPDU())
            each = int(version.apiBulkPDU.get_max_repetitions(pdu)) if bulk else 0
            answer = version.apiMessage.get_response(message)
            said = [
                (oid, version.OctetString(value) if isinstance(value, bytes) else version.Integer32(value))
                for oid, value in reply(asked, each)
            ]
            version.apiPDU.set_varbinds(version.apiMessage.get_pdu(answer), said)
            self.transport.sendto(encoder.encode(answer), addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Liar, local_addr=("127.0.0.1", 0))
    try:
        yield Target("127.0.0.1", transport.get_extra_info("sockname")[1], timeout_s=5, retries=0)
    finally:
        transport.close()
        await asyncio.sleep(0)


async def test_a_device_that_loops_ends_with_a_note(client: Client) -> None:
    async with lying(lambda asked, each: [((*ROOT, 5), 1)] * each) as target:
        walk = await client.walk(target, [ROOT])
    assert walk.found[ROOT] == {(5,): 1}
    assert walk.note.startswith("not increasing|")


async def test_a_device_without_end_ends_at_the_bound(client: Client) -> None:
    def endless(asked: Sequence[Oid], each: int) -> list[tuple[Oid, object]]:
        last = asked[0][-1] if len(asked[0]) > len(ROOT) else 0
        return [((*ROOT, last + i + 1), 1) for i in range(each)]

    async with lying(endless) as target:
        walk = await client.walk(target, [ROOT], most=500)
    assert len(walk.found[ROOT]) == 500
    assert walk.note.startswith("too many objects|")


async def test_a_long_text_is_cut_and_wrong_types_are_no_facts(client: Client) -> None:
    values: list[object] = [b"x" * 60_000]

    def odd(asked: Sequence[Oid], each: int) -> list[tuple[Oid, object]]:
        if not each:
            return [(oid, values[0]) for oid in asked[:1]]
        return [((*oid, 1) if len(oid) < 12 else (2, 0), 1_234) for oid in asked]

    async with lying(odd) as target:
        found = await client.get(target, [(1, 3, 6, 1, 2, 1, 1, 1, 0)])
        values[0] = 42
        looked = await Surveyor(client).look(target, 20)
    (value,) = found.values()
    assert isinstance(value, bytes)
    assert len(value) == 4_096
    assert looked.reason == ""
    assert looked.system is not None
    assert looked.system.description == ""


async def test_a_device_that_falls_silent_is_looked_at_as_far_as_it_said_and_stalls_nobody(
    client: Client,
) -> None:
    spoken = 0

    def tired(asked: Sequence[Oid], each: int) -> list[tuple[Oid, object]]:
        nonlocal spoken
        spoken += 1
        if spoken > 3:
            raise ConnectionError
        return [(asked[0], b"tired")] if not each else [((*oid, spoken), 1) for oid in asked]

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    now = 1_000.0
    surveyor = Surveyor(client, lambda: now)
    async with lying(tired) as target:
        async with asyncio.timeout(60):
            found = await surveyor.look(target, 4)
        assert found.reason == ""
        assert found.note in ("took too long", "timeout")
        assert found.device == {"kind": "device", "description": "tired"}, "as far as it said what it is"
        for later, surveyed in ((30, False), (AGAIN_S, True)):
            spoken, now = 0, 1_000.0 + later
            found = await surveyor.look(target, 4)
            assert (found.device is not None) == surveyed, "not each time, and not only in six hours"


async def test_a_device_that_sends_half_packets_is_no_answer(client: Client) -> None:
    dice = random.Random(4)

    class Half(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            broken = bytearray(data)
            broken[dice.randrange(len(broken))] ^= 0xFF
            for piece in (data[: len(data) // 2], bytes(broken)):
                self.transport.sendto(piece, addr)  # type: ignore[attr-defined]

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Half, local_addr=("127.0.0.1", 0)
    )
    target = Target("127.0.0.1", transport.get_extra_info("sockname")[1], timeout_s=0.2, retries=1)
    with pytest.raises(NoAnswer):
        await client.walk(target, [ROOT])
    transport.close()
    await asyncio.sleep(0)


# --- a device over time

PORT = (
    "1.3.6.1.2.1.1.1.0|4|RouterOS RB750Gr3\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.14988.1\n1.3.6.1.2.1.1.3.0|67|{ticks}\n"
    "1.3.6.1.2.1.2.2.1.2.1|4|ether1\n1.3.6.1.2.1.2.2.1.3.1|2|6\n1.3.6.1.2.1.2.2.1.7.1|2|1\n1.3.6.1.2.1.2.2.1.8.1|2|1\n"
    "1.3.6.1.2.1.31.1.1.1.1.1|4|ether1\n1.3.6.1.2.1.31.1.1.1.6.1|70|{octets}\n1.3.6.1.2.1.31.1.1.1.10.1|70|5\n"
    "1.3.6.1.2.1.31.1.1.1.15.1|66|1000\n"
)


@pytest.fixture(scope="module")
def router() -> Iterator[int]:
    with recordings_folder() as folder:
        for name, ticks, octets in (
            ("first", 900_000, 1_000),
            ("later", 903_000, 3_751_000),
            ("fresh", 500, 9_000_000),
        ):
            (folder / f"{name}.snmprec").write_text(PORT.format(ticks=ticks, octets=octets))
        with responder(folder) as port:
            yield port


async def test_a_device_is_surveyed_at_first_sight_after_a_restart_and_each_six_hours(router: int) -> None:
    class Moved(Client):
        """One device that is, one after the other, what `community` names."""

        community = "first"

        async def get(self, target: Target, oids: Sequence[Oid]) -> dict[Oid, Value]:
            return await super().get(self._now(target), oids)

        async def walk(self, target: Target, roots: Sequence[Oid], **bounds: int) -> Walk:
            return await super().walk(self._now(target), roots, **bounds)

        def _now(self, target: Target) -> Target:
            return Target(target.host, target.port, community=self.community, timeout_s=5)

    client, now = Moved(), 1_000.0
    surveyor, target = Surveyor(client, lambda: now), Target("127.0.0.1", router)
    first = await surveyor.look(target, 30)
    assert first.device is not None
    assert (first.device["vendor"], first.device["model"]) == ("MikroTik", "RB750Gr3")
    assert first.figures == {"interface_up#ether1": 1.0}
    client.community, now = "later", now + 30
    later = await surveyor.look(target, 30)
    assert later.device is None
    assert later.figures["in_bits_per_second#ether1"] == 1_000_000
    client.community, now = "fresh", now + 30
    fresh = await surveyor.look(target, 30)
    assert fresh.device == first.device, "a restart changes nothing of what it is"
    assert fresh.figures == {"interface_up#ether1": 1.0}, "counters began anew"
    now += 6 * 3_600
    assert (await surveyor.look(target, 30)).device == first.device
    client.close()
    await asyncio.sleep(0)
