"""The pages in a real browser: what changes is seen at once, by mouse and by keyboard, in both languages."""

import asyncio
import itertools
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect
from support_pages import HOPS, province_web
from support_web import PASSWORD, QUICK, Web, served

from core.values import Status
from core.wire import Diagnosis
from web.assets import VENDOR
from web.auth import Role
from web.auth.users import add_user

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
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
LAUNCH = {"executable_path": CHROMIUM, "args": QUIET, "timeout": 2 * PATIENCE_MS}
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
        made.context.streams._heartbeat_s = 3_600  # a page hears what its test says, however long that takes
        add_user(made.state, "lan", Role.ADMIN, PASSWORD, made.clock.now(), QUICK)
        chromium = await driver.chromium.launch(**LAUNCH)
        try:
            page = await fresh(chromium, width, height)
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


async def fresh(chromium: Browser, width: int, height: int = 900) -> Page:
    """A page that has as long for what it is told to do as `expect` has, on a machine with other work too."""
    page = await chromium.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(PATIENCE_MS)
    return page


def _is_fault(said: ConsoleMessage) -> bool:
    # htmx logs the event itself when a stream ends, as it does when one signs out.
    return said.type == "error" and said.text != "[object Event]"


async def streams(made: Web) -> None:
    """Until the page's event stream is open."""
    async with asyncio.timeout(60):
        while not len(made.context.streams):  # noqa: ASYNC110 - nothing tells when a page begins to listen
            await asyncio.sleep(0.02)


async def pointed_at(page: Page, graph: str, wanted: str, *, x: int) -> re.Match[str]:
    """What the graph says of the place under the mouse, once that is as `wanted`: one that is drawn anew has forgotten the mouse."""
    found = None
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while found is None:
            for place in (x + 1, x):  # where it is already, it does not move
                await page.locator(f"{graph} .u-over").hover(position={"x": place, "y": 40})
            found = re.fullmatch(wanted, await page.locator(f"{graph} .read-out strong").inner_text())
    return found


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
        await expect(tile).to_have_attribute("data-state", "down")
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
        await expect(page.locator("#counts [data-state=down] strong")).to_have_text("188")
        await expect(page.locator("#wall .tile.is-down")).to_have_count(188)


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
    "path",
    ["/", "/units/11983", "/agents", "/agents/11983-3f2a", "/outages", "/maintenance", "/settings/alerts"],
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
        await expect(page.locator("#unit-11950")).to_have_attribute("data-state", "down")


async def test_the_unit_page_follows_its_unit_and_draws_what_was_measured(tmp_path):
    async with window(tmp_path) as (made, page):
        await page.goto(page.url.rstrip("/") + "/units/11983")
        await expect(page.locator("#graph-time canvas")).to_have_count(1)
        await expect(page.locator("#graph-loss canvas")).to_have_count(1)
        await page.click("[data-hours='168']")
        await expect(page.locator("[data-hours='168']")).to_have_attribute("aria-pressed", "true")
        await page.select_option("#graph-check", label="Một cửa điện tử · HTTP · Xã Bảo Khê")
        await expect(page.locator("#graph-loss canvas")).to_have_count(0)
        await page.select_option("#graph-check", label="gw-dongtien · ether1 · VNPT 20M")
        # Both are drawn at once, and the first of them was there before.
        for graph, said in (("#graph-loss", "Ra"), ("#graph-time", "Vào")):
            await expect(page.locator(f"{graph} canvas")).to_have_count(1)
            await expect(page.locator(f"{graph} .read-out")).to_contain_text(said)
            await pointed_at(page, graph, r".*Mbit/s.*", x=200)
        made.views.set_status("11983", Status.UP)
        await moved(page, 6_000)
        await expect(page.locator("#unit-now .badge")).to_have_text("Tốt")


