"""Bad input through the real relay and the centre's intake: a clear answer, nothing lost beside it, memory and time bounded."""

import asyncio
import contextlib
import gzip
import http.client
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support_hostile import LAUGHS, OUTSIDE, bombs, heavy, json_of, packages, spent, xml_of
from support_ingest import NOW, Site, site
from support_machines import pc

from agents.outbox import About, reports
from agents.outbox.file import OutboxFile
from agents.probes.relay import Relays
from agents.relay.server import OF_EACH
from collector.tables import agent_events
from core import wire
from core.values import Check
from inventory.machines import contents
from inventory.machines.tables import heard, machine_versions
from lab.eoffice.servers import free_port
from lab.manual_clock import ManualClock

HEAVY = heavy()
MOST_MIB, MOST_S = 256, 10


class Road:
    """A unit's relay with its outbox, and the centre that its reports go to. Everything is real but the line between."""

    def __init__(self, folder: Path, centre: Site) -> None:
        self.centre, self.agent = centre, centre.enrol()
        self.file = OutboxFile(folder / "outbox.db", wire.Life(1, 0, "boot", None, "test"))
        self.port = free_port()
        self.clock = ManualClock(NOW)
        self.relays = Relays(self._keep, self.clock)

    async def _keep(self, document: wire.Document) -> None:
        with self.file.transaction():
            reports.add_document(self.file, document)

    async def open(self) -> None:
        await self.relays.run(Check(5, "relay", "127.0.0.1", 60_000, 5_000, {"port": self.port}))

    async def post(self, body: bytes) -> tuple[int, bytes]:
        return await asyncio.to_thread(self._post, body)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        talk = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            talk.request("POST", "/", body)
            answer = talk.getresponse()
            return answer.status, answer.read()
        finally:
            talk.close()

    async def heal(self) -> None:
        """All that waits goes to the centre, which stores it."""
        about = About(self.agent, NOW, 0, 0, 30 << 20, 1.5, "")
        while True:
            with self.file.transaction():
                formed = reports.form(self.file, about, backlog=False)
            if formed is None:
                break
            answer = await self.centre.post(formed.body, self.agent)
            assert answer.status_code == 204, answer.text
            with self.file.transaction():
                reports.ack(self.file, formed.seq)
        assert await self.centre.ingest.settle()

    def devices(self) -> set[str]:
        with self.centre.state.read() as connection:
            return set(connection.scalars(sa.select(heard.c.device)))

    def faults(self, device: str) -> list[list[str]]:
        with self.centre.state.read() as connection:
            found = connection.scalar(sa.select(heard.c.faults).where(heard.c.device == device))
        told: list[list[str]] = json.loads(found or "[]")
        return told

    def content(self, device: str) -> dict[str, object]:
        query = (
            sa.select(machine_versions.c.digest)
            .join_from(heard, machine_versions)
            .where(heard.c.device == device)
        )
        with self.centre.state.read() as connection:
            found: dict[str, object] = json.loads(contents.get(connection, connection.scalar(query) or b""))
        return found

    def told(self) -> list[str]:
        """What people read of refused inventories."""
        c = agent_events.c
        with self.centre.state.read() as connection:
            return list(
                connection.scalars(sa.select(c.text).where(c.kind == "inventory refused").order_by(c.id))
            )

    def refused(self) -> float:
        return self.centre.ingest.counters()["documents_refused_total"]


@pytest.fixture
async def road(tmp_path: Path) -> AsyncIterator[Road]:
    async with site(tmp_path) as centre:
        made = Road(tmp_path, centre)
        await made.open()
        yield made
        made.relays.keep([])
        made.file.connection.close()


def good(number: int) -> bytes:
    return zlib.compress(json.dumps(pc(number)).encode())


