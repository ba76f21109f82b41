"""Questions and asset books in a real browser: answered and taken in on a phone; hostile text of machines and books stays text."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import expect
from support_assets import HEADER, ROWS, book_xlsx, take
from support_machine_pages import UNIT, machines_web, stock
from support_machines import put, told
from support_questions import shop_pc
from support_views import DAY
from support_web import Web
from test_web_machines_browser import HOSTILE, WIDE, hostile_web, window
from test_web_pages_browser import pytestmark as pytestmark  # the same needs

from inventory.exchange.csv_files import write_csv


@asynccontextmanager
async def asked_web(folder: Path) -> AsyncIterator[Web]:
    async with machines_web(folder) as made:
        _ask(made)
        yield made


@asynccontextmanager
async def hostile_questions(folder: Path) -> AsyncIterator[Web]:
    """Two that may be one, and a book, by someone who means harm."""
    async with hostile_web(folder) as made:
        _ask(
            made,
            hardware={"name": HOSTILE, "lastloggeduser": HOSTILE, "workgroup": HOSTILE},
            bios={"mmodel": HOSTILE, "smodel": HOSTILE, "smanufacturer": HOSTILE, "assettag": HOSTILE},
        )
        row = ("1", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, "2020", "", "")
        take(made.state, write_csv([HEADER, row, ("2", f"{HOSTILE}2", HOSTILE, *[""] * 7)]), made.clock.now())
        yield made


def _ask(made: Web, **sections: object) -> None:
    now = made.clock.now()
    put(
        made.state,
        told(shop_pc("old", **sections), now - 9 * DAY, UNIT),
        told(shop_pc("new", **sections), now, UNIT),
    )
    stock(made)


async def test_a_technician_with_a_phone_answers_and_takes_it_back(tmp_path: Path) -> None:
    async with window(tmp_path, asked_web, width=390) as (made, page, url):
        await page.goto(f"{url}/units/{UNIT}/machines")
        await page.click("text=1 câu hỏi")
        await expect(page.locator("#open li")).to_have_count(1)
        await page.click("text=So sánh")
        await expect(page.locator(".rows .is-agrees")).to_have_count(4)
        assert await page.evaluate(WIDE) == []
        await page.get_by_role("button", name="Một máy").click()
        await expect(page.locator("[role=status]")).to_have_text("Từ nay được coi là một máy.")
        assert made.context.machines.questions() == []
        await page.locator("#answers button").click()
        await expect(page.locator("#open li")).to_have_count(1)
        assert len(made.context.machines.questions()) == 1


async def test_a_technician_takes_a_book_in_from_a_file(tmp_path: Path) -> None:
    async with window(tmp_path, asked_web, width=390) as (_made, page, url):
        file = tmp_path / "so-tai-san.xlsx"
        await page.goto(f"{url}/units/{UNIT}/book")
        file.write_bytes(book_xlsx())
        await page.set_input_files("#file", file)
        await page.check("[name=whole]")
        await page.click("#take button")
        await expect(page.locator("#changes li")).to_have_count(len(ROWS))
        assert await page.evaluate(WIDE) == []
        await page.click("text=Nhập các thay đổi này")
        await expect(page.locator("[role=status]")).to_have_text("Đã nhập sổ.")
        assert await page.evaluate(WIDE) == []
        await page.locator("#found a", has_text="VP-DONGTIEN-01").click()
        await expect(page.locator("#book")).to_contain_text("15/06/2025")


async def test_hostile_text_is_shown_as_text_and_fits_a_phone(tmp_path: Path) -> None:
    async with window(tmp_path, hostile_questions, width=390) as (made, page, url):
        (pair,) = made.context.machines.questions()
        for path in (
            "/questions",
            f"/questions?unit={UNIT}",
            f"/questions/{pair.left.key}-{pair.right.key}",
            f"/machines/{pair.right.machine}/faces?q=onerror",
            f"/units/{UNIT}/book",
            "/machines?q=onerror",
        ):
            answer = await page.goto(url + path)
            assert answer is not None
            assert answer.status == 200, path
            for born in ("img", "script:not([src])", "svg[onload]", "a[href^=javascript]", "[onerror]"):
                assert await page.locator(born).count() == 0, (path, born)
            assert await page.evaluate("window.got") is None, path
            assert "<img src=x" in await page.inner_text("main"), path
            assert await page.evaluate(WIDE) == [], path
