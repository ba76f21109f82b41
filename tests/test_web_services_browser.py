"""The pages of services in a real browser: the matrix while it changes, the scenario editor, and hostile text."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect
from support_office_pages import fill, offices_web, reads
from support_pages import province_web
from support_web import PASSWORD, QUICK, Web, served
from test_web_pages_browser import LAUNCH, _is_fault, fresh, moved, pointed_at, streams
from test_web_pages_browser import pytestmark as pytestmark  # the same needs

from collector.services.views import Sees, Standing
from collector.views import Outage, Sentence
from core.values import Cause
from core.wire import CHECK, Diagnosis
from inventory.changes import put
from inventory.vault import Vault
from web.auth import Role
from web.auth.users import add_user


@asynccontextmanager
async def window(
    folder: Path, *, width: int = 1440, make=offices_web
) -> AsyncIterator[tuple[Web, Page, str]]:  # type: ignore[no-untyped-def]
    """A browser of an administrator. Any error in a script, any dialog, or a request elsewhere, fails."""
    wrong: list[str] = []
    async with make(folder) as made, served(made.app) as url, async_playwright() as driver:
        add_user(made.state, "lan", Role.ADMIN, PASSWORD, made.clock.now(), QUICK)
        chromium = await driver.chromium.launch(**LAUNCH)
        try:
            page = await fresh(chromium, width)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda said: wrong.append(said.text) if _is_fault(said) else None)
            page.on(
                "request",
                lambda asked: None if asked.url.startswith((url, "data:")) else wrong.append(asked.url),
            )
            await page.clock.install()
            await page.goto(url)
            await page.fill("#name", "lan")
            await page.fill("#password", PASSWORD)
            await page.click("main button")
            await page.wait_for_selector("#unit-11950")
            yield made, page, url
        finally:
            await chromium.close()
    assert wrong == []


async def test_a_service_that_fails_in_a_unit_is_seen_in_the_matrix_without_reloading(tmp_path):
    async with window(tmp_path) as (made, page, url):
        await page.goto(url + "/services")
        await page.clock.resume()
        await streams(made)
        row = page.locator("#service-dvc")
        await expect(row.locator(".is-down.u")).to_have_count(0)
        await page.evaluate("window.sameDocument = true")
        await row.locator("summary").click()
        services = reads(made)
        hit = {"11950", "11953"}
        services.seen = [
            replace(each, sees=Sees.DOWN, reason="tls failed|x")
            if each.service == "dvc" and each.unit in hit
            else each
            for each in services.seen
        ]
        services.states["dvc"] = replace(services.states["dvc"], status=Standing.UNREACHABLE)
        made.views.feed.publish("service", "dvc")
        await expect(row.locator(".is-down.u")).to_have_count(2)
        await expect(row.locator(".badge")).to_have_text("Gián đoạn cục bộ")
        await expect(row.locator("details")).to_have_attribute("open", "")
        await expect(row.locator(".hit li", has_text="Phường Lam Sơn")).to_be_visible()
        await expect(page.locator("#service-counts")).to_contain_text("2 Gián đoạn cục bộ")
        await expect(page.locator("#said")).to_contain_text("Cổng dịch vụ công tỉnh: Gián đoạn cục bộ")
        assert await page.evaluate("window.sameDocument")


async def test_a_service_that_begins_to_be_watched_appears(tmp_path):
    async with window(tmp_path) as (made, page, url):
        await page.goto(url + "/services")
        await page.clock.resume()
        await streams(made)
        await expect(page.locator("#service-hop")).to_have_count(0)
        put(made.state, made.clock.now(), {"services": [{"code": "hop", "address": "https://hop.test/"}]})
        made.context.registry.refresh()
        reads(made).seen.clear()
        fill(made)
        made.views.feed.publish("service", "hop")
        await expect(page.locator("#service-hop .u.is-good").first).to_be_visible()
        await expect(page.locator("#waiting")).not_to_contain_text("Hội nghị truyền hình")


async def test_on_a_phone_services_are_a_list_and_each_opens_the_units_that_are_hit(tmp_path):
    async with window(tmp_path, width=390) as (_made, page, url):
        await page.goto(url + "/services")
        row = page.locator("#service-mot-cua")
        await expect(row.locator(".cluster").first).to_be_hidden()
        await expect(row.locator(".headline")).to_contain_text("162 / 188 đơn vị đăng nhập được")
        await row.locator("summary").click()
        await expect(row.locator(".hit a", has_text="Huyện Ân Thi")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_steps_are_stacked_and_so_are_phases(tmp_path):
    async with window(tmp_path) as (_made, page, url):
        await page.goto(url + "/services/mot-cua")
        await expect(page.locator("#timing-stack canvas")).to_have_count(1)
        await expect(page.locator("#timing-apdex canvas")).to_have_count(1)
        await expect(page.locator("#timing-legend > span")).to_have_count(4)
        await expect(page.locator("#timing-legend")).to_contain_text("Đăng nhập")
        await page.click("[data-by=phase]")
        await expect(page.locator("#timing-legend")).to_contain_text("byte đầu tiên")
        await pointed_at(page, "#timing-stack", r".*ms.*", x=200)
        async with page.expect_response("**/timing?**") as asked:
            await page.select_option("#timing-unit", "11950")
        assert (await (await asked.value).json())["unit"] == "11950"


async def params(page: Page) -> dict:
    return json.loads(await page.input_value("#params"))


async def test_a_scenario_is_written_as_a_form_and_as_json_and_both_say_the_same(tmp_path):
    async with window(tmp_path) as (made, page, url):
        await page.goto(url + "/services/mot-cua/checks/edit?name=%C4%90%C4%83ng%20nh%E1%BA%ADp")
        steps = page.locator("#steps > .step")
        await expect(steps).to_have_count(4)
        before = await params(page)

        await steps.nth(2).locator("[data-move='-1']").click()
        await expect(steps.nth(1).locator(".step-name")).to_have_text("Danh sách")
        moved_ = await params(page)
        assert [step["name"] for step in moved_["steps"]] == [
            "Mở trang",
            "Danh sách",
            "Đăng nhập",
            "Đăng xuất",
        ]
        assert moved_["steps"][2] == before["steps"][1]  # nothing is lost on the way

        await steps.nth(0).locator("[data-remove-step]").click()
        await page.click("[data-add-step]")
        await steps.nth(3).locator("[data-path=name]").fill("Tìm văn bản")
        await steps.nth(3).locator("[data-path=method]").select_option("POST")
        await steps.nth(3).locator("[data-path=url]").fill("/search")
        await steps.nth(3).locator("details").nth(0).locator("summary").click()
        await steps.nth(3).locator("[data-add-row=form]").click()
        await steps.nth(3).locator("[data-map=form] [data-key]").fill("q")
        await steps.nth(3).locator("[data-map=form] [data-value]").fill("công văn")
        await steps.nth(3).locator("details").nth(2).locator("summary").click()
        await steps.nth(3).locator("[data-path='expect.status']").fill("200, 302")
        await steps.nth(3).locator("[data-path='expect.max_ms']").fill("2500")
        written = (await params(page))["steps"][3]
        assert written == {
            "name": "Tìm văn bản",
            "method": "POST",
            "url": "/search",
            "form": {"q": "công văn"},
            "expect": {"status": [200, 302], "max_ms": 2500},
        }

        await page.click("[data-view=json]")
        found = await params(page)
        found["steps"][3]["expect"]["text"] = "Kết quả"
        found["family"] = "4"
        await page.fill("#params", json.dumps(found))
        await page.click("[data-view=form]")
        await expect(steps.nth(3).locator("[data-path='expect.text']")).to_have_value("Kết quả")
        await page.click(".buttons.keep button")
        await page.wait_for_url("**/edit?done=check")
        kept = next(
            each
            for each in made.context.registry.service_checks("mot-cua", made.clock.now())
            if each.name == "Đăng nhập"
        )
        assert json.loads(kept.params) == found


@pytest.mark.parametrize("width", [1280, 390])
async def test_every_kind_has_a_form_of_its_parameters(tmp_path, width):
    async with window(tmp_path, width=width) as (made, page, url):
        Vault(made.state).set("thu-password", "rat-bi-mat", made.clock.now(), "lan")
        await page.goto(url + "/services/thu/checks/new?kind=imap")
        await expect(page.locator("#params")).to_be_hidden()
        field = page.locator("#settings").locator
        await field("[data-path=user]").fill("giamsat")
        await field("[data-path=password]").fill("Mat-khau-1")
        await expect(page.locator("#plain")).to_contain_text("password")
        await field("[data-path=password]").fill("")
        await page.select_option("#secret", "thu-password")
        await expect(page.locator("#plain")).to_be_hidden()
        await field("[data-path=tls]").select_option("starttls")
        await field("summary").click()
        await field("[data-path=warn_days]").fill("7,5")
        assert await params(page) == {
            "user": "giamsat",
            "password": "${secret:thu-password}",
            "tls": "starttls",
            "warn_days": 7.5,
        }
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        await page.fill("#name", "Hộp thư")
        await page.click(".buttons.keep button")
        await page.wait_for_url("**/edit?done=check")
        await page.goto(url + "/services/thu/checks/edit?name=H%E1%BB%99p%20th%C6%B0")
        await expect(field("[data-path=tls]")).to_have_value("starttls")
        # What this kind does not know is named; what is taken back to its default goes.
        await page.select_option("#kind", "smtp")
        await expect(page.locator("#unknown")).to_be_hidden()
        await page.select_option("#kind", "dns")
        await expect(page.locator("#unknown")).to_contain_text("password, tls, user, warn_days")
        await field("[data-path=expect]").fill("203.0.113.10\n203.0.113.11\n")
        await page.select_option("#kind", "imap")
        await field("summary").click()
        await field("[data-path=warn_days]").fill("")
        found = await params(page)
        assert (found["expect"], "warn_days" in found) == (["203.0.113.10", "203.0.113.11"], False)


async def test_a_new_check_begins_anew_as_another_kind_until_it_was_written_in(tmp_path):
    async with window(tmp_path) as (made, page, url):
        Vault(made.state).set("mot-cua-user", "giamsat", made.clock.now(), "lan")
        await page.goto(url + "/services/mot-cua/checks/new?kind=http")
        await page.select_option("#kind", "scenario")
        await expect(page.locator("#steps > .step")).to_have_count(3)
        await page.select_option("#secret", "mot-cua-user")
        await expect(page.locator("#where")).to_be_visible()  # nobody said where
        assert await page.input_value("#interval_s") == "300"
        await page.locator("#steps > .step").nth(0).locator("[data-path=url]").fill("/dang-nhap")
        await page.select_option("#kind", "tls")
        assert await page.input_value("#target") == "{address}"
        await expect(page.locator("#unknown")).to_contain_text("steps")
        await page.select_option("#kind", "scenario")
        await expect(page.locator("#steps > .step").nth(0).locator("[data-path=url]")).to_have_value(
            "/dang-nhap"
        )
        step = page.locator("#steps > .step").nth(2)
        await step.locator("summary").nth(2).click()
        await step.locator("[data-path='expect.text']").fill("Một\nHai")
        assert (await params(page))["steps"][2]["expect"] == {"text": ["Một", "Hai"]}
        second = page.locator("#steps > .step").nth(1)
        await second.locator("summary").nth(0).click()
        await second.locator("[data-map=form] [data-value]").nth(1).fill("lo-ra-ngoai")
        await expect(page.locator("#plain")).to_contain_text("password")


async def test_what_is_no_json_is_said_and_stays_as_it_was_typed(tmp_path):
    async with window(tmp_path) as (_made, page, url):
        await page.goto(url + "/services/mot-cua/checks/new?kind=scenario")
        await page.click("[data-view=json]")
        await page.fill("#params", '{"steps": [')
        await expect(page.locator("#json-wrong")).to_contain_text("Không phải JSON")
        await page.click("[data-view=form]")
        await expect(page.locator("#params")).to_be_visible()
        assert await page.input_value("#params") == '{"steps": ['


async def test_what_is_written_is_tried_and_each_step_is_shown(tmp_path):
    async with window(tmp_path) as (made, page, url):
        figures = {"step_seconds#Mở trang": 0.4, "connect_seconds#Mở trang": 0.1, "total_seconds": 0.4}
        excerpt = "<script>alert(1)</script> Sai mật khẩu"
        body = {
            "step": "Đăng nhập",
            "reason": "body lacks text",
            "url": "/login",
            "status": 200,
            "excerpt": excerpt,
        }
        made.hub.answer = Diagnosis("1", "down", "body lacks text", figures, 930, {"step": body})
        await page.goto(url + "/services/mot-cua/checks/edit?name=%C4%90%C4%83ng%20nh%E1%BA%ADp")
        await page.locator("#steps > .step").nth(1).locator("[data-path=url]").fill("/sign-in")
        await page.select_option("#from", "11950")
        await page.click("#try button")
        rows = page.locator("#tried tbody tr")
        await expect(rows).to_have_count(4)
        await expect(rows.nth(1)).to_contain_text("hỏng tại đây")
        await expect(rows.nth(2)).to_contain_text("chưa tới")
        await expect(page.locator("#tried .excerpt")).to_have_text(excerpt)
        agent, kind, target, asked, _who = made.hub.asked[0]
        assert (agent, kind, target) == ("11950-3f2a", CHECK, "https://motcua.hungyen.test/")
        assert asked["params"]["steps"][1]["url"] == "/sign-in"


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_secret_is_kept_hidden_while_it_is_typed_and_offered_in_the_editor(tmp_path, width):
    async with window(tmp_path, width=width) as (made, page, url):
        await page.goto(url + "/services/mot-cua/checks/edit?name=%C4%90%C4%83ng%20nh%E1%BA%ADp")
        await page.locator(".note a", has_text="mot-cua-password").click()
        row = page.locator("#secret-mot-cua-password")
        field = row.locator("textarea")
        await field.fill("rat-bi-mat")
        hidden = (
            "getComputedStyle(document.querySelector('#secret-mot-cua-password textarea')).webkitTextSecurity"
        )
        assert await page.evaluate(hidden) == "disc"
        await row.locator("[data-show]").check()
        assert await page.evaluate(hidden) == "none"
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        await row.get_by_role("button", name="Lưu").click()
        await expect(page.locator(".note.good")).to_contain_text("Đã lưu mot-cua-password")
        assert Vault(made.state).values(["mot-cua-password"]) == {"mot-cua-password": "rat-bi-mat"}
        await expect(page.locator("body")).not_to_contain_text("rat-bi-mat")
        # Removing asks first, and what is answered counts.
        page.once("dialog", lambda asked: asked.dismiss())
        await row.get_by_role("button", name="Xóa").click()
        assert len(Vault(made.state).kept()) == 1
        await page.goto(url + "/services/mot-cua/checks/new?kind=imap")
        await page.click("[data-view=json]")
        await page.fill("#params", "")
        await page.select_option("#secret", "mot-cua-password")
        assert await page.input_value("#params") == "${secret:mot-cua-password}"
        page.once("dialog", lambda asked: asked.accept())
        await page.goto(url + "/settings/secrets")
        await row.get_by_role("button", name="Xóa").click()
        await expect(page.locator(".note.good")).to_contain_text("Đã xóa mot-cua-password")
        assert Vault(made.state).kept() == []


HOSTILE = """<img src=x onerror="document.title='got'">'"><script>document.title='got'</script>{{7*7}}"""


