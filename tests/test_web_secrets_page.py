"""`/settings/secrets`: an admin sees which secrets there are and who uses them, keeps, replaces and removes them; nobody reads one."""

import html
import logging
import re
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_office_pages import offices_web
from support_web import Web
from test_agents_config_keys import PASSPHRASE, made

from core.values import Check
from inventory.changes import put
from inventory.records import PlannedCheck, Service, ServiceCheck
from inventory.vault import KEY_FILE, Kept, Vault
from web.auth import Role
from web.auth.secrets import csrf_of
from web.pages.secrets import Secret, listed

PATH = "/settings/secrets"
WORD = "Mật-khẩu-của-tài-khoản"
PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----"
NUMBERS = count()


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with offices_web(tmp_path) as made:
        yield made


async def see(nhip: Web, path: str = PATH, role: Role = Role.ADMIN, language: str = "vi") -> httpx2.Response:
    browser = await nhip.browser(role, f"user-{next(NUMBERS)}")
    await browser.get(f"/lang/{language}")
    return await browser.get(path)


async def send(nhip: Web, path: str = PATH, role: Role = Role.ADMIN, **form: str) -> httpx2.Response:
    browser = await nhip.browser(role, f"user-{next(NUMBERS)}")
    csrf = csrf_of(browser.cookies["nhip"])
    return await browser.post(path, data={"csrf": csrf, **form}, follow_redirects=True)


def words(text: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split()))


def row(text: str, name: str) -> str:
    found = re.search(rf'<li id="secret-{re.escape(name)}">.*?</li>', text, re.DOTALL)
    assert found, name
    return words(found[0])


async def test_a_secret_that_checks_name_is_missing_until_it_is_kept(
    nhip: Web, caplog: pytest.LogCaptureFixture
) -> None:
    before = (await see(nhip)).text
    missing = row(before, "mot-cua-password")
    assert "Còn thiếu những gì cần đến đều chưa đo được" in missing
    assert "Một cửa điện tử : Đăng nhập" in missing
    assert "cần ở 189 đơn vị" in missing
    with caplog.at_level(logging.INFO):
        after = await send(nhip, name="mot-cua-password", value=WORD)
    assert "Đã lưu mot-cua-password." in words(after.text)
    kept = row(after.text, "mot-cua-password")
    assert "giao cho trạm đo của 189 đơn vị" in kept
    assert "Thay" in kept
    assert Vault(nhip.state).values(["mot-cua-password"]) == {"mot-cua-password": WORD}
    assert f"secret mot-cua-password set by user-{next(NUMBERS) - 1}" in caplog.text
    assert WORD not in after.text + str(after.url) + caplog.text


async def test_a_secret_is_replaced_and_removed(nhip: Web, caplog: pytest.LogCaptureFixture) -> None:
    await send(nhip, name="a", value=WORD)
    replaced = await send(nhip, of="a", value="Khác hẳn")
    assert "Đã thay giá trị của a." in words(replaced.text)
    assert Vault(nhip.state).values(["a"]) == {"a": "Khác hẳn"}
    assert "Chưa phép đo nào dùng" in row(replaced.text, "a")
    with caplog.at_level(logging.INFO):
        gone = await send(nhip, f"{PATH}/remove", name="a")
    assert "Đã xóa a." in words(gone.text)
    assert Vault(nhip.state).kept() == []
    assert "secret a removed by" in caplog.text
    again = await send(nhip, f"{PATH}/remove", name="a")
    assert again.status_code == 404
    assert "Không còn thông tin bí mật nào mang tên này." in words(again.text)
    late = await send(nhip, of="a", value=WORD)
    assert (late.status_code, Vault(nhip.state).kept()) == (422, [])


async def test_removing_one_that_checks_need_is_asked_with_what_it_costs(nhip: Web) -> None:
    await send(nhip, name="thu-password", value=WORD)
    text = html.unescape((await see(nhip)).text)
    assert "Xóa thông tin bí mật “thu-password”? 378 phép đo cần đến và sẽ không đo được nữa." in text


