"""The catalogue's editor: services and checks added, changed and ended by administrators, and by nobody else."""

import contextlib
import html
import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_office_pages import offices_web
from support_web import Web

from core.errors import BadInput
from inventory.records import Service, ServiceCheck
from web.auth import Role
from web.auth.secrets import csrf_of
from web.faults import FAULTS
from web.pages.services.drafts import check_row, draft_check
from web.pages.services.kinds import KINDS
from web.words import CHECKS

NUMBERS = count()


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with offices_web(tmp_path) as made:
        yield made


async def send(
    nhip: Web, path: str, role: Role = Role.ADMIN, *, language: str = "vi", **form: str
) -> httpx2.Response:
    browser = await nhip.browser(role, f"user-{next(NUMBERS)}")
    await browser.get(f"/lang/{language}")
    csrf = csrf_of(browser.cookies["nhip"])
    return await browser.post(path, data={"csrf": csrf, **form}, follow_redirects=True)


async def see(nhip: Web, path: str, role: Role = Role.ADMIN) -> httpx2.Response:
    browser = await nhip.browser(role, f"user-{next(NUMBERS)}")
    return await browser.get(path)


def kept(nhip: Web, code: str) -> Service | None:
    return nhip.context.registry.service(code, nhip.clock.now())


def kept_checks(nhip: Web, code: str) -> dict[str, ServiceCheck]:
    return {each.name: each for each in nhip.context.registry.service_checks(code, nhip.clock.now())}


SERVICE = {
    "code": "hoc-truc-tuyen",
    "name": "Học trực tuyến",
    "owner": "Sở Nội vụ",
    "address": "https://hoc.example.test/",
    "objective_percent": "99,5",
    "slow_ms": "2500",
    "hours": "T2-T6 07:00-17:00",
    "domain_until": "2027-05-31",
    "note": "",
}
CHECK = {
    "was": "",
    "name": "Trang chủ",
    "kind": "http",
    "target": "{address}",
    "params": '{"expect_status": [200]}',
    "interval_s": "60",
    "timeout_s": "2,5",
}


async def test_a_service_and_its_check_are_added_and_watched_from_every_unit(nhip: Web) -> None:
    answer = await send(nhip, "/services/new", **SERVICE)
    assert "Đã thêm hệ thống." in answer.text
    service = kept(nhip, "hoc-truc-tuyen")
    assert service is not None
    assert (service.name, service.objective_percent, service.slow_ms) == ("Học trực tuyến", 99.5, 2500)
    assert f'value="{SERVICE["domain_until"]}"' in answer.text
    answer = await send(nhip, "/services/hoc-truc-tuyen/checks", **CHECK)
    assert "Đã lưu phép đo." in answer.text
    check = kept_checks(nhip, "hoc-truc-tuyen")["Trang chủ"]
    assert (check.interval_ms, check.timeout_ms, json.loads(check.params)) == (
        60_000,
        2_500,
        {"expect_status": [200]},
    )
    planned = [each for each in nhip.context.registry.checks().values() if each.service == "hoc-truc-tuyen"]
    assert len(planned) == 189
    assert {each.check.target for each in planned} == {"https://hoc.example.test/"}


async def test_an_address_is_given_and_measuring_begins(nhip: Web) -> None:
    assert not [each for each in nhip.context.registry.checks().values() if each.service == "hop"]
    text = (await see(nhip, "/services/hop/edit")).text
    assert 'name="address"' in text
    form = SERVICE | {"name": "Hội nghị truyền hình", "address": "https://hop.example.test/"}
    assert "Đã lưu thay đổi." in (await send(nhip, "/services/hop/edit", **form)).text
    assert [each for each in nhip.context.registry.checks().values() if each.service == "hop"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "Ô này bắt buộc."),
        ({"address": "https://a:b@hop.test/"}, "Không phải địa chỉ"),
        ({"objective_percent": "nhiều"}, "Không phải số: nhiều"),
        ({"slow_ms": "0"}, "Ngoài khoảng cho phép"),
        ({"hours": "lúc nào cũng được"}, "Không đọc được giờ phục vụ"),
        ({"domain_until": "31/5"}, "Ngày hết hạn tên miền không hợp lệ."),
        ({"code": "mã có dấu"}, "Mã gồm chữ không dấu"),
        ({"code": "qlvb"}, "Đã có hệ thống mang mã này."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    nhip: Web, wrong: dict[str, str], said: str
) -> None:
    before = nhip.context.registry.revision
    answer = await send(nhip, "/services/new", **SERVICE | wrong)
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert 'value="Sở Nội vụ"' in answer.text
    nhip.context.registry.refresh()
    assert nhip.context.registry.revision == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Ô này bắt buộc."),
        ({"name": "Chứng thư"}, "Đã có phép đo mang tên này."),
        ({"target": "{nowhere}"}, "Không có phần thay thế này"),
        ({"params": "{"}, "Tham số không phải JSON"),
        ({"params": "[1]"}, "Tham số phải là một đối tượng JSON."),
        ({"params": '{"body": NaN}'}, "Tham số không phải JSON"),
        (
            {"params": '{"expect_staus": [200], "a": 1}'},
            "Loại phép đo này không có tham số sau nên sẽ không chạy được: a, expect_staus",
        ),
        ({"kind": "scenario", "params": "{}"}, "Kịch bản phải có ít nhất một bước."),
        ({"kind": "scenario", "params": '{"steps": []}'}, "Kịch bản phải có ít nhất một bước."),
        ({"interval_s": "often"}, "Chu kỳ và thời hạn phải là số giây."),
        ({"interval_s": "0"}, "Ngoài khoảng cho phép"),
        ({"timeout_s": "inf"}, "Chu kỳ và thời hạn phải là số giây."),
    ],
)
async def test_a_check_that_cannot_be_taken_is_kept_in_the_form_and_nowhere_else(
    nhip: Web, wrong: dict[str, str], said: str
) -> None:
    before = kept_checks(nhip, "mot-cua")
    answer = await send(nhip, "/services/mot-cua/checks", **CHECK | {"name": "Mới"} | wrong)
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert kept_checks(nhip, "mot-cua") == before


