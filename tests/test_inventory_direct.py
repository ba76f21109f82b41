"""Inventory agents that post to the centre itself: only where a unit was given an address, as they are, answered with what came of it."""

import asyncio
import gzip
import http.client
import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from support_centre import UNIT, Site, site
from support_hostile import LAUGHS, bombs, heavy, json_of, xml_of
from support_inventories import as_json, as_xml
from support_machines import pc
from typer.testing import CliRunner

from cli.inventory import app as commands
from collector.intake import OF_STRANGER, OF_UNIT
from core.inventory_agents import MAX_PACKED
from inventory.machines.addresses import PREFIX, addresses, close_addresses, open_address
from inventory.machines.reads import Machines
from inventory.machines.tables import faces, heard, inventory_addresses

PROLOG = b"<REQUEST><DEVICEID>pc-1</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>"
CONTACT = b'{"action":"contact","deviceid":"pc-1","name":"GLPI-Agent","version":"1.11"}'


class Direct:
    def __init__(self, here: Site) -> None:
        self.here = here
        self.path = open_address(here.state, UNIT, here.clock.now(), "test")
        self.http = httpx2.AsyncClient(base_url=here.url, timeout=60)

    async def post(self, body: bytes, path: str = "", **headers: str) -> httpx2.Response:
        return await self.http.post(path or self.path, content=body, headers=headers)

    def devices(self) -> list[tuple[str, str]]:
        with self.here.state.read() as connection:
            return [tuple(row) for row in connection.execute(sa.select(heard.c.unit, heard.c.device))]


@pytest.fixture
async def direct(tmp_path: Path) -> AsyncIterator[Direct]:
    async with site(tmp_path) as here:
        made = Direct(here)
        yield made
        await made.http.aclose()


async def test_an_inventory_is_in_the_store_when_it_is_answered(direct: Direct) -> None:
    answer = await direct.post(json.dumps(pc(1)).encode())
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert direct.devices() == [(UNIT, "pc-1")]
    assert direct.here.centre.counters()["inventories_taken_total"] == 1


async def test_a_contact_and_a_prolog_are_told_to_send(direct: Direct) -> None:
    contact = await direct.post(CONTACT, **{"content-type": "application/json"})
    assert "inventory" in contact.json()["tasks"]
    first = await direct.post(
        zlib.compress(PROLOG), **{"GLPI-Agent-ID": "62dc5b0d-e0fc-4b4b-8b3d-6e1e0f2e3bdc"}
    )
    assert "inventory" in json.loads(zlib.decompress(first.content))["tasks"]
    prolog = await direct.post(zlib.compress(PROLOG))
    assert prolog.headers["content-type"] == "application/x-compress-zlib"
    assert b"<RESPONSE>SEND</RESPONSE>" in zlib.decompress(prolog.content)
    assert direct.devices() == []


async def test_it_belongs_to_the_unit_of_the_address_whatever_else_it_says(direct: Direct) -> None:
    other = open_address(direct.here.state, "11953", 1, "test")
    await direct.post(as_json({"bios": {"ssn": "1"}}, tag=UNIT), other)
    assert direct.devices() == [("11953", "pc-7")]


async def test_an_address_that_is_nobodys_or_closed_takes_nothing(direct: Direct) -> None:
    for path in (f"{PREFIX}guess", PREFIX, f"{direct.path}x", f"{direct.path}/x", f"{PREFIX}%00%ed%a0%80"):
        assert (await direct.post(as_json({"bios": {"ssn": "1"}}), path)).status_code == 404
    close_addresses(direct.here.state, UNIT, 5)
    assert (await direct.post(as_json({"bios": {"ssn": "1"}}))).status_code == 404
    assert direct.devices() == []


async def test_the_store_has_no_token(direct: Direct) -> None:
    token = direct.path.removeprefix(PREFIX)
    with direct.here.state.read() as connection:
        rows = connection.execute(sa.select(inventory_addresses)).all()
    assert token not in str(rows)


async def test_other_tasks_and_other_methods_are_told_that_there_is_nothing(direct: Direct) -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = await direct.http.request(method, f"{direct.path}?action=getConfig&machineid=a")
        assert answer.status_code == 404


