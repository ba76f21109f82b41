"""What the centre gives an agent of secrets: those of its own plan, to itself, over TLS."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette
from support_centre import UNIT, FakeAgent, Site, agent, site

from collector.centre import REFRESH_MS
from collector.routes import agent_routes
from collector.secrets import AgentSecrets
from core import wire
from inventory.catalogue import write_service
from inventory.changes import put
from inventory.vault import KEY_FILE, Vault

PATH = "/api/v1/agent/secrets"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        now = made.clock.now()
        for code, level, name in (
            ("qlvb", "commune", "qlvb-password"),
            ("thu", "department", "thu-password"),
        ):
            params = {"headers": {"x": f"Bearer ${{secret:{name}}}"}}
            check = {"name": "Trang", "kind": "http", "target": "https://x.vn/", "params": params}
            write_service(made.state, now, {"code": code, "name": code}, [check])
            line = {"level": level, "vantage": "unit", "label": code, "role": "service", "service": code}
            put(made.state, now, {"templates": [line]})
        made.centre.registry.refresh()
        vault = Vault(made.state)
        vault.set("qlvb-password", "qlvb-secret", now, "lan")
        vault.set("thu-password", "thu-secret", now, "lan")
        yield made


async def asks(box: FakeAgent, url: str = "") -> httpx2.Response:
    return await box.http.get(f"{url}{PATH}", headers=box.headers)


async def test_an_agent_gets_what_its_own_plan_names_and_no_more(here: Site) -> None:
    async with agent(here) as box:
        answer = await asks(box)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert msgspec.json.decode(answer.content, type=wire.Secrets).values == {"qlvb-password": "qlvb-secret"}


async def test_the_plan_has_the_reference_only(here: Site) -> None:
    async with agent(here) as box:
        plan = await box.http.get("/api/v1/agent/plan", headers=box.headers)
    assert "${secret:qlvb-password}" in plan.text
    assert "qlvb-secret" not in plan.text


async def test_whoever_has_no_credential_gets_nothing(here: Site) -> None:
    async with agent(here) as box:
        box.headers = {"authorization": f"Bearer {box.name}.{'x' * 43}"}
        assert (await asks(box)).status_code == 401
        assert (await box.http.get(PATH)).status_code == 401


@pytest.mark.parametrize(
    ("address", "scheme", "status"),
    [
        ("192.0.2.7", "http", 401),
        ("192.0.2.7", "https", 200),
        ("127.0.0.1", "http", 200),
        ("::1", "http", 200),
    ],
)
async def test_they_are_given_over_tls_or_to_this_very_machine(
    here: Site, address: str, scheme: str, status: int
) -> None:
    app = Starlette(routes=agent_routes(here.centre))
    transport = httpx2.ASGITransport(app=app, client=(address, 1234))
    async with (
        agent(here) as box,
        httpx2.AsyncClient(transport=transport, base_url=f"{scheme}://nhip.test") as http,
    ):
        answer = await http.get(PATH, headers=box.headers)
    assert answer.status_code == status
    assert ("qlvb-secret" in answer.text) == (status == 200)


async def test_a_secret_that_is_not_set_is_left_out(here: Site) -> None:
    Vault(here.state).remove("qlvb-password")
    async with agent(here) as box:
        assert (await asks(box)).json() == {"values": {}}


async def test_without_its_key_the_centre_says_so_and_goes_on(here: Site) -> None:
    (here.state.path.parent / KEY_FILE).unlink()
    async with agent(here) as box:
        answer = await asks(box)
        assert answer.status_code == 503
        assert "qlvb-secret" not in answer.text
        assert (await box.http.get("/api/v1/agent/plan", headers=box.headers)).status_code == 200


async def test_only_units_whose_plan_names_what_changed_are_to_ask_again(here: Site) -> None:
    vault, units = Vault(here.state), {UNIT, "so-yt", "323"}
    secrets = AgentSecrets(vault, here.centre.registry, here.centre.enrolled)
    assert secrets.to_ask_again(units) == set()
    vault.set("thu-password", "of-others", here.clock.now(), "lan")
    assert secrets.to_ask_again(units) == {"so-yt"}
    assert secrets.to_ask_again(units) == set()
    vault.remove("qlvb-password")
    assert secrets.to_ask_again(units) == {UNIT}
    vault.set("nobody-names-it", "a-word", here.clock.now(), "lan")
    assert secrets.to_ask_again(units) == set()


async def test_an_agent_hears_that_a_secret_of_its_plan_was_set(here: Site) -> None:
    async with agent(here) as box:
        await box.connect()
        await box.beat()
        await box.http.get("/api/v1/agent/plan", headers=box.headers)
        Vault(here.state).set("qlvb-password", "changed-word", here.clock.now(), "lan")
        await here.rest()
        await here.clock.advance(REFRESH_MS)
        await box.hear(wire.PlanChanged)
        assert (await asks(box)).json() == {"values": {"qlvb-password": "changed-word"}}
