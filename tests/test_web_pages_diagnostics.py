"""The form with which a technician tests the network from an agent, and what its answers look like."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_pages import HOPS, province_web
from support_web import Web

from core.wire import DIAGNOSTICS, Diagnosis
from web.auth import Role
from web.auth.secrets import csrf_of
from web.pages.diagnostics import CHOICES

AGENT = "/agents/11983-3f2a"
BROKEN = {
    "target": "10.33.0.10",
    "method": "icmp",
    "reached": False,
    "hops": HOPS,
    "broke_at": 4,
    "refused": "",
}


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with province_web(tmp_path) as made:
        yield made


async def ask(nhip: Web, role: Role = Role.TECHNICIAN, *, language: str = "en", **form: str):
    browser = await nhip.browser(role, role.name.lower())
    await browser.get(f"/lang/{language}")
    csrf = csrf_of(browser.cookies["nhip"])
    return await browser.post(f"{AGENT}/diagnostics", data={"csrf": csrf, **form})


def test_all_that_an_agent_runs_can_be_chosen() -> None:
    assert {choice.kind for choice in CHOICES.values()} == set(DIAGNOSTICS)


async def test_a_technician_sees_the_form_and_a_viewer_does_not(nhip: Web):
    for role, shown in ((Role.VIEWER, False), (Role.TECHNICIAN, True)):
        page = (await (await nhip.browser(role, f"seer-{role}")).get(AGENT)).text
        assert ('hx-post="/agents/11983-3f2a/diagnostics"' in page) == shown
    assert (await ask(nhip, Role.VIEWER, what="ping", target="10.33.0.1")).status_code == 403
    assert nhip.hub.asked == []


async def test_without_the_page_s_own_token_nothing_is_asked(nhip: Web):
    assert (await ask(nhip, what="ping", target="10.33.0.1", csrf="forged")).status_code == 403
    assert nhip.hub.asked == []


async def test_a_ping_is_run_and_its_figures_are_shown(nhip: Web):
    answer = await ask(nhip, what="ping", target=" 10.33.0.1 ")
    assert nhip.hub.asked == [("11983-3f2a", "ping", "10.33.0.1", {}, "technician")]
    assert "RTT, mean" in answer.text
    assert "10.0 ms" in answer.text
    assert "<html" not in answer.text


async def test_a_path_is_a_table_of_hops_with_whose_they_are_and_where_it_breaks(nhip: Web):
    nhip.hub.answer = Diagnosis("1", "down", "breaks|4|113.171.44.9", {"hops": 3}, 2_400, {"path": BROKEN})
    page = (await ask(nhip, what="path-tcp", target="10.33.0.10")).text
    assert nhip.hub.asked[0][1:4] == ("path", "10.33.0.10", {"method": "tcp"})
    assert "the way breaks at hop 4, after 113.171.44.9" in page
    assert "Gateway of the LAN" in page
    assert "Provider VNPT" in page
    assert "no answer" in page
    assert "The way breaks here" in page


async def test_details_that_are_no_path_cost_the_table_and_nothing_else(nhip: Web):
    nhip.hub.answer = Diagnosis("1", "down", "breaks at once", {"hops": 0}, 24, {"path": {"hops": "many"}})
    answer = await ask(nhip, what="path-udp", target="10.33.0.10")
    assert answer.status_code == 200
    assert "the way breaks at the first hop" in answer.text


async def test_throughput_is_shown_beside_the_contract(nhip: Web):
    figures = {"down_bits_per_second": 12e6, "up_bits_per_second": 19.5e6}
    nhip.hub.answer = Diagnosis("1", "degraded", "slow line|0.60", figures, 16_200)
    page = (await ask(nhip, what="throughput", language="vi")).text
    contracted = {"contract_down_kbps": 20_000, "contract_up_kbps": 20_000}
    assert nhip.hub.asked[0][1:4] == ("throughput", "centre", contracted)
    assert "12,0 Mbit/s" in page
    assert "20,0 Mbit/s" in page
    assert "60 %" in page
    assert "chậm hơn hợp đồng, chỉ đạt 60 %" in page


async def test_a_name_and_the_server_behind_the_at_are_one_target(nhip: Web):
    await ask(nhip, what="dns", target="example.vn@10.33.0.53")
    assert nhip.hub.asked[0][1:4] == ("dns", "example.vn@10.33.0.53", {})


async def test_what_cannot_be_asked_is_said(nhip: Web):
    assert "Say what to test" in (await ask(nhip, what="ping", target="  ")).text
    assert nhip.hub.asked == []
    assert (await ask(nhip, Role.OPERATOR, what="shell", target="x")).status_code == 404
    nhip.hub.online = False
    answer = await ask(nhip, Role.ADMIN, what="ping", target="10.33.0.1", language="vi")
    assert (answer.status_code, "Trạm đo không kết nối." in answer.text) == (200, True)


async def test_the_unit_page_shows_the_way_to_the_centre_and_what_it_was_before(nhip: Web):
    browser = await nhip.browser(Role.VIEWER)
    page = (await browser.get("/units/11983")).text
    assert "Đường đi tới trung tâm" in page
    assert "Đường đi bị gián đoạn tại đây" in page
    assert "Đã ghi nhận 1 đường đi khác" in page
    assert 'id="paths"' not in (await browser.get("/units/11950")).text
