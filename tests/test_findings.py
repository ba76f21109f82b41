"""Findings in the state store and over the API: from real sweeps and inventories, opened, approved, closed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_machines import DAY, NOW, pc, put, told
from support_registry import small_province
from support_web import Web, web

from core.wire import Document
from inventory.devices import store_device, store_host
from inventory.findings import keeper
from inventory.findings.keeper import KeptFinding
from inventory.lan.store import store_lan
from inventory.stock import take_stock
from web.auth import Role

UNIT = "11950"
PRINTER, PHONE = "00:1b:a9:00:00:09", "3e:00:00:00:00:01"


class Place:
    def __init__(self, nhip: Web) -> None:
        self.web = nhip

    def sweep(self, at: int, *sightings: dict[str, object], unit: str = UNIT) -> None:
        with self.web.state.write() as connection:
            document = Document("lan", at, {"sightings": list(sightings)})
            store_lan(connection, unit=unit, document=document, received_at=at)

    def stock(self, now: int) -> None:
        take_stock(self.web.state, self.web.context.machines, self.web.context.registry.units(now), now)

    def findings(self, *, standing: bool = True) -> list[KeptFinding]:
        with self.web.state.read() as connection:
            return list(keeper.read(connection, standing=standing))

    def told(self) -> list[tuple[str, str]]:
        return [(each.kind, each.subject) for each in self.findings()]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with web(tmp_path) as nhip:
        small_province(nhip.state)
        nhip.context.registry.refresh()
        yield Place(nhip)


def seen(mac: str, *kinds: str, name: str = "") -> dict[str, object]:
    return {"mac": mac, "kinds": list(kinds), "names": [name] if name else [], "addresses": ["10.33.1.9"]}


def test_of_what_a_sweep_hears_only_what_no_inventory_tells_of_is_unknown(place: Place) -> None:
    put(place.web.state, told(pc(1)))
    place.sweep(NOW, seen("3c:52:82:00:00:01"), seen(PRINTER, "printer", name="may-in"))
    place.stock(NOW)
    (found,) = place.findings()
    assert (found.kind, found.subject, found.device, found.name) == ("unknown", PRINTER, "printer", "may-in")
    assert (found.unit, found.since, found.opened_at, found.closed_at) == (UNIT, NOW, NOW, None)


def test_the_agents_own_machine_and_what_is_asked_are_known_whatever_else_their_documents_hold(
    place: Place,
) -> None:
    own, router, odd = "dc:a6:32:01:02:03", "d4:ca:6d:00:00:01", "d4:ca:6d:00:00:02"
    host = {"networks": [{"mac": own.upper()}, "odd", 7, None, {"mac": [odd]}, [{"mac": odd}]]}
    asked = {"address": "10.33.1.1", "interfaces": [{"name": "ether1", "mac": router}]}
    none = {"address": "10.33.1.2", "interfaces": "none", "networks": {"mac": odd}}
    with place.web.state.write() as connection:
        document = Document("host", NOW, host)
        store_host(connection, unit=UNIT, agent="a", document=document, received_at=NOW)
        for body in (asked, none):
            store_device(connection, unit=UNIT, document=Document("device", NOW, body), received_at=NOW)
    place.sweep(NOW, seen(own), seen(router), seen(odd))
    place.stock(NOW)
    assert place.told() == [("unknown", odd)]


def test_taking_stock_again_changes_nothing_until_something_was_heard(place: Place) -> None:
    place.sweep(NOW, seen(PRINTER))
    place.stock(NOW)
    before = place.findings()
    place.stock(NOW + 1)
    assert place.findings() == before
    place.sweep(NOW + 5, seen(PRINTER, "printer"))
    place.stock(NOW + 6)
    (found,) = place.findings()
    assert (found.id, found.device, found.last_seen) == (before[0].id, "printer", NOW + 5)


def test_a_device_that_gets_an_agent_is_unknown_no_more_and_that_is_kept(place: Place) -> None:
    place.sweep(NOW, seen("3c:52:82:00:00:01"))
    place.stock(NOW)
    put(place.web.state, told(pc(1), NOW + 5))
    place.stock(NOW + 9)
    assert place.told() == []
    assert [each.closed_at for each in place.findings(standing=False)] == [NOW + 9]


def test_a_pc_of_two_agents_that_is_silent_is_missing_once(place: Place) -> None:
    put(place.web.state, told(pc(1)), told(pc(1, device="other-agent")), told(pc(2)))
    put(place.web.state, told(pc(2), NOW + 40 * DAY))
    place.stock(NOW + 40 * DAY)
    (found,) = place.findings()
    assert (found.kind, found.device, found.name) == ("missing", "pc", "PC1")
    put(place.web.state, told(pc(1), NOW + 41 * DAY))
    place.stock(NOW + 41 * DAY)
    assert place.told() == []


def test_a_laptop_that_moved_to_another_unit_is_missing_in_neither(place: Place) -> None:
    put(
        place.web.state,
        told(pc(1)),
        told(pc(2)),
        told(pc(1), NOW + 39 * DAY, "11953"),
        told(pc(2), NOW + 40 * DAY),
    )
    place.stock(NOW + 40 * DAY)
    assert place.told() == []


async def test_the_api_lists_findings_and_marks_close_them_at_once(place: Place) -> None:
    place.sweep(NOW, seen(PRINTER, "printer"), seen("00:1b:a9:00:00:08"))
    place.stock(NOW)
    viewer, technician = place.web.client(Role.VIEWER), place.web.client(Role.TECHNICIAN)
    listed = (await viewer.get("/api/v1/findings", params={"unit": UNIT})).json()["items"]
    assert [each["subject"] for each in listed] == ["00:1b:a9:00:00:08", PRINTER]
    wanted = {"subjects": [PRINTER], "note": "phòng một cửa"}
    assert (await viewer.post(f"/api/v1/units/{UNIT}/marks", json=wanted)).status_code == 403
    answer = await technician.post(f"/api/v1/units/{UNIT}/marks", json=wanted)
    assert answer.status_code == 201
    (mark,) = answer.json()
    assert (mark["subject"], mark["says"], mark["note"], mark["who"]) == (
        PRINTER,
        "approved",
        "phòng một cửa",
        "technician",
    )
    assert place.told() == [("unknown", "00:1b:a9:00:00:08")]
    assert (await viewer.get(f"/api/v1/units/{UNIT}/marks")).json() == [mark]
    assert (await technician.delete(f"/api/v1/marks/{mark['id']}")).status_code == 204
    assert (await technician.delete(f"/api/v1/marks/{mark['id']}")).status_code == 404
    assert len(place.told()) == 2


async def test_all_that_is_unknown_in_a_unit_can_be_approved_in_one_go(place: Place) -> None:
    place.sweep(NOW, *(seen(f"00:1b:a9:00:00:{n:02x}") for n in range(30)))
    place.sweep(NOW, seen(PRINTER), unit="11953")
    place.stock(NOW)
    technician = place.web.client(Role.TECHNICIAN)
    answer = await technician.post(f"/api/v1/units/{UNIT}/marks", json={"all_unknown": True})
    assert len(answer.json()) == 30
    assert place.told() == [("unknown", PRINTER)]
    assert (await technician.post(f"/api/v1/units/{UNIT}/marks", json={"all_unknown": True})).json() == []


@pytest.mark.parametrize(
    "wanted",
    [{"subjects": ["not a mac"]}, {"subjects": [], "says": "gone"}, {}, {"subjects": [PRINTER], "x": 1}],
)
async def test_marks_that_make_no_sense_are_refused(place: Place, wanted: dict[str, object]) -> None:
    technician = place.web.client(Role.TECHNICIAN)
    answer = await technician.post(f"/api/v1/units/{UNIT}/marks", json=wanted)
    assert answer.status_code in (400, 422)
    assert (
        await technician.post("/api/v1/units/nowhere/marks", json={"subjects": [PRINTER]})
    ).status_code == 404


async def test_findings_of_one_kind_and_closed_ones_can_be_asked_for(place: Place) -> None:
    place.sweep(NOW, seen(PRINTER))
    place.stock(NOW)
    viewer = place.web.client(Role.VIEWER)
    assert (await viewer.get("/api/v1/findings", params={"kind": "missing"})).json()["items"] == []
    keeper.mark(place.web.state, UNIT, [PRINTER], "approved", "", "test", NOW)
    place.stock(NOW + 1)
    assert (await viewer.get("/api/v1/findings")).json()["items"] == []
    (closed,) = (await viewer.get("/api/v1/findings", params={"closed": "true"})).json()["items"]
    assert closed["closed_at"] == NOW + 1
