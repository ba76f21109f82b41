"""The relay of inventories: what agents on PCs meet, what waits for the centre, and how much."""

import asyncio
import base64
import http.client
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agents.loop import Loop
from agents.outbox import About, reports
from agents.outbox.file import OutboxFile
from agents.outbox.reports import MAX_INVENTORY_BYTES
from agents.probes.relay import Relays
from agents.relay.server import MAX_PACKED
from core import wire
from core.clock import SystemClock
from core.compress import inflate
from core.errors import Unavailable
from core.reports import decode_report
from core.values import Check, Result
from lab.eoffice.servers import free_port

XML = b"<REQUEST><CONTENT><BIOS><SSN>1</SSN></BIOS></CONTENT><DEVICEID>pc-1</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>"
ABOUT = About("11950-3f2a", 1_790_000_000_000, 12, 0, 30 << 20, 1.5, "")
PROLOG = b"<REQUEST><DEVICEID>pc-1</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>"


class Rig:
    """A relay on loopback, and what it kept."""

    def __init__(self) -> None:
        self.port = free_port()
        self.kept: list[wire.Document] = []
        self.full = False
        self.probe = Relays(self.keep, SystemClock())
        self.check = Check(5, "relay", "127.0.0.1", 60_000, 5_000, {"port": self.port})

    async def keep(self, document: wire.Document) -> None:
        if self.full:
            raise Unavailable("the disk is full")
        self.kept.append(document)

    async def look(self) -> Result:
        return await self.probe.run(self.check)

    async def ask(
        self, body: bytes, method: str = "POST", path: str = "/", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        return await asyncio.to_thread(self._ask, body, method, path, headers or {})

    def _ask(self, body: bytes, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        talk = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            talk.request(method, path, body or None, headers)
            answer = talk.getresponse()
            return answer.status, answer.read()
        finally:
            talk.close()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    assert (await made.look()).status == "up"
    yield made
    made.probe.keep([])


async def test_a_prolog_is_answered_packed_as_it_came_and_nothing_is_kept(rig: Rig) -> None:
    status, body = await rig.ask(zlib.compress(PROLOG))
    assert status == 200
    assert b"<RESPONSE>SEND</RESPONSE>" in zlib.decompress(body)
    assert rig.kept == []


async def test_the_first_prolog_of_a_glpi_agent_is_heard_as_contact(rig: Rig) -> None:
    status, body = await rig.ask(
        zlib.compress(PROLOG), headers={"GLPI-Agent-ID": "62dc5b0d-e0fc-4b4b-8b3d-6e1e0f2e3bdc"}
    )
    assert status == 200
    assert zlib.decompress(body).startswith(b'{"status": "ok"')
    assert rig.kept == []


async def test_an_inventory_is_kept_as_it_came_with_who_sent_it(rig: Rig) -> None:
    packed = zlib.compress(XML)
    status, body = await rig.ask(packed, headers={"User-Agent": "FusionInventory-Agent_v2.6-3"})
    assert status == 200
    assert zlib.decompress(body).endswith(b"<REPLY></REPLY>\n")
    (document,) = rig.kept
    assert document.kind == "inventory"
    assert base64.b64decode(document.body.pop("packed")) == packed
    assert document.body == {
        "device": "pc-1",
        "source": "127.0.0.1",
        "client": "FusionInventory-Agent_v2.6-3",
    }


async def test_json_that_is_not_packed_is_packed_for_the_way(rig: Rig) -> None:
    plain = json.dumps(
        {"action": "inventory", "deviceid": "pc-2", "content": {"bios": {"ssn": "1"}}}
    ).encode()
    status, body = await rig.ask(plain, headers={"Content-Type": "application/json"})
    assert (status, json.loads(body)["status"]) == (200, "ok")
    assert zlib.decompress(base64.b64decode(rig.kept[0].body["packed"])) == plain


async def test_what_cannot_be_put_on_the_disk_is_asked_for_again(rig: Rig) -> None:
    rig.full = True
    status, _ = await rig.ask(zlib.compress(XML))
    assert status == 503


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"hello", 400),
        (b"x\x9cbroken", 400),
        (b"a" * (MAX_PACKED + 1), 413),
        (zlib.compress(b"<a>" * 8_000_000), 400),
        (b"<REQUEST><QUERY>SNMPQUERY</QUERY></REQUEST>", 200),
    ],
)
async def test_what_is_no_inventory_is_refused_and_counted(rig: Rig, body: bytes, status: int) -> None:
    assert (await rig.ask(body))[0] == status
    assert (await rig.look()).figures == {"inventories": 0, "refused": 1, "machines": 0}
    assert rig.kept == []


