"""`POST /api/v1/services/{code}/try`: by whom a check may be tried, and what comes of it, down to a real agent and a real page."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from support_office_pages import offices_web
from support_registry import small_province
from support_web import Web, served

from agents.agent import Agent
from agents.enrol import enrol
from collector.agents import Agents
from core.clock import SystemClock
from core.wire import CHECK, Diagnosis
from inventory.catalogue import write_service
from inventory.changes import put_template, set_setting
from inventory.vault import Vault
from web.api.problems import BASE
from web.auth import Role
from web.auth.tokens import create_token
from web.main import build

UNIT, AGENT = "11950", "11950-3f2a"
KEPT = {"unit": UNIT, "check": "Đăng nhập"}
DRAFT = {"kind": "http", "target": "{address}", "params": {"body_contains": "Xin chào"}, "timeout_ms": 5_000}
BROKEN = {"step": "Đăng nhập", "reason": "text missing|Chào", "url": "https://x/login", "status": 200, "excerpt": "Sai", "scrubbed": True}  # fmt: skip
FIGURES = {"step_seconds#Mở trang": 0.4, "connect_seconds#Mở trang": 0.1, "step_seconds#Đăng nhập": 0.3}


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with offices_web(tmp_path) as made:
        yield made


async def attempt(
    nhip: Web, body: Mapping[str, object], role: Role = Role.OPERATOR, code: str = "mot-cua"
) -> httpx2.Response:
    return await nhip.client(role).post(f"/api/v1/services/{code}/try", json=body)


def kind_of(answer: httpx2.Response) -> str:
    return str(answer.json()["type"]).removeprefix(BASE)


async def test_a_check_of_the_catalogue_runs_as_the_plan_has_it_and_each_step_is_answered(nhip: Web) -> None:
    nhip.hub.answer = Diagnosis("1", "down", "text missing|Chào|#Đăng nhập", FIGURES, 812, {"step": BROKEN})
    answer = await attempt(nhip, KEPT)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [(step["name"], step["state"]) for step in found["steps"]] == [
        ("Mở trang", "done"),
        ("Đăng nhập", "failed"),
        ("Danh sách", "not reached"),
        ("Đăng xuất", "not reached"),
    ]
    assert found["steps"][0]["phases"] == pytest.approx({"connect_seconds": 0.1, "rest_seconds": 0.3})
    assert found["failing"] == {key: BROKEN[key] for key in ("step", "reason", "url", "status", "excerpt")} | {"cut": False}  # fmt: skip
    assert (found["unit"], found["kind"], found["status"], found["took_ms"]) == (
        UNIT,
        "scenario",
        "down",
        812,
    )
    assert found["target"] == "https://motcua.hungyen.test/"
    assert found["figures"] == FIGURES
    ((agent, kind, target, _, who),) = nhip.hub.asked
    assert (agent, kind, target, who) == (AGENT, CHECK, "https://motcua.hungyen.test/", "operator")


async def test_what_is_not_kept_is_an_administrator_s(nhip: Web) -> None:
    body = {"unit": UNIT, "draft": DRAFT}
    refused = await attempt(nhip, body)
    assert (refused.status_code, kind_of(refused)) == (403, "refused")
    assert kind_of(await attempt(nhip, KEPT, Role.TECHNICIAN)) == "refused"
    assert (await nhip.client().post("/api/v1/services/mot-cua/try", json=KEPT)).status_code == 401
    assert nhip.hub.asked == []
    answer = await attempt(nhip, body, Role.ADMIN)
    assert answer.status_code == 200, answer.text
    assert [step["name"] for step in answer.json()["steps"]] == [""]
    ((_, _, target, params, _),) = nhip.hub.asked
    assert target == "https://motcua.hungyen.test/"
    assert params == {"kind": "http", "params": {"body_contains": "Xin chào"}, "timeout_ms": 5_000}


@pytest.mark.parametrize(
    ("body", "code", "status", "said"),
    [
        ({"unit": UNIT}, "mot-cua", 400, "either `check` or `draft`"),
        (KEPT | {"draft": DRAFT}, "mot-cua", 400, "either `check` or `draft`"),
        ({"unit": UNIT, "check": "none"}, "mot-cua", 404, "no check of that name"),
        (KEPT, "none", 404, "no service has that code"),
        (KEPT | {"unit": "99999"}, "mot-cua", 400, "No unit has that code."),
        (KEPT | {"check": "Trang chủ"}, "hop", 400, "no address yet"),
        (KEPT | {"check": "Tên miền"}, "mot-cua", 400, "nothing that this check could ask"),
        ({"unit": UNIT, "draft": DRAFT | {"target": "{nowhere}"}}, "mot-cua", 400, "draft.target"),
        ({"unit": UNIT, "draft": DRAFT | {"params": {"a": "x" * 99_999}}}, "mot-cua", 400, "draft.params"),
        ({"unit": UNIT, "draft": DRAFT | {"timeout_ms": 0}}, "mot-cua", 422, "draft.timeout_ms"),
        ({"unit": UNIT, "draft": DRAFT | {"more": 1}}, "mot-cua", 422, "draft.more"),
        ({"unit": "", "check": "x"}, "mot-cua", 422, "unit"),
    ],
)
async def test_what_cannot_be_tried_says_why_and_asks_nobody(
    nhip: Web, body: dict[str, object], code: str, status: int, said: str
) -> None:
    answer = await attempt(nhip, body, Role.ADMIN, code)
    assert answer.status_code == status, answer.text
    assert said in json.dumps(answer.json(), ensure_ascii=False)
    assert nhip.hub.asked == []


async def test_a_unit_whose_agent_is_away_is_unavailable(nhip: Web) -> None:
    nhip.hub.online = False
    answer = await attempt(nhip, KEPT)
    assert (answer.status_code, kind_of(answer)) == (503, "unavailable")
    assert "Retry-After" in answer.headers


# From one end to the other

WORD = "Bi-mat-cua-tai-khoan"


async def _page(_request: Request) -> HTMLResponse:
    return HTMLResponse("<h1>Một cửa</h1><form action=/login method=post><input name=password></form>")


async def _login(request: Request) -> HTMLResponse:
    form = await request.form()
    return HTMLResponse(f"<p>Mật khẩu {form['password']} không đúng</p>")


@asynccontextmanager
async def real(folder: Path) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
    """An admin's client of a real centre whose agent has a plan with one scenario, and the address of the system that it is of."""
    office = Starlette(routes=[Route("/", _page), Route("/login", _login, methods=["POST"])])
    (folder / "centre").mkdir()
    app = build(folder / "centre")
    context, clock = app.state.context, SystemClock()
    async with served(app) as url, served(office) as office_url:  # type: ignore[arg-type]  # any application
        state, now = context.state, clock.now()
        small_province(state, now)
        set_setting(state, now, "allowed_addresses", "127.0.0.0/8")
        form = {"name": "Đăng nhập", "submit": "form", "form": {"password": "${secret:word}"}}
        steps = [{"name": "Mở", "url": "/"}, form | {"expect": {"text": "Xin chào"}}]
        check = {"name": "Vào", "kind": "scenario", "target": "{address}", "params": {"steps": steps}}
        check |= {"interval_ms": 500, "timeout_ms": 20_000}
        write_service(state, now, {"code": "x", "name": "X", "address": f"{office_url}/"}, [check])
        put_template(state, now, level="commune", vantage="unit", label="S", role="service", service="*")
        Vault(state).set("word", WORD, now, "lan")
        context.registry.refresh()
        credential = await asyncio.to_thread(
            enrol, folder / "agent", url, Agents(state, clock).create_token(UNIT)
        )
        agent = Agent(folder / "agent", credential)
        running = asyncio.create_task(agent.run())
        token = create_token(state, "lan", Role.ADMIN, clock.now(), 3_600_000)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with (
                asyncio.timeout(120),
                httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as http,
            ):
                while not context.hub.connected(credential.agent):  # noqa: ASYNC110 - the hub tells nobody
                    await asyncio.sleep(0.01)
                yield http, office_url
        finally:
            agent.stop()
            await running


