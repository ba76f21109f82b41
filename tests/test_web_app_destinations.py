"""The forms of `/settings/alerts`, as an operator's browser sends them."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support_registry import small_province
from support_web import Web, served, web

from alerts.outbox import first_start
from core.wire import Document
from inventory.lan.store import store_lan
from inventory.stock import take_stock
from web.app import create_app
from web.auth import Role
from web.auth.secrets import csrf_of

FORM = {"name": "Trực ban", "url": "json://token:hidden-word@127.0.0.1:9/x", "language": "vi"}

RECEIVER = "/receiver?cto=60&rto=60"
"""With a minute to connect and to answer: one that was heard and is thought not to have been is told again."""


@pytest.fixture
async def nhip(tmp_path: Path):
    async with web(tmp_path) as made:
        first_start(made.state, made.clock.now())
        yield made


async def post(browser: httpx2.AsyncClient, path: str, **form: str | list[str]) -> httpx2.Response:
    return await browser.post(path, data=form | {"csrf": csrf_of(browser.cookies["nhip"])})


async def test_an_operator_adds_a_destination_and_its_secret_is_not_shown(nhip: Web):
    browser = await nhip.browser(Role.OPERATOR)
    answer = await post(browser, "/settings/alerts/destinations", **FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/alerts?done=added")
    (made,) = nhip.context.alerts.destinations.list()
    assert (made.name, made.language, made.created_by) == ("Trực ban", "vi", "lan")
    page = await browser.get("/settings/alerts")
    assert "Trực ban" in page.text
    assert "hidden-word" not in page.text


async def test_a_destination_that_makes_no_sense_is_said_on_the_page(nhip: Web):
    browser = await nhip.browser(Role.OPERATOR)
    answer = await post(browser, "/settings/alerts/destinations", **FORM | {"url": "gopher://x"})
    assert nhip.context.alerts.destinations.list() == []
    page = await browser.get(answer.headers["location"])
    assert "not an address" in page.text


async def test_an_operator_removes_a_destination(nhip: Web):
    browser = await nhip.browser(Role.OPERATOR)
    await post(browser, "/settings/alerts/destinations", **FORM)
    answer = await post(browser, "/settings/alerts/destinations/1/remove")
    assert answer.headers["location"] == "/settings/alerts?done=removed"
    assert nhip.context.alerts.destinations.list() == []
    again = await post(browser, "/settings/alerts/destinations/1/remove")
    assert "no+such+destination" in again.headers["location"]


async def test_trying_a_destination_that_is_not_there_says_why(nhip: Web):
    browser = await nhip.browser(Role.OPERATOR)
    await post(browser, "/settings/alerts/destinations", **FORM)
    answer = await post(browser, "/settings/alerts/destinations/1/test")
    assert answer.headers["location"].startswith("/settings/alerts?error=")
    assert "hidden-word" not in answer.headers["location"]


async def test_trying_a_destination_delivers_a_message(nhip: Web):
    got: list[str] = []

    async def take(request: Request) -> Response:
        got.append((await request.json())["title"])
        return Response()

    nhip_app = create_app(nhip.context, agent_routes=[Route("/receiver", take, methods=["POST"])])
    async with served(nhip_app) as url:
        browser = await nhip.browser(Role.OPERATOR)
        target = url.replace("http://", "json://") + RECEIVER
        await post(browser, "/settings/alerts/destinations", **FORM | {"url": target})
        answer = await post(browser, "/settings/alerts/destinations/1/test")
    assert answer.headers["location"] == "/settings/alerts?done=tested"
    assert got == ["Nhịp: tin thử"]


@pytest.mark.parametrize("path", ["", "/1/remove", "/1/test"])
async def test_a_manager_may_not_change_where_alerts_go(nhip: Web, path: str):
    browser = await nhip.browser(Role.MANAGER)
    assert (await post(browser, f"/settings/alerts/destinations{path}", **FORM)).status_code == 403
    assert nhip.context.alerts.destinations.list() == []


async def test_the_sign_in_page_says_that_name_or_password_is_wrong(nhip: Web):
    client = nhip.client()
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    page = await client.get("/sign-in?next=/outages", headers=headers)
    assert 'value="/outages"' in page.text
    wrong = await client.post("/sign-in", data={"name": "x", "password": "y"}, headers=headers)
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (401, True)


async def test_an_error_on_a_page_is_a_page(nhip: Web):
    browser = await nhip.browser(Role.VIEWER)
    for path, status in (("/units/nowhere", 404), ("/settings/alerts", 403), ("/no/such/page", 404)):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


async def test_an_operator_says_which_findings_a_destination_is_told_of(nhip: Web):
    small_province(nhip.state)
    nhip.context.registry.refresh()
    browser = await nhip.browser(Role.OPERATOR)
    await post(browser, "/settings/alerts/destinations", **FORM, findings="*")
    (made,) = nhip.context.alerts.destinations.list()
    assert (made.findings, made.at_once) == ("*", [])
    path = f"/settings/alerts/destinations/{made.id}/findings"
    answer = await post(browser, path, findings="11950", at_once=["telnet", "memory"])
    assert answer.headers["location"] == "/settings/alerts?done=wished"
    (made,) = nhip.context.alerts.destinations.list()
    assert (made.findings, made.at_once) == ("11950", ["memory", "telnet"])
    page = (await browser.get(answer.headers["location"])).text
    assert "Đã lưu." in page
    assert '<option value="11950" selected>' in page
    for wrong in ({"findings": "nowhere"}, {"findings": "*", "at_once": "odd"}):
        answer = await post(browser, path, **wrong)
        assert answer.headers["location"].startswith("/settings/alerts?error=")
    assert nhip.context.alerts.destinations.list() == [made]
    viewer = await nhip.browser(Role.TECHNICIAN, name="ky-thuat")
    assert (await post(viewer, path, findings="*")).status_code == 403


async def test_a_finding_arrives_at_a_webhook_in_the_morning(nhip: Web):
    got: list[dict[str, str]] = []

    async def take(request: Request) -> Response:
        got.append(await request.json())
        return Response()

    small_province(nhip.state)
    nhip_app = create_app(nhip.context, agent_routes=[Route("/receiver", take, methods=["POST"])])
    async with served(nhip_app) as url:
        alerts = nhip.context.alerts
        alerts.link = "https://nhip.test"
        target = url.replace("http://", "json://") + RECEIVER
        await asyncio.to_thread(alerts.destinations.add, "noc", target, "vi", "an", findings="11950")
        now = nhip.clock.now()
        with nhip.state.write() as connection:
            heard = {"mac": "00:1b:a9:00:00:09", "kinds": [], "names": ["<b>hộp lạ</b>"], "addresses": []}
            document = Document("lan", now, {"sightings": [heard]})
            store_lan(connection, unit="11950", document=document, received_at=now)
        take_stock(nhip.state, nhip.context.machines, (), now)
        for _ in range(4 * 24):
            nhip.clock.set(nhip.clock.now() + 900_000)
            alerts.tell()
            await alerts.send_due()
            await alerts.settled()
    (only,) = got
    assert only["title"].startswith("◆ Thiết bị cần xem xét ngày ")
    assert only["message"].split("\n") == [
        "Xã Một: thiết bị lạ trong mạng LAN: <b>hộp lạ</b>",
        "Chi tiết: https://nhip.test/machines/findings?unit=11950",
    ]
