"""The scenario probe at the lab's e-office behind real nginx: a visit that goes well, and each way in which it does not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from support_eoffice import PASSWORD, USER, EOffice, eoffice, needs_nginx
from support_probes import nobody, probe, website
from support_proxy import needs_tinyproxy, proxied
from test_agents_probe_guard import by_plan, resolver, visited

from agents.probes import scenario
from agents.probes.scenario.scrub import HIDDEN, MOST_BYTES
from core.values import Check, Result, Status
from lab.eoffice.pages import INCOMING, REFUSED
from lab.manual_clock import ManualClock

DAY = timedelta(days=1)
VISIT: list[dict[str, Any]] = [
    {"name": "Mở", "url": "/dang-nhap", "expect": {"text": "Đăng nhập", "not_text": "nâng cấp"}},
    {"name": "Lấy mã", "url": "/dang-nhap", "save": {"csrf": {"css": "#sign-in input[name=csrf]"}}},
    {
        "name": "Đăng nhập",
        "url": "/dang-nhap",
        "form": {"user": USER, "password": PASSWORD, "csrf": "{csrf}"},
        "expect": {"url": "/van-ban", "text": "Xin chào"},
    },
    {
        "name": "Danh sách",
        "url": "/van-ban",
        "save": {"so": {"css": "#documents tr:nth-child(2) > td.number"}},
        "expect": {"header": {"Content-Type": "text/html"}, "max_ms": 5_000},
    },
    {
        "name": "Tìm",
        "url": "/van-ban",
        "expect": {"text": [INCOMING[0].number, INCOMING[0].about], "regex": r"\d+/UBND"},
    },
    {"name": "Thoát", "submit": "#sign-out", "expect": {"url": "/", "not_text": "Xin chào"}},
]


def but(name: str, **columns: Any) -> list[dict[str, Any]]:
    """The visit, with this of one step in another way."""
    return [{**step, **columns} if step["name"] == name else step for step in VISIT]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[EOffice]:
    async with eoffice(tmp_path) as office:
        yield office


async def visit(office: EOffice, steps: list[dict[str, Any]] = VISIT, **params: object) -> Result:
    given = {"timeout_ms": 15_000, "ca_file": office.ca_file, **params}
    return await probe("scenario", office.url, steps=steps, **given)  # type: ignore[arg-type]


def document(result: Result) -> dict[str, Any]:
    ((kind, body),) = result.documents
    assert kind == "step"
    return dict(body)


pytestmark = needs_nginx


async def test_a_visit_that_goes_well_is_up_with_each_step_timed_by_phase(office: EOffice) -> None:
    result = await visit(office)
    assert (result.status, result.reason) == (Status.UP, "")
    assert result.figures["steps_done"] == 6
    assert not result.documents
    for step in VISIT:
        assert 0 < result.figures[f"step_seconds#{step['name']}"] < result.figures["total_seconds"]
        assert result.figures[f"first_byte_seconds#{step['name']}"] > 0
    assert 0 < result.figures["certificate_days_left"] < 4_000


async def test_one_connection_serves_the_visit(office: EOffice) -> None:
    result = await visit(office)
    once = [name for name in result.figures if name.startswith(("connect_seconds", "tls_seconds"))]
    assert sorted(once) == ["connect_seconds#Mở", "tls_seconds#Mở"]


async def test_a_wrong_password_is_down_at_that_step_and_its_page_is_kept_without_what_was_typed(
    office: EOffice,
) -> None:
    wrong = {"user": USER, "password": "sai-mật-khẩu-77", "csrf": "{csrf}"}
    result = await visit(office, but("Đăng nhập", form=wrong))
    assert (result.status, result.reason) == (Status.DOWN, "status|401|#Đăng nhập")
    assert result.figures["steps_done"] == 2
    assert "step_seconds#Danh sách" not in result.figures
    said = document(result)
    assert said["excerpt"].count(REFUSED) == 1
    told = {key: said[key] for key in ("check", "step", "reason", "status", "scrubbed")}
    assert told == {"check": 1, "step": "Đăng nhập", "reason": "status|401", "status": 401, "scrubbed": True}
    assert said["url"] == f"{office.url}/dang-nhap"


async def test_without_the_token_the_form_is_not_taken(office: EOffice) -> None:
    form = {"user": USER, "password": PASSWORD}
    result = await visit(office, but("Đăng nhập", form=form))
    assert (result.status, result.reason) == (Status.DOWN, "status|403|#Đăng nhập")


async def test_a_form_is_filled_in_as_it_stands_on_the_page(office: EOffice) -> None:
    steps = [
        VISIT[0],
        {
            "name": "Gửi",
            "submit": "#sign-in",
            "form": {"user": USER, "password": PASSWORD},
            "expect": {"text": USER},
        },
    ]
    result = await visit(office, steps)
    assert (result.status, result.reason) == (Status.UP, "")


async def test_what_is_wrong_with_an_answer_is_told(office: EOffice) -> None:
    for expect, reason in (
        ({"text": "Văn bản mật"}, "text missing|Văn bản mật"),
        ({"not_text": "Xin chào"}, "text present|Xin chào"),
        ({"regex": r"\d{9}/UBND"}, r"no match|\d{9}/UBND"),
        ({"header": {"X-Frame-Options": "DENY"}}, "header differs|X-Frame-Options"),
        ({"json": {"$.items": []}}, "not json"),
        ({"url": "/van-ban-di"}, f"other page|{office.url}/van-ban"),
        ({"status": [201, 204]}, "status|200"),
    ):
        result = await visit(office, but("Danh sách", expect=expect))
        assert (result.status, result.reason) == (Status.DOWN, f"{reason}|#Danh sách")


async def test_a_value_that_is_not_on_the_page_is_told_by_its_name(office: EOffice) -> None:
    for way in (
        {"css": "input[name=token]"},
        {"regex": "token=(x)"},
        {"header": "X-Token"},
        {"cookie": "token"},
    ):
        result = await visit(office, but("Lấy mã", save={"csrf": way}))
        assert (result.status, result.reason) == (Status.DOWN, "not found|csrf|#Lấy mã")


async def test_a_form_that_is_not_on_the_page_is_told(office: EOffice) -> None:
    result = await visit(office, but("Thoát", submit="form.logout"))
    assert (result.status, result.reason) == (Status.DOWN, "no form|form.logout|#Thoát")


async def test_values_come_from_cookies_headers_and_expressions(office: EOffice) -> None:
    save = {
        "a": {"cookie": "phien"},
        "b": {"header": "content-type"},
        "c": {"regex": 'name="csrf" value="([^"]+)"'},
    }
    form = {"user": USER, "password": PASSWORD, "csrf": "{c}"}
    steps = but("Lấy mã", save=save)
    steps[2] = {**steps[2], "form": form, "headers": {"X-Type": "{b}"}}
    assert (await visit(office, steps)).status == Status.UP


async def test_a_sign_in_by_json_gives_a_token_for_the_next_step(office: EOffice) -> None:
    steps = [
        {
            "name": "Lấy thẻ",
            "url": "/api/dang-nhap",
            "json": {"user": USER, "password": PASSWORD},
            "save": {"token": {"jsonpath": "$.token"}},
        },
        {
            "name": "Danh sách",
            "url": "/api/van-ban",
            "headers": {"Authorization": "Bearer {token}"},
            "expect": {"json": {"$.total": len(INCOMING), "$.items[0].number": INCOMING[0].number}},
        },
    ]
    assert (await visit(office, steps)).status == Status.UP
    failing = await visit(office, [steps[0], {**steps[1], "expect": {"json": {"$.total": 0}}}])
    assert (failing.status, failing.reason) == (Status.DOWN, "json differs|$.total|#Danh sách")
    assert INCOMING[0].number in document(failing)["excerpt"]


async def test_the_portal_is_followed_up_to_the_identity_provider(office: EOffice) -> None:
    steps = [
        {
            "name": "Khám phá",
            "url": "/.well-known/openid-configuration",
            "expect": {"header": {"content-type": "application/json"}},
            "save": {
                "keys": {"jsonpath": "$.jwks_uri"},
                "authorize": {"jsonpath": "$.authorization_endpoint"},
            },
        },
        {"name": "Khoá", "url": "{keys}", "save": {"kid": {"jsonpath": "$.keys[?@.kty == 'EC'].kid"}}},
        {
            "name": "Cổng",
            "url": "/cong/dang-nhap",
            "follow": False,
            "expect": {"status": 302, "header": {"location": "/authorize?"}},
        },
        {
            "name": "Trang đăng nhập",
            "url": "/cong/dang-nhap",
            "expect": {"url": "/authorize", "text": "Đăng nhập"},
        },
    ]
    result = await visit(office, steps)
    assert (result.status, result.reason) == (Status.UP, "")
    office.behave(broken=["identity"])
    result = await visit(office, steps)
    assert (result.status, result.reason) == (Status.DOWN, "status|503|#Khám phá")


async def test_a_system_that_is_at_work_on_one_page_is_down_at_that_step(office: EOffice) -> None:
    office.behave(broken=["documents"])
    result = await visit(office)
    assert (result.status, result.reason) == (Status.DOWN, "status|503|#Đăng nhập")
    assert "Dịch vụ tạm dừng" in document(result)["excerpt"]
    office.behave(wrong=["documents"])
    result = await visit(office)
    assert (result.status, result.reason) == (Status.DOWN, "text missing|Xin chào|#Đăng nhập")


async def test_a_step_that_is_slow_degrades_and_the_visit_goes_on(office: EOffice) -> None:
    office.behave(slow={"documents": 0.3})
    result = await visit(office, but("Danh sách", expect={"max_ms": 250}))
    assert result.status == Status.DEGRADED
    kind, took, step = result.reason.split("|")
    assert (kind, step) == ("slow step", "#Danh sách")
    assert int(took.removesuffix(" ms")) == pytest.approx(
        result.figures["step_seconds#Danh sách"] * 1000, abs=1
    )
    assert result.figures["steps_done"] == 6
    assert result.figures["first_byte_seconds#Danh sách"] > 0.3
    whole = await visit(office, max_total_ms=500)
    assert whole.status == Status.DEGRADED
    assert whole.reason.startswith("slow|")


async def test_who_takes_the_request_and_says_nothing_times_out_at_that_step(office: EOffice) -> None:
    office.behave(silent=["sign in"])
    result = await visit(office, timeout_ms=8_000)
    assert (result.status, result.reason) == (Status.DOWN, "timeout|#Đăng nhập")
    assert result.figures["steps_done"] == 2
    assert document(result) == {
        "check": 1, "step": "Đăng nhập", "reason": "timeout", "url": "", "status": None, "excerpt": "", "scrubbed": True,
    }  # fmt: skip


async def test_a_front_that_is_half_open_times_out(office: EOffice) -> None:
    office.front.freeze()
    try:
        result = await visit(office, timeout_ms=500)
    finally:
        office.front.thaw()
    assert (result.status, result.reason) == (Status.DOWN, "timeout|#Mở")


async def test_a_certificate_that_will_not_do_is_told_with_its_own_reason(office: EOffice) -> None:
    office.front.front.serve(office.authority.issue("old", begins=-9 * DAY, ends=-DAY))
    assert (await visit(office)).reason == "certificate expired|#Mở"
    office.front.front.serve(office.authority.issue("other", hosts=["elsewhere.example"]))
    assert (await visit(office)).reason == "certificate for another name|#Mở"
    stranger = await visit(office, ca_file=None)
    assert stranger.reason in ("certificate not trusted|#Mở", "certificate self-signed|#Mở")


async def test_nobody_there_is_refused_at_the_first_step() -> None:
    with nobody() as port:
        result = await probe("scenario", f"http://127.0.0.1:{port}/", steps=VISIT)
    assert (result.status, result.reason) == (Status.DOWN, "refused|#Mở")


@needs_tinyproxy
async def test_a_visit_goes_over_a_proxy(office: EOffice, tmp_path: Path) -> None:
    with proxied(tmp_path) as (proxy, log):
        result = await visit(office, proxy=proxy)
        assert log.read_text().count("Established connection to host") == 1
    assert (result.status, result.reason) == (Status.UP, "")


class Site:
    """A small site whose answers the test chooses by path; keeps what it was asked."""

    def __init__(self, **answers: Response) -> None:
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]
        everything = Route("/{path:path}", self._answer, methods=["GET", "POST", "HEAD"])
        self.app = Starlette(routes=[everything])

    async def _answer(self, request: Request) -> Response:
        body = (await request.body()).decode()
        self.asked.append((request.method, request.url.path, dict(request.headers), body))
        return self.answers.get(request.path_params["path"], HTMLResponse("Trang chủ"))

    def headers(self, path: str) -> dict[str, str]:
        return next(headers for _, each, headers, _ in self.asked if each == path)


async def steps_at(port: int, *steps: dict[str, Any], **params: object) -> Result:
    return await probe("scenario", f"http://127.0.0.1:{port}/", steps=list(steps), **params)


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "a=1"), (308, "POST", "a=1")],
)
async def test_a_redirect_is_followed_as_browsers_do(status: int, method: str, body: str) -> None:
    site = Site(cu=RedirectResponse("/moi", status))
    async with website(site.app) as port:
        result = await steps_at(
            port, {"name": "1", "url": "/cu", "form": {"a": "1"}, "expect": {"url": "/moi"}}
        )
    assert result.status == Status.UP
    assert (site.asked[1][0], site.asked[1][3]) == (method, body)


async def test_redirects_without_end_are_left_after_the_bound() -> None:
    site = Site(vong=RedirectResponse("/vong"))
    async with website(site.app) as port:
        result = await steps_at(port, {"name": "1", "url": "/vong"}, max_redirects=3)
    assert (result.status, result.reason) == (Status.DOWN, "too many redirects|3|#1")
    assert len(site.asked) == 4


@pytest.mark.parametrize(
    "location", ["ftp://a.example/", "http://[::1", "javascript:alert(1)", "//" + "a" * 9_000]
)
async def test_a_redirect_that_leads_nowhere_is_told(location: str) -> None:
    site = Site(x=Response(status_code=302, headers={"location": location}))
    async with website(site.app) as port:
        result = await steps_at(port, {"name": "1", "url": "/x"})
    assert (result.status, result.reason) == (Status.DOWN, "bad redirect|#1")


async def test_what_was_typed_in_and_who_we_are_is_not_carried_to_another_server() -> None:
    other = Site()
    async with website(other.app) as there:
        site = Site(
            kept=RedirectResponse(f"http://127.0.0.1:{there}/", 307), left=RedirectResponse(f"http://127.0.0.1:{there}/x", 302)
        )  # fmt: skip
        async with website(site.app) as port:
            sent = {
                "form": {"password": PASSWORD},
                "headers": {"Authorization": "Bearer 1", "User-Agent": "nhip"},
            }
            kept = await steps_at(port, {"name": "1", "url": "/kept", **sent})
            left = await steps_at(port, {"name": "1", "url": "/left", **sent})
    assert (kept.status, kept.reason) == (Status.DOWN, "unsafe redirect|#1")
    assert left.status == Status.UP
    ((method, path, headers, body),) = other.asked
    assert (method, path, body) == ("GET", "/x", "")
    assert not {"authorization", "origin", "referer", "content-type"} & set(headers)
    assert headers["user-agent"] == "nhip"


async def test_pages_are_told_where_people_come_from() -> None:
    site = Site()
    async with website(site.app) as port:
        steps = [{"name": "1", "url": "/a?b=1"}, {"name": "2", "url": "/c", "form": {}}]
        await steps_at(port, *steps)
    assert "referer" not in site.headers("/a")
    assert site.headers("/c")["referer"] == f"http://127.0.0.1:{port}/a?b=1"
    assert site.headers("/c")["origin"] == f"http://127.0.0.1:{port}"


async def test_a_link_is_followed_from_the_page_that_it_stood_on() -> None:
    page = HTMLResponse("<a href='chi-tiet?so=12/KH&x=đ'>Xem</a>")
    site = Site(**{"muc/danh-sach": page})
    async with website(site.app) as port:
        found = {"to": {"css": "a", "attr": "href"}}
        result = await steps_at(
            port, {"name": "1", "url": "/muc/danh-sach", "save": found}, {"name": "2", "url": "{to}", "expect": {"url": "%C4%91"}}
        )  # fmt: skip
    assert (result.status, result.reason) == (Status.UP, "")
    assert site.asked[1][1] == "/muc/chi-tiet"


async def test_a_form_that_is_sent_by_get_is_in_the_address() -> None:
    site = Site(
        tim=HTMLResponse(
            "<form action=/ket-qua?cu=1><input name=q><input type=hidden name=loai value=den></form>"
        )
    )
    async with website(site.app) as port:
        await steps_at(
            port, {"name": "1", "url": "/tim"}, {"name": "2", "submit": "form", "form": {"q": "a b"}}
        )
    method, path, _, body = site.asked[1]
    assert (method, path, body) == ("GET", "/ket-qua", "")


async def test_cookies_of_one_visit_are_not_there_in_the_next() -> None:
    answer = HTMLResponse("x")
    answer.set_cookie("phien", "1")
    site = Site(vao=answer)
    async with website(site.app) as port:
        for _ in range(2):
            await steps_at(port, {"name": "1", "url": "/vao"}, {"name": "2", "url": "/trong"})
    assert ["cookie" in headers for _, _, headers, _ in site.asked] == [False, True, False, True]


async def test_json_that_is_none_or_of_too_many_values_is_told() -> None:
    site = Site(a=HTMLResponse("{"), b=HTMLResponse("[" * 100_000), c=JSONResponse({"a": "x" * 300_000}))
    async with website(site.app) as port:
        for path, reason in (("a", "not json"), ("b", "page cannot be read"), ("c", "too large|262144")):
            step = {"name": "1", "url": path, "expect": {"json": {"$.a": 1}}}
            result = await steps_at(port, step, max_body_bytes=1 << 20)
            assert (result.status, result.reason) == (Status.DOWN, f"{reason}|#1")


async def test_what_is_missing_from_a_page_that_was_not_read_to_its_end_is_told_so() -> None:
    site = Site(a=HTMLResponse("x" * 5_000 + "cuối"))
    async with website(site.app) as port:
        for wanted in (
            {"expect": {"text": "cuối"}},
            {"save": {"a": {"css": "p"}}},
            {"expect": {"regex": "cuối"}},
        ):
            result = await steps_at(port, {"name": "1", "url": "a", **wanted}, max_body_bytes=1_000)
            assert (result.status, result.reason) == (Status.DOWN, "too large|1000|#1")
        whole = await steps_at(port, {"name": "1", "url": "a", "expect": {"text": "cuối"}})
    assert whole.status == Status.UP


async def test_an_expression_that_searches_for_ever_is_the_checks_fault() -> None:
    site = Site(a=HTMLResponse("a" * 60))
    async with website(site.app) as port:
        result = await steps_at(port, {"name": "1", "url": "a", "expect": {"regex": "(a+)+b"}})
    assert (result.status, result.reason) == (Status.UNKNOWN, "bad parameter|regex: takes too long|#1")


async def test_tokens_that_were_handed_out_are_in_no_excerpt() -> None:
    page = HTMLResponse(
        "<p>mã tu-do-99, phiên phien-77, khoá khoa-55<form><input name=h value=an-33></form><p>an-33"
    )
    page.set_cookie("s", "phien-77")
    site = Site(a=page)
    async with website(site.app) as port:
        result = await steps_at(
            port,
            {"name": "1", "url": "a", "save": {"x": {"regex": "mã ([^,]+)"}}},
            {"name": "2", "url": "a", "headers": {"X-Key": "khoa-55"}},
            {"name": "3", "submit": "form", "url": "/a", "expect": {"status": 500}},
        )
    said = document(result)["excerpt"]
    assert said.startswith(f"mã {HIDDEN}, phiên {HIDDEN}, khoá {HIDDEN}")
    assert "33" not in said
    assert len(said.encode()) <= MOST_BYTES


@pytest.fixture
def failing_run() -> tuple[scenario.Scenario, ManualClock]:
    clock = ManualClock()
    return scenario.Scenario(clock), clock


async def test_the_page_of_a_failure_is_told_once_and_again_after_an_hour_or_when_it_changes(
    failing_run: tuple[scenario.Scenario, ManualClock],
) -> None:
    probe_, clock = failing_run
    site = Site(a=HTMLResponse("x", 500))
    async with website(site.app) as port:
        check = Check(
            7, "scenario", f"http://127.0.0.1:{port}/", 60_000, 5_000, {"steps": [{"name": "1", "url": "a"}]}
        )

        async def told() -> int:
            return len((await probe_.run(check)).documents)

        assert [await told() for _ in range(3)] == [1, 0, 0]
        site.answers["a"] = HTMLResponse("x", 502)
        assert [await told() for _ in range(2)] == [1, 0]
        await clock.advance(3_600_000)
        assert await told() == 1
        site.answers["a"] = HTMLResponse("x")
        assert await told() == 0
        site.answers["a"] = HTMLResponse("x", 502)
        assert await told() == 1
        probe_.keep([])
        assert await told() == 1


async def test_redirects_lead_to_no_address_that_is_the_agents_own() -> None:
    with visited() as (port, came):
        for location in (
            f"http://127.0.0.1:{port}/",
            f"http://[::ffff:127.0.0.1]:{port}/",
            f"http://localhost:{port}/",
            f"http://2130706433:{port}/",
            "http://169.254.169.254/latest/meta-data/",
        ):
            site = Site(x=RedirectResponse(location))
            async with website(site.app, host="127.0.0.2") as there:
                steps = [{"name": "1", "url": "/x"}]
                result = await by_plan("scenario", f"http://127.0.0.2:{there}/", ["127.0.0.2"], steps=steps)
            assert result.status == Status.UNKNOWN
            assert result.reason.startswith("refused request|"), location
            assert result.reason.endswith(" is off limits|#1")
        assert not came()


async def test_a_name_that_is_rebound_within_a_visit_is_looked_at_again() -> None:
    closing = HTMLResponse("x", headers={"connection": "close"})
    site = Site(a=closing)
    async with website(site.app, host="127.0.0.2") as there, resolver("127.0.0.2", "127.0.0.1"):
        steps = [{"name": "1", "url": "a"}, {"name": "2", "url": "a"}]
        result = await by_plan("scenario", f"http://rebinds.example:{there}/", ["127.0.0.2"], steps=steps)
    assert (result.status, result.reason) == (
        Status.UNKNOWN,
        "refused request|127.0.0.1 is off limits|#2",
    )
    assert result.figures["steps_done"] == 1


async def test_a_server_that_hangs_up_between_steps_is_asked_anew() -> None:
    served = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        served += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await steps_at(port, *({"name": str(i), "url": "/"} for i in range(3)))
    assert (result.status, served) == (Status.UP, 3)
