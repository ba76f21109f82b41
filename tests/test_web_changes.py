"""What changed at machines of the province: pages, files and API."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import openpyxl
import pytest
from support_differences import OTHER, THIRD, fill, follow_all
from support_machine_pages import UNIT, machines_web, office_pc, stock
from support_machines import put, told
from support_views import DAY
from support_web import Web
from test_web_pages import Reader

from web.auth import Role
from web.i18n import local_time


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with machines_web(tmp_path) as made:
        fill(made)
        stock(made)
        follow_all(made)
        yield made


def day(nhip: Web, back: int) -> str:
    return local_time(nhip.clock.now() - back * DAY).date().isoformat()


async def lines(nhip: Web, **asked: str) -> dict[tuple[str, str], tuple[int, int]]:
    answer = await nhip.client(Role.VIEWER).get(
        "/api/v1/changes", params={"since": day(nhip, 30), "limit": "500", **asked}
    )
    assert answer.status_code == 200, answer.text
    return {
        (each["kind"], each["subject"]): (each["machines"], each["units"]) for each in answer.json()["items"]
    }


async def test_the_api_tells_what_changed_at_how_many_machines_in_how_many_units(nhip: Web) -> None:
    found = await lines(nhip, kind="installed")
    assert found["installed", "UltraViewer"] == (5, 3)
    found = await lines(nhip)
    assert found["memory_less", ""] == (2, 2)
    assert found["disk_replaced", ""] == (1, 1)
    assert found["disk_gone", ""] == (1, 1)
    assert found["system", "Microsoft Windows 7 Professional → Microsoft Windows 10 Pro"] == (2, 2)
    assert found["moved", f"{UNIT} → {OTHER}"] == (1, 1)
    assert found["removed", "Cốc Cốc"] == (5, 3)
    # Three of the commune's PCs of before were updated, too.
    assert found["updated", "Unikey"] == (8, 3)
    assert ("installed", "Unikey") not in found
    assert [kind for kind, _ in found] == sorted(
        (kind for kind, _ in found), key=list(dict.fromkeys(kind for kind, _ in found)).index
    )
    assert next(iter(found))[0] == "memory_less"


async def test_only_of_a_district_a_level_or_a_unit(nhip: Web) -> None:
    assert (await lines(nhip, unit=THIRD, kind="memory_less")) == {("memory_less", ""): (1, 1)}
    top = "33"
    assert await lines(nhip, unit=top) == await lines(nhip)
    assert await lines(nhip, unit=top, alone="true") == {}
    assert await lines(nhip, level="commune") == await lines(nhip)
    assert await lines(nhip, level="department") == {}
    assert await lines(nhip, since=day(nhip, -1)) == {}


async def test_each_line_leads_to_its_machines_over_the_api_page_by_page(nhip: Web) -> None:
    client = nhip.client(Role.VIEWER)
    asked = {"since": day(nhip, 30), "kind": "installed", "subject": "UltraViewer", "limit": "2"}
    names, cursor = [], ""
    for _ in range(3):
        answer = (
            await client.get(
                "/api/v1/changes/machines", params=asked | ({"cursor": cursor} if cursor else {})
            )
        ).json()
        names += [each["hostname"] for each in answer["items"]]
        cursor = answer["next"]
    assert cursor is None
    assert sorted(names) == [f"VP-DONGTIEN-{number}" for number in range(21, 26)]
    asked = {"since": day(nhip, 30), "kind": "memory_less"}
    found = (await client.get("/api/v1/changes/machines", params=asked)).json()["items"]
    assert {(each["hostname"], each["megabytes"]) for each in found} == {("VP-DONGTIEN-21", -8192), ("VP-DONGTIEN-25", -8192)}  # fmt: skip
    asked = {"since": day(nhip, 30), "kind": "updated", "subject": "Unikey", "unit": THIRD}
    found = (await client.get("/api/v1/changes/machines", params=asked)).json()["items"]
    assert [each["hostname"] for each in found] == ["VP-DONGTIEN-25"]


@pytest.mark.parametrize(
    ("asked", "status", "kind"),
    [
        ("/changes?unit=nowhere", 404, "not-found"),
        ("/changes?since=yesterday", 422, "invalid"),
        ("/changes?kind=stolen", 422, "invalid"),
        ("/changes?cursor=x", 400, "bad-cursor"),
        ("/changes/machines?kind=updated", 422, "invalid"),
        ("/changes/machines", 422, "invalid"),
    ],
)
async def test_what_makes_no_sense_is_refused(nhip: Web, asked: str, status: int, kind: str) -> None:
    answer = await nhip.client(Role.VIEWER).get(f"/api/v1{asked}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:nhip:problem:{kind}")
    if status == 404:
        browser = await nhip.browser()
        assert (await browser.get(f"/machines{asked}")).status_code == 404


async def test_the_page_is_whole_in_both_languages_and_leads_to_units_and_machines(nhip: Web) -> None:
    browser = await nhip.browser()
    since = day(nhip, 30)
    for language, title in (("vi", "Bị tháo bộ nhớ"), ("en", "Memory taken out")):
        browser.cookies.set("lang", language)
        answer = await browser.get("/machines/changes", params={"since": since})
        assert answer.status_code == 200
        Reader(answer.text)
        assert title in answer.text
    text = answer.text
    assert text.index("Memory taken out") < text.index("Another system") < text.index("Software updated")
    assert f'href="/units/{THIRD}/machines/changes?since={since}"' in text
    assert "−8.0 GiB" in text
    behind = f"/machines/changes/machines?kind=installed&amp;subject={quote('UltraViewer')}&amp;since={since}"
    assert behind in text.replace("&since", "&amp;since").replace("&subject", "&amp;subject")
    answer = await browser.get(
        "/machines/changes", params={"since": since, "unit": THIRD, "kind": "memory_less"}
    )
    assert "VP-DONGTIEN-25" in answer.text
    assert "VP-DONGTIEN-21" not in answer.text
    assert (await browser.get("/machines/changes", params={"since": day(nhip, -1)})).status_code == 200


async def test_the_page_of_a_line_has_its_machines_and_each_leads_to_what_changed_there(nhip: Web) -> None:
    browser = await nhip.browser()
    for kind, subject in (
        ("updated", "Unikey"),
        ("moved", f"{UNIT} → {OTHER}"),
        ("came", None),
        ("system", None),
    ):
        asked = {"kind": kind, "since": day(nhip, 30)} | ({"subject": subject} if subject else {})
        answer = await browser.get("/machines/changes/machines", params=asked)
        assert answer.status_code == 200
        Reader(answer.text)
        assert f'?since={day(nhip, 30)}"' in answer.text


async def test_the_page_of_a_unit_sums_up_before_it_tells_of_each_machine(nhip: Web) -> None:
    answer = await (await nhip.browser()).get(
        f"/units/{THIRD}/machines/changes", params={"since": day(nhip, 30)}
    )
    assert answer.text.index('id="memory_less"') < answer.text.index('id="changed"')
    assert "VP-DONGTIEN-21" not in answer.text


async def test_lines_and_machines_are_files_too(nhip: Web) -> None:
    browser = await nhip.browser()
    asked = {"since": day(nhip, 30), "format": "csv"}
    rows = list(
        csv.reader(io.StringIO((await browser.get("/machines/changes", params=asked)).text.lstrip("\ufeff")))
    )
    assert ["Cài thêm phần mềm", "UltraViewer", "5", "3"] in [row[:4] for row in rows]
    answer = await browser.get(
        "/machines/changes/machines", params=asked | {"format": "xlsx", "kind": "disk_replaced"}
    )
    (sheet,) = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets
    table = list(sheet.values)
    assert table[1][4] == "VP-DONGTIEN-21"
    assert table[1][6:8] == ("KIOXIA KBG40 256 GB (KX000021)", "KIOXIA KBG40 256 GB (WD990021)")


async def test_a_name_that_would_be_a_formula_is_text_in_files(nhip: Web) -> None:
    now = nhip.clock.now()
    evil = [{"name": "=cmd|' /C calc'!A0"}]
    put(
        nhip.state,
        told(office_pc(27), now - 60 * DAY, THIRD),
        told(office_pc(27, softwares=evil), now, THIRD),
    )
    stock(nhip)
    follow_all(nhip)
    asked = {"since": day(nhip, 30), "format": "csv", "kind": "installed"}
    answer = await (await nhip.browser()).get("/machines/changes", params=asked)
    assert "'=cmd|" in answer.text
