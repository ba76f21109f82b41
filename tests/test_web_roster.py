"""One line for each device of a unit, whoever tells of it: list, page of a device, search and API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support_configs import keep
from support_machine_pages import (
    CAMERA,
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
from support_views import DAY, HOUR, check_state
from support_web import Web
from test_web_pages import Reader

from core.wire import Document
from inventory.changes import put as put_registry
from inventory.devices import devices, store_device
from web.auth import Role
from web.pages.machines.items import Item, shown
from web.pages.machines.unit import told_of

UPS_MAC = "00:c0:b7:00:00:01"
SERVER = office_pc(31, hardware={"name": "may-chu", "memory": 32768, "chassis_type": "Rack Mount Chassis"})


def ask(nhip: Web, address: str, at: int, **body: Any) -> None:
    document = Document("device", at, {"address": address, **body})
    with nhip.state.write() as connection:
        store_device(connection, unit=UNIT, document=document, received_at=at)


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with machines_web(tmp_path) as made:
        now = made.clock.now()
        ask(
            made,
            "10.33.83.50",
            now - HOUR,
            name="MAY-IN-MOT-CUA",
            kind="printer",
            vendor="HP",
            model="LaserJet Pro M404dn",
            serial="VNB3K12345",
            version="002.2304A",
            supplies=["Black Cartridge"],
            interfaces=[{"index": 1, "name": "eth0", "mac": PRINTER.upper()}],
        )
        ask(made, "10.33.83.70", now - HOUR, name="ups-1", kind="ups", vendor="APC", model="Smart-UPS 1500")
        ask(made, "10.33.83.31", now - HOUR, name="may-chu", kind="server", vendor="Dell", serial="SN000031")
        put(made.state, told(SERVER, now - 2 * HOUR, UNIT))
        sweep(made, now - HOUR, sighting(UPS_MAC, address="10.33.83.70"))
        stock(made)
        yield made


def items(nhip: Web) -> list[Item]:
    return list(shown(told_of(nhip.context, UNIT), nhip.clock.now()).items)


def one(nhip: Web, name: str) -> Item:
    (found,) = (each for each in items(nhip) if each.told == name)
    return found


def test_a_printer_that_is_asked_and_heard_is_one_line_with_all_that_is_known(nhip: Web) -> None:
    printer = one(nhip, "MAY-IN-MOT-CUA")
    assert (tuple(printer.sources), printer.kind, printer.subject) == (("snmp", "lan"), "printer", PRINTER)
    assert (printer.model, printer.serial, printer.system) == (
        "LaserJet Pro M404dn",
        "VNB3K12345",
        "002.2304A",
    )
    assert printer.first_seen == nhip.clock.now() - 60 * DAY
    assert printer.mark is not None
    assert printer.mark.says == "approved", "what was said of the MAC holds for the device"
    assert sum(PRINTER in each.macs for each in items(nhip)) == 1


def test_what_tells_no_mac_is_known_by_its_address(nhip: Web) -> None:
    ups = one(nhip, "ups-1")
    assert (tuple(ups.sources), ups.kind, ups.subject, ups.macs) == (
        ("snmp", "lan"),
        "ups",
        UPS_MAC,
        (UPS_MAC,),
    )
    assert ups.finding is not None
    assert ups.finding.kind == "unknown"


def test_a_server_of_an_inventory_that_is_asked_is_one_machine(nhip: Web) -> None:
    server = one(nhip, "may-chu")
    assert tuple(server.sources) == ("inventory", "snmp")
    assert server.href == f"/machines/{server.machine}"
    assert "10.33.83.31" in server.addresses


async def test_a_technician_sees_whose_configuration_is_kept_on_its_line(nhip: Web) -> None:
    (router,) = (each for each in devices(nhip.state, UNIT) if each.name == "gw-dongtien")
    assert keep(nhip.state, nhip.clock.now()) == router.id
    for role, there in ((Role.VIEWER, False), (Role.TECHNICIAN, True)):
        page = (await (await nhip.browser(role, role.name.lower())).get(f"/units/{UNIT}/machines")).text
        Reader(page)
        assert (f'href="/configs/{router.id}"' in page) is there
        assert "hỏi qua mạng" in page


async def test_a_switch_whose_configuration_alone_is_read_is_listed_as_the_registry_has_it(nhip: Web) -> None:
    watched = {"unit": UNIT, "name": "Switch tầng 2", "kind": "switch", "address": "10.33.83.9"}
    put_registry(nhip.state, nhip.clock.now(), {"watched_devices": [watched]})
    nhip.context.registry.refresh()
    id_ = keep(nhip.state, nhip.clock.now(), address="10.33.83.9")
    switch = one(nhip, "Switch tầng 2")
    assert (switch.kind, tuple(switch.addresses)) == ("switch", ("10.33.83.9",))
    browser = await nhip.browser(Role.TECHNICIAN)
    page = (await browser.get(f"/units/{UNIT}/devices/{id_}")).text
    Reader(page)
    assert f'href="/configs/{id_}"' in page
    assert "10.33.83.9" in (await browser.get("/machines", params={"q": "10.33.83.9"})).text


async def test_each_device_has_one_page_and_other_addresses_lead_there(nhip: Web) -> None:
    browser = await nhip.browser()
    ids = {each.name: each.id for each in devices(nhip.state, UNIT)}
    answer = await browser.get(f"/units/{UNIT}/devices/{ids['MAY-IN-MOT-CUA']}")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/units/{UNIT}/machines/{PRINTER}")
    page = (await browser.get(answer.headers["location"])).text
    Reader(page)
    for text in ("VNB3K12345", "002.2304A", "Black Cartridge", "10.33.83.50"):
        assert text in page
    answer = await browser.get(f"/units/{UNIT}/devices/{ids['may-chu']}")
    assert answer.headers["location"] == one(nhip, "may-chu").href
    page = (await browser.get(answer.headers["location"])).text
    Reader(page)
    assert "10.33.83.31" in page
    page = await browser.get(f"/units/{UNIT}/devices/{ids['gw-dongtien']}")
    Reader(page.text)
    assert page.status_code == 200
    assert "RouterOS" in page.text or "MikroTik" in page.text
    for wrong in (
        f"/units/{UNIT}/devices/999999",
        f"/units/12040/devices/{ids['gw-dongtien']}",
        "/units/x/devices/1",
    ):
        assert (await browser.get(wrong)).status_code == 404


async def test_figures_of_a_device_are_on_its_page(nhip: Web) -> None:
    figures = {"supply_left_ratio#Black Cartridge": 0.07}
    nhip.views.check_states.append(
        check_state(71, UNIT, nhip.clock.now(), kind="snmp", target="10.33.83.50", figures=figures)
    )
    page = (await (await nhip.browser()).get(f"/units/{UNIT}/machines/{PRINTER}")).text
    assert "Black Cartridge · 7 %" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("MAY-IN-MOT-CUA", "MAY-IN-MOT-CUA"),
        ("10.33.83.50", "MAY-IN-MOT-CUA"),
        ("001b.a900.0009", "MAY-IN-MOT-CUA"),
        ("vnb3k12345", "MAY-IN-MOT-CUA"),
        ("laserjet m404dn", "MAY-IN-MOT-CUA"),
        ("smart-ups", "ups-1"),
        ("may-chu", "may-chu"),
        ("SN000031", "may-chu"),
        (CAMERA, "10.33.83.60"),
        (UNKNOWN, "android-box"),
    ],
)
async def test_search_finds_what_is_asked_by_anything_and_each_once(
    nhip: Web, query: str, found: str
) -> None:
    viewer = nhip.client(Role.VIEWER)
    items = (await viewer.get("/api/v1/devices", params={"q": query})).json()["items"]
    assert [each["hostname"] or each["addresses"][0] for each in items] == [found]
    assert found in (await (await nhip.browser()).get("/machines", params={"q": query})).text


async def test_api_of_a_unit_and_of_devices_say_the_same(nhip: Web) -> None:
    viewer = nhip.client(Role.VIEWER)
    of_unit = (await viewer.get(f"/api/v1/units/{UNIT}/devices")).json()["items"]
    of_devices, cursor = [], None
    while True:
        params = {"unit": UNIT, "limit": "4"} | ({"cursor": cursor} if cursor else {})
        answer = (await viewer.get("/api/v1/devices", params=params)).json()
        of_devices += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            break
    assert of_devices == of_unit
    by_name = {each["hostname"]: each for each in of_unit}
    printer = by_name["MAY-IN-MOT-CUA"]
    assert (printer["id"], printer["name"], printer["sources"]) == (PRINTER, "", ["snmp", "lan"])
    assert printer["documents"][0]["body"]["supplies"] == ["Black Cartridge"]
    assert by_name["may-chu"]["id"] == by_name["may-chu"]["name"] == one(nhip, "may-chu").machine
    assert by_name["gw-dongtien"]["id"].startswith("device-")
    assert len({each["id"] for each in of_unit}) == len(of_unit)


async def test_routers_and_printers_are_in_files_of_the_province(nhip: Web) -> None:
    browser = await nhip.browser()
    text = (await browser.get("/machines?format=netbox")).text
    assert "gw-dongtien" in text
    assert "VNB3K12345" in text
    assert text.count("may-chu") == 1
