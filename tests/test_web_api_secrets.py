"""`/api/v1/secrets`: an admin sets and removes them; nobody reads them."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from support_registry import small_province
from support_web import Web, web

from inventory.catalogue import write_service
from inventory.changes import put_template
from inventory.vault import Vault
from web.api.problems import BASE
from web.auth import Role

PATH = "/api/v1/secrets"
WORD = "Mật-khẩu-của-tài-khoản"


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with web(tmp_path) as made:
        small_province(made.state, made.clock.now())
        yield made


def kind_of(answer: httpx2.Response) -> str:
    return str(answer.json()["type"]).removeprefix(BASE)


async def test_an_admin_sets_a_secret_that_is_never_given_back(
    nhip: Web, caplog: pytest.LogCaptureFixture
) -> None:
    admin = nhip.client(Role.ADMIN)
    with caplog.at_level(logging.DEBUG):
        assert (await admin.put(f"{PATH}/a", json={"value": WORD})).status_code == 204
        listed = await admin.get(PATH)
    kept = {"name": "a", "changed_at": nhip.clock.now(), "who": "admin", "checks": 0}
    assert listed.json() == {"items": [kept], "next": None}
    assert Vault(nhip.state).values(["a"]) == {"a": WORD}
    assert "secret a set by admin" in caplog.text
    assert WORD not in listed.text + caplog.text
    assert kind_of(await admin.get(f"{PATH}/a")) == "method-not-allowed"


async def test_a_secret_that_checks_name_and_nobody_set_is_listed_as_missing(nhip: Web) -> None:
    now = nhip.clock.now()
    params = {"headers": {"x": "${secret:qlvb}"}}
    check = {"name": "Trang", "kind": "http", "target": "https://x.vn/", "params": params}
    write_service(nhip.state, now, {"code": "x", "name": "X"}, [check])
    put_template(nhip.state, now, level="commune", vantage="unit", label="S", role="service", service="*")
    nhip.context.registry.refresh()
    listed = (await nhip.client(Role.ADMIN).get(PATH)).json()["items"]
    assert listed == [{"name": "qlvb", "changed_at": None, "who": "", "checks": 2}]


async def test_a_secret_is_removed_once(nhip: Web) -> None:
    admin = nhip.client(Role.ADMIN)
    await admin.put(f"{PATH}/a", json={"value": WORD})
    assert (await admin.delete(f"{PATH}/a")).status_code == 204
    assert kind_of(await admin.delete(f"{PATH}/a")) == "not-found"


async def test_less_than_an_admin_sees_and_changes_none(nhip: Web) -> None:
    operator = nhip.client(Role.OPERATOR)
    assert kind_of(await operator.get(PATH)) == "refused"
    assert kind_of(await operator.put(f"{PATH}/a", json={"value": WORD})) == "refused"
    assert kind_of(await operator.delete(f"{PATH}/a")) == "refused"


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("a b", {"value": WORD}, "bad-input"),
        ("a", {"value": "abc"}, "bad-input"),
        ("a", {"value": WORD * 2_000}, "bad-input"),
        ("a", {"value": [WORD]}, "invalid"),
        ("a", {"value": WORD, "more": WORD}, "invalid"),
        ("a", {}, "invalid"),
    ],
)
async def test_what_will_not_do_is_refused_without_being_repeated(
    nhip: Web, name: str, body: dict[str, object], kind: str
) -> None:
    answer = await nhip.client(Role.ADMIN).put(f"{PATH}/{name}", json=body)
    assert kind_of(answer) == kind
    assert WORD not in answer.text
    assert Vault(nhip.state).kept() == []