async def test_a_key_is_kept_with_its_lines_and_a_password_without_the_line_end_behind_it(nhip: Web) -> None:
    await send(nhip, name="key", value=PEM.replace("\n", "\r\n") + "\r\n")
    await send(nhip, name="password", value=" có khoảng trắng \r\n")
    assert Vault(nhip.state).values(["key", "password"]) == {"key": PEM, "password": " có khoảng trắng "}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "a b", "value": WORD}, "Tên gồm tối đa 64 chữ cái không dấu"),
        ({"name": "", "value": WORD}, "Tên gồm tối đa 64 chữ cái không dấu"),
        ({"name": "a", "value": "abc"}, "Giá trị phải dài từ 4 đến 16384 byte; giá trị vừa nhập dài 3 byte."),
        ({"name": "a"}, "giá trị vừa nhập dài 0 byte"),
        ({"name": "a", "value": WORD * 2_000}, "Giá trị phải dài từ 4 đến"),
        ({"name": "there", "value": WORD}, "Tên này đã được lưu"),
        ({"of": "none", "value": WORD}, "Không còn thông tin bí mật nào mang tên này."),
    ],
)
async def test_what_will_not_do_says_why_and_is_not_repeated(
    nhip: Web, form: dict[str, str], said: str
) -> None:
    Vault(nhip.state).set("there", "before", 1, "x")
    answer = await send(nhip, **form)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert WORD not in answer.text
    assert [one.name for one in Vault(nhip.state).kept()] == ["there"]
    assert Vault(nhip.state).values(["there"]) == {"there": "before"}


async def test_a_key_that_cannot_be_used_is_told(nhip: Web) -> None:
    Vault(nhip.state).set("there", "before", 1, "x")
    (nhip.state.path.parent / KEY_FILE).unlink()
    answer = await send(nhip, name="a", value=WORD)
    assert answer.status_code == 422
    assert "Không lưu được thông tin bí mật:" in words(answer.text)
    assert KEY_FILE in answer.text
    assert WORD not in answer.text


async def test_only_administrators_come_here_and_forged_forms_keep_nothing(nhip: Web) -> None:
    assert (await see(nhip, role=Role.OPERATOR)).status_code == 403
    assert (await send(nhip, role=Role.OPERATOR, name="a", value=WORD)).status_code == 403
    assert (await send(nhip, f"{PATH}/remove", role=Role.OPERATOR, name="a")).status_code == 403
    assert (await send(nhip, name="a", value=WORD, csrf="forged")).status_code == 403
    assert Vault(nhip.state).kept() == []
    assert f'href="{PATH}"' not in (await see(nhip, "/", Role.OPERATOR)).text
    assert f'href="{PATH}"' in (await see(nhip, "/")).text


async def test_where_there_is_none_the_page_says_what_to_do(nhip: Web) -> None:
    put(
        nhip.state,
        nhip.clock.now(),
        {},
        ending={"services": lambda _: True, "service_checks": lambda _: True},
    )
    nhip.context.registry.refresh()
    text = words((await see(nhip, language="en")).text)
    assert "No secret is kept, and no check names one." in text
    assert "keep it below under a name of your own" in text


async def test_the_editor_offers_what_is_kept_and_says_what_is_missing(nhip: Web) -> None:
    await send(nhip, name="mot-cua-user", value="giamsat")
    text = (await see(nhip, "/services/mot-cua/checks/edit?name=%C4%90%C4%83ng+nh%E1%BA%ADp")).text
    assert '<option value="mot-cua-user">' in text
    assert "Phép đo cần thông tin bí mật chưa được lưu" in text
    assert f'href="{PATH}?name=mot-cua-password#secret-mot-cua-password"' in text
    assert "giamsat" not in text
    opened = (await see(nhip, f"{PATH}?name=mot-cua-password")).text
    assert len(re.findall(r"<details open", opened)) == 1


SERVICE = Service("x", "Hệ X", "", "", None, None, "", None, "", 0, None)


