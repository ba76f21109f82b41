"""`/api/v1/maintenance`: operators announce planned work and end it, everyone may see it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from support_registry import small_province
from support_web import Web, web

from web.api.problems import BASE
from web.auth import Role

HOUR = 3_600_000
PATH = "/api/v1/maintenance"


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with web(tmp_path) as made:
        small_province(made.state, made.clock.now())
        yield made


def kind_of(answer: httpx2.Response) -> str:
    return str(answer.json()["type"]).removeprefix(BASE)


async def test_an_operator_announces_work_that_everyone_sees_and_ends_it(nhip: Web) -> None:
    now = nhip.clock.now()
    operator = nhip.client(Role.OPERATOR)
    wanted = {"unit": "323", "below": True, "note": " Thay cáp ", "valid_to": now + HOUR}
    made = await operator.post(PATH, json=wanted)
    expected = {
        "id": 1,
        "unit": "323",
        "service": "",
        "below": True,
        "note": "Thay cáp",
        "valid_from": now,
        "valid_to": now + HOUR,
    }
    assert (made.status_code, made.json()) == (201, expected)
    assert (await nhip.client(Role.VIEWER).get(PATH)).json()["items"] == [expected]
    assert [window.unit for window in nhip.context.registry.maintenance()] == ["323"]
    await nhip.clock.advance(1_000)
    assert (await operator.delete(f"{PATH}/1")).status_code == 204
    assert [window.valid_to for window in nhip.context.registry.maintenance()] == [now + 1_000]
    assert kind_of(await operator.delete(f"{PATH}/1")) == "bad-input"
    assert kind_of(await operator.delete(f"{PATH}/2")) == "not-found"


async def test_less_than_an_operator_may_not_change_windows(nhip: Web) -> None:
    manager = nhip.client(Role.MANAGER)
    assert kind_of(await manager.post(PATH, json={"unit": "323", "note": "x"})) == "refused"
    assert kind_of(await manager.delete(f"{PATH}/1")) == "refused"


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        ({"unit": "nowhere", "note": "x"}, "bad-input"),
        ({"unit": "323", "note": "x", "valid_from": 9, "valid_to": 5}, "bad-input"),
        ({"unit": "323", "note": "\u0000x"}, "bad-input"),
        ({"unit": "323", "note": "  "}, "invalid"),
        ({"unit": "323", "note": "x", "valid_to": 1 << 60}, "invalid"),
        ({"unit": "323", "note": "x", "until": 5}, "invalid"),
        ({"note": "x"}, "invalid"),
    ],
)
async def test_a_window_that_cannot_be_is_a_problem(nhip: Web, wanted: dict[str, object], kind: str) -> None:
    assert kind_of(await nhip.client(Role.OPERATOR).post(PATH, json=wanted)) == kind
    assert nhip.context.registry.maintenance() == ()
