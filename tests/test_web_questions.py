"""Questions about machines for people and programs: asked, answered, taken back, by hand too."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from support_machine_pages import UNIT, machines_web, office_pc, stock
from support_machines import put, told
from support_questions import shop_pc
from support_views import DAY
from support_web import Web, served
from test_web_pages import Reader

from core.clock import SystemClock
from inventory.machines.addresses import open_address
from inventory.machines.reads import Machines
from inventory.seed import seed
from web.auth import Role
from web.auth.tokens import create_token
from web.main import build
from web.pages.questions import SHOWN


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with machines_web(tmp_path) as made:
        now = made.clock.now()
        put(made.state, told(shop_pc("old"), now - 9 * DAY, UNIT), told(shop_pc("new"), now, UNIT))
        stock(made)
        yield made


def pair_id(nhip: Web) -> str:
    (pair,) = nhip.context.machines.questions()
    return f"{pair.left.key}-{pair.right.key}"


async def names(http: httpx2.AsyncClient, unit: str = UNIT) -> list[str]:
    found = (await http.get("/api/v1/devices", params={"unit": unit})).json()["items"]
    return sorted(each["hostname"] for each in found if each["hostname"].startswith("KETOAN"))


async def test_two_reports_a_question_an_answer_one_machine_and_two_again(tmp_path: Path) -> None:
    """Over HTTP alone: inventories come in as an agent posts them, a technician's program answers."""
    app = build(tmp_path)
    context = app.state.context
    now = SystemClock().now()
    seed(context.state, now, addresses=False)
    context.registry.refresh()
    unit = context.registry.units(now)[-1].code
    address = open_address(context.state, unit, now, "test")
    token = create_token(context.state, "lan", Role.TECHNICIAN, now, 3_600_000)
    async with (
        served(app) as url,
        httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as http,
        httpx2.AsyncClient(base_url=url, timeout=60) as agent,
    ):
        for board in ("old", "new"):
            assert (await agent.post(address, json=shop_pc(board))).status_code == 200
        assert len(await names(http, unit)) == 2
        (asked,) = (await http.get("/api/v1/questions", params={"unit": unit})).json()["items"]
        evidence = {row["sign"]: (row["says"], row["points"]) for row in asked["evidence"]}
        assert evidence["disk_serials"] == ("agrees", 5)
        assert evidence["macs"] == ("differs", -5)
        assert asked["open"]
        assert asked["left"]["machine"] != asked["right"]["machine"]
        said = await http.post(f"/api/v1/questions/{asked['id']}/answer", json={"says": "same"})
        assert (said.status_code, said.json()["who"]) == (201, "lan")
        assert len(await names(http, unit)) == 1
        assert (await http.get("/api/v1/questions")).json()["items"] == []
        assert [each["id"] for each in (await http.get("/api/v1/answers")).json()["items"]] == [
            said.json()["id"]
        ]
        assert (await agent.post(address, json=shop_pc("new", softwares=[]))).status_code == 200
        assert len(await names(http, unit)) == 1, "the answer holds for reports to come"
        undone = f"/api/v1/answers/{said.json()['id']}"
        assert (await http.delete(undone)).status_code == 204
        assert len(await names(http, unit)) == 2
        assert (await http.delete(undone)).status_code == 404
        assert [each["id"] for each in (await http.get("/api/v1/questions")).json()["items"]] == [asked["id"]]


async def test_only_a_technician_answers(nhip: Web) -> None:
    viewer, asked = nhip.client(Role.VIEWER), pair_id(nhip)
    assert (await viewer.get(f"/api/v1/questions/{asked}")).json()["open"]
    left, right = asked.split("-")
    for method, path, body in (
        ("POST", f"/api/v1/questions/{asked}/answer", {"says": "same"}),
        ("POST", "/api/v1/answers", {"says": "same", "left": [left], "right": [right]}),
        ("DELETE", "/api/v1/answers/1", None),
    ):
        assert (await viewer.request(method, path, json=body)).status_code == 403
        assert (await nhip.client().request(method, path, json=body)).status_code == 401
    assert len(await names(viewer)) == 2