AT_THE_RELAY = {
    "entities outside": (zlib.compress(xml_of("", OUTSIDE)), 400, b"declares a type or entities"),
    "a billion laughs": (zlib.compress(xml_of("", LAUGHS)), 400, b"declares a type or entities"),
    "a type behind a long beginning": (xml_of("", f"<!--{' ' * 9_000}-->{LAUGHS}"), 400, b"declares a type"),
    "UTF-16": (zlib.compress(xml_of("").decode().encode("utf-16")), 400, b"neither XML nor JSON"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), 400, b"neither XML nor JSON"),
    "cut short": (zlib.compress(xml_of("<A>x</A>" * 900))[:-20], 400, b"cut short"),
    "no zlib": (b"x\x9c" + b"\xff" * 99, 400, b"not valid zlib"),
    **{f"a bomb: {name}": (body, 400, b"limit" if name in ("zlib", "gzip") else b"neither XML") for name, body in bombs().items()},
    "a hundred thousand packages": (zlib.compress(HEAVY["a hundred thousand packages"]), 413, b"too large"),
    "too large as sent": (bytes(range(256)) * 4_096, 413, b"too large"),
    "empty": (b"", 400, b"neither XML nor JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(AT_THE_RELAY))
async def test_the_relay_refuses_with_a_reason_and_keeps_nothing_of_it(road: Road, name: str) -> None:
    body, status, why = AT_THE_RELAY[name]
    answered, text = await road.post(body)
    assert answered == status
    assert why in text
    assert (await road.post(good(1)))[0] == 200
    await road.heal()
    assert (road.devices(), road.refused()) == ({"pc-1"}, 0)


AT_THE_CENTRE = {
    "no JSON": (json_of('"a":1')[:-3], "ke-xau: $: not JSON"),
    "nested": (json_of(f'"a":{"[" * 5_000}'), "ke-xau: $: not JSON"),
    "nothing in it": (b'{"action":"inventory","deviceid":"ke-xau","content":{}}', "ke-xau: $.content: nothing in it"),
    "no XML": (xml_of("<A>"), "ke-xau: line 1, column"),
    "elements without end": (xml_of("<A/>" * 500_001), "ke-xau: /: more than 500000 elements"),
    "values without end": (HEAVY["empty objects"], "ke-xau: $: about 5592340 values"),
    "another type": (json_of('"a":1')[:-1] + b',"itemtype":"Toaster"}', "ke-xau: $.itemtype: item type 'Toaster'"),
    "a part of nothing": (json_of('"a":1')[:-1] + b',"partial":true}', "ke-xau: $.partial"),
    "a name of a thousand letters": (json_of('"a":1', "x" * 1_000), "a machine: $.deviceid: name too long"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(AT_THE_CENTRE))
async def test_what_only_the_centre_can_see_is_told_to_people_and_costs_no_other_of_its_report(
    road: Road, name: str
) -> None:
    body, told = AT_THE_CENTRE[name]
    statuses = [(await road.post(each))[0] for each in (good(1), zlib.compress(body), good(2))]
    assert statuses == [200, 200, 200]
    await road.heal()
    assert (road.devices(), road.refused()) == ({"pc-1", "pc-2"}, 1)
    (text,) = road.told()
    assert text.startswith(told)


IN_PART: dict[str, tuple[bytes, list[str]]] = {
    "a hundred thousand packages": (json_of(f'"softwares":{json.dumps(packages(100) * 1_000)}'), ["$.content.softwares"]),
    "a hundred thousand in XML": (xml_of("<SOFTWARES><NAME>p</NAME><VERSION>1</VERSION></SOFTWARES>" * 100_000), ["$.content.softwares"]),
    "bytes of an old Windows": (xml_of("<HARDWARE><NAME>caf@</NAME></HARDWARE>").replace(b"@", b"\xe9"), ["$"]),
    "another encoding than it says": (xml_of("<A>@</A>", '<?xml version="1.0" encoding="UTF-8"?>').replace(b"@", b"\xff\xfe"), ["$"]),
    "JSON that is not UTF-8": (json_of('"hardware":{"name":"@"}').replace(b"@", b"\xe1\xba"), ["$"]),
    "keys that are there twice": (json_of('"hardware":{"name":"A","name":"B"},"bios":{"ssn":"2"}'), ["$..name", "$..bios"]),
    "a huge text": (json_of(f'"hardware":{{"name":"{"x" * 5_000_000}"}}'), ["$.content.hardware.name"]),
    "a huge name": (json_of(f'"{"x" * 5_000}":1'), ["$.content." + "x" * 190 + "…"]),
    "a huge number": (json_of('"novel":[{"a":1e300}]'), ["$.content.novel[0].a"]),
    "numbers beyond all bounds, not UTF-8": (json_of(f'"novel":[{{"a":{"9" * 400}}}],"b":"@"').replace(b"@", b"\xff"), ["$", "$.content.novel[0].a"]),
    "half a letter in the name of its agent": (json_of('"b":"@"', "ke-xau\\ud800").replace(b"@", b"\xff"), ["$"]),
    "NUL bytes": (json_of('"hardware":{"name":"A\\u0000B\\u0000"}', "ke-xau\\u0000"), []),
    "NUL bytes in XML": (xml_of("<HARDWARE><NAME>A\0B</NAME></HARDWARE>"), ["$"]),
    "letters that turn the direction": (json_of('"hardware":{"name":"\\u202egpj.exe"}'), []),
    "a script for a name": (json_of('"hardware":{"name":"<script>alert(1)</script>"}'), []),
    "a formula for a name": (json_of('"hardware":{"name":"=HYPERLINK(1)"}'), []),
    "SQL for a name": (json_of('"hardware":{"name":"\'); DROP TABLE faces;--"}'), []),
    "deep in a section": (json_of(f'"novel":{"[" * 100}1{"]" * 100}'), ["$.content.novel" + "[0]" * 9]),
    "thousands of sections": (json_of(",".join(f'"s{n}":1' for n in range(5_000))), ["$.content"]),
    "thousands of fields": (json_of('"hardware":{' + ",".join(f'"f{n}":"1"' for n in range(5_000)) + "}"), ["$.content.hardware"]),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(IN_PART))
async def test_what_can_be_taken_of_it_is_and_the_rest_is_told_with_its_path(road: Road, name: str) -> None:
    body, paths = IN_PART[name]
    for each in (good(1), zlib.compress(body), good(2)):
        assert (await road.post(each))[0] == 200
    await road.heal()
    (bad,) = road.devices() - {"pc-1", "pc-2"}
    assert road.refused() == 0
    assert bad.startswith("ke-xau")
    assert [where for where, _ in road.faults(bad)] == paths
    assert road.content(bad)["bios"] in ({"ssn": "X1"}, {"ssn": "2"})


async def test_control_characters_reach_neither_names_nor_the_store(road: Road) -> None:
    await road.post(
        zlib.compress(json_of('"hardware":{"name":"A\\u0000\\u202eB\\u001b[2J"}', "ke\\u0000-xau"))
    )
    await road.heal()
    assert road.devices() == {"ke-xau"}
    assert road.content("ke-xau")["hardware"] == {"name": "AB[2J"}


async def test_one_pc_that_floods_is_told_to_come_later_and_costs_the_others_nothing(road: Road) -> None:
    answers = [await road.post(good(n)) for n in range(int(OF_EACH.burst) + 5)]
    assert [status for status, _ in answers[-5:]] == [429] * 5
    road.clock.set(NOW + 61_000)
    assert (await road.post(good(999)))[0] == 200
    await road.heal()
    assert len(road.devices()) == OF_EACH.burst + 1


async def test_a_document_that_we_fail_to_store_costs_itself_only(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A bug of ours, as it would look: an inventory that raises what nobody foresaw, when half of it is in the store.
    put = contents.put

    def fails(connection: sa.Connection, plain: bytes, base: bytes | None) -> tuple[bytes, bool]:
        kept = put(connection, plain, base)
        if b"SN000002" in plain:
            raise OverflowError("nobody thought of it")
        return kept

    monkeypatch.setattr(contents, "put", fails)
    for number in (1, 2, 3):
        await road.post(good(number))
    await road.heal()
    assert (road.devices(), road.refused()) == ({"pc-1", "pc-3"}, 1)
    assert road.told() == ["pc-2: could not be stored"]
    with road.centre.state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(contents.contents)) == 2


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_the_dearest_that_fit_cost_little_memory_and_time(name: str) -> None:
    cost = spent(HEAVY[name])
    assert cost["outcome"] == "taken" or cost["outcome"].startswith("BadInput: ")
    assert cost["mib"] < MOST_MIB
    assert cost["cpu_s"] < MOST_S


def test_what_it_was_measured_with_sees_memory_and_time() -> None:
    packed = gzip.compress(b"{}" * 1_000)
    with contextlib.suppress(ValueError):
        json.loads(gzip.decompress(packed))
    cost = spent(HEAVY["a hundred thousand packages"])
    assert cost["mib"] > 20
    assert cost["cpu_s"] > 0.05