REFUSED = {
    "entities": (zlib.compress(xml_of("", LAUGHS)), 400, "declares a type or entities"),
    "a bomb of zlib": (bombs()["zlib"], 413, "inflates past the limit"),
    "a bomb of gzip": (bombs()["gzip"], 413, "inflates past the limit"),
    "a bomb in a bomb": (bombs()["gzip in gzip"], 400, "neither XML nor JSON"),
    "too large as sent": (bytes(range(256)) * (MAX_PACKED // 256 + 1), 413, "may have 1048576 bytes"),
    "no XML": (as_xml({"bios": {"SSN": "1"}}).replace(b"</SSN>", b""), 400, "line 1, column"),
    "values without end": (zlib.compress(heavy()["empty objects"]), 400, "$: about 5592340 values"),
    "another type": (as_json({"bios": {"ssn": "1"}}, itemtype="Toaster"), 400, "$.itemtype: item type 'Toaster'"),
    "nothing in it": (as_json({}), 400, "$.content: nothing in it"),
    "a part of nothing": (as_json({"bios": {"ssn": "1"}}, partial=True), 400, "$.partial"),
    "nested": (zlib.compress(json_of(f'"a":{"[" * 5_000}')), 400, "$: not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(REFUSED))
async def test_what_cannot_be_taken_is_answered_with_its_place(direct: Direct, name: str) -> None:
    body, status, why = REFUSED[name]
    answer = await direct.post(body)
    assert answer.status_code == status
    said = answer.json()["message"] if answer.headers["content-type"] == "application/json" else answer.text
    packed = answer.headers["content-type"].startswith("application/x-compress")
    assert why in (zlib.decompress(answer.content).decode() if packed else said)
    assert (await direct.post(json.dumps(pc(1)).encode())).status_code == 200
    assert direct.devices() == [(UNIT, "pc-1")]


@pytest.mark.parametrize("sized", [True, False])
async def test_an_inventory_far_too_large_is_told_so_and_not_cut_off(direct: Direct, *, sized: bool) -> None:
    # More than all buffers between hold: who sends it still sends when it is refused.
    piece = b"a" * (1 << 20)

    def send() -> tuple[int, bytes]:
        talk = http.client.HTTPConnection(direct.here.url.removeprefix("http://"), timeout=60)
        try:
            talk.request("POST", direct.path, piece * 32 if sized else iter([piece] * 32))
            answer = talk.getresponse()
            return answer.status, answer.read()
        finally:
            talk.close()

    assert await asyncio.to_thread(send) == (413, b"an inventory may have 1048576 bytes as sent\n")


async def test_an_agent_that_asks_for_what_is_not_here_is_told_so_in_its_own_words(direct: Direct) -> None:
    answer = await direct.post(gzip.compress(b'{"action":"register","deviceid":"a"}'))
    assert answer.status_code == 200
    assert json.loads(gzip.decompress(answer.content))["status"] == "error"


async def test_a_unit_that_floods_is_told_to_come_later_and_others_are_not(direct: Direct) -> None:
    other = open_address(direct.here.state, "11953", 1, "test")
    answers = [(await direct.post(CONTACT)).status_code for _ in range(int(OF_UNIT.burst) + 3)]
    assert answers[-3:] == [429] * 3
    assert (await direct.post(CONTACT, other)).status_code == 200
    direct.here.clock.set(direct.here.clock.now() + 1_000)
    again = await direct.post(CONTACT)
    assert again.status_code == 200


async def test_who_guesses_addresses_waits(direct: Direct) -> None:
    answers = [await direct.post(b"", f"{PREFIX}{n}") for n in range(int(OF_STRANGER.burst) + 2)]
    assert [answer.status_code for answer in answers[-3:]] == [404, 429, 429]
    assert answers[-1].headers["retry-after"] == "600"
    assert (await direct.post(CONTACT)).status_code == 200


async def test_many_at_once_are_all_taken_or_told_to_come_again(direct: Direct) -> None:
    answers = await asyncio.gather(*(direct.post(json.dumps(pc(n)).encode()) for n in range(40)))
    taken = sum(answer.status_code == 200 for answer in answers)
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len(direct.devices()) == taken >= 8


def test_addresses_are_made_listed_and_closed_by_commands(tmp_path: Path) -> None:
    from support_registry import small_province

    from cli.data import open_state

    with open_state(tmp_path) as state:
        small_province(state)

    def run(*words: str) -> str:
        done = CliRunner().invoke(commands, [*words, "--data", str(tmp_path)])
        return done.output if done.exit_code == 0 else str(done.exception)

    assert run("open", UNIT).startswith(f"https://THE-CENTRE{PREFIX}")
    assert "no unit 'nowhere'" in run("open", "nowhere")
    assert f"{UNIT}: made 20" in run("addresses")
    assert run("close", UNIT) == "closed: 1\n"
    assert ", closed 20" in run("addresses")
    assert "no address that is open" in run("close", UNIT)
    with open_state(tmp_path) as state:
        assert [(each.unit, each.closed_at is None) for each in addresses(state)] == [(UNIT, False)]


AGENTS = {"fusioninventory-agent": "FusionInventory-Agent", "ocsinventory-agent": "OCS-NG"}


def as_a_person_would(program: str, own: Path, server: str) -> tuple[list[str], str]:
    """The command, and the folder of the system in whose place `own` stands."""
    if program == "ocsinventory-agent":
        (own / "ocsinventory-agent.cfg").write_text(f"server={server}\nbasevardir={own}\n")
        return [program, "--force"], "/etc/ocsinventory"
    words = ["--force", "--wait=0", "--no-task=deploy,collect", "--server", server]
    return [program, *words], "/var/lib/fusioninventory-agent"


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="needs root: folders of its own for an agent"
)
@pytest.mark.parametrize("program", sorted(AGENTS))
async def test_debians_own_agents_post_to_the_centre_unchanged(
    direct: Direct, tmp_path: Path, program: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    own = tmp_path / "agent"
    own.mkdir()
    command, folder = as_a_person_would(program, own, f"{direct.here.url}{direct.path}")
    script = f'mkdir -p {folder} && mount --bind {own} {folder} && exec "$@"'
    done = await asyncio.to_thread(
        subprocess.run,
        ["unshare", "--mount", "sh", "-c", script, "sh", *command],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (machine,) = Machines(direct.here.state).of_unit(UNIT)
    (source,) = machine.sources
    assert source.client.startswith(AGENTS[program])
    assert (source.address, list(source.faults)) == ("127.0.0.1", [])
    assert machine.hostname
    assert len(machine.content["softwares"]) > 100
    with direct.here.state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(faces)) == 1
