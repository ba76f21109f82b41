"""The pages in a real browser: what changes is seen at once, by mouse and by keyboard, in both languages."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Page, async_playwright, expect
from support_pages import province_web
from support_web import PASSWORD, QUICK, Web, served

from core.values import Status
from web.assets import VENDOR
from web.auth import Role
from web.auth.users import add_user

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="chromium is not installed"),
    pytest.mark.skipif(not (VENDOR / "htmx.js").exists(), reason="no front-end assets: python -m web.assets"),
]


@asynccontextmanager
async def window(folder: Path, *, width: int = 1440, height: int = 900) -> AsyncIterator[tuple[Web, Page]]:
    """A browser that is signed in and shows the wall. Any error in a script, or a request elsewhere, fails."""
    wrong: list[str] = []
    async with province_web(folder) as made, served(made.app) as url, async_playwright() as driver:
        add_user(made.state, "lan", Role.ADMIN, PASSWORD, made.clock.now(), QUICK)
        chromium = await driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            page = await chromium.new_page(viewport={"width": width, "height": height})
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
            yield made, page
        finally:
            await chromium.close()
    assert wrong == []


def _is_fault(said: ConsoleMessage) -> bool:
    # htmx logs the event itself when a stream ends, as it does when one signs out.
    return said.type == "error" and said.text != "[object Event]"


async def streams(made: Web) -> None:
    """Until the page's event stream is open."""
    for _ in range(200):
        if len(made.context.streams):
            return
        await asyncio.sleep(0.02)
    pytest.fail("the page opened no event stream")


async def moved(page: Page, ms: int) -> None:
    """Let the browser's clock go on by `ms`, its timers run."""
    await page.clock.run_for(ms)


async def test_a_unit_that_goes_down_is_seen_on_the_wall_without_reloading(tmp_path):
    async with window(tmp_path) as (made, page):
        await page.clock.resume()
        await streams(made)
        tile = page.locator("#unit-11950")
        await expect(tile).to_have_attribute("data-state", "good")
        await page.evaluate("window.sameDocument = true")
        made.views.set_status("11950", Status.DOWN, "no contact")
        await expect(tile).to_have_attribute("data-state", "down", timeout=1_000)
        await expect(page.locator("#counts [data-state=down] strong")).to_have_text("4")
        await expect(page.locator("#troubles-323")).to_have_text("2")
        await expect(tile).to_have_attribute(
            "title", "Phường Lam Sơn: Mất kết nối từ 14:03:05, mất tín hiệu của trạm đo"
        )
        assert await page.evaluate("window.sameDocument")


async def test_a_storm_of_changes_is_shown_whole(tmp_path):
    async with window(tmp_path) as (made, page):
        await page.clock.resume()
        await streams(made)
        for code in list(made.views.units):
            made.views.set_status(code, Status.DOWN, "no contact")
        await expect(page.locator("#counts [data-state=down] strong")).to_have_text("188", timeout=3_000)
        await expect(page.locator("#wall .tile.is-down")).to_have_count(188, timeout=3_000)


async def test_the_focus_stays_on_a_tile_that_is_exchanged(tmp_path):
    async with window(tmp_path) as (made, page):
        await page.clock.resume()
        await streams(made)
        await page.focus("#unit-11953")
        made.views.set_status("11953", Status.DEGRADED, "loss|0.3")
        await expect(page.locator("#unit-11953")).to_have_attribute("data-state", "degraded")
        await expect(page.locator("#unit-11953")).to_be_focused()
        await page.keyboard.press("ArrowRight")
        await expect(page.locator("#unit-11956")).to_be_focused()


