"""What changed in the province, on a phone: from what is gone to the machine and the unit, and only of a kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import expect
from support_differences import THIRD, fill, follow_all
from support_machine_pages import machines_web, stock
from support_web import Web
from test_web_machines_browser import WIDE, window
from test_web_pages_browser import pytestmark as pytestmark  # the same needs


@asynccontextmanager
async def changed_web(folder: Path) -> AsyncIterator[Web]:
    async with machines_web(folder) as made:
        fill(made)
        stock(made)
        follow_all(made)
        yield made


async def test_from_what_is_gone_to_the_machine_and_the_unit(tmp_path: Path) -> None:
    async with window(tmp_path, changed_web, width=390) as (_made, page, url):
        await page.goto(f"{url}/machines")
        await page.locator(".rooms a", has_text="Thay đổi").click()
        await expect(page.locator("section.card").first).to_have_id("memory_less")
        await expect(page.locator("#memory_less li")).to_have_count(2)
        assert await page.evaluate(WIDE) == []
        await expect(page.locator("#updated table")).to_be_hidden()
        await page.locator("#updated summary").click()
        await expect(page.locator("#updated tr", has_text="Unikey")).to_contain_text("8")
        await page.locator("#installed a", has_text="UltraViewer").click()
        await expect(page.locator("ul.machines li")).to_have_count(5)
        assert await page.evaluate(WIDE) == []
        await page.locator("li", has_text="VP-DONGTIEN-25").locator(".who-has a").click()
        await expect(page.locator("#memory_less li")).to_have_count(1)
        await page.locator("#memory_less .what a").click()
        await expect(page.locator("h1")).to_have_text("VP-DONGTIEN-25")


async def test_only_of_a_unit_and_a_kind(tmp_path: Path) -> None:
    async with window(tmp_path, changed_web) as (_made, page, url):
        await page.goto(f"{url}/machines/changes")
        await page.select_option("select[name=unit]", THIRD)
        await page.locator(".asked button").click()
        await expect(page.locator("#memory_less li")).to_have_count(1)
        await page.locator(".kinds a", has_text="Cài thêm phần mềm").click()
        await expect(page.locator("section.card")).to_have_count(1)
        await expect(
            page.locator("#installed tr", has_text="UltraViewer").locator(".figure").first
        ).to_have_text("1")
        await expect(page.locator("select[name=unit]")).to_have_value(THIRD)
