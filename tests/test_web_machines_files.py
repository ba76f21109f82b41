"""Lists of machines as files: whole, in the language of who asks, and harmless in a spreadsheet."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import openpyxl
import pytest
from support_machine_pages import UNIT, machines_web, office_pc, sighting, stock, sweep
from support_machines import put, told
from support_web import Web

from inventory.changes import put as put_registry
from inventory.exchange.csv_files import read_csv
from web.pages.machines.netbox import COLUMNS

FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "'=1")
LISTS = {
    "unit": f"/units/{UNIT}/machines",
    "province": "/machines",
    "search": "/machines?q=dell",
    "findings": "/machines/findings",
    "coverage": "/machines/coverage?by=unit",
    "behind": "/machines/coverage/machines?count=pcs",
}


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with machines_web(tmp_path) as made:
        now = made.clock.now()
        put_registry(made.state, now, {"units": [{"code": UNIT, "name": FORMULAS[0]}]})
        made.context.registry.refresh()
        for number, text in enumerate(FORMULAS, 20):
            hardware = {"name": text, "lastloggeduser": text, "memory": 8192}
            bios = {"ssn": text, "assettag": text, "smodel": text, "smanufacturer": "Dell"}
            put(made.state, told(office_pc(number, hardware=hardware, bios=bios), now, UNIT))
            sweep(made, now, sighting(f"d4:6a:6a:00:01:{number:02x}", name=text))
        stock(made)
        yield made


async def asked(nhip: Web, address: str, kind: str) -> httpx2.Response:
    browser = await nhip.browser(name=f"lan-{len(nhip.clients)}")
    answer = await browser.get(f"{address}{'&' if '?' in address else '?'}format={kind}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return answer


@pytest.mark.parametrize("name", LISTS)
async def test_no_cell_of_a_csv_file_begins_a_formula(nhip: Web, name: str) -> None:
    text = (await asked(nhip, LISTS[name], "csv")).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) > 1
    assert len({len(row) for row in rows}) == 1
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert any(cell.startswith("'=cmd") for cell in cells)


@pytest.mark.parametrize("name", LISTS)
async def test_every_text_of_a_workbook_is_text(nhip: Web, name: str) -> None:
    data = (await asked(nhip, LISTS[name], "xlsx")).content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(b"<f>" not in archive.read(part) for part in archive.namelist())
    (sheet,) = openpyxl.load_workbook(io.BytesIO(data)).worksheets
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    cells = {cell.value for row in sheet.iter_rows() for cell in row}
    assert FORMULAS[0] in cells


async def test_a_file_has_all_that_the_page_has_as_it_was_told(nhip: Web) -> None:
    head, *rows = read_csv((await asked(nhip, LISTS["unit"], "csv")).content)
    by_name = {row[head.index("Tên")]: dict(zip(head, row, strict=True)) for row in rows}
    assert set(FORMULAS) - {"\t=1+1", "\r=1+1"} <= set(by_name)
    pc = by_name["VP-DONGTIEN-02"]
    assert (pc["Mã tài sản"], pc["Bộ nhớ, MB"], pc["Địa chỉ"]) == ("TS-2022-0002", "4096", "10.33.83.22")
    assert pc["Thấy lần cuối"] == "2026-11-23 12:03"
    assert by_name["VP-DONGTIEN-04"]["Vấn đề phát hiện"] == "Không thấy"
    assert {"may-in-motcua", "gw-dongtien", "android-box"} <= set(by_name)


async def test_the_file_of_the_province_has_every_machine_and_that_of_a_search_those_found(nhip: Web) -> None:
    every = read_csv((await asked(nhip, LISTS["province"], "csv")).content)
    some = read_csv((await asked(nhip, "/machines?q=optiplex", "csv")).content)
    # With two devices that no inventory tells of: the gateway, and the agent's own machine.
    assert len(every) == 1 + 6 + len(FORMULAS) + 2
    assert len(some) == 1 + 5


async def test_findings_are_listed_and_chosen(nhip: Web) -> None:
    browser = await nhip.browser()
    page = (await browser.get("/machines/findings")).text
    assert "android-box" in page
    assert "VP-DONGTIEN-04" in page
    page = (await browser.get("/machines/findings", params={"kind": "missing"})).text
    assert "android-box" not in page
    assert "VP-DONGTIEN-04" in page
    assert "android-box" not in (await browser.get("/machines/findings", params={"unit": "11950"})).text
    assert (await browser.get("/machines/findings", params={"kind": "odd"})).status_code == 422


async def test_coverage_shows_what_is_wanted_and_which_machines_are_behind_a_count(nhip: Web) -> None:
    browser = await nhip.browser()
    browser.cookies.set("lang", "en")
    for by in ("below", "unit", "level"):
        assert (await browser.get("/machines/coverage", params={"by": by})).status_code == 200
    page = (await browser.get("/machines/coverage", params={"by": "unit"})).text
    row = page.partition("unit=12040#trend")[2].partition("</tr>")[0]
    assert "100 %" in row
    assert "/ 90 %" in row
    page = (await browser.get("/machines/coverage/machines", params={"count": "memory_low"})).text
    assert "VP-DONGTIEN-02" in page
    assert "VP-DONGTIEN-01" not in page
    assert (await browser.get("/machines/coverage", params={"unit": "nowhere"})).status_code == 404
    assert (await browser.get("/machines/coverage/machines", params={"count": "staff"})).status_code == 422


async def test_the_trend_goes_over_the_days_that_were_counted(nhip: Web) -> None:
    page = (await (await nhip.browser()).get("/machines/coverage", params={"unit": UNIT})).text
    line = page.partition('points="')[2].partition('"')[0]
    assert [point.split(",")[0] for point in line.split()] == ["0.0", "300.0", "600.0"]


async def test_netbox_gets_its_columns_each_name_once_in_a_site_and_each_asset_tag_once(nhip: Web) -> None:
    now = nhip.clock.now()
    for number, serial in ((41, "A"), (42, "B"), (43, "C")):
        hardware = {"name": "VAN-THU" if number < 43 else "van-thu"}
        bios = {"ssn": f"{serial}{number:05}", "assettag": "TS-9"}
        put(nhip.state, told(office_pc(number, hardware=hardware, bios=bios), now, UNIT))
    text = (await asked(nhip, f"/units/{UNIT}/machines", "netbox")).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert sorted(row["name"] for row in rows if row["name"].casefold().startswith("van-thu")) == [
        "VAN-THU",
        "VAN-THU (2)",
        "van-thu (3)",
    ]
    assert [row["asset_tag"] for row in rows].count("TS-9") == 1
    assert all(
        row[name]
        for row in rows
        for name in ("name", "role", "manufacturer", "device_type", "status", "site")
    )
    by_name = {row["name"]: row for row in rows}
    assert by_name["VP-DONGTIEN-04"]["status"] == "offline"
    pc = by_name["VP-DONGTIEN-02"]
    assert (pc["role"], pc["manufacturer"], pc["device_type"], pc["serial"], pc["status"]) == (
        "PC",
        "Dell Inc.",
        "OptiPlex 3080",
        "SN000002",
        "active",
    )
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    province = (await asked(nhip, "/machines", "netbox")).content.decode("utf-8-sig")
    assert "Xã Liên Nghĩa" in province
