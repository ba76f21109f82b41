"""`/api/v1/devices/{id}/configs`: versions, differences and faults, for technicians."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_configs import ADDRESS, NEW, OLD, keep
from support_machine_pages import stock
from support_pages import province_web
from support_web import Web

from inventory.configs.compliance import RULES
from web.auth import Role

HOUR = 3_600_000
DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with province_web(tmp_path) as made:
        yield made


async def test_what_a_unit_has_is_listed_with_what_is_wrong_in_it(nhip: Web) -> None:
    now = nhip.clock.now()
    id_ = keep(nhip.state, now - HOUR)
    stock(nhip)
    answer = await nhip.client(Role.TECHNICIAN).get("/api/v1/units/11983/configs")
    (only,) = answer.json()
    since = {"since": now - HOUR}
    assert only["faults"] == [
        {"rule": "telnet", "line": 16, "text": " transport input telnet ssh"} | since,
        {"rule": "http", "line": 6, "text": "ip http server"} | since,
        {"rule": "community", "line": 7, "text": "snmp-server community •••(default) RO"} | since,
    ]
    assert {name: only[name] for name in ("id", "address", "vendor", "saved", "versions", "changed_at")} == {
        "id": id_,
        "address": ADDRESS,
        "vendor": "cisco",
        "saved": True,
        "versions": 1,
        "changed_at": now - HOUR,
    }


async def test_versions_are_shown_and_compared(nhip: Web) -> None:
    now = nhip.clock.now()
    id_ = keep(nhip.state, now - 2 * HOUR)
    keep(nhip.state, now - HOUR, text=NEW, startup=OLD, saved=False)
    client = nhip.client(Role.TECHNICIAN)
    new, old = (await client.get(f"/api/v1/devices/{id_}/configs")).json()
    assert (old["saved"], new["saved"], new["looks"]) == (True, False, 1)
    one = (await client.get(f"/api/v1/devices/{id_}/configs/{new['id']}")).json()
    assert one["text"] == NEW
    hunks = (await client.get(f"/api/v1/devices/{id_}/configs/diff?from={old['id']}&to={new['id']}")).json()
    assert hunks == one["unsaved"]
    changed = [line["sign"] + line["text"] for hunk in hunks for line in hunk["lines"] if line["sign"] != " "]
    assert changed == [
        "-snmp-server community •••(default) RO",
        "+snmp-server community •••(default) RO 10",
        "- ip address 10.2.2.1 255.255.255.0",
        "+ ip address 10.2.2.1 255.255.254.0",
    ]
    back = await client.get(f"/api/v1/devices/{id_}/configs/diff?from={new['id']}&to={new['id']}")
    assert back.json() == []


async def test_those_of_the_province_that_break_a_rule_or_are_not_saved_are_found(nhip: Web) -> None:
    now = nhip.clock.now()
    here = keep(nhip.state, now)
    there = keep(nhip.state, now, unit="11950", text="ip ssh version 2\n", startup=OLD, saved=False)
    stock(nhip)
    client = nhip.client(Role.TECHNICIAN)

    async def ids(query: str) -> list[int]:
        return [each["id"] for each in (await client.get(f"/api/v1/configs{query}")).json()["items"]]

    assert await ids("") == [here, there]
    assert await ids("?rule=telnet") == [here]
    assert await ids("?rule=ntp") == [there]
    assert await ids("?saved=false") == [there]
    assert await ids("?rule=telnet&saved=false") == []
    assert (await client.get("/api/v1/configs?rule=x")).status_code == 404
    assert (await nhip.client(Role.VIEWER).get("/api/v1/configs")).status_code == 403


async def test_what_a_device_says_of_itself_is_told_with_since_when(nhip: Web) -> None:
    now = nhip.clock.now()
    end = {"port": "Gi1/0/25", "name": "rt", "remote": "Gi0/1", "address": "10.33.83.1"}
    part = {"name": "1", "model": "WS-C2960X", "serial": "FOC9901XA01"}
    for at, firmware in ((now - 2 * HOUR, "15.2(7)E3"), (now - HOUR, "15.2(7)E4")):
        id_ = keep(nhip.state, at, facts={"firmware": firmware, "modules": [part], "neighbours": [end]})
    answer = await nhip.client(Role.TECHNICIAN).get(f"/api/v1/devices/{id_}/configs/facts")
    assert answer.json() == {
        "at": now - HOUR,
        "model": None,
        "serial": None,
        "firmware": {"value": "15.2(7)E4", "since": now - HOUR, "before": "15.2(7)E3"},
        "modules": [part | {"since": now - 2 * HOUR, "gone": None}],
        "neighbours": [end | {"since": now - 2 * HOUR}],
        "notes": [],
    }
    other = keep(nhip.state, now, unit="11950")
    assert (
        await nhip.client(Role.TECHNICIAN).get(f"/api/v1/devices/{other}/configs/facts")
    ).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "units/nobody/configs",
        "devices/99/configs",
        "devices/1/configs/99",
        "devices/1/configs/diff?from=1&to=99",
    ],
)
async def test_what_is_not_there_is_not_found(nhip: Web, path: str) -> None:
    keep(nhip.state, nhip.clock.now())
    assert (await nhip.client(Role.TECHNICIAN).get(f"/api/v1/{path}")).status_code == 404


@pytest.mark.parametrize("path", ["devices/0/configs", "devices/x/configs", "devices/1/configs/diff?from=1"])
async def test_what_makes_no_sense_is_refused(nhip: Web, path: str) -> None:
    assert (await nhip.client(Role.TECHNICIAN).get(f"/api/v1/{path}")).status_code in (404, 422)


async def test_viewers_see_none_of_it(nhip: Web) -> None:
    id_ = keep(nhip.state, nhip.clock.now())
    for path in (
        "units/11983/configs",
        f"devices/{id_}/configs",
        f"devices/{id_}/configs/1",
        f"devices/{id_}/configs/facts",
    ):
        assert (await nhip.client(Role.VIEWER).get(f"/api/v1/{path}")).status_code == 403


def test_every_rule_is_told_in_the_docs() -> None:
    page = (DOCS / "configs.md").read_text("utf-8")
    assert [rule for rule in RULES if f"| `{rule}` |" not in page] == []