async def test_a_check_is_changed_renamed_and_ended_and_the_others_stay(nhip: Web) -> None:
    before = kept_checks(nhip, "mot-cua")
    change = CHECK | {"was": "Trang chủ", "name": "Trang đầu", "interval_s": "120"}
    await send(nhip, "/services/mot-cua/checks", **change)
    found = kept_checks(nhip, "mot-cua")
    assert found.keys() == before.keys() - {"Trang chủ"} | {"Trang đầu"}
    assert found["Trang đầu"].interval_ms == 120_000
    assert {name: found[name] for name in before.keys() - {"Trang chủ"}} == {
        name: before[name] for name in before.keys() - {"Trang chủ"}
    }
    assert "Đã dừng phép đo." in (await send(nhip, "/services/mot-cua/checks/end", name="Trang đầu")).text
    assert kept_checks(nhip, "mot-cua").keys() == before.keys() - {"Trang chủ"}
    gone = await send(nhip, "/services/mot-cua/checks/end", name="Trang đầu")
    assert gone.status_code == 404


async def test_a_service_ends_with_its_checks(nhip: Web) -> None:
    assert (await send(nhip, "/services/mot-cua/end")).status_code == 200
    assert kept(nhip, "mot-cua") is None
    assert kept_checks(nhip, "mot-cua") == {}
    assert (await see(nhip, "/services/mot-cua/edit")).status_code == 404


async def test_only_administrators_edit(nhip: Web) -> None:
    for path in (
        "/services/new",
        "/services/mot-cua/edit",
        "/services/mot-cua/checks/new",
        "/services/mot-cua/checks/edit?name=Trang+ch%E1%BB%A7",
    ):
        assert (await see(nhip, path, Role.OPERATOR)).status_code == 403, path
        assert (await see(nhip, path)).status_code == 200, path
    for path in ("new", "mot-cua/edit", "mot-cua/end", "mot-cua/checks", "mot-cua/checks/end"):
        answer = await send(nhip, f"/services/{path}", Role.OPERATOR, **SERVICE | CHECK)
        assert answer.status_code == 403, path
        forged = await send(nhip, f"/services/{path}", **SERVICE | CHECK | {"csrf": "forged"})
        assert forged.status_code == 403, path
    assert kept(nhip, "mot-cua") is not None
    assert kept(nhip, "hoc-truc-tuyen") is None


async def test_what_is_there_already_stands_in_the_form_of_a_check(nhip: Web) -> None:
    text = (await see(nhip, "/services/mot-cua/checks/edit?name=%C4%90%C4%83ng+nh%E1%BA%ADp")).text
    assert 'value="Đăng nhập"' in text
    assert "Sai tên đăng nhập" in text
    assert "${secret:mot-cua-password}" in text
    assert (await see(nhip, "/services/mot-cua/checks/edit?name=none")).status_code == 404
    assert (await see(nhip, "/services/mot-cua/checks/new?kind=shell")).status_code == 404


def test_each_kind_of_check_has_a_word_and_a_beginning_that_can_be_kept() -> None:
    assert KINDS.keys() == CHECKS.keys()
    for kind, of in KINDS.items():
        assert of.target, kind
        assert isinstance(json.loads(of.params or "{}"), dict), kind
        assert 0 < of.timeout_s <= of.interval_s, kind


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.text('0123456789.,-einf{}[]":a ', max_size=12)
            for name in ("name", "kind", "target", "params", "interval_s", "timeout_s")
        },
    )
)
def test_whatever_is_typed_is_a_row_or_is_told(form: dict[str, str]) -> None:
    with contextlib.suppress(BadInput):
        row = check_row(form)
        assert isinstance(json.loads(str(row["params"])), dict)
        assert draft_check(form, "x").params == row["params"]


def test_all_that_the_registry_says_of_a_wrong_cell_has_words() -> None:
    source = Path(__file__).parent.parent / "inventory" / "exchange" / "cells.py"
    said = {line.split('"')[1].partition("|")[0] for line in source.read_text().split("raise Wrong(")[1:]}
    of_others = {
        "bad network",
        "bad date",
        "neither yes nor no",
        "neither text nor number",
        "bad {name}",
        "formula",
    }
    assert said - of_others <= FAULTS.keys()
