"""The matrix of services and units, and a service's page: over a real registry, with services made of values."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_office_pages import ADDRESSES, HUB, offices_web, reads
from support_service_views import service_state
from support_web import Web

from collector.services.views import Headline, Sees, Shared, Sight, Standing, Trouble
from core.values import Cause
from web.auth import Role
from web.i18n import speaker
from web.pages.services.matrix import row, waiting
from web.pages.services.service import checks, hits
from web.pages.wall import grouped
from web.sights import FACES, STANDINGS, headline, split

VI = speaker("vi", 1_795_417_385_000)


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with offices_web(tmp_path) as made:
        yield made


async def get(nhip: Web, path: str, role: Role = Role.VIEWER, language: str = "vi") -> str:
    browser = await nhip.browser(role, f"{role.name}-{len(nhip.clients)}")
    await browser.get(f"/lang/{language}")
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def part(text: str, id_: str) -> str:
    """The element's text without its tags."""
    found = re.search(rf'<tbody id="{id_}".*?</tbody>', text, re.DOTALL)
    assert found, id_
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


async def test_each_service_has_its_headline_split_by_cause_beside_the_centre_s_own_view(nhip: Web) -> None:
    text = await get(nhip, "/services")
    one_stop = part(text, "service-mot-cua")
    assert "162 / 188 đơn vị đăng nhập được" in one_stop
    assert "21 tuyến trên" in one_stop
    assert "Gián đoạn cục bộ" in one_stop
    assert "Trung tâm: Dùng được" in one_stop
    mail = part(text, "service-thu")
    assert "Ngừng hoạt động" in mail
    assert "Trung tâm: Không dùng được" in mail
    state = reads(nhip).states["mot-cua"]
    assert state.headline.works + sum(state.headline.not_for.values()) == state.headline.of


async def test_the_worst_comes_first_and_every_unit_is_in_every_row(nhip: Web) -> None:
    text = await get(nhip, "/services")
    order = re.findall(r'<tbody id="service-([^"]+)"', text)
    assert order[:2] == ["thu", "mot-cua"]
    assert set(order) == set(ADDRESSES)
    for row_ in re.findall(r"<tbody.*?</tbody>", text, re.DOTALL):
        assert len(re.findall(r'<a class="u is-', row_)) == 188


async def test_what_opens_names_the_units_that_are_hit_and_why(nhip: Web) -> None:
    found = part(await get(nhip, "/services"), "service-mot-cua")
    assert "26 đơn vị bị ảnh hưởng" in found
    assert "Huyện Ân Thi quá hạn, không trả lời" in found


async def test_a_fragment_has_the_rows_that_were_asked_for_and_the_counts(nhip: Web) -> None:
    text = await get(nhip, "/fragments/services?codes=thu,qlvb,none")
    assert set(re.findall(r'<tbody id="service-([^"]+)"', text)) == {"thu", "qlvb"}
    assert 'id="service-counts"' in text
    assert 'id="matrix"' not in text
    whole = await get(nhip, "/fragments/services", Role.TECHNICIAN)
    assert 'id="matrix"' in whole
    assert "<html" not in whole


async def test_services_without_an_address_are_named_with_what_is_missing(nhip: Web) -> None:
    admin = await get(nhip, "/services", Role.ADMIN)
    assert 'href="/services/hop/edit">Điền địa chỉ' in admin
    viewer = await get(nhip, "/services")
    assert "/edit" not in viewer
    assert "nhip units import" in viewer
    assert "chưa có địa chỉ" in viewer


async def test_a_fresh_catalogue_says_how_to_fill_it_in(tmp_path: Path) -> None:
    async with offices_web(tmp_path, addresses={}) as nhip:
        nhip.context.services.states.clear()  # type: ignore[attr-defined]
        for service in nhip.context.registry.services(nhip.clock.now()):
            bare = replace(
                service_state(service.code, service.name, status=Standing.UNKNOWN), headline=NOBODY
            )
            nhip.context.services.states[service.code] = bare  # type: ignore[attr-defined]
        text = await get(nhip, "/services", Role.ADMIN)
        assert "chưa hệ thống nào trong danh mục có đủ thông tin" in text
        assert text.count("Điền địa chỉ") == 12  # cameras and name servers need something else
        page = await get(nhip, "/services/qlvb", Role.ADMIN)
        assert "Chưa biết địa chỉ nên chưa đo được gì." in page
        assert 'href="/services/qlvb/edit">Điền địa chỉ' in page
        assert "Quản trị viên có thể điền bổ sung." in await get(nhip, "/services/qlvb")


NOBODY = Headline(0, 0, 0, {}, None)


async def test_the_page_of_a_service_tells_who_is_hit_by_what(nhip: Web) -> None:
    text = await get(nhip, "/services/mot-cua")
    assert "Điểm tập trung: Huyện Ân Thi" in text
    assert "và 13 mục nữa" in text
    assert "Chính đơn vị mất đường truyền" in text
    assert "Bản thân hệ thống" in await get(nhip, "/services/thu", Role.TECHNICIAN)


async def test_units_that_are_slow_alone_stand_apart(nhip: Web) -> None:
    text = await get(nhip, "/services/qlvb")
    slow = text[text.index('id="slow"') :]
    assert "Chậm riêng tại đây" in slow
    assert 'href="/units/12040"' in slow
    assert "chậm: 5200 ms" in slow


async def test_outages_of_the_service_and_of_the_way_to_it_are_listed_and_lead_back(nhip: Web) -> None:
    text = await get(nhip, "/services/mot-cua")
    listed = text[text.index('id="history"') : text.index('id="checks"')]
    assert re.findall(r'<td class="figure less"><a href="/outages/(\d+)"', listed) == ["70", "60"]
    for path in ("/outages/70", "/outages", "/outages?service=mot-cua", "/"):
        assert 'href="/services/mot-cua"' in await get(nhip, path, Role.TECHNICIAN), path
    only = await get(nhip, "/outages?service=thu", Role.OPERATOR)
    assert re.findall(r'<td class="figure less"><a href="/outages/(\d+)"', only) == ["71"]