async def test_an_answer_about_nobody_is_a_problem(nhip: Web) -> None:
    http, asked = nhip.client(Role.TECHNICIAN), pair_id(nhip)
    left, right = asked.split("-")
    for wrong in (f"{left}-{'0' * 32}", f"{left}-{left}"):
        assert (await http.get(f"/api/v1/questions/{wrong}")).status_code == 404
        answer = await http.post(f"/api/v1/questions/{wrong}/answer", json={"says": "same"})
        assert answer.status_code == 404
    assert (await http.get("/api/v1/questions/nobody")).status_code == 422
    for body in (
        {"says": "perhaps", "left": [left], "right": [right]},
        {"says": "same", "left": [], "right": [right]},
        {"says": "same", "left": ["<b>"], "right": [right]},
    ):
        assert (await http.post("/api/v1/answers", json=body)).status_code == 422
    both = {"says": "same", "left": [left], "right": [left]}
    assert (await http.post("/api/v1/answers", json=both)).status_code == 400
    assert (await http.get("/api/v1/answers", params={"undone": True})).json()["items"] == []


async def test_the_later_answer_wins_and_the_earlier_stands_again_when_it_is_taken_back(nhip: Web) -> None:
    http, asked = nhip.client(Role.TECHNICIAN), f"/api/v1/questions/{pair_id(nhip)}"
    assert (await http.post(f"{asked}/answer", json={"says": "same"})).status_code == 201
    later = await http.post(f"{asked}/answer", json={"says": "different"})
    assert len(await names(http)) == 2
    assert not (await http.get(asked)).json()["open"]
    await http.delete(f"/api/v1/answers/{later.json()['id']}")
    assert len(await names(http)) == 1


async def test_a_machine_is_split_and_two_are_merged_by_hand(nhip: Web) -> None:
    http, now = nhip.client(Role.TECHNICIAN), nhip.clock.now()
    renamed = office_pc(1, hardware={**office_pc(1)["content"]["hardware"], "name": "KETOAN-MOI"})
    put(nhip.state, told(renamed, now, UNIT))
    one = (await http.get("/api/v1/devices", params={"q": "SN000001"})).json()["items"][0]["name"]
    told_faces = [each["key"] for each in (await http.get(f"/api/v1/devices/{one}/faces")).json()]
    assert len(told_faces) == 2
    split = {"says": "different", "left": told_faces[1:], "right": told_faces[:1]}
    answered = await http.post("/api/v1/answers", json=split)
    assert "KETOAN-MOI" in await names(http)
    assert len((await http.get(f"/api/v1/devices/{one}/faces")).json()) == 1
    await http.delete(f"/api/v1/answers/{answered.json()['id']}")
    assert len((await http.get(f"/api/v1/devices/{one}/faces")).json()) == 2
    two = (await http.get("/api/v1/devices", params={"q": "SN000002"})).json()["items"][0]["name"]
    merge = {"says": "same", "left": [one], "right": [two]}
    answered = await http.post("/api/v1/answers", json=merge)
    assert len((await http.get(f"/api/v1/devices/{two}/faces")).json()) == 3
    await http.delete(f"/api/v1/answers/{answered.json()['id']}")
    assert len((await http.get(f"/api/v1/devices/{two}/faces")).json()) == 1
    assert (await http.get(f"/api/v1/devices/{'0' * 32}/faces")).status_code == 404


def field(text: str, before: str, end: str = '"') -> str:
    return text.partition(before)[2].partition(end)[0]