async def test_a_real_agent_tries_a_kept_scenario_and_tells_of_the_failing_page_without_the_secret(
    tmp_path: Path,
) -> None:
    async with real(tmp_path) as (http, office_url):
        body = {"unit": UNIT, "check": "Vào"}
        while True:  # until the agent has its plan and the secret of it
            answer = await http.post("/api/v1/services/x/try", json=body)
            assert answer.status_code == 200, answer.text
            found = answer.json()
            if found["status"] != "unknown":
                break
            await asyncio.sleep(0.05)
        assert found["reason"] == "text missing|Xin chào|#Đăng nhập"
        assert [step["state"] for step in found["steps"]] == ["done", "failed"]
        assert found["failing"]["url"] == f"{office_url}/login"
        assert found["failing"]["excerpt"] == "Mật khẩu ••• không đúng"
        assert WORD not in answer.text
        # The same, not kept, is kept off the agent's own machine, whatever an admin allowed for the plan.
        draft = {"kind": "http", "target": "{address}", "params": {"body_contains": "Một cửa"}}
        tried = (await http.post("/api/v1/services/x/try", json={"unit": UNIT, "draft": draft})).json()
        assert (tried["status"], tried["reason"].partition("|")[0]) == ("unknown", "refused request")


async def test_the_page_of_the_service_tells_what_the_agent_met_by_its_plan(tmp_path: Path) -> None:
    async with real(tmp_path) as (http, office_url):
        while True:
            text = (await http.get("/services/x")).text
            if 'id="failures"' in text:
                break
            await asyncio.sleep(0.1)
        failures = text[text.index('id="failures"') :]
        assert "Xã Một" in failures
        assert f"{office_url}/login" in failures
        assert "Mật khẩu ••• không đúng" in failures
        assert WORD not in text
        month = await http.get("/fragments/services/x/month")
        assert month.status_code == 200
        assert "chưa có cam kết" in month.text or "chưa có dữ liệu" in month.text