async def test_searching_needs_no_tone_marks_and_keeps_while_tiles_change(tmp_path):
    async with window(tmp_path) as (made, page):
        await page.clock.resume()
        await streams(made)
        await page.keyboard.press("/")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("bao khe")
        shown = page.locator("#wall .tile:visible")
        await expect(shown).to_have_count(1)
        await expect(shown).to_have_id("unit-11983")
        made.views.set_status("11950", Status.DOWN)
        await expect(page.locator("#counts [data-state=down] strong")).to_have_text("4")
        await expect(shown).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(page.locator("#unit-11983")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/units/11983")


async def test_a_search_for_nothing_says_so_and_escape_clears_it(tmp_path):
    async with window(tmp_path) as (_made, page):
        await page.fill("#search", "khong co")
        await expect(page.locator("#no-match")).to_be_visible()
        await page.press("#search", "Escape")
        await expect(page.locator("#wall .tile:visible")).to_have_count(188)


async def test_one_state_can_be_shown_alone_and_outlives_a_reload(tmp_path):
    async with window(tmp_path) as (_made, page):
        await page.click("#counts [data-state=down]")
        await expect(page.locator("#wall .tile:visible")).to_have_count(3)
        await page.reload()
        await expect(page.locator("#wall .tile:visible")).to_have_count(3)
        await expect(page.locator("#counts [data-state=down]")).to_have_attribute("aria-pressed", "true")
        await page.click("#counts [data-state=down]")
        await expect(page.locator("#wall .tile:visible")).to_have_count(188)


async def test_the_wall_is_one_stop_for_tab_and_arrow_keys_move_within(tmp_path):
    async with window(tmp_path) as (_made, page):
        await expect(page.locator("#wall .tile[tabindex='0']")).to_have_count(1)
        await page.focus("#search")
        await page.keyboard.press("ArrowDown")
        first = page.locator("#wall .tile").first
        await expect(first).to_be_focused()
        await page.keyboard.press("ArrowRight")
        await expect(page.locator("#wall .tile").nth(1)).to_be_focused()
        await page.keyboard.press("End")
        await expect(page.locator("#wall .tile").last).to_be_focused()
        before = await page.evaluate("document.activeElement.getBoundingClientRect().top")
        await page.keyboard.press("ArrowUp")
        assert await page.evaluate("document.activeElement.getBoundingClientRect().top") < before
        assert await page.locator("#wall .tile[tabindex='0']").count() == 1


async def test_all_units_fit_a_desktop_screen_without_scrolling(tmp_path):
    async with window(tmp_path) as (_made, page):
        assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        lowest = await page.evaluate(
            "Math.max(...[...document.querySelectorAll('#wall .tile')].map((t) => t.getBoundingClientRect().bottom))"
        )
        assert lowest <= 900


@pytest.mark.parametrize(
    "path", ["/", "/units/11983", "/agents", "/agents/11983-3f2a", "/outages", "/settings/alerts"]
)
async def test_no_page_scrolls_sideways_on_a_phone(tmp_path, path):
    async with window(tmp_path, width=390, height=844) as (_made, page):
        await page.goto(page.url.rstrip("/") + path)
        assert await page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("width", [1024, 1366, 1440])
async def test_no_cell_of_the_checks_runs_into_the_next(tmp_path, width):
    async with window(tmp_path, width=width) as (made, page):
        made.views.check_states[2] = replace(made.views.check_states[2], status=Status.UNKNOWN)
        await page.goto(page.url.rstrip("/") + "/units/11983")
        await expect(page.locator(".checks td:first-child", has_text="Không có dữ liệu")).to_have_count(1)
        over = await page.evaluate(
            "[...document.querySelectorAll('.checks td')].filter((c) => c.scrollWidth > c.clientWidth).length"
        )
        assert over == 0


async def test_the_language_is_switched_and_the_page_stays(tmp_path):
    async with window(tmp_path) as (_made, page):
        await page.click("text=Trạm đo")
        await page.click(".languages [lang=en]")
        await expect(page.locator("h1")).to_have_text("Agents")
        assert page.url.endswith("/agents")
        await page.click(".languages [lang=vi]")
        await expect(page.locator("h1")).to_have_text("Trạm đo")


async def test_a_page_that_hears_nothing_for_90_seconds_says_that_it_is_old(tmp_path):
    async with window(tmp_path) as (made, page):
        await streams(made)
        await moved(page, 60_000)
        await expect(page.locator("#stale")).to_be_hidden()
        await moved(page, 40_000)
        await expect(page.locator("#stale")).to_be_visible()
        await expect(page.locator("#stale [data-silent]")).to_contain_text(
            "Không nhận được tín hiệu nào từ trung tâm từ"
        )
        made.views.set_status("11950", Status.DOWN)
        await expect(page.locator("#stale")).to_be_hidden()


async def test_old_data_is_said_to_be_old_though_the_centre_answers(tmp_path):
    async with window(tmp_path) as (made, page):
        await streams(made)
        made.clock.set(made.clock.now() + 120_000)
        await page.reload()
        await expect(page.locator("#stale [data-old]")).to_be_visible()
        await expect(page.locator("#stale [data-silent]")).to_be_hidden()


async def test_a_page_that_missed_too_much_loads_the_whole_wall(tmp_path):
    async with window(tmp_path) as (made, page):
        await page.clock.resume()
        await streams(made)
        made.views.units["11950"] = made.views.units["11983"].__class__(
            *("11950", "Phường Lam Sơn", "commune", "323", Status.DOWN, None, "", None)
        )
        for box in made.context.streams._boxes:
            box.resync(made.views.feed.last_id)
        await expect(page.locator("#unit-11950")).to_have_attribute("data-state", "down", timeout=2_000)


async def test_the_unit_page_follows_its_unit_and_draws_what_was_measured(tmp_path):
    async with window(tmp_path) as (made, page):
        await page.goto(page.url.rstrip("/") + "/units/11983")
        await expect(page.locator("#graph-time canvas")).to_have_count(1)
        await expect(page.locator("#graph-loss canvas")).to_have_count(1)
        await page.click("[data-hours='168']")
        await expect(page.locator("[data-hours='168']")).to_have_attribute("aria-pressed", "true")
        await page.select_option("#graph-check", label="Một cửa điện tử · HTTP · Xã Bảo Khê")
        await expect(page.locator("#graph-loss canvas")).to_have_count(0)
        made.views.set_status("11983", Status.UP)
        await moved(page, 6_000)
        await expect(page.locator("#unit-now .badge")).to_have_text("Tốt")


async def test_signing_out_ends_the_session(tmp_path):
    async with window(tmp_path) as (_made, page):
        await page.click("text=Đăng xuất")
        await page.wait_for_url("**/sign-in")
        await page.goto(page.url.removesuffix("sign-in"))
        await page.wait_for_url("**/sign-in")