async def test_a_technician_answers_on_the_pages_and_takes_it_back(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    browser.cookies.set("lang", "en")
    unit = await browser.get(f"/units/{UNIT}/machines")
    assert "1 question: one machine or two?" in unit.text
    listed = await browser.get(f"/questions?unit={UNIT}")
    Reader(listed.text)
    asked = pair_id(nhip)
    assert f'href="/questions/{asked}"' in listed.text
    page = await browser.get(f"/questions/{asked}")
    Reader(page.text)
    assert "1c:1b:0d:00:11:03" in page.text
    assert page.text.count(">KETOAN-03</a>") == 2, "also of the older, whose agent speaks for the other now"
    assert "ZN112203" in page.text
    csrf = field(page.text, 'name="csrf" value="')
    said = await browser.post(f"/questions/{asked}", data={"csrf": csrf, "says": "same"})
    assert said.status_code == 303
    after = await browser.get(said.headers["location"])
    Reader(after.text)
    assert "They are one machine now." in after.text
    assert "question: one machine or two?" not in (await browser.get(f"/units/{UNIT}/machines")).text
    assert "Both are taken for one machine." in (await browser.get(f"/questions/{asked}")).text
    undo = field(after.text, 'action="/answers/').removesuffix("/undo")
    back = await browser.post(f"/answers/{undo}/undo", data={"csrf": csrf, "unit": UNIT})
    assert back.status_code == 303
    assert pair_id(nhip) == asked


async def test_any_two_that_are_not_asked_about_can_be_compared(nhip: Web) -> None:
    browser = await nhip.browser()
    browser.cookies.set("lang", "en")
    http = nhip.client(Role.VIEWER)
    found = [
        (await http.get("/api/v1/devices", params={"q": q})).json()["items"][0]["name"]
        for q in ("SN000001", "SN000005")
    ]
    older = await browser.get(f"/questions/{found[0]}-{found[1]}")
    assert "They are taken for two machines." in older.text
    Reader(older.text)
    assert 'value="same"' not in older.text, "a viewer answers nothing"
    turned = await browser.get(f"/questions/{found[1]}-{found[0]}")
    assert (turned.status_code, turned.headers["location"]) == (307, f"/questions/{found[0]}-{found[1]}")
    assert (await browser.get(f"/questions/{found[0]}-{'0' * 32}")).status_code == 404


async def test_a_machine_is_split_on_its_page_and_another_is_found_to_merge(nhip: Web) -> None:
    browser = await nhip.browser(Role.TECHNICIAN)
    browser.cookies.set("lang", "en")
    put(nhip.state, told(office_pc(1, device="ocs-1"), nhip.clock.now(), UNIT))
    machines: Machines = nhip.context.machines
    (pair,) = machines.questions()
    one = next(each.name for each in machines.of_unit(UNIT) if each.hostname == "VP-DONGTIEN-01")
    assert f'href="/machines/{one}/faces"' in (await browser.get(f"/machines/{one}")).text
    page = await browser.get(f"/machines/{one}/faces", params={"q": "KETOAN"})
    Reader(page.text)
    assert f'href="/questions/{one}-{pair.right.machine}"' in page.text
    csrf = field(page.text, 'name="csrf" value="')
    first, second = machines.keys_of(one)
    for some in ([], [first, second]):
        refused = await browser.post(f"/machines/{one}/split", data={"csrf": csrf, "face": some})
        assert refused.headers["location"] == f"/machines/{one}/faces?error=some"
    done = await browser.post(f"/machines/{one}/split", data={"csrf": csrf, "face": [second]})
    assert (done.status_code, done.headers["location"]) == (303, f"/machines/{one}/faces")
    assert machines.keys_of(one) == (first,)
    viewer = await nhip.browser(Role.VIEWER, "an")
    seen = await viewer.get(f"/machines/{one}/faces")
    Reader(seen.text)
    assert 'type="checkbox"' not in seen.text
    assert (await viewer.get(f"/machines/{'0' * 32}/faces")).status_code == 404


async def test_an_old_answer_is_found_on_the_page_of_its_machines(nhip: Web) -> None:
    browser, http = await nhip.browser(Role.TECHNICIAN), nhip.client(Role.TECHNICIAN)
    asked = pair_id(nhip)
    first = (await http.post(f"/api/v1/questions/{asked}/answer", json={"says": "same"})).json()["id"]
    others = [each.name for each in nhip.context.machines.of_unit(UNIT) if each.hostname.startswith("VP")]
    for _ in range(SHOWN):
        said = {"says": "different", "left": others[:1], "right": others[1:2]}
        await http.post("/api/v1/answers", json=said)
    undo = f'action="/answers/{first}/undo"'
    assert undo not in (await browser.get("/questions")).text
    for path in (f"/questions/{asked}", f"/machines/{asked.partition('-')[0]}/faces"):
        assert undo in (await browser.get(path)).text


async def test_what_machines_call_themselves_is_text_on_these_pages(nhip: Web) -> None:
    evil = "<script>alert(1)</script>"
    now = nhip.clock.now()
    for board in ("old", "new"):
        sections = {
            "hardware": {"name": evil, "lastloggeduser": evil},
            "storages": [{"name": evil, "type": "disk", "serial": "ZN998877"}],
        }
        put(nhip.state, told(shop_pc(board, number=8, **sections), now, UNIT))
    stock(nhip)
    browser = await nhip.browser(Role.TECHNICIAN)
    pages = ["/questions"] + [
        f"/questions/{p.left.key}-{p.right.key}" for p in nhip.context.machines.questions()
    ]
    assert len(pages) == 3
    for path in pages:
        text = (await browser.get(path)).text
        Reader(text)
        assert evil not in text