@asynccontextmanager
async def hostile_web(folder: Path) -> AsyncIterator[Web]:
    """Names, notes, reasons and excerpts by someone who means harm."""
    async with province_web(folder) as made:
        now = made.clock.now()
        service = {
            "code": "xau",
            "name": HOSTILE,
            "owner": HOSTILE,
            "note": HOSTILE,
            "address": "https://xau.test/",
        }
        steps = {"steps": [{"name": HOSTILE, "url": HOSTILE, "form": {HOSTILE: HOSTILE}}]}
        check = {
            "service": "xau",
            "name": HOSTILE,
            "kind": "scenario",
            "target": "{address}",
            "params": steps,
        }
        put(made.state, now, {"services": [service], "service_checks": [check]})
        put(made.state, now, {"units": [{"code": "11950", "name": HOSTILE}]})
        made.context.registry.refresh()
        made.views.units["11950"] = replace(made.views.units["11950"], name=HOSTILE)
        fill(made)
        services = reads(made)
        services.seen = [
            replace(each, sees=Sees.DOWN, reason=f"odd|{HOSTILE}") if each.service == "xau" else each
            for each in services.seen
        ]
        state = services.states["xau"]
        services.states["xau"] = replace(
            state, status=Standing.DOWN, reason=f"body|{HOSTILE}", cause=Cause.SERVICE, planned=HOSTILE
        )
        said = (Sentence(now, f"failed with|{HOSTILE}"),)
        made.views.all_outages.append(
            Outage(90, "33", now, now, None, HOSTILE, 0, False, subject="service:xau", evidence=said)
        )
        body = {"step": HOSTILE, "reason": HOSTILE, "url": HOSTILE, "status": 200, "excerpt": HOSTILE}
        made.hub.answer = Diagnosis("1", "down", HOSTILE, {f"step_seconds#{HOSTILE}": 1.0}, 9, {"step": body})
        yield made


async def test_hostile_text_is_shown_as_text_on_every_page(tmp_path):
    async with window(tmp_path, make=hostile_web) as (made, page, url):
        name = await page.evaluate("encodeURIComponent", HOSTILE)
        for path in (
            "/services",
            "/services/xau",
            "/services/xau/edit",
            f"/services/xau/checks/edit?name={name}",
            f"/services/xau/try?check={name}",
            "/outages/90",
            "/units/11950",
        ):
            await page.goto(url + path)
            if "check" in path or "try" in path:
                await page.select_option("#from", "11950")
                await page.click("#try button")
                await expect(page.locator("#tried .excerpt")).to_have_text(HOSTILE)
            await moved(page, 11_000)  # fragments have come in, too
            assert await page.locator("img").count() == 0, path
            assert await page.locator("script:not([src])").count() == 0, path
            assert await page.title() != "got", path
            assert await page.get_by_text("{{7*7}}").count() > 0, path
        await page.goto(url + "/services")
        await streams(made)
        made.views.feed.publish("service", "xau")
        await page.clock.resume()
        await page.wait_for_timeout(1_500)
        assert await page.locator("img").count() == 0
