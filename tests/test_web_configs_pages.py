"""Pages of configurations: a unit's devices, one device's faults and changes, one version whole."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from support_configs import ADDRESS, NEW, OLD, keep
from support_machine_pages import stock
from support_pages import province_web
from support_views import check_state
from support_web import Web
from test_web_services_pages import get

from core.values import Status
from core.wire import Document
from inventory.changes import put
from inventory.configs.compliance import RULES as ALL
from inventory.configs.compliance import VENDORS as KNOWN
from inventory.configs.lines import difference
from inventory.configs.store import store_refused_key
from inventory.findings.decide import CONFIG_KINDS, KINDS
from web.auth import Role
from web.pages.configs import LINES, RULES, VENDORS, shown
from web.pages.machines.about import FOUND

HOUR = 3_600_000


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with province_web(tmp_path) as made:
        yield made


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def section(text: str, id_: str) -> str:
    found = re.search(rf'<section[^>]*id="{id_}".*?</section>', text, re.DOTALL)
    assert found, id_
    return words(found[0])


def asked(nhip: Web, reason: str = "") -> None:
    """A check of the commune's agent fetches the router's configuration."""
    failed = check_state(
        990,
        "11983",
        nhip.clock.now(),
        kind="config",
        target=ADDRESS,
        role="survey",
        label="Router xã",
        status=Status.DOWN if reason else Status.UP,
        reason=reason,
        figures={},
    )
    nhip.views.check_states.append(failed)


def test_every_rule_and_every_vendor_has_words() -> None:
    assert set(RULES) == {*ALL, "host_key", "unsaved", "changed"} == set(CONFIG_KINDS)
    assert set(FOUND) == set(KINDS)
    assert set(VENDORS) == set(KNOWN)


async def test_a_unit_without_any_says_what_to_do(nhip: Web) -> None:
    page = words(await get(nhip, "/units/11983/configs", Role.TECHNICIAN))
    assert "Đơn vị này chưa lấy cấu hình của thiết bị nào." in page
    assert "nhip secrets set mang.router" in page


async def test_a_unit_lists_its_devices(nhip: Web) -> None:
    keep(nhip.state, nhip.clock.now() - HOUR, startup="", saved=True)
    stock(nhip)
    page = words(await get(nhip, "/units/11983/configs", Role.TECHNICIAN))
    assert f"{ADDRESS} Cisco IOS" in page
    assert page.count(ADDRESS) == 1
    assert "đã lưu · 3 điểm chưa đạt" in page


async def test_a_device_that_cannot_be_asked_is_listed_with_why(nhip: Web) -> None:
    asked(nhip, "host key changed|SHA256:abc|SHA256:cu")
    page = words(await get(nhip, "/units/11983/configs", Role.TECHNICIAN))
    assert f"Router xã {ADDRESS}" in page
    assert "Khóa SSH (SHA256:abc) khác với trước đây (SHA256:cu) nên không hỏi gì thiết bị" in page
    id_ = keep(nhip.state, nhip.clock.now() - HOUR)
    page = words(await get(nhip, f"/configs/{id_}", Role.ADMIN))
    assert "Cấu hình: Router xã" in page
    assert "SHA256:abc" in page


async def test_a_device_shows_its_faults_what_is_not_saved_and_what_changed(nhip: Web) -> None:
    now = nhip.clock.now()
    keep(nhip.state, now - 2 * HOUR)
    id_ = keep(nhip.state, now - HOUR, text=NEW, startup=OLD, saved=False)
    page = await get(nhip, f"/configs/{id_}", Role.TECHNICIAN)
    wrong = section(page, "faults")
    assert "Cho đăng nhập bằng Telnet, không mã hóa transport input telnet ssh" in wrong
    assert "Chưa khai báo máy chủ thời gian" not in wrong
    for id_of in ("unsaved", "changes"):
        found = section(page, id_of)
        assert "+2 −2" in found
        assert "bỏ: snmp-server community •••(default) RO" in found
        assert "thêm: ip address 10.2.2.1 255.255.254.0" in found
    assert section(page, "versions").count("ghi nhận đến") == 2


async def test_each_device_says_what_it_keeps_and_since_when_it_does_not(nhip: Web) -> None:
    now = nhip.clock.now()
    for at, changes in ((2 * HOUR, {}), (HOUR, {"startup": OLD, "saved": False})):
        keep(nhip.state, now - at, **({"text": NEW} if changes else {}), **changes)
    for number, (vendor, more) in enumerate(
        (
            ("mikrotik", {"saved": None}),
            ("linux", {"saved": None}),
            ("frr", {"saved": None}),
            ("vyos", {"saved": True}),
            ("juniper", {"saved": True, "draft": NEW}),
            ("juniper", {"saved": False, "unconfirmed": True}),
        )
    ):
        id_ = keep(nhip.state, now - HOUR, address=f"10.33.83.{number + 10}", vendor=vendor, **more)
    page = words(await get(nhip, "/units/11983/configs", Role.TECHNICIAN))
    assert "chưa lưu từ" in page
    for told in (
        "thiết bị tự lưu ngay mọi thay đổi",
        "đọc các tệp dùng khi khởi động; không so sánh với cấu hình đang chạy",
        "chưa rõ đã lưu hay chưa",
        "thiết bị lưu khi commit · có thay đổi đã nhập nhưng chưa commit từ",
        "có lần commit chờ xác nhận, nếu không thiết bị tự quay về cấu hình cũ",
    ):
        assert told in page
    last = section(await get(nhip, f"/configs/{id_}", Role.TECHNICIAN), "unsaved")
    assert "thiết bị tự quay về cấu hình trước đó" in last


async def test_what_is_entered_and_not_committed_is_shown(nhip: Web) -> None:
    now = nhip.clock.now()
    keep(nhip.state, now - 2 * HOUR, vendor="juniper", host_key="SHA256:cu")
    id_ = keep(nhip.state, now - HOUR, vendor="juniper", draft=NEW, host_key="SHA256:moi")
    page = await get(nhip, f"/configs/{id_}", Role.TECHNICIAN)
    assert "thêm: ip address 10.2.2.1 255.255.254.0" in section(page, "draft")
    assert 'id="unsaved"' not in page
    assert re.search(r"Khóa SSH SHA256:moi từ [^,]+, trước đó là SHA256:cu", words(page))


FACTS = {
    "model": "WS-C2960X-24TS-L",
    "serial": "FOC9901XA01",
    "firmware": "15.2(7)E3",
    "modules": [
        {"name": "1", "model": "WS-C2960X-24TS-L", "serial": "FOC9901XA01"},
        {"name": "GigabitEthernet1/0/25", "model": "GLC-LH-SMD", "serial": "AVD9901XA77"},
    ],
    "neighbours": [
        {
            "port": "Gi1/0/25",
            "name": "<b>rt</b>-xa.hungyen.gov.vn",
            "remote": "Gi0/1",
            "address": "10.33.83.1",
        }
    ],
}


async def test_a_device_shows_what_it_says_of_itself(nhip: Web) -> None:
    now = nhip.clock.now()
    keep(nhip.state, now - 2 * HOUR, facts=FACTS)
    notes = ["refused|show inventory", "silent|show lldp neighbors detail"]
    new = {"firmware": "15.2(7)E4", "modules": FACTS["modules"][:1], "neighbours": None, "notes": notes}
    id_ = keep(nhip.state, now - HOUR, facts=FACTS | new)
    page = await get(nhip, f"/configs/{id_}", Role.TECHNICIAN)
    found = section(page, "facts")
    assert re.search(r"Phiên bản phần mềm 15\.2\(7\)E4 từ [^,]+, trước đó là 15\.2\(7\)E3", found)
    assert "Số sê-ri FOC9901XA01 từ" in found
    assert re.search(r"GLC-LH-SMD AVD9901XA77 .* không còn từ", found)
    assert "Gi1/0/25 &lt;b&gt;rt&lt;/b&gt;-xa.hungyen.gov.vn Gi0/1 10.33.83.1" in found
    assert (
        "show inventory : thiết bị không cho dùng lệnh này; show lldp neighbors detail : thiết bị không"
        in found
    )
    assert section(page, "versions").count("ghi nhận đến") == 1


async def test_a_device_that_was_asked_nothing_shows_nothing_of_itself(nhip: Web) -> None:
    id_ = keep(nhip.state, nhip.clock.now())
    assert 'id="facts"' not in await get(nhip, f"/configs/{id_}", Role.TECHNICIAN)


async def test_two_versions_that_are_chosen_are_compared(nhip: Web) -> None:
    now = nhip.clock.now()
    for number, text in enumerate((OLD, NEW, OLD)):
        id_ = keep(nhip.state, now - (3 - number) * HOUR, text=text)
    page = await get(nhip, f"/configs/{id_}", Role.TECHNICIAN)
    numbers = re.findall(r'<option value="(\d+)"', page)[:3]
    alike = await get(nhip, f"/configs/{id_}?from={numbers[2]}&to={numbers[0]}", Role.MANAGER)
    assert "Hai phiên bản này giống nhau." in section(alike, "changes")
    first = await get(nhip, f"/configs/{id_}?to={numbers[2]}", Role.OPERATOR)
    assert "Đây là phiên bản đầu tiên." in section(first, "changes")


async def test_a_version_is_shown_whole_and_nothing_of_it_is_taken_for_a_tag(nhip: Web) -> None:
    id_ = keep(nhip.state, nhip.clock.now() - HOUR)
    page = await get(nhip, f"/configs/{id_}/1", Role.TECHNICIAN, "en")
    assert " description LAN của &lt;b&gt;UBND xã&lt;/b&gt; &amp; &#34;hội trường&#34;" in page
    assert '<li id="l16" class="wrong" title="Lets people in by Telnet, unencrypted">' in page


@pytest.mark.parametrize(
    "path", ["units/nobody/configs", "configs/99", "configs/1/99", "configs/1?from=1&to=99"]
)
async def test_what_is_not_there_is_not_found(nhip: Web, path: str) -> None:
    keep(nhip.state, nhip.clock.now())
    browser = await nhip.browser(Role.TECHNICIAN)
    assert (await browser.get(f"/{path}")).status_code == 404


async def test_viewers_see_neither_the_pages_nor_a_link_to_them(nhip: Web) -> None:
    id_ = keep(nhip.state, nhip.clock.now())
    browser = await nhip.browser(Role.VIEWER)
    for path in ("/units/11983/configs", f"/configs/{id_}", f"/configs/{id_}/1"):
        assert (await browser.get(path)).status_code == 403
    assert "/units/11983/configs" not in (await browser.get("/units/11983")).text
    assert "/units/11983/configs" in await get(nhip, "/units/11983", Role.TECHNICIAN)


def test_a_difference_that_is_too_long_is_cut_and_says_so() -> None:
    old, new = ("".join(f"{side} {n}\n" for n in range(LINES)) for side in "ab")
    change = shown(difference(old, new))
    assert sum(len(hunk.lines) for hunk in change.hunks) == LINES
    assert (change.left, change.added, change.removed) == (LINES, LINES, LINES)


async def test_one_is_fetched_now_by_the_units_agent(nhip: Web) -> None:
    asked(nhip)
    browser = await nhip.browser(Role.TECHNICIAN)
    page = (await browser.get("/units/11983/configs")).text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    form = {"address": ADDRESS, "csrf": token[1]}
    answer = await browser.post("/units/11983/configs/fetch", data=form)
    assert answer.status_code == 303
    (agent,) = [each.agent for each in nhip.views.agents() if each.unit == "11983"]
    assert nhip.hub.ran == [(agent, 990)]
    assert "Trạm đo của đơn vị đang lấy cấu hình" in (await browser.get(answer.headers["location"])).text
    nhip.hub.online = False
    answer = await browser.post("/units/11983/configs/fetch", data=form)
    assert "không kết nối nên chưa lấy được" in (await browser.get(answer.headers["location"])).text
    answer = await browser.post("/units/11983/configs/fetch", data=form | {"address": "10.0.0.1"})
    assert answer.headers["location"].endswith("?done=gone")


async def test_viewers_have_nothing_fetched(nhip: Web) -> None:
    asked(nhip)
    path, body = "/api/v1/units/11983/configs/fetch", {"address": ADDRESS}
    assert (await nhip.client(Role.VIEWER).post(path, json=body)).status_code == 403
    assert nhip.hub.ran == []
    technician = nhip.client(Role.TECHNICIAN)
    assert (await technician.post(path, json=body)).status_code == 202
    assert len(nhip.hub.ran) == 1
    assert (await technician.post(path, json={"address": "x"})).status_code == 404
    nhip.hub.online = False
    assert (await technician.post(path, json=body)).status_code == 503


WAS, IS = "SHA256:cu", "SHA256:moi"
ACCESS = {"vendor": "cisco", "user": "giamsat", "password": "${secret:mang}"}


def registered(nhip: Web) -> None:
    row = {
        "unit": "11983",
        "name": "Router xã",
        "kind": "router",
        "address": ADDRESS,
        "access": json.dumps(ACCESS),
    }
    put(nhip.state, nhip.clock.now() - 3 * HOUR, {"watched_devices": [row]})
    nhip.context.registry.refresh()


def refused(nhip: Web, key: str = IS, ago: int = 1_000) -> None:
    body = {"address": ADDRESS, "key": key, "before": WAS}
    at = nhip.clock.now() - ago
    with nhip.state.write() as connection:
        store_refused_key(connection, unit="11983", document=Document("host_key", at, body), received_at=at)


async def accept(nhip: Web, device: int, key: str, role: Role = Role.ADMIN) -> httpx2.Response:
    browser = await nhip.browser(role, f"who-{role}")
    page = (await browser.get(f"/configs/{device}")).text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    return await browser.post(f"/configs/{device}/host-key", data={"key": key, "csrf": token[1]})


async def test_a_key_that_the_agent_refused_is_shown_with_the_one_before_until_an_admin_accepts_it(
    nhip: Web,
) -> None:
    registered(nhip)
    id_ = keep(nhip.state, nhip.clock.now() - HOUR, host_key=WAS)
    assert 'id="host-key"' not in await get(nhip, f"/configs/{id_}", Role.ADMIN)
    refused(nhip)
    told = section(await get(nhip, f"/configs/{id_}", Role.TECHNICIAN), "host-key")
    assert "thiết bị trình ra khóa khác với trước đây. Trạm đo không đăng nhập" in told
    assert f"Đang trình ra {IS} Trước {WAS}" in told
    assert "Quản trị viên là người chấp nhận khóa mới." in told
    assert (await accept(nhip, id_, IS, Role.TECHNICIAN)).status_code == 403
    assert (await accept(nhip, id_, IS)).headers["location"] == f"/configs/{id_}?done=pinned#host-key"
    (watched,) = [
        each
        for each in nhip.context.registry.watched_devices("11983", nhip.clock.now())
        if each.address == ADDRESS
    ]
    assert json.loads(watched.access) == ACCESS | {"host_key": IS}
    page = await get(nhip, f"/configs/{id_}?done=pinned", Role.ADMIN)
    assert 'id="host-key"' not in page
    assert "Từ nay đây là khóa của thiết bị" in page
    refused(nhip, "SHA256:khac", ago=0)  # a third one, after that
    assert "Đang trình ra SHA256:khac" in section(
        await get(nhip, f"/configs/{id_}", Role.TECHNICIAN), "host-key"
    )


async def test_a_key_is_not_accepted_that_nobody_looked_at(nhip: Web) -> None:
    registered(nhip)
    id_ = keep(nhip.state, nhip.clock.now() - HOUR, host_key=WAS)
    refused(nhip)
    assert (
        (await accept(nhip, id_, "SHA256:khac")).headers["location"].startswith(f"/configs/{id_}?done=other")
    )
    (watched,) = [
        each
        for each in nhip.context.registry.watched_devices("11983", nhip.clock.now())
        if each.address == ADDRESS
    ]
    assert json.loads(watched.access) == ACCESS


async def test_a_key_that_an_agent_believed_which_knew_no_other_is_told_too(nhip: Web) -> None:
    keep(nhip.state, nhip.clock.now() - 2 * HOUR, host_key=WAS)
    id_ = keep(nhip.state, nhip.clock.now() - HOUR, host_key=IS)
    told = section(await get(nhip, f"/configs/{id_}", Role.ADMIN), "host-key")
    assert "do trạm đo đó chưa biết khóa cũ" in told
    assert (await accept(nhip, id_, IS)).headers["location"].startswith(f"/configs/{id_}?done=gone")
