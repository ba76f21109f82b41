"""Asset books for people and programs: a file is shown before it is taken, and what is clear and what is not."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from support_assets import HEADER, ROWS, book_csv, book_xlsx
from support_machine_pages import PRINTER, UNIT, machines_web
from support_registry import small_province
from support_web import Web
from test_web_pages import Reader
from typer.testing import CliRunner

from cli.inventory import app as commands
from inventory.exchange.csv_files import read_csv, write_csv
from inventory.state import State
from web.auth import Role
from web.migrate import migrate
from web.pages.book import MOST

BOOK = f"/api/v1/units/{UNIT}/book"
UNCLEAR = ("4", "TS-2020-0004", "Máy tính để bàn", "SN999999", "VP-DONGTIEN-05", "", "", "", "", "")


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with machines_web(tmp_path) as made:
        yield made


async def taken(http: httpx2.AsyncClient, data: bytes, **params: bool) -> Any:
    answer = await http.post(BOOK, content=data, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_program_takes_a_book_in_and_sees_which_row_is_which_machine(nhip: Web) -> None:
    http = nhip.client(Role.TECHNICIAN)
    wanted = await taken(http, book_xlsx(*ROWS, UNCLEAR), dry_run=True)
    assert [each["what"] for each in wanted] == ["add"] * 4
    assert (await http.get(BOOK)).json() == {"rows": [], "unlisted": []}
    assert await taken(http, book_xlsx(*ROWS, UNCLEAR)) == wanted
    book = (await http.get(BOOK)).json()
    standing = {
        row["row"]["asset_number"]: (row["standing"], [fit["agrees"] for fit in row["machines"]])
        for row in book["rows"]
    }
    assert standing == {
        "TS-2015-0009": ("unseen", []),
        "TS-2020-0004": ("unclear", [["hostname"]]),
        "TS-2022-0001": ("found", [["serial", "asset_number"]]),
        "TS-2022-0002": ("found", [["asset_number", "hostname"]]),
    }
    names = {each["hostname"] for each in book["unlisted"]}
    assert {"VP-DONGTIEN-03", "VP-DONGTIEN-04", "may-in-motcua", "android-box"} <= names
    assert "VP-DONGTIEN-05" not in names, "it may be in the book"
    found = (await http.get("/api/v1/devices", params={"q": "SN000001"})).json()["items"][0]["name"]
    machine = (await http.get(f"/api/v1/devices/{found}")).json()
    assert (machine["book"]["user"], machine["book"]["warranty_end"]) == ("Đặng Văn Sơn", "2025-06-15")
    assert machine["hostname"] == "VP-DONGTIEN-01"
    other = (await http.get("/api/v1/devices", params={"q": "SN000003"})).json()["items"][0]["name"]
    assert (await http.get(f"/api/v1/devices/{other}")).json()["book"] is None
    assert len((await http.get(f"{BOOK}/versions")).json()) == 4


async def test_faults_are_told_by_place_and_nothing_is_taken(nhip: Web) -> None:
    http = nhip.client(Role.TECHNICIAN)
    bad = book_csv(("1", "TS1", *[""] * 5, "32/01/2020", "", ""), ("2", *[""] * 4, "An", *[""] * 4))
    for dry in (True, False):
        answer = await http.post(BOOK, content=bad, params={"dry_run": dry})
        assert answer.status_code == 400
        assert {(each["where"], each["what"]) for each in answer.json()["errors"]} == {
            ("file.5.bought", "bad date|32/01/2020"),
            ("file.6.asset_number", "empty"),
        }
    assert (await http.get(BOOK)).json()["rows"] == []


async def test_only_a_technician_takes_one_in(nhip: Web) -> None:
    assert (await nhip.client(Role.VIEWER).post(BOOK, content=book_csv())).status_code == 403
    assert (await nhip.client().post(BOOK, content=book_csv())).status_code == 401
    assert (await nhip.client(Role.VIEWER).get("/api/v1/units/nowhere/book")).status_code == 404
    viewer = await nhip.browser()
    page = await viewer.get(f"/units/{UNIT}/book")
    Reader(page.text)
    assert 'type="file"' not in page.text
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    for path in ("book", "book/take"):
        said = await viewer.post(f"/units/{UNIT}/{path}", data={"csrf": csrf, "packed": "", "shown": ""})
        assert said.status_code == 403


def hidden(text: str) -> dict[str, str]:
    form = text.partition('class="agree"')[2].partition("</form>")[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


async def upload(browser: httpx2.AsyncClient, data: bytes, **fields: str) -> httpx2.Response:
    page = await browser.get(f"/units/{UNIT}/book")
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    return await browser.post(
        f"/units/{UNIT}/book", data={"csrf": csrf, **fields}, files={"file": ("so.xlsx", data)}
    )


async def test_a_technician_sees_what_a_file_changes_and_takes_it(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    browser.cookies.set("lang", "en")
    preview = await upload(browser, book_xlsx(*ROWS, UNCLEAR), whole="true")
    assert preview.status_code == 200, preview.text
    Reader(preview.text)
    assert "Đặng Văn Sơn" in preview.text
    assert "VP-DONGTIEN-05" in preview.text
    agreed = hidden(preview.text)
    assert agreed["whole"] == "true"
    done = await browser.post(f"/units/{UNIT}/book/take", data=agreed)
    assert (done.status_code, done.headers["location"]) == (303, f"/units/{UNIT}/book?done=true")
    page = await browser.get(done.headers["location"])
    Reader(page.text)
    for text in ("The book was taken.", "warranty over", "never heard", "Máy in Canon", "VP-DONGTIEN-05"):
        assert text in page.text, text
    again = await upload(browser, book_xlsx(*ROWS, UNCLEAR))
    assert "Nothing would change" in again.text
    machine = re.search(r'href="(/machines/[0-9a-f]{32})">VP-DONGTIEN-01', page.text)
    assert machine
    shown = await browser.get(machine[1])
    Reader(shown.text)
    assert 'id="book"' in shown.text
    assert "2022-06-15" in shown.text
    Reader((await browser.get(f"/units/{UNIT}/machines/{PRINTER}")).text)
    assert f'href="/units/{UNIT}/book"' in (await browser.get(f"/units/{UNIT}/machines")).text


async def test_what_was_changed_meanwhile_is_shown_again(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    browser.cookies.set("lang", "en")
    agreed = hidden((await upload(browser, book_csv())).text)
    await taken(nhip.client(Role.TECHNICIAN), book_csv(ROWS[0]))
    answer = await browser.post(f"/units/{UNIT}/book/take", data=agreed)
    assert answer.status_code == 200
    assert "The book was changed meanwhile" in answer.text
    assert (await browser.post(f"/units/{UNIT}/book/take", data=hidden(answer.text))).status_code == 303
    agreed["packed"] = "%%%"
    assert (await browser.post(f"/units/{UNIT}/book/take", data=agreed)).status_code == 422


async def test_faults_of_a_file_are_told_in_both_languages(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    bad = write_csv(
        [HEADER, ("1", "TS1", "<b>", "", "", "", "", "hôm qua", "", ""), ("2", "", "x", *[""] * 7)]
    )
    for language, texts in (
        ("vi", ("Không phải ngày: hôm qua", "Ngày mua")),
        ("en", ("This is no day", "Bought")),
    ):
        browser.cookies.set("lang", language)
        answer = await upload(browser, bad)
        assert answer.status_code == 422
        Reader(answer.text)
        for text in texts:
            assert text in answer.text
        assert 'class="agree"' not in answer.text
    for data in (b"", b"x" * (MOST + 1)):
        assert (await upload(browser, data)).status_code == 422


async def test_what_a_book_holds_is_text_on_every_page(nhip: Web) -> None:
    evil = "<script>alert(1)</script>"
    row = ("1", "TS-2022-0001", evil, "SN000001", "", evil, evil, "", "", "")
    browser = await nhip.browser(Role.TECHNICIAN)
    preview = await upload(browser, book_csv(row, ("2", evil, *[""] * 8)))
    await browser.post(f"/units/{UNIT}/book/take", data=hidden(preview.text))
    page = await browser.get(f"/units/{UNIT}/book")
    machine = re.search(r'href="(/machines/[0-9a-f]{32})">VP-DONGTIEN-01', page.text)
    assert machine
    for text in (preview.text, page.text, (await browser.get(machine[1])).text):
        Reader(text)
        assert evil not in text
        assert "&lt;script&gt;" in text


async def test_the_book_as_a_file_can_be_taken_in_again(nhip: Web) -> None:
    http = nhip.client(Role.TECHNICIAN)
    await taken(http, book_csv(*ROWS, ("4", "=1+1", *[""] * 8)))
    browser = await nhip.browser()
    for kind in ("csv", "xlsx"):
        file = await browser.get(f"/units/{UNIT}/book", params={"format": kind})
        assert await taken(http, file.content, whole=True) == []
    assert b"'=1+1" in (await browser.get(f"/units/{UNIT}/book", params={"format": "csv"})).content


async def test_what_is_to_be_worked_through_is_a_file_each(nhip: Web) -> None:
    await taken(nhip.client(Role.TECHNICIAN), book_csv(*ROWS, UNCLEAR))
    browser = await nhip.browser()

    async def rows(part: str) -> list[list[str]]:
        answer = await browser.get(f"/units/{UNIT}/book", params={"format": "csv", "part": part})
        return [list(row) for row in read_csv(answer.content)][1:]

    assert [(row[0], row[-1]) for row in await rows("unclear")] == [("TS-2020-0004", "VP-DONGTIEN-05")]
    assert [(row[0], row[1], row[-1]) for row in await rows("unseen")] == [
        ("TS-2015-0009", "Máy in Canon", "")
    ]
    assert "VP-DONGTIEN-03" in {row[0] for row in await rows("unlisted")}
    found = await browser.get(f"/units/{UNIT}/book", params={"format": "xlsx", "part": "unlisted"})
    assert found.content[:2] == b"PK"


async def test_search_over_the_province_finds_rows_without_tone_marks(nhip: Web) -> None:
    http, browser = nhip.client(Role.TECHNICIAN), await nhip.browser()
    await taken(http, book_csv(*ROWS, ("4", "TS-2022-00010", *[""] * 8)))

    async def numbers(q: str) -> list[str]:
        found = await http.get("/api/v1/assets", params={"q": q})
        return [each["asset_number"] for each in found.json()]

    assert await numbers("tran quoc") == ["TS-2022-0002"]
    assert await numbers("CANON") == await numbers("cnr0001") == ["TS-2015-0009"]
    assert (await numbers("ts-2022-0001"))[0] == "TS-2022-0001"
    assert len(await numbers("ts-2022")) == 3
    assert await numbers("%") == await numbers("") == []
    assert (await nhip.client().get("/api/v1/assets", params={"q": "a"})).status_code == 401
    page = await browser.get("/machines", params={"q": "canon"})
    Reader(page.text)
    assert f'href="/units/{UNIT}/book#row-TS-2015-0009"' in page.text
    assert 'id="row-TS-2015-0009"' in (await browser.get(f"/units/{UNIT}/book")).text
    await taken(http, book_csv(("1", "TS-2015-0009", "Máy in HP", *[""] * 7)))
    assert await numbers("canon") == []
    assert await numbers("may in hp") == ["TS-2015-0009"]


def test_the_command_line_imports_exports_and_checks(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    migrate(state)
    small_province(state)
    state.close()
    file, data = tmp_path / "so.csv", ["--data", str(tmp_path)]
    run = CliRunner()
    file.write_bytes(book_csv())
    shown = run.invoke(commands, ["book", "import", "11950", str(file), "--dry-run", *data])
    assert shown.exit_code == 0, shown.output
    assert "+ asset_book TS-2022-0001: description Máy tính để bàn Dell, serial SN000001" in shown.output
    assert "0 rows" in run.invoke(commands, ["book", "check", "11950", *data]).output
    assert "Done." in run.invoke(commands, ["book", "import", "11950", str(file), "--yes", *data]).output
    checked = run.invoke(commands, ["book", "check", "11950", *data]).output
    assert "never heard: TS-2015-0009 Máy in Canon" in checked
    assert "3 rows: 0 found, 0 not clear, 3 never heard; 0 machines not in the book" in checked
    out = tmp_path / "out.csv"
    assert run.invoke(commands, ["book", "export", "11950", str(out), *data]).exit_code == 0
    assert len(read_csv(out.read_bytes())) == 4
    again = run.invoke(commands, ["book", "import", "11950", str(out), "--whole", *data])
    assert "Nothing would change: the book says all of this already." in again.output
    file.write_bytes(b"nothing")
    assert run.invoke(commands, ["book", "import", "11950", str(file), *data]).exit_code == 1
    assert run.invoke(commands, ["book", "import", "nowhere", str(out), *data]).exit_code == 1
