"""Pages and API of machines: the list of a unit, one machine, search, and what people say."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_assets import book_csv
from support_assets import take as take_book
from support_labels import opened, text_of
from support_machine_pages import (
    CAMERA,
    PHONE,
    PRINTER,
    UNIT,
    UNKNOWN,
    machines_web,
    office_pc,
    sighting,
    stock,
    sweep,
)
from support_machines import put, told
from support_views import DAY
from support_web import Web
from test_web_pages import Reader

from core.wire import Document
from inventory.census.lists import of_unit, search, search_lans
from inventory.devices import devices, store_device
from inventory.findings import keeper
from inventory.lan.reads import read_sightings
from inventory.lan.store import store_bridge
from web.auth import Role
from web.pages.machines.items import Shown, ports, shown
from web.pages.machines.unit import told_of


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with machines_web(tmp_path) as made:
        yield made


def names(nhip: Web) -> dict[str, str]:
    return {each.facts.hostname: each.name for each in of_unit(nhip.state, nhip.context.machines, UNIT)}


def list_of(nhip: Web, unit: str = UNIT) -> Shown:
    return shown(told_of(nhip.context, unit), nhip.clock.now())


def test_machines_stand_in_their_class_once_whoever_tells_of_them(nhip: Web) -> None:
    groups = {key: [item.told for item in items] for key, items in list_of(nhip).groups.items()}
    assert groups == {
        "pc": ["may-do-11983", "VP-DONGTIEN-01", "VP-DONGTIEN-02", "VP-DONGTIEN-04", "VP-DONGTIEN-05"],
        "laptop": ["VP-DONGTIEN-03"],
        "printer": ["may-in-motcua"],
        "network": ["gw-dongtien"],
        "camera": ["10.33.83.60"],
        "other": ["android-box"],
    }


def test_what_is_unknown_missing_or_new_comes_on_top(nhip: Web) -> None:
    urgent = [(item.told, item.finding.kind if item.finding else "new") for item in list_of(nhip).urgent]
    assert urgent[:2] == [("android-box", "unknown"), ("VP-DONGTIEN-04", "missing")]
    assert {kind for _, kind in urgent[2:]} == {"new"}
    assert "VP-DONGTIEN-05" in {name for name, _ in urgent[2:]}


def test_phones_that_invent_their_address_are_counted_and_not_listed(nhip: Web) -> None:
    found = list_of(nhip)
    assert found.passing == 1
    assert PHONE not in {item.subject for item in found.items}


def test_a_machine_that_was_heard_just_now_is_listed_before_stock_was_taken(nhip: Web) -> None:
    put(nhip.state, told(office_pc(9), nhip.clock.now(), UNIT))
    assert "VP-DONGTIEN-09" in names(nhip)


def test_a_machine_that_moved_away_is_in_its_new_unit_alone(nhip: Web) -> None:
    put(nhip.state, told(office_pc(1), nhip.clock.now(), "12040"))
    assert "VP-DONGTIEN-01" not in names(nhip)
    (found,) = (
        each
        for each in of_unit(nhip.state, nhip.context.machines, "12040")
        if each.facts.hostname == "VP-DONGTIEN-01"
    )
    assert found.first_seen == nhip.clock.now() - 90 * DAY


def test_nothing_is_new_on_the_first_day_of_a_unit(nhip: Web) -> None:
    put(nhip.state, told(office_pc(8), nhip.clock.now(), "11950"))
    assert [item.is_new for item in list_of(nhip, "11950").items] == [False]


async def test_the_list_of_a_unit_is_a_whole_page_in_both_languages(nhip: Web) -> None:
    browser = await nhip.browser()
    for language, title in (("vi", "Cần xem xét"), ("en", "To look into")):
        browser.cookies.set("lang", language)
        answer = await browser.get(f"/units/{UNIT}/machines")
        assert answer.status_code == 200
        Reader(answer.text)
        assert title in answer.text
    assert (await browser.get("/units/nowhere/machines")).status_code == 404


async def test_a_unit_without_machines_says_how_they_come(nhip: Web) -> None:
    answer = await (await nhip.browser()).get("/units/11950/machines")
    assert "nhip inventory open 11950" in answer.text
    assert ":8062/" in answer.text
    Reader(answer.text)


async def test_the_unit_page_leads_to_its_machines(nhip: Web) -> None:
    assert f'href="/units/{UNIT}/machines"' in (await (await nhip.browser()).get(f"/units/{UNIT}")).text


async def test_a_machine_is_shown_with_what_it_is_and_what_changed(nhip: Web) -> None:
    browser = await nhip.browser()
    browser.cookies.set("lang", "en")
    answer = await browser.get(f"/machines/{names(nhip)['VP-DONGTIEN-01']}")
    Reader(answer.text)
    for text in (
        "TS-2022-0001",
        "Đặng Văn Sơn",
        "Windows Defender",
        "KX000001",
        "10.33.83.21",
        "GLPI-Agent_v1.11",
    ):
        assert text in answer.text, text
    assert "+ Unikey 4.6" in answer.text
    assert "− Unikey 4.2" in answer.text
    assert (await browser.get(f"/machines/{'0' * 32}")).status_code == 404
    assert (await browser.get("/machines/nobody")).status_code == 422


async def test_what_changed_is_told_since_any_day(nhip: Web) -> None:
    browser = await nhip.browser()
    browser.cookies.set("lang", "en")
    address = f"/machines/{names(nhip)['VP-DONGTIEN-01']}"
    assert (
        "Nothing was known of it then." in (await browser.get(address, params={"since": "2026-01-01"})).text
    )
    assert "Nothing: it is as it was." in (await browser.get(address, params={"since": "2026-11-24"})).text
    assert (await browser.get(address, params={"since": "yesterday"})).status_code == 422


async def test_a_name_that_a_machine_had_before_leads_to_it(nhip: Web) -> None:
    first = names(nhip)["VP-DONGTIEN-01"]
    moved = office_pc(1, hardware={**office_pc(1)["content"]["hardware"], "name": "VAN-THU"})
    put(nhip.state, told(moved, nhip.clock.now(), UNIT))
    with nhip.state.read() as connection:
        from inventory.machines.tables import faces

        keys = [row.key for row in connection.execute(faces.select()) if "VAN-THU" in row.signs]
    assert names(nhip)["VAN-THU"] == first
    answer = await (await nhip.browser()).get(f"/machines/{keys[0]}")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/machines/{first}")


def test_two_agents_on_a_machine_make_no_changes_of_each_other(nhip: Web) -> None:
    now = nhip.clock.now()
    other = office_pc(2, device="ocs-2", softwares=[{"name": "Unikey", "version": "4"}])
    put(nhip.state, told(other, now - DAY, UNIT), told(other, now, UNIT))
    put(nhip.state, told(office_pc(2, softwares=[]), now, UNIT))
    machines = nhip.context.machines
    changed = [each.changes for each in machines.versions(names(nhip)["VP-DONGTIEN-02"])]
    assert [None if each is None else len(each) for each in changed] == [None, None, 3, 2]
    since = machines.changed_since(names(nhip)["VP-DONGTIEN-02"], now - 2 * DAY)
    assert since is None or {each.section for each in since} <= {"softwares"}


async def test_a_device_of_the_lan_has_a_page_with_what_it_told(nhip: Web) -> None:
    browser = await nhip.browser()
    answer = await browser.get(f"/units/{UNIT}/machines/{PRINTER}")
    Reader(answer.text)
    assert "HP LaserJet M404" in answer.text
    assert (await browser.get(f"/units/{UNIT}/machines/00:00:00:00:00:00")).status_code == 404
    assert (await browser.get(f"/units/11950/machines/{PRINTER}")).status_code == 404


async def test_a_technician_approves_writes_off_and_takes_it_back(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    page = await browser.get(f"/units/{UNIT}/machines")
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    marks = f"/units/{UNIT}/machines/marks"
    said = {"csrf": csrf, "says": "approved", "subject": UNKNOWN, "note": "TV của hội trường"}
    assert (await browser.post(marks, data=said)).status_code == 303
    assert not [item for item in list_of(nhip).urgent if item.subject == UNKNOWN]
    page = await browser.get(f"/units/{UNIT}/machines/{UNKNOWN}")
    assert "TV của hội trường" in page.text
    undo = page.text.partition(f'action="{marks}/')[2].partition('"')[0]
    assert (await browser.post(f"{marks}/{undo}", data={"csrf": csrf})).status_code == 303
    assert list_of(nhip).urgent[0].subject == UNKNOWN
    sweep(nhip, nhip.clock.now(), sighting("d4:6a:6a:00:00:08"))
    stock(nhip)
    assert (await browser.post(marks, data={"csrf": csrf, "says": "approved"})).status_code == 303
    assert not [item for item in list_of(nhip).urgent if item.finding and item.finding.kind == "unknown"]
    assert (await browser.post(marks, data=said | {"subject": "<b>"})).status_code == 422


async def test_a_viewer_sees_and_says_nothing(nhip: Web) -> None:
    browser = await nhip.browser()
    page = await browser.get(f"/units/{UNIT}/machines")
    assert "machines/marks" not in page.text
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    said = {"csrf": csrf, "says": "approved", "subject": UNKNOWN}
    assert (await browser.post(f"/units/{UNIT}/machines/marks", data=said)).status_code == 403


def hostnames(nhip: Web, query: str, limit: int = 50) -> list[str]:
    return [each.facts.hostname for each in search(nhip.state, nhip.context.machines, query, limit)]


def test_search_goes_over_the_province_and_finds_without_marks(nhip: Web) -> None:
    assert sorted(hostnames(nhip, "nguyen huong")) == ["VP-DONGTIEN-04"]
    assert sorted(hostnames(nhip, "optiplex")) == [f"VP-DONGTIEN-0{n}" for n in (1, 2, 4, 5, 7)]
    assert hostnames(nhip, "10.33.83.23") == ["VP-DONGTIEN-03"]
    assert hostnames(nhip, "3C-52-82-00-00-07") == ["VP-DONGTIEN-07"]
    assert hostnames(nhip, "TS-2022-0005") == ["VP-DONGTIEN-05"]
    assert hostnames(nhip, "%") == hostnames(nhip, "_") == hostnames(nhip, "") == []


def test_what_a_word_names_exactly_comes_first(nhip: Web) -> None:
    put(nhip.state, told(office_pc(11, hardware={"name": "VP-DONGTIEN-011"}), nhip.clock.now(), "11950"))
    put(nhip.state, told(office_pc(12, hardware={"name": "VP-DONGTIEN-01"}), nhip.clock.now(), "12397"))
    stock(nhip)
    assert hostnames(nhip, "vp-dongtien-01") == ["VP-DONGTIEN-01", "VP-DONGTIEN-01", "VP-DONGTIEN-011"]
    assert len(hostnames(nhip, "vp-dongtien", 2)) == 2


def test_a_machine_with_two_agents_is_found_once(nhip: Web) -> None:
    put(nhip.state, told(office_pc(2, device="ocs-2"), nhip.clock.now(), UNIT))
    stock(nhip)
    assert hostnames(nhip, "SN000002") == ["VP-DONGTIEN-02"]


def test_devices_of_lans_are_found_unless_an_inventory_tells_of_them(nhip: Web) -> None:
    found = {
        query: [each.mac for each in search_lans(nhip.state, query, 9)]
        for query in ("motcua", "44-19-B6", "10.33.83.21", "")
    }
    assert found == {"motcua": [PRINTER], "44-19-B6": [CAMERA], "10.33.83.21": [], "": []}


async def test_the_page_of_search_shows_where_each_is(nhip: Web) -> None:
    browser = await nhip.browser()
    answer = await browser.get("/machines", params={"q": "huong"})
    Reader(answer.text)
    assert "VP-DONGTIEN-04" in answer.text
    assert f"/units/{UNIT}/machines" in answer.text
    Reader((await browser.get("/machines")).text)
    assert (await browser.get("/machines", params={"q": "x" * 300})).status_code == 422


async def test_the_api_searches_with_the_same_words(nhip: Web) -> None:
    viewer = nhip.client(Role.VIEWER)
    found = (await viewer.get("/api/v1/devices", params={"q": "đặng sơn"})).json()
    assert sorted(each["hostname"] for each in found["items"]) == ["VP-DONGTIEN-01", "VP-DONGTIEN-05"]
    assert found["items"][0]["kind"] == "pc"
    assert found["next"] is None
    assert (await viewer.get("/api/v1/devices")).status_code == 422
    assert (await nhip.client().get("/api/v1/devices", params={"q": "a"})).status_code == 401


def test_a_switch_that_is_asked_tells_the_port_of_a_machine(nhip: Web) -> None:
    with nhip.state.read() as connection:
        sightings = read_sightings(connection, UNIT)
    asked = devices(nhip.state, UNIT)
    assert ports(set(), "sw-motcua", asked, sightings) == [("gw-dongtien", "ether2")]
    assert ports({"3c:52:82:00:00:01"}, "VP-DONGTIEN-01", asked, sightings) == []


def test_the_switch_that_an_agent_hears_tells_the_port_of_its_own_machine(nhip: Web) -> None:
    near = {"protocol": "lldp", "chassis": "aa", "port": "Gi0/7", "name": "sw-1"}
    sweep(nhip, nhip.clock.now(), sighting("00:1b:0d:00:00:01", "switch", neighbour=near))
    with nhip.state.read() as connection:
        sightings = read_sightings(connection, UNIT)
    asked = devices(nhip.state, UNIT)
    assert ports({"dc:a6:32:01:02:03"}, "x", asked, sightings) == [("sw-1", "Gi0/7")]


def test_a_port_that_is_named_by_its_mac_is_called_what_the_switch_calls_it(nhip: Web) -> None:
    near = {"protocol": "lldp", "chassis": "aa", "port": "00:1b:0d:00:00:07", "port_description": "port7"}
    sweep(nhip, nhip.clock.now(), sighting("00:1b:0d:00:00:01", "switch", neighbour={**near, "name": "sw-1"}))
    with nhip.state.read() as connection:
        sightings = read_sightings(connection, UNIT)
    asked = devices(nhip.state, UNIT)
    assert ports({"dc:a6:32:01:02:03"}, "x", asked, sightings) == [("sw-1", "port7")]


async def test_the_tables_of_a_switch_tell_the_port_of_a_machine_to_people_and_programs(nhip: Web) -> None:
    with nhip.state.write() as connection:
        now = nhip.clock.now()
        ports_of = {"ge1": ["3c:52:82:00:00:01"], "ge24": ["3c:52:82:00:00:02", "dc:2c:6e:11:22:01"]}
        body = {"address": "10.33.83.9", "name": "sw-tang2", "ports": ports_of}
        store_bridge(connection, unit=UNIT, document=Document("bridge", now, body), received_at=now)
        own = [{"index": 1, "name": "ge1", "kind": "ethernet", "mac": "dc:2c:6e:11:22:01"}]
        other = {"address": "10.33.83.10", "name": "sw-tang3", "interfaces": own}
        store_device(connection, unit=UNIT, document=Document("device", now, other), received_at=now)
    viewer = nhip.client(Role.VIEWER)
    (found,) = (await viewer.get("/api/v1/devices", params={"q": "VP-DONGTIEN-01"})).json()["items"]
    told = (await viewer.get(f"/api/v1/devices/{found['name']}")).json()
    assert told["ports"] == [{"switch": "sw-tang2", "port": "ge1"}]
    page = await viewer.get(f"/machines/{found['name']}")
    assert 'sw-tang2 · <span class="code">ge1</span>' in page.text
    # Behind this port is another switch, too: it leads to others.
    (other,) = (await viewer.get("/api/v1/devices", params={"q": "VP-DONGTIEN-02"})).json()["items"]
    assert (await viewer.get(f"/api/v1/devices/{other['name']}")).json()["ports"] == []


async def said(nhip: Web, client: object, **fields: object) -> None:
    page = await client.get(f"/units/{UNIT}/machines")  # type: ignore[attr-defined]
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    answer = await client.post(f"/units/{UNIT}/machines/marks", data={"csrf": csrf, **fields})  # type: ignore[attr-defined]
    assert answer.status_code == 303, answer.text


async def test_what_was_verified_on_site_is_ticked_on_the_sheet_and_no_finding_follows(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    browser.cookies.set("lang", "en")
    assert "0 of 8 verified" in (await browser.get(f"/units/{UNIT}/machines/sheet")).text
    before = [(item.told, item.finding) for item in list_of(nhip).urgent]
    await said(nhip, browser, says="verified", subject=UNKNOWN, back="sheet")
    await said(nhip, browser, says="verified", subject=names(nhip)["VP-DONGTIEN-04"])
    stock(nhip)
    assert [(item.told, item.finding) for item in list_of(nhip).urgent] == before
    page = (await browser.get(f"/units/{UNIT}/machines/sheet")).text
    Reader(page)
    assert "2 of 8 verified" in page
    later = (await browser.get(f"/units/{UNIT}/machines/sheet", params={"since": "2026-11-24"})).text
    assert "0 of 8 verified" in later


async def test_a_note_stays_with_a_machine_that_moves(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    name = names(nhip)["VP-DONGTIEN-01"]
    await said(nhip, browser, says="noted", subject=name, note="Thay pin CMOS")
    put(nhip.state, told(office_pc(1), nhip.clock.now(), "12040"))
    page = (await browser.get(f"/machines/{name}")).text
    assert "Thay pin CMOS" in page
    assert "Xã Liên Nghĩa" in page


async def test_what_is_sent_twice_is_kept_once_at_the_time_at_which_it_was_said(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    now, name = nhip.clock.now(), names(nhip)["VP-DONGTIEN-01"]
    for _ in range(2):
        await said(nhip, browser, says="noted", subject=name, note="Quạt kêu", at=now - DAY)
    for odd in (now + DAY, now - 30 * DAY):
        await said(nhip, browser, says="verified", subject=name, at=odd)
    with nhip.state.read() as connection:
        kept = [(each.says, each.at) for each in keeper.marks(connection, subjects=[name])]
    assert kept == [("noted", now - DAY), ("verified", now)]


async def test_a_note_without_a_word_is_refused(nhip: Web) -> None:
    technician = nhip.client(Role.TECHNICIAN)
    wanted = {"subjects": [PRINTER], "says": "noted", "note": " "}
    answer = await technician.post(f"/api/v1/units/{UNIT}/marks", json=wanted)
    assert answer.status_code == 400
    answer = await technician.post(f"/api/v1/units/{UNIT}/marks", json=wanted | {"note": "ở tầng 2"})
    assert [each["says"] for each in answer.json()] == ["noted"]


async def test_a_label_can_be_printed_of_one_machine(nhip: Web) -> None:
    browser = await nhip.browser()
    browser.cookies.set("lang", "en")
    asked = {"unit": UNIT, "alone": "true", "only": names(nhip)["VP-DONGTIEN-01"]}
    page = (await browser.get("/machines/labels", params=asked)).text
    Reader(page)
    assert "Labels: 1. Sheets: 1." in page
    assert f"only={asked['only']}" in page


async def test_what_changed_in_a_unit_is_told_machine_by_machine(nhip: Web) -> None:
    browser = await nhip.browser()
    browser.cookies.set("lang", "en")
    address = f"/units/{UNIT}/machines/changes"
    page = (await browser.get(address)).text
    Reader(page)
    told_of_each = {
        name: page.partition(f">{name}</a>")[2].partition("</li>\n    <li>")[0]
        for name in ("VP-DONGTIEN-01", "VP-DONGTIEN-02", "VP-DONGTIEN-03", "VP-DONGTIEN-05")
    }
    assert all("Unikey 4.6" in text for name, text in told_of_each.items() if name != "VP-DONGTIEN-05")
    assert "first heard of" in told_of_each["VP-DONGTIEN-05"]
    assert "VP-DONGTIEN-04" not in page
    later = (await browser.get(address, params={"since": "2026-11-23"})).text
    assert "VP-DONGTIEN-01" in later
    assert "VP-DONGTIEN-05" not in later
    assert "otherwise than it was then" in (await browser.get(address, params={"since": "2026-11-24"})).text


async def test_one_that_was_put_back_as_it_was_is_left_out(nhip: Web) -> None:
    now = nhip.clock.now()
    old = [{"name": "Unikey 4.2", "version": "4.2"}, {"name": "LibreOffice", "version": "7.4"}]
    put(nhip.state, told(office_pc(1, softwares=old), now, UNIT))
    page = (await (await nhip.browser()).get(f"/units/{UNIT}/machines/changes")).text
    assert "VP-DONGTIEN-01" not in page
    assert "VP-DONGTIEN-02" in page


async def test_what_only_an_asset_book_says_is_found_and_its_numbers_are_on_sheet_and_labels(
    nhip: Web,
) -> None:
    row = ("1", "HC/2022-77", "Máy tính để bàn", "SN000001", "", "Đỗ Thị Lụa", "Văn phòng", "2022", "", "")
    take_book(nhip.state, book_csv(row), nhip.clock.now())
    browser = await nhip.browser()
    page = (await browser.get("/machines", params={"q": "do thi lua"})).text
    Reader(page)
    assert "HC/2022-77" in page
    assert f'/units/{UNIT}/book#row-HC/2022-77"' in page
    page = (await browser.get(f"/units/{UNIT}/machines/sheet")).text
    with opened((await browser.get("/machines/labels.pdf", params={"unit": UNIT})).content) as document:
        printed = text_of(document[0])
    for text in (page, printed):
        assert "HC/2022-77" in text
        assert "TS-2022-0001" not in text
        assert "TS-2022-0002" in text


async def test_what_nobody_knows_gets_a_label_only_when_it_is_asked_for(nhip: Web) -> None:
    browser, asked = await nhip.browser(), {"unit": UNIT, "alone": "true"}
    for more, there in (({}, False), ({"only": UNKNOWN}, True)):
        with opened((await browser.get("/machines/labels.pdf", params=asked | more)).content) as document:
            assert ("android-box" in text_of(document[0])) is there
    assert "android-box" in (await browser.get("/machines/labels", params=asked | {"only": UNKNOWN})).text
