"""Where the time of a check went, over the API."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from support_office_pages import offices_web
from support_views import HOUR, MINUTE
from support_web import Web

from collector.evidence import Said
from collector.said import read_said
from collector.verdict_tables import spans
from web.auth import Role
from web.timing import said_by

SIGN_IN = "Một cửa điện tử: Đăng nhập"


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with offices_web(tmp_path) as made:
        yield made


@pytest.fixture
def api(nhip: Web) -> httpx2.AsyncClient:
    client = nhip.client(Role.VIEWER)
    client.base_url = httpx2.URL("http://nhip.test/api/v1/services/")
    return client


async def test_steps_and_phases_are_told_for_each_bucket(nhip: Web, api: httpx2.AsyncClient) -> None:
    asked = {"unit": "11950", "label": SIGN_IN, "bucket": 10 * MINUTE, "from": nhip.clock.now() - HOUR}
    by_step = (await api.get("mot-cua/timing", params=asked | {"by": "step"})).json()
    assert list(by_step["layers"])[:2] == ["Mở trang", "Đăng nhập"]
    assert (by_step["label"], by_step["unit"], by_step["objective_ms"]) == (SIGN_IN, "11950", 3000)
    assert all(len(row) == len(by_step["at"]) == len(by_step["apdex"]) for row in by_step["layers"].values())
    assert set(by_step["apdex"]) == {1.0}
    by_phase = (await api.get("mot-cua/timing", params=asked)).json()
    assert list(by_phase["layers"]) == ["connect_seconds", "first_byte_seconds", "rest_seconds"]


async def test_a_check_that_has_not_been_seen_yet_has_no_times(api: httpx2.AsyncClient) -> None:
    found = (await api.get("dvc/timing", params={"unit": "11950"})).json()
    assert (found["at"], found["layers"], found["apdex"]) == ([], {}, [])
    assert found["label"].startswith("Cổng dịch vụ công tỉnh")


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("none/timing", {"unit": "11950"}, 404),
        ("mot-cua/timing", {"unit": "99999"}, 404),
        ("mot-cua/timing", {"unit": "11950", "label": "none"}, 404),
        ("mot-cua/timing", {}, 422),
        ("mot-cua/timing", {"unit": "11950", "by": "hour"}, 422),
        ("mot-cua/timing", {"unit": "11950", "from": 5, "to": 5}, 400),
        ("mot-cua/timing", {"unit": "11950", "from": 0, "bucket": 1000}, 400),
    ],
)
async def test_what_is_not_there_or_makes_no_sense_is_a_problem(
    api: httpx2.AsyncClient, path: str, params: dict[str, str | int], status: int
) -> None:
    answer = await api.get(path, params=params)
    assert answer.status_code == status
    assert answer.json()["status"] == status


async def test_what_failed_long_ago_is_read_from_disk(nhip: Web) -> None:
    state = next(each for each in nhip.views.check_states if each.label == SIGN_IN)
    now = nhip.clock.now()
    old, new = now - 40 * HOUR, now - 30 * HOUR
    with nhip.state.write() as connection:
        for k, (first, status, reason) in enumerate([(old, "down", "timeout"), (new, "up", "")], 1):
            row = {"k_first": k, "k_last": k, "first_at": first, "last_at": first + HOUR}
            agent = {"agent_first": first, "agent_last": first + HOUR}
            values = {"check_id": state.check.id, "epoch": "e", "status": status, "reason": reason}
            connection.execute(sa.insert(spans).values(row | agent | values))
    said = [Said(old, old + HOUR, "down", "timeout"), Said(new, new + HOUR, "up", "")]
    assert said_by(nhip.context, state, now - 48 * HOUR, now) == said
    assert said_by(nhip.context, state, now - HOUR, now) == []
    with nhip.state.read() as connection:
        assert read_said(connection, state.check.id, new, now) == said[1:]
        assert read_said(connection, state.check.id + 1, 0, now) == []
