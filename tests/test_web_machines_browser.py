"""Hostile text of machines in a real browser: every page shows it as text, nothing of it runs; and pages of machines fit a phone."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Dialog, Page, async_playwright, expect
from support_assets import book_csv
from support_assets import take as take_book
from support_differences import follow_all
from support_labels import ZBAR, codes_by_place, opened
from support_machine_pages import UNIT, machines_web, office_pc, sighting, stock, sweep
from support_machines import put, told
from support_photos import PLACE, png, with_segments
from support_probes import nobody
from support_views import DAY
from support_web import PASSWORD, QUICK, Web, served
from test_web_pages_browser import LAUNCH, PATIENCE_MS, _is_fault, fresh, moved
from test_web_pages_browser import pytestmark as pytestmark  # the same needs

from core.wire import Document
from inventory.census.lists import of_unit
from inventory.changes import put as put_registry
from inventory.devices import devices, store_device
from inventory.findings import keeper
from inventory.photos import keeper as photos
from inventory.photos.jpeg import MOST_BYTES
from web.auth import Role
from web.auth.users import add_user
from web.pages.machines.label_sheets import SHEETS

LAN = 3
"""Devices of the LAN that get a label: a printer, a camera, and what was written off and is back."""
RUN = "window.got=1;alert(1)"
HOSTILE = (
    f"""</title></textarea><img src=x onerror="{RUN}">'"><svg onload={RUN}><script>{RUN}</script>"""
    f"""<a href="javascript:{RUN}">x</a>{{{{7*7}}}}"""
)
SHORT = f"<img src=x onerror={RUN}>{{{{7*7}}}}"
"""For what a sweep tells, whose names have 64 characters at most."""
BRIEF = "<img src=x onerror=window.got=1>{{7*7}}"
"""For parameters of 40 characters."""
MAC = "00:1b:a9:66:66:66"


