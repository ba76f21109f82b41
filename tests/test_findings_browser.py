"""Findings of configurations in a real browser: seen on a phone, accepted, and hostile text of theirs shown as text."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import expect
from support_configs import ADDRESS, OLD, keep
from support_machine_pages import UNIT, machines_web, stock
from support_views import DAY, HOUR
from support_web import Web
from test_web_machines_browser import HOSTILE, WIDE, window
from test_web_pages_browser import pytestmark as pytestmark  # the same needs

from inventory.configs.reads import Configs

EVIL = OLD.replace(" transport input telnet ssh", f" transport input telnet {HOSTILE}")


@asynccontextmanager
async def configs_web(folder: Path) -> AsyncIterator[Web]:
    """One router whose configuration is wrong by the hand of somebody who means harm, and was changed; one that is not saved."""
    async with machines_web(folder) as made:
        now = made.clock.now()
        keep(made.state, now - 3 * DAY, text=OLD)
        keep(made.state, now - HOUR, text=EVIL)
        more = {"startup": OLD, "saved": False}
        keep(made.state, now - 2 * HOUR, text=OLD + "!\n", address="switch-tang-2.xa.gov.vn", **more)
        stock(made)
        yield made


async def test_a_technician_with_a_phone_accepts_a_fault_and_takes_that_back(tmp_path: Path) -> None:
    async with window(tmp_path, configs_web, width=390) as (_made, page, url):
        await page.goto(f"{url}/units/{UNIT}/machines")
        await page.locator("#configs li a", has_text="10.33.83.1").click()
        fault = page.locator("#faults li", has_text="Telnet")
        await fault.locator("summary").click()
        await fault.locator("input[name=note]").fill("chỉ trong VLAN quản trị")
        await fault.locator("button").click()
        await expect(page.locator(".note.good")).to_have_text("Đã chấp nhận.")
        await expect(fault).to_contain_text("chỉ trong VLAN quản trị")
        await fault.locator("button").click()
        await expect(page.locator(".note.good")).to_have_text("Đã rút lại.")
        await expect(fault.locator("summary")).to_have_text("Chấp nhận")


async def test_pages_with_faults_of_configurations_fit_a_phone_and_escape_what_they_show(
    tmp_path: Path,
) -> None:
    async with window(tmp_path, configs_web, width=390) as (made, page, url):
        device = next(each.id for each in Configs(made.state).of_unit(UNIT) if each.address == ADDRESS)
        for path in (
            "/machines/findings",
            f"/units/{UNIT}/machines",
            f"/units/{UNIT}/configs",
            f"/configs/{device}",
        ):
            await page.goto(url + path)
            assert await page.evaluate(WIDE) == [], path
            assert await page.evaluate("window.got") is None, path
        for path in ("/machines/findings?kind=telnet", f"/configs/{device}"):
            await page.goto(url + path)
            assert "{{7*7}}" in await page.inner_text("main"), path


async def test_an_operator_with_a_phone_chooses_whose_findings_are_told(tmp_path: Path) -> None:
    async with window(tmp_path, configs_web, width=390) as (made, page, url):
        made.context.alerts.destinations.add("Trực ban", "json://192.0.2.1/", "vi", "an")
        await page.goto(f"{url}/settings/alerts")
        await page.locator("td.wish summary").click()
        await page.locator("td.wish select").select_option("*")
        await page.locator("td.wish label", has_text="Bộ nhớ RAM bị tháo bớt").click()
        assert await page.evaluate(WIDE) == []
        await page.locator("td.wish button").click()
        await expect(page.locator(".note.good")).to_contain_text("Đã lưu.")
        await expect(page.locator("td.wish")).to_contain_text("Toàn tỉnh báo ngay: bộ nhớ RAM bị tháo bớt")