async def test_the_page_of_a_unit_shows_what_it_sees_of_each_service(nhip: Web) -> None:
    text = await get(nhip, "/units/12040", Role.OPERATOR)
    section = text[text.index('id="services"') :]
    assert 'href="/services/qlvb">Quản lý văn bản và điều hành' in section
    assert "chậm: 5200 ms" in section
    assert 'href="/services/qlvb/try?unit=12040"' in section
    assert "/try" not in await get(nhip, "/fragments/units/12040/services")


async def test_a_service_that_is_not_there_is_not_found(nhip: Web) -> None:
    browser = await nhip.browser()
    for path in ("/services/none", "/fragments/services/none"):
        assert (await browser.get(path)).status_code == 404


async def test_only_who_may_is_offered_to_try_and_to_edit(nhip: Web) -> None:
    page = "/services/mot-cua"
    for role, tries, edits in ((Role.VIEWER, 0, 0), (Role.OPERATOR, 1, 0), (Role.ADMIN, 1, 1)):
        text = await get(nhip, page, role)
        assert ("/services/mot-cua/try" in text, "/services/mot-cua/edit" in text) == (tries, edits), role


async def test_english_has_plurals(nhip: Web) -> None:
    text = part(await get(nhip, "/services", language="en"), "service-mot-cua")
    assert "162 / 188 units can sign in" in text
    assert "Not reached from everywhere" in text


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"http", "scenario"}, "đơn vị đăng nhập được"),
        ({"imap", "smtp", "dns"}, "đơn vị đăng nhập được"),
        ({"rtsp", "onvif"}, "đơn vị có hình"),
        ({"http", "rtsp"}, "đơn vị dùng được"),
        (set(), "đơn vị dùng được"),
    ],
)
def test_the_headline_says_what_people_can_do(kinds: set[str], said: str) -> None:
    assert headline(VI, Headline(1, 0, 2, {}, None), kinds) == said


def test_what_is_not_known_comes_last_in_the_split() -> None:
    found = split(Headline(0, 0, 9, {"power": 2, "unknown": 5, "line": 2}, None))
    assert [cause for cause, _ in found] == ["line", "power", "unknown"]


def test_everything_that_can_be_seen_has_a_face() -> None:
    assert set(FACES) == set(Sees)
    assert set(STANDINGS) == set(Standing)
    for faces in (FACES, STANDINGS):
        assert len({(face.shape, face.paint, face.word) for face in faces.values()}) == len(faces)


UNITS = [f"u{number}" for number in range(12)]
troubles = st.lists(
    st.builds(
        Trouble,
        st.sampled_from([None, Shared("hub", "u1"), Shared("provider", "VNPT")]),
        st.lists(st.sampled_from(UNITS), max_size=6, unique=True),
        st.just(5),
        st.sampled_from(list(Cause)),
        st.just("timeout"),
        st.none(),
    ),
    max_size=4,
)


@given(
    st.dictionaries(st.sampled_from([*UNITS, "centre"]), st.sampled_from(list(Sees))), troubles, st.booleans()
)
def test_each_unit_that_is_hit_has_one_reason(seen: dict[str, Sees], of: list[Trouble], own: bool) -> None:
    sights = [Sight("s", unit, sees, 5, "", None, "") for unit, sees in seen.items()]
    state = replace(service_state("s"), troubles=of, cause=Cause.SERVICE if own else None)
    found = hits(state, sights, frozenset({"centre"}))
    named = [sight.unit for hit in found for sight in hit.units]
    assert len(named) == len(set(named))
    bad = {Sees.DOWN, Sees.NO_LINE, Sees.UNKNOWN}
    assert set(named) == {unit for unit, sees in seen.items() if sees in bad and unit != "centre"}
    assert all(hit.units for hit in found)


async def test_rows_count_what_they_show(nhip: Web) -> None:
    services = reads(nhip)
    groups = grouped(nhip.views.wall())
    found = row(services.states["mot-cua"], (), groups, services.sights("mot-cua"))
    assert sum(cluster.of for cluster in found.clusters) == 188
    assert sum(cluster.works for cluster in found.clusters) == 162
    assert found.hit_count == 26
    hub = next(cluster for cluster in found.clusters if cluster.cells[0].unit.code == HUB)
    assert (hub.works, hub.of) == (0, 22)


async def test_what_waits_is_told_by_what_it_needs(nhip: Web) -> None:
    now, registry = nhip.clock.now(), nhip.context.registry
    catalogue = {service.code: service for service in registry.services(now)}
    all_checks = {code: registry.service_checks(code, now) for code in catalogue}
    found = waiting([], catalogue, {**all_checks, "qlvb": ()})
    missing = {each.service.code: each.missing for each in found}
    assert missing["qlvb"] == "checks"
    assert missing["hop"] == "address"
    assert missing["camera"] == missing["dns"] == missing["thu"] == "units"


async def test_each_check_says_from_how_many_units_it_is_made(nhip: Web) -> None:
    registry = nhip.context.registry
    planned = [each for each in registry.checks().values() if each.service == "mot-cua"]
    found = {
        each.check.name: each
        for each in checks(registry.service_checks("mot-cua", nhip.clock.now()), planned)
    }
    assert found["Đăng nhập"].places == 189
    assert found["Đăng nhập"].steps == ["Mở trang", "Đăng nhập", "Danh sách", "Đăng xuất"]
    assert found["Tên miền"].places == 0  # no link has a name server here