REACHED = "address => fetch(address).then(() => true, () => false)"
WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("main *")]
  .filter(each => each.getBoundingClientRect().right > innerWidth && !each.closest(".scroll"))
  .map(each => `${each.tagName}.${each.className}`)"""
"""What reaches over the edge of the screen."""
PIXELS = """async each => { await each.decode(); const canvas = new OffscreenCanvas(16, 24), pen = canvas.getContext("2d"); pen.drawImage(each, 0, 0);
  return [[...pen.getImageData(8, 3, 1, 1).data], [...pen.getImageData(8, 20, 1, 1).data]]; }"""


@asynccontextmanager
async def hostile_web(folder: Path) -> AsyncIterator[Web]:
    """Names, users, serials, networks, software, switches, notes and the unit itself by someone who means harm."""
    async with machines_web(folder) as made:
        now = made.clock.now()
        put_registry(made.state, now, {"units": [{"code": UNIT, "name": HOSTILE}]})
        made.context.registry.refresh()

        def evil(software: str) -> dict[str, object]:
            return office_pc(
                66,
                device=HOSTILE,
                hardware={
                    "name": HOSTILE,
                    "lastloggeduser": HOSTILE,
                    "workgroup": HOSTILE,
                    "memory": "many" + HOSTILE,
                    "chassis_type": HOSTILE,
                },
                bios={"ssn": HOSTILE, "smanufacturer": HOSTILE, "smodel": HOSTILE, "assettag": HOSTILE},
                operatingsystem={"full_name": HOSTILE, "version": HOSTILE},
                networks=[{"description": HOSTILE, "wifi_ssid": HOSTILE, "mac": MAC, "ipaddress": HOSTILE}],
                users=[{"login": HOSTILE, "domain": HOSTILE}],
                antivirus=[{"name": HOSTILE, "version": HOSTILE, "enabled": False}],
                softwares=[{"name": software + HOSTILE, "version": HOSTILE}],
                monitors=[{"name": HOSTILE, "serial": HOSTILE}],
                storages=[{"name": HOSTILE, "model": HOSTILE, "serial": HOSTILE}],
            )

        put(made.state, told(evil("old"), now - 40 * DAY, UNIT), told(evil("new"), now - DAY, UNIT))
        sweep(
            made,
            now,
            sighting(
                "d4:6a:6a:66:66:66",
                name=SHORT,
                address=SHORT[:45],
                models=[HOSTILE[:250]],
                services=[HOSTILE[:250]],
            ),
        )
        asked = {
            "address": "10.33.83.66",
            "name": HOSTILE,
            "kind": HOSTILE,
            "vendor": HOSTILE,
            "model": HOSTILE,
            "neighbours": [{"port": HOSTILE, "chassis": MAC, "name": HOSTILE}],
        }
        with made.state.write() as connection:
            store_device(connection, unit=UNIT, document=Document("device", now, asked), received_at=now)
        row = ("1", "BOOK" + HOSTILE, HOSTILE, HOSTILE, "", HOSTILE, HOSTILE, "2022", "", "")
        take_book(made.state, book_csv(row), now)
        stock(made)
        keeper.mark(
            made.state, UNIT, ["d4:6a:6a:66:66:66", name_of(made)], "retired", HOSTILE, HOSTILE, now - 1
        )
        stock(made)
        follow_all(made)
        yield made


def name_of(made: Web, hostname: str = HOSTILE) -> str:
    return next(
        each.name
        for each in of_unit(made.state, made.context.machines, UNIT)
        if each.facts.hostname == hostname
    )


def asked_id(made: Web) -> int:
    return next(each.id for each in devices(made.state, UNIT) if each.address == "10.33.83.66")


@asynccontextmanager
async def window(
    folder: Path,
    make: Callable[[Path], AbstractAsyncContextManager[Web]],
    *,
    width: int = 1280,
    cut: bool = False,
) -> AsyncIterator[tuple[Web, Page, str]]:
    """A browser of an administrator. Any error in a script, any dialog, or a request elsewhere, fails; a cut line, unless `cut`."""
    wrong: list[str] = []

    async def opened(dialog: Dialog) -> None:
        wrong.append(f"a dialog: {dialog.message}")
        await dialog.dismiss()

    async with make(folder) as made, served(made.app) as url, async_playwright() as driver:
        add_user(made.state, "lan", Role.ADMIN, PASSWORD, made.clock.now(), QUICK)
        chromium = await driver.chromium.launch(**LAUNCH)
        try:
            page = await fresh(chromium, width)
            page.on("dialog", opened)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on(
                "console",
                lambda said: (
                    wrong.append(said.text)
                    if _is_fault(said) and not (cut and "ERR_FAILED" in said.text)
                    else None
                ),
            )
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


async def test_hostile_text_of_machines_is_shown_as_text_on_every_page(tmp_path: Path) -> None:
    async with window(tmp_path, hostile_web) as (made, page, url):
        asked = await page.evaluate("encodeURIComponent", HOSTILE)
        brief = await page.evaluate("encodeURIComponent", BRIEF)
        paths = [
            f"/units/{UNIT}/machines",
            f"/units/{UNIT}/machines/d4:6a:6a:66:66:66",
            f"/units/{UNIT}/machines/sheet",
            f"/machines/labels?unit={UNIT}&alone=true",
            f"/units/{UNIT}/machines/changes?since=2026-11-01",
            "/machines/changes?since=2026-11-01",
            "/machines/changes?since=2026-11-01&kind=installed",
            "/machines/changes/machines?since=2026-11-01&kind=installed",
            f"/machines/changes/machines?since=2026-11-01&kind=moved&subject={brief}",
            f"/units/{UNIT}/devices/{asked_id(made)}",
            f"/machines/{name_of(made)}?since=2026-11-01",
            f"/machines?q={asked}",
            "/machines?q=onerror",
            f"/units/{UNIT}/book",
            "/machines/findings",
            f"/machines/findings?unit={UNIT}",
            f"/machines/findings?unit={brief}",
            f"/machines/coverage?by=unit&unit={UNIT}",
            "/machines/coverage",
            "/machines/coverage/machines?count=pcs",
            f"/machines/coverage/machines?count=pcs&unit={brief}",
            f"/units/{UNIT}",
        ]
        for path in paths:
            answer = await page.goto(url + path)
            assert answer is not None
            assert answer.status == 200, path
            await page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
            await moved(page, 1_000)
            assert await page.evaluate("window.got") is None, path
            for born in ("img", "script:not([src])", "svg[onload]", "a[href^=javascript]", "[onerror]"):
                assert await page.locator(born).count() == 0, (path, born)
            if path != "/machines/coverage":  # which has no name of theirs
                assert "{{7*7}}" in await page.inner_text("main"), path
                assert "<img src=x" in await page.inner_text("main"), path
        await page.goto(f"{url}/machines/{name_of(made)}?since=2026-11-01")
        for part in ("#about", "#said", "#sources", "#changed", "#history", "#software"):
            assert "{{7*7}}" in await page.locator(part).text_content(), part  # type: ignore[operator]
        assert json.loads(await page.evaluate("JSON.stringify(document.title)")).startswith(HOSTILE[:20])


async def test_a_technician_with_a_phone_approves_what_is_unknown(tmp_path: Path) -> None:
    async with window(tmp_path, machines_web, width=390) as (_made, page, url):
        await page.goto(f"{url}/units/{UNIT}/machines")
        unknown = page.locator("#urgent li", has_text="android-box")
        await expect(unknown.locator(".badge")).to_have_text("Chưa rõ")
        await unknown.locator("button").click()
        await expect(page.locator(".note.good")).to_have_text("Đã chấp thuận.")
        await expect(unknown).to_have_count(0)
        await page.locator("#pc a", has_text="VP-DONGTIEN-02").click()
        await expect(page.locator("h1")).to_have_text("VP-DONGTIEN-02")
        await expect(page.locator("#changed")).to_contain_text("Unikey 4.6")


async def test_pages_of_machines_fit_a_phone_and_search_begins_at_once(tmp_path: Path) -> None:
    async with window(tmp_path, hostile_web, width=390) as (made, page, url):
        for path in (
            f"/units/{UNIT}/machines",
            "/units/11950/machines",
            f"/units/{UNIT}/machines/sheet",
            f"/machines/{name_of(made)}",
            "/machines?q=onerror",
            "/machines/findings",
            "/machines/coverage",
            "/machines/changes?since=2026-11-01",
            "/machines/changes/machines?since=2026-11-01&kind=installed",
            f"/units/{UNIT}/machines/changes?since=2026-11-01",
            f"/units/{UNIT}/devices/{asked_id(made)}",
        ):
            await page.goto(url + path)
            wide = await page.evaluate(WIDE)
            assert wide == [], path
        await page.goto(url + "/machines")
        await expect(page.locator("#q")).to_be_focused()
        await page.keyboard.type("ngoc anh")
        await page.keyboard.press("Enter")
        await expect(page.locator("#found li")).to_have_count(2)


async def test_what_is_said_without_a_line_is_kept_and_arrives_once(tmp_path: Path) -> None:
    async with window(tmp_path, machines_web, width=390, cut=True) as (made, page, url):
        await page.goto(f"{url}/units/{UNIT}/machines/sheet")
        name = name_of(made, "VP-DONGTIEN-02")
        reads = made.context.state.read
        broken = []
        await page.route("**/machines/marks", lambda route: broken.append(route.request.url) or route.abort())
        row = page.locator("tr", has_text="VP-DONGTIEN-02")
        await row.locator("form button").click()
        await expect(page.locator("#waiting li")).to_have_text(["VP-DONGTIEN-02"])
        await page.goto(f"{url}/machines/{name}")
        await page.fill("#note", HOSTILE)
        await page.locator("#said button", has_text="Chỉ ghi chú").click()
        await expect(page.locator("#waiting li").nth(1)).to_contain_text("{{7*7}}")
        assert await page.locator("#waiting img").count() == 0
        with reads() as connection:
            assert keeper.marks(connection, subjects=[name]) == []
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while not broken:  # noqa: ASYNC110 - another process tells of what it asked for
                await asyncio.sleep(0.05)

        await page.unroute("**/machines/marks")
        await moved(page, 30_000)
        await expect(page.locator("#waiting")).to_be_hidden()
        await moved(page, 60_000)
        await page.reload()
        with reads() as connection:
            kept = [(each.says, each.note, each.who) for each in keeper.marks(connection, subjects=[name])]
        assert kept == [("verified", "", "lan"), ("noted", HOSTILE, "lan")]
        await expect(page.locator("#said")).to_contain_text("{{7*7}}")


async def test_the_code_on_a_printed_label_opens_its_machine(tmp_path: Path) -> None:
    if ZBAR is None:
        pytest.skip("zbarimg is not installed: no other program to read the codes")
    async with window(tmp_path, hostile_web) as (made, page, url):
        await page.goto(f"{url}/units/{UNIT}/machines")
        await page.locator("#pages a", has_text="Nhãn").click()
        await page.select_option("#size", "48.5x25.4")
        await page.fill("#skip", "20")
        await page.locator("form.add button").click()
        async with page.expect_download() as downloading:
            await page.locator(".prints a").click()
        with opened((await (await downloading.value).path()).read_bytes()) as document:
            (sheet,) = document
            read = await asyncio.to_thread(codes_by_place, sheet, SHEETS["48.5x25.4"])
        codes = {code for place in read for code in place}
        machines = {
            each.facts.hostname: each.name for each in of_unit(made.state, made.context.machines, UNIT)
        }
        assert {f"{url}/machines/{name}" for name in machines.values()} <= codes
        assert f"{url}/machines?q=44%3A19%3Ab6%3A00%3A00%3A01" in codes
        assert [len(place) for place in read] == [*[0] * 20, *[1] * len(codes), *[0] * (20 - len(codes))]
        assert len(codes) == len(machines) + LAN
        await page.goto(next(code for code in codes if machines["VP-DONGTIEN-03"] in code))
        await expect(page.locator("h1")).to_have_text("VP-DONGTIEN-03")


async def test_a_unit_that_was_kept_is_shown_when_the_centre_is_not_reached_until_one_signs_out(
    tmp_path: Path,
) -> None:
    async with machines_web(tmp_path) as made, async_playwright() as driver:
        add_user(made.state, "lan", Role.TECHNICIAN, PASSWORD, made.clock.now(), QUICK)
        chromium = await driver.chromium.launch(**LAUNCH)
        try:
            page = await fresh(chromium, 390)
            await page.clock.set_fixed_time(made.clock.now() / 1000)
            async with served(made.app) as url:
                await page.goto(url)
                await page.fill("#name", "lan")
                await page.fill("#password", PASSWORD)
                await page.click("main button")
                await page.wait_for_selector("#unit-11950")
                await page.goto(f"{url}/units/{UNIT}/machines")
                await expect(page.locator("#kept [data-old]")).to_be_hidden()
                await page.locator("#kept button").click()
                await expect(page.locator("#kept [data-done]")).to_contain_text("cho tới khi đăng xuất")
            port = int(url.rpartition(":")[2])
            with nobody(port):
                name = name_of(made, "VP-DONGTIEN-02")
                await page.clock.set_fixed_time(made.clock.now() / 1000 + 3_600)

                await page.goto(f"{url}/machines/{name}")  # the server is gone
                await expect(page.locator("h1")).to_have_text("VP-DONGTIEN-02")
                await expect(page.locator("#kept [data-old]")).to_be_visible()
                assert (
                    await page.evaluate("getComputedStyle(document.querySelector('.halves')).display")
                    == "grid"
                )
                await page.fill("#note", "Không có mạng")
                await page.locator("#said button", has_text="Chỉ ghi chú").click()
                await expect(page.locator("#waiting li")).to_contain_text("Không có mạng")
                assert await page.evaluate(REACHED, f"/units/{UNIT}/machines")
                assert not await page.evaluate(REACHED, "/machines/findings"), "nobody asked to keep it"
                await page.goto(f"{url}/units/{UNIT}/machines/sheet")
                await page.locator("tr", has_text="VP-DONGTIEN-02").locator("[data-photo-of]").click()
                picture = {
                    "name": "x.png",
                    "mimeType": "image/png",
                    "buffer": png(40, 30, b"\x10\x20\x30" * 40),
                }
                await page.locator("#photo input[type=file]").first.set_input_files(picture)
                await page.locator("#photo [data-add]").click()
                await expect(page.locator("#waiting li")).to_have_count(2)

                async with served(made.app, port=port):
                    await page.goto(f"{url}/units/{UNIT}/machines")
                    await expect(page.locator("#waiting")).to_be_hidden()
                    with made.state.read() as connection:
                        (kept,) = keeper.marks(connection, subjects=[name])
                        (photo,) = photos.of_machine(connection, [name])
                    assert (kept.note, photo.width) == ("Không có mạng", 40)
                    await page.locator(".who form button").click()
                    await page.wait_for_selector("#password")
                async with asyncio.timeout(PATIENCE_MS / 1000):
                    # The browser's worker forgets in its own time.
                    while await page.evaluate(REACHED, f"/units/{UNIT}/machines"):  # noqa: ASYNC110 - as above
                        await asyncio.sleep(0.05)
        finally:
            await chromium.close()


async def test_a_photo_taken_without_a_line_is_scaled_down_waits_and_arrives_once(tmp_path: Path) -> None:
    noise = random.Random(5).randbytes(2_400 * 3)
    async with window(tmp_path, machines_web, width=390, cut=True) as (made, page, url):
        name = name_of(made, "VP-DONGTIEN-02")
        await page.goto(f"{url}/machines/{name}")
        await page.route("**/photos", lambda route: route.abort())
        add, chooser = page.locator("#photo [data-add]"), page.locator("#photo input[type=file]")
        await expect(add).to_be_disabled()
        await chooser.nth(1).set_input_files(
            {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8no"}
        )
        await expect(page.locator("#photo [data-failed]")).to_be_visible()
        await expect(add).to_be_disabled()
        large = {"name": "x.png", "mimeType": "image/png", "buffer": png(2_400, 3_200, noise)}
        await chooser.nth(0).set_input_files(large)
        await expect(page.locator("#photo canvas")).to_be_visible()
        await expect(page.locator("#photo [data-failed]")).to_be_hidden()
        await page.fill("#photo-note", HOSTILE)
        await add.click()
        await expect(page.locator("#waiting li")).to_contain_text("VP-DONGTIEN-02 · ảnh · </title>")
        await expect(add).to_be_disabled()
        with made.state.read() as connection:
            assert photos.of_machine(connection, [name]) == []

        await page.unroute("**/photos")
        await moved(page, 30_000)
        await expect(page.locator("#waiting")).to_be_hidden()
        await moved(page, 60_000)
        await page.reload()
        with made.state.read() as connection:
            (kept,) = photos.of_machine(connection, [name])
        assert (max(kept.width, kept.height), kept.width * 4, kept.who) == (1_600, kept.height * 3, "lan")
        assert (kept.note, 50_000 < kept.size <= MOST_BYTES) == (HOSTILE, True)
        shown = page.locator("#photos img")
        await shown.scroll_into_view_if_needed()
        assert await shown.evaluate("each => each.decode().then(() => each.naturalWidth)") == kept.width
        await expect(page.locator("#photos li")).to_contain_text("{{7*7}}")
        assert await page.evaluate("window.got") is None
        assert await page.evaluate(WIDE) == []


async def test_who_ticks_off_machines_takes_photos_there_one_after_the_other(tmp_path: Path) -> None:
    async with window(tmp_path, machines_web, width=390, cut=True) as (made, page, url):
        sheet = f"{url}/units/{UNIT}/machines/sheet"
        await page.goto(sheet)
        await page.route("**/photos", lambda route: route.abort())
        await page.route("**/machines/marks", lambda route: route.abort())
        for number, colour in ((2, b"\x10\x20\x30"), (3, b"\xf0\x20\x30")):
            row = page.locator("tr", has_text=f"VP-DONGTIEN-{number:02}")
            await row.locator("[data-photo-of]").click()
            await expect(page.locator("#taking [data-add]")).to_be_disabled()
            picture = {"name": "x.png", "mimeType": "image/png", "buffer": png(40, 30, colour * 40)}
            await page.locator("#photo input[type=file]").first.set_input_files(picture)
            await page.fill("#photo-note", f"máy số {number}")
            assert await page.evaluate(WIDE) == []
            await page.locator("#photo [data-add]").click()
            await expect(page.locator("#taking")).to_be_hidden()
            await row.locator("form button").click()
        await expect(page.locator("#waiting li")).to_have_text(
            [
                "VP-DONGTIEN-02 · ảnh · máy số 2",
                "VP-DONGTIEN-02",
                "VP-DONGTIEN-03 · ảnh · máy số 3",
                "VP-DONGTIEN-03",
            ]
        )

        await page.unroute("**/photos")
        await page.unroute("**/machines/marks")
        await moved(page, 30_000)
        await expect(page.locator("#waiting")).to_be_hidden()
        await page.goto(sheet)
        for number in (2, 3):
            name = name_of(made, f"VP-DONGTIEN-{number:02}")
            with made.state.read() as connection:
                (kept,) = photos.of_machine(connection, [name])
                (mark,) = keeper.marks(connection, subjects=[name])
            assert (kept.note, kept.width, kept.who, mark.says) == (f"máy số {number}", 40, "lan", "verified")
            row = page.locator("tr", has_text=f"VP-DONGTIEN-{number:02}")
            await expect(row.locator("a[href$='#photos']")).to_have_text("Ảnh chụp: 1")

        # With a line it goes at once, and back to the sheet.
        await page.locator("tr", has_text="VP-DONGTIEN-02").locator("[data-photo-of]").click()
        picture = {"name": "x.png", "mimeType": "image/png", "buffer": png(50, 30, b"\x01\x02\x03" * 50)}
        await page.locator("#photo input[type=file]").first.set_input_files(picture)
        await page.locator("#photo [data-add]").click()
        row = page.locator("tr", has_text="VP-DONGTIEN-02")
        await expect(row.locator("a[href$='#photos']")).to_have_text("Ảnh chụp: 2")
        assert page.url == sheet


async def test_a_phones_photo_leaves_its_place_behind_and_stands_upright(tmp_path: Path) -> None:
    # EXIF of one entry: orientation 6, to be turned by a quarter to the right.
    turned = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0" + PLACE
    async with window(tmp_path, machines_web, width=390) as (made, page, url):
        name = name_of(made, "VP-DONGTIEN-02")
        await page.goto(f"{url}/machines/{name}")
        taken = with_segments((0xE1, 0, turned))
        await (
            page.locator("#photo input[type=file]")
            .nth(0)
            .set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": taken})
        )
        await page.locator("#photo [data-add]").click()
        await expect(page.locator("#photos img")).to_be_visible()
        with made.state.read() as connection:
            (kept,) = photos.of_machine(connection, [name])
            _, body = photos.body(connection, [name], kept.id) or ("", b"")
        assert (kept.width, kept.height) == (16, 24)
        assert PLACE not in body
        await page.locator("#photos img").scroll_into_view_if_needed()
        red, blue = await page.locator("#photos img").evaluate(PIXELS)
        assert (red[0] > 150 > red[2], blue[2] > 150 > blue[0]) == (True, True), "red above, blue below"


async def test_a_browser_without_room_says_so_and_loses_nothing(tmp_path: Path) -> None:
    async with window(tmp_path, machines_web, width=390, cut=True) as (made, page, url):
        await page.goto(f"{url}/machines/{name_of(made, 'VP-DONGTIEN-02')}")
        await page.evaluate("localStorage.setItem('other', 'x'.repeat(5 * 1024 * 1024 - 100))")
        await page.fill("#note", "Ở phòng một cửa")
        await page.locator("#said button", has_text="Chỉ ghi chú").click()
        await expect(page.locator("#waiting [data-full]")).to_be_visible()
        await expect(page.locator("#note")).to_have_value("Ở phòng một cửa")
