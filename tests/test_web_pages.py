"""The pages as they are answered: complete, in both languages, and with nothing in them that leads elsewhere."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support_pages import NOW, province_web
from support_views import DAY, HOUR, MINUTE, unit_state
from support_web import web

from collector.views import Outage, Uptime
from core.values import Level, Status
from core.wire import Document
from inventory.devices import store_host
from web.auth import Role
from web.pages.hosts import revisions
from web.pages.wall import grouped

ROOM = Path(__file__).parent.parent / "web"
PAGES = [
    "/",
    "/units/11983",
    "/units/so-yt",
    "/agents",
    "/agents/11983-3f2a",
    "/outages",
    "/maintenance",
    "/settings/alerts",
]
FRAGMENTS = [
    "/fragments/wall",
    "/fragments/summary",
    "/fragments/tiles?codes=11983",
    "/fragments/units/11983",
]


class Reader(HTMLParser):
    """Tags with their attributes, and whether every one that is opened is closed."""

    VOID = frozenset(("meta", "link", "input", "br", "path", "use", "rect"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def all(self, **wanted: str) -> list[dict[str, str | None]]:
        return [found for _, found in self.tags if wanted.items() <= found.items()]


def tiles(text: str) -> dict[str, str]:
    """Unit codes with the state of their tiles."""
    return {
        str(found["id"]).removeprefix("unit-"): str(found["data-state"])
        for tag, found in Reader(text).tags
        if tag == "a" and "data-state" in found
    }


@pytest.fixture
async def province(tmp_path):
    async with province_web(tmp_path) as made:
        yield made


async def test_the_wall_shows_each_of_the_188_units_once_with_its_state(province):
    browser = await province.browser()
    answer = await browser.get("/")
    found = tiles(answer.text)
    assert len(found) == 188
    assert {code: state for code, state in found.items() if state != "good"} == {
        "11983": "down",
        "12043": "down",
        "12154": "down",
        "12271": "degraded",
        "12040": "degraded",
        "12397": "unknown",
        "12322": "power",
        "so-yt": "maintenance",
    }


async def test_a_tile_says_its_state_in_words_for_those_who_do_not_see_it(province):
    browser = await province.browser()
    text = (await browser.get("/")).text
    assert '<span class="name">Bảo Khê</span><span class="sr">: Mất kết nối</span>' in text
    assert "Xã Bảo Khê: Mất kết nối từ 13:59:05" in text


async def test_a_fragment_of_tiles_holds_those_that_were_asked_for_and_their_summaries(province):
    browser = await province.browser()
    text = (await browser.get("/fragments/tiles?codes=11983,so-yt,nothing")).text
    assert list(tiles(text)) == ["so-yt", "11983"]
    swapped = {found["id"] for found in Reader(text).all(**{"hx-swap-oob": "true"})}
    assert swapped == {
        "unit-11983",
        "unit-so-yt",
        "troubles-323",
        "troubles-departments",
        "counts",
        "open-outages",
    }


async def test_a_district_tile_stays_the_head_of_its_group_when_it_is_exchanged(province):
    browser = await province.browser()
    text = (await browser.get("/fragments/tiles?codes=323")).text
    (head,) = [found for found in Reader(text).all() if found.get("id") == "unit-323"]
    assert "head" in str(head["class"]).split()


@pytest.mark.parametrize("path", [*PAGES, *FRAGMENTS])
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_is_whole_in_both_languages_and_keeps_the_content_policy(province, path, language):
    browser = await province.browser(Role.ADMIN)
    browser.cookies.set("lang", language)
    answer = await browser.get(path)
    assert answer.status_code == 200
    read = Reader(answer.text)
    assert "{" not in re.sub(r"<[^>]*>", "", answer.text).replace("{time}", "")
    ids = [found["id"] for _, found in read.tags if "id" in found]
    assert len(ids) == len(set(ids))
    for tag, found in read.tags:
        assert "style" not in found, tag
        assert not any(name.startswith("on") for name in found), tag
        if tag == "script":
            assert str(found["src"]).startswith("/static/")
    if path in PAGES:
        assert read.all(lang=language)


def test_nothing_in_templates_and_static_files_names_another_host():
    allowed = {"http://www.w3.org/2000/svg"}
    for file in [*ROOM.glob("templates/**/*"), *ROOM.glob("static/*")]:
        if file.is_file():
            found = set(
                re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z0-9./-]+", file.read_text(encoding="utf-8"))
            )
            assert {one for one in found if not re.match(r"//example\.vn", one)} <= allowed, file


async def test_what_pages_ask_for_is_there_and_may_be_kept(province):
    browser = await province.browser(Role.ADMIN)
    asked = set()
    for path in PAGES:
        for _, found in Reader((await browser.get(path)).text).tags:
            asked |= {str(found[name]) for name in ("src", "href") if "/static/" in str(found.get(name))}
    assert any("vendor/htmx.js" in one for one in asked)
    for one in asked:
        answer = await province.client().get(one)
        assert answer.status_code == 200, one
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "name", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "vendor/../../app.py", "nothing.css"]
)
async def test_only_static_files_are_served_as_static_files(province, name):
    answer = await province.client().get(f"/static/{name}")
    assert answer.status_code in (303, 401, 404)


async def test_a_unit_that_does_not_exist_gives_a_page_that_says_so(province):
    browser = await province.browser()
    answer = await browser.get("/units/99999")
    assert answer.status_code == 404
    assert "Không có trang này" in answer.text


async def test_alert_settings_are_for_operators(province):
    browser = await province.browser(Role.MANAGER)
    answer = await browser.get("/settings/alerts")
    assert answer.status_code == 403
    assert "/settings/alerts" not in (await browser.get("/")).text


async def test_the_language_is_chosen_once_and_leads_back(province):
    browser = await province.browser()
    answer = await browser.get("/lang/en", headers={"Referer": "http://nhip.test/agents?x=1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/agents?x=1")
    assert "Agents" in (await browser.get("/agents")).text
    assert (await browser.get("/lang/xx")).status_code == 404


@pytest.mark.parametrize(
    "referer", ["http://evil.test/x", "http://nhip.test//evil.test", "javascript:1", "", "http://["]
)
async def test_choosing_the_language_leads_to_no_other_site(province, referer):
    answer = await province.client().get("/lang/en", headers={"Referer": referer})
    assert answer.headers["Location"] == "/"


async def test_a_name_in_the_registry_is_never_markup(tmp_path):
    async with web(tmp_path) as made:
        evil = "<script>\"&'"
        made.views.units["11950"] = unit_state("11950", evil, status=Status.DEGRADED, reason="<b>|<i>")
        browser = await made.browser()
        for path in ("/", "/units/11950", "/fragments/tiles?codes=11950", "/outages"):
            text = (await browser.get(path)).text
            assert "<script>&" not in text
            assert evil not in text
            assert "<b>" not in text


async def test_an_empty_centre_says_what_to_do_next(tmp_path):
    async with web(tmp_path) as made:
        made.views.units.clear()
        made.views.agent_states.clear()
        made.views.all_outages.clear()
        browser = await made.browser(Role.ADMIN)
        assert "nhip units import" in (await browser.get("/")).text
        assert "nhip agent token" in (await browser.get("/agents")).text
        assert "Chưa ghi nhận lần nào" in (await browser.get("/outages")).text
        assert "Hãy thêm ở dưới" in (await browser.get("/settings/alerts")).text


async def test_outages_are_listed_page_by_page_and_each_once(tmp_path):
    async with web(tmp_path) as made:
        made.views.all_outages = [
            Outage(n, "11950", NOW - n * MINUTE, NOW - n * MINUTE, NOW, "", 1, retracted=False)
            for n in range(1, 121)
        ]
        browser = await made.browser()
        address, rows, pages = "/outages?unit=11950", 0, 0
        while address:
            text = (await browser.get(address)).text
            rows += text.count("Đã kết thúc")
            pages += 1
            older = re.search(r'href="(/outages\?before=[^"]+)"', text)
            address = older[1].replace("&amp;", "&") if older else ""
            assert not older or "unit=11950" in address
        assert (rows, pages) == (120, 3)


async def test_the_agent_page_says_whether_the_sums_close(province):
    browser = await province.browser()
    assert "Số liệu không khớp: không rõ 2 kết quả" in (await browser.get("/agents/11983-3f2a")).text
    assert "Số liệu khớp" in (await browser.get("/agents/11950-3f2a")).text


async def test_a_retracted_outage_is_shown_as_such_with_its_revision(province):
    browser = await province.browser()
    text = (await browser.get("/units/11983")).text
    assert '<tr class="retracted">' in text
    assert "Đã đính chính" in text


@pytest.mark.parametrize(
    ("known", "vague", "noted"), [(11 * HOUR, True, True), (12 * HOUR, False, False), (0, True, False)]
)
async def test_availability_of_a_period_that_is_mostly_unknown_is_muted_and_says_so(
    province, known, vague, noted
):
    province.views.uptimes = lambda _code: {"24h": Uptime(NOW - DAY, NOW, known, 0, DAY - known)}
    browser = await province.browser()
    for language, said in (("vi", "Chỉ có dữ liệu của 11 giờ"), ("en", "Known for only 11 hours")):
        browser.cookies.set("lang", language)
        text = (await browser.get("/units/11983")).text
        assert ('class="uptime is-vague"' in text) == vague
        assert (said in text) == noted


async def test_the_unit_page_shows_the_machine_and_what_changed_of_it(province):
    browser = await province.browser()
    text = (await browser.get("/units/11983")).text
    for shown in ("Raspberry Pi 4 Model B", "10000000a3f2c1d0", "7,6 GiB", "10.33.83.10"):
        assert shown in text
    assert '<span class="code">hardware.memory</span>' in text
    assert "<del>3891</del> → <ins>7812</ins>" in text


async def test_the_unit_page_reads_the_newest_20_of_200_versions(province):
    with province.state.write() as connection:
        for number in range(200):
            body = {"hardware": {"memory": 1_000_000 + number}}
            at = NOW - 50 * MINUTE + number
            document = Document("host", at, body)
            store_host(connection, unit="11983", agent="11983-3f2a", document=document, received_at=NOW)
        # Every other body is junk: whoever decodes one fails.
        connection.exec_driver_sql(
            "UPDATE device_versions SET body = 'junk' WHERE device ="
            " (SELECT id FROM devices WHERE agent = '11983-3f2a') AND id NOT IN"
            " (SELECT id FROM device_versions ORDER BY first_seen DESC LIMIT 20)"
        )
    browser = await province.browser()
    text = (await browser.get("/units/11983")).text
    assert text.count("<del>10001") == 19
    assert "<del>1000198</del> → <ins>1000199</ins>" in text
    assert "19 thay đổi gần nhất" in text


def test_a_disk_that_is_added_does_not_move_the_others():
    from inventory.devices import DeviceVersion

    one, two = {"name": "sda", "serial": "A"}, {"name": "sdb", "serial": "B"}
    before = DeviceVersion(1, 1, 0, 0, {"storages": [two]}, "")
    after = replace(before, at=5, body={"storages": [one, two]})
    (revision,) = revisions([before, after])
    assert [change.where for change in revision.changes] == ["storages[A].name", "storages[A].serial"]


def test_communes_without_a_district_are_shown_together():
    units = [
        unit_state("1", level=Level.COMMUNE, parent="33"),
        unit_state("2", level=Level.DEPARTMENT, parent="33"),
    ]
    assert [(group.key, len(group.members)) for group in grouped(units)] == [
        ("departments", 1),
        ("communes", 1),
    ]


async def test_the_sign_in_page_says_what_went_wrong(province):
    client = province.client()
    client.headers |= {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    answer = await client.post("/sign-in", data={"name": "ai", "password": "sai"})
    assert "Tên hoặc mật khẩu không đúng" in answer.text
    assert 'href="/agents"' not in answer.text