@pytest.mark.parametrize(("language", "width"), [("vi", 1440), ("vi", 390), ("en", 390)])
async def test_a_point_of_the_graph_tells_its_median_its_95th_percentile_and_its_spread(
    tmp_path, language, width
):
    async with window(tmp_path, width=width) as (_made, page):
        home = page.url.rstrip("/")
        await page.context.add_cookies([{"name": "lang", "value": language, "url": home}])
        await page.goto(home + "/units/11983")
        wanted = r"([\d,.]+) ms · p95 ([\d,.]+) ms · ([\d,.]+) ms – ([\d,.]+) ms"
        figures = await pointed_at(page, "#graph-time", wanted, x=60)
        median, p95, least, most = (float(figure.replace(",", ".")) for figure in figures.groups())
        assert least < median < p95 < most
        # Going up: smoke from the least to the line, the darker band to the 95th percentile, smoke to the most.
        strengths = [strength for strength in await page.evaluate(COLUMN, 60) if strength in (38, 112)]
        assert [strength for strength, _ in itertools.groupby(strengths)] == [38, 112, 38]
        legend = page.locator(".legend > span")
        await expect(legend).to_have_count(6)
        assert await page.evaluate("document.documentElement.scrollWidth") == width


COLUMN = """(x) => {
  const canvas = document.querySelector("#graph-time canvas");
  const over = document.querySelector("#graph-time .u-over").getBoundingClientRect();
  const box = canvas.getBoundingClientRect();
  const { data } = canvas.getContext("2d").getImageData(Math.round(over.left - box.left + x), 0, 1, canvas.height);
  return [...data].filter((_, i) => i % 4 === 3).reverse();
}"""
"""How strongly the graph is painted at `x`, 0 to 255, from its lower end up."""


@pytest.mark.parametrize(("interval_s", "bucket_s"), [(5, 30), (15, 30), (60, 120), (100, 210)])
async def test_a_bucket_of_the_graph_has_room_for_two_samples(tmp_path, interval_s, bucket_s):
    async with window(tmp_path) as (made, page):
        made.views.check_states = [
            replace(state, check=replace(state.check, interval_ms=interval_s * 1000))
            for state in made.views.check_states
        ]
        async with page.expect_request(re.compile(r"/api/v1/series/")) as asked:
            await page.goto(page.url.rstrip("/") + "/units/11983")
        assert (await asked.value).url.endswith(f"bucket={bucket_s * 1000}")
        await expect(page.locator("#graph-time canvas")).to_have_count(1)


async def test_signing_out_ends_the_session(tmp_path):
    async with window(tmp_path) as (_made, page):
        await page.click("text=Đăng xuất")
        await page.wait_for_url("**/sign-in")
        await page.goto(page.url.removesuffix("sign-in"))
        await page.wait_for_url("**/sign-in")


async def run_test(page: Page, what: str, target: str = "") -> None:
    await page.goto(page.url.rstrip("/") + "/agents/11983-3f2a")
    await page.select_option("#what", what)
    await page.fill("#target", target)
    await page.click("#test form button")


async def test_a_technician_traces_a_path_from_an_agent_and_sees_where_it_breaks(tmp_path):
    async with window(tmp_path) as (made, page):
        body = {"target": "10.33.0.10", "method": "icmp", "reached": False, "hops": HOPS, "broke_at": 4}
        made.hub.answer = Diagnosis(
            "1", "down", "breaks|4|113.171.44.9", {"hops": 3.0}, 2_400, {"path": body}
        )
        await run_test(page, "path-icmp", "10.33.0.10")
        await expect(page.locator("#diagnosis .hops tbody tr")).to_have_count(4)
        await expect(page.locator("#diagnosis .broken")).to_contain_text("Đường đi bị gián đoạn tại đây")
        await expect(page.locator("#test .running")).to_be_hidden()
        await moved(page, 11_000)
        await expect(page.locator("#diagnosis .hops")).to_have_count(1)  # the page's own news leave it there


async def test_an_answer_fits_a_phone(tmp_path):
    async with window(tmp_path, width=390, height=844) as (made, page):
        body = {"target": "10.33.0.10", "method": "icmp", "reached": False, "hops": HOPS, "broke_at": 4}
        made.hub.answer = Diagnosis(
            "1", "down", "breaks|4|113.171.44.9", {"hops": 3.0}, 2_400, {"path": body}
        )
        await run_test(page, "path-icmp", "10.33.0.10")
        await expect(page.locator("#diagnosis .broken")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