async def test_an_inventory_far_too_large_is_told_so_and_not_cut_off(rig: Rig) -> None:
    # More than all buffers between hold: who sends it still sends when it is refused.
    assert await rig.ask(b"a" * (64 << 20)) == (413, b"inventory too large\n")
    assert (await rig.look()).figures["refused"] == 1


async def test_other_tasks_of_an_agent_are_told_that_there_is_nothing(rig: Rig) -> None:
    assert (await rig.ask(b"", "GET", "/?action=getConfig&machineid=a"))[0] == 404
    assert (await rig.ask(b"", "GET", "/"))[0] == 200
    assert (await rig.ask(b"x", "PUT", "/"))[0] == 404


async def test_a_look_tells_what_came_since_the_one_before(rig: Rig) -> None:
    await rig.ask(zlib.compress(XML))
    await rig.ask(zlib.compress(XML))
    assert (await rig.look()).figures == {"inventories": 2, "refused": 0, "machines": 1}
    assert (await rig.look()).figures == {"inventories": 0, "refused": 0, "machines": 0}


async def test_bytes_that_are_no_http_end_their_connection_and_nothing_else(rig: Rig) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
    writer.write(b"\x16\x03\x01 no http\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    assert (await rig.ask(zlib.compress(PROLOG)))[0] == 200


async def test_the_server_ends_when_its_check_leaves_the_plan() -> None:
    made = Rig()
    results: asyncio.Queue[tuple[int, int, Result]] = asyncio.Queue()

    async def sink(*result: object) -> None:
        results.put_nowait(result)  # type: ignore[arg-type]

    loop = Loop({"relay": made.probe}, SystemClock(), sink)
    running = asyncio.create_task(loop.run())
    try:
        loop.take([made.check])
        loop.start(made.check.id)
        assert (await results.get())[2].status == "up"
        loop.take([])
        with pytest.raises(OSError, match="refused"):
            await made.ask(b"")
    finally:
        running.cancel()


async def test_a_port_that_is_taken_is_told() -> None:
    first = Rig()
    await first.look()
    second = Rig()
    second.check = first.check
    try:
        assert (await second.look()).reason == f"cannot listen|{first.port} EADDRINUSE"
    finally:
        first.probe.keep([])


def inventory(device: str, at: int, size: int = 100) -> wire.Document:
    return wire.Document(wire.INVENTORY, at, {"device": device, "packed": "x" * size})


@pytest.fixture
def file(tmp_path: Path) -> Iterator[OutboxFile]:
    made = OutboxFile(tmp_path / "outbox.db", wire.Life(1, 0, "boot", None, "test"))
    yield made
    made.connection.close()


def put(file: OutboxFile, *documents: wire.Document) -> None:
    for document in documents:
        with file.transaction():
            reports.add_document(file, document)


def told(file: OutboxFile) -> tuple[list[wire.Document], list[wire.Event]]:
    """All documents and events that wait."""
    documents: list[wire.Document] = []
    events: list[wire.Event] = []
    while True:
        with file.transaction():
            formed = reports.form(file, ABOUT, backlog=False)
        if formed is None:
            return documents, events
        report, _ = decode_report(inflate(formed.body, "zstd", wire.MAX_PLAIN))
        documents += report.documents
        events += report.events
        with file.transaction():
            reports.ack(file, formed.seq)


def test_inventories_of_more_machines_than_a_hundred_all_wait(file: OutboxFile) -> None:
    put(file, *(inventory(f"pc-{n}", n) for n in range(150)))
    put(file, *(wire.Document("host", n, {"n": n}) for n in range(120)))
    documents, _ = told(file)
    assert sum(each.kind == "inventory" for each in documents) == 150
    assert sum(each.kind == "host" for each in documents) == 100


def test_at_the_bound_the_oldest_goes_that_has_a_newer_one_of_its_machine_and_that_is_told(
    file: OutboxFile,
) -> None:
    third = MAX_INVENTORY_BYTES // 3 - 1_000
    put(file, inventory("a", 1, third), inventory("b", 2, third), inventory("b", 3, third))
    put(file, inventory("c", 4, third))
    documents, events = told(file)
    assert [(each.body["device"], each.at) for each in documents] == [("a", 1), ("b", 3), ("c", 4)]
    assert [(each.kind, each.text) for each in events] == [("inventory dropped", "b")]


def test_at_the_bound_with_one_of_each_machine_the_oldest_goes(file: OutboxFile) -> None:
    half = MAX_INVENTORY_BYTES // 2 - 1_000
    put(file, inventory("a", 1, half), inventory("b", 2, half), inventory("c", 3, half))
    documents, events = told(file)
    assert [each.body["device"] for each in documents] == ["b", "c"]
    assert [each.text for each in events] == ["a"]