def check(name: str, *secrets: str) -> ServiceCheck:
    params = ", ".join(f'"{place}": "${{secret:{secret}}}"' for place, secret in enumerate(secrets))
    return ServiceCheck("x", name, "http", "{address}", f"{{{params}}}", 1_000, 1_000, 0, None)


def planned(label: str, vantage: str, *secrets: str, service: str = "x") -> PlannedCheck:
    params = {str(place): f"${{secret:{secret}}}" for place, secret in enumerate(secrets)}
    return PlannedCheck(
        Check(0, "http", "t", 1_000, 1_000, params), vantage, vantage, "service", label, service
    )


def test_each_secret_says_which_checks_name_it_and_to_whom_it_is_given() -> None:
    found = {
        each.name: each
        for each in listed(
            [Kept("old", 1, "a"), Kept("p", 2, "b")],
            [planned("Hệ X: Trang", "1", "p", "proxy"), planned("Hệ X: Trang", "2", "p"), planned("Router", "2", "snmp", service="")],
            {"x": (SERVICE, [check("Trang", "p"), check("Sau này", "later")])},
        )
    }  # fmt: skip
    assert list(found) == ["proxy", "snmp", "old", "p", "later"]  # missing, kept, not needed yet
    assert [(use.code, use.checks) for use in found["p"].services] == [("x", ["Trang"])]
    assert (found["p"].units, found["p"].planned) == (["1", "2"], 2)
    assert [use.checks for use in found["proxy"].services] == [["Trang"]]
    assert (found["snmp"].others, found["snmp"].units) == (["Router"], ["2"])
    assert (found["later"].units, found["later"].is_used, found["old"].is_used) == ([], True, False)


NAMES = st.lists(st.sampled_from("abc"), max_size=3, unique=True)


@given(
    NAMES,
    st.lists(st.tuples(NAMES, st.sampled_from(["1", "2"]), st.sampled_from(["x", ""])), max_size=4),
    NAMES,
)
def test_every_secret_that_is_kept_or_named_is_listed_once(
    kept: list[str], made: list[tuple[list[str], str, str]], catalogue: list[str]
) -> None:
    found = listed(
        [Kept(name, 1, "a") for name in kept],
        [planned("Hệ X", unit, *names, service=service) for names, unit, service in made],
        {"x": (SERVICE, [check("Một", *catalogue)])},
    )
    named = {name for names, _, _ in made for name in names} | set(catalogue)
    assert sorted(each.name for each in found) == sorted(named | set(kept))
    assert {each.name for each in found if each.is_used} == named
    assert {each.name for each in found if each.kept} == set(kept)
    assert sum(each.planned for each in found) == sum(len(names) for names, _, _ in made)
    assert found == sorted(found, key=_rank)


def _rank(each: Secret) -> tuple[int, str]:
    return each.rank, each.name


async def test_a_key_is_shown_with_its_public_half_alone_and_one_that_was_cut_off_is_refused(
    nhip: Web, tmp_path: Path
) -> None:
    pair = made(tmp_path, "ed25519", PASSPHRASE)
    answer = await send(nhip, name="mang.khoa", value=pair.private.replace("\n", "\r\n"))
    assert answer.status_code == 200
    told = row((await see(nhip)).text, "mang.khoa")
    assert "Khóa SSH ed25519, có cụm mật khẩu bảo vệ SHA256:" in told
    assert pair.public in told
    assert not [line for line in pair.private.splitlines()[1:-1] if line in answer.text]
    assert Vault(nhip.state).values(["mang.khoa"])["mang.khoa"].strip() == pair.private.strip()
    cut = await send(nhip, name="mang.khoa-2", value=pair.private[:150])
    assert cut.status_code == 422
    assert "Nội dung bắt đầu như khóa SSH nhưng không đầy đủ" in cut.text
    assert "mang.khoa-2" not in {each.name for each in Vault(nhip.state).kept()}


async def test_without_the_key_of_the_vault_the_list_is_there_all_the_same(nhip: Web) -> None:
    await send(nhip, name="mang.khoa", value=WORD)
    (nhip.state.path.parent / KEY_FILE).unlink()
    assert "mang.khoa" in (await see(nhip)).text
