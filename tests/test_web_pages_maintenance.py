"""Planned work on its page: announced, ended and taken back by operators, seen by everybody."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_pages import NOW, province_web
from support_views import HOUR, MINUTE
from support_web import Web

from inventory.maintenance import read_windows
from inventory.records import Maintenance
from web.auth import Role
from web.auth.secrets import csrf_of
from web.pages.maintenance import PAST, moment, planned


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with province_web(tmp_path) as made:
        yield made


NUMBERS = count()


async def send(nhip: Web, path: str = "", role: Role = Role.OPERATOR, language: str = "vi", **form: str):
    browser = await nhip.browser(role, f"user-{next(NUMBERS)}")
    await browser.get(f"/lang/{language}")
    csrf = csrf_of(browser.cookies["nhip"])
    return await browser.post(f"/maintenance{path}", data={"csrf": csrf, **form}, follow_redirects=True)


def windows(nhip: Web) -> dict[int, Maintenance]:
    with nhip.state.read() as connection:
        return dict(read_windows(connection))


WORK = {
    "unit": "11983 Xã Bảo Khê",
    "note": "Thay cáp quang",
    "from": "2026-11-23T13:00",
    "to": "2026-11-23T16:30",
}


async def test_work_is_announced_shown_and_ended(nhip: Web) -> None:
    text = (await send(nhip, **WORK)).text
    assert "Đã thông báo công việc." in text
    ((number, window),) = windows(nhip).items()
    assert (window.unit, window.note, window.below) == ("11983", "Thay cáp quang", False)
    assert (window.valid_from, window.valid_to) == (moment("2026-11-23T13:00"), moment("2026-11-23T16:30"))
    assert list(nhip.context.registry.maintenance()) == [window]
    assert text.index("Đang thực hiện") < text.index("Thay cáp quang") < text.index("Sắp tới")
    ended = (await send(nhip, f"/{number}/end")).text
    assert "Đã kết thúc hoặc hủy công việc." in ended
    assert windows(nhip)[number].valid_to == nhip.clock.now()


async def test_work_to_come_is_taken_back(nhip: Web) -> None:
    text = (
        await send(nhip, **WORK | {"from": "2026-11-25T13:00", "to": "2026-11-25T16:30", "below": "true"})
    ).text
    assert text.index("Sắp tới") < text.index("Thay cáp quang")
    assert "và mọi đơn vị trực thuộc" in text
    (number,) = windows(nhip)
    await send(nhip, f"/{number}/end")
    assert windows(nhip) == {}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"unit": "99999"}, "Không có đơn vị nào mang mã: 99999"),
        ({"unit": ""}, "Không có đơn vị nào mang mã: –"),
        ({"from": ""}, "Thiếu thời điểm"),
        ({"to": "tomorrow"}, "Thiếu thời điểm"),
        ({"note": " "}, "note"),
        ({"to": "2026-11-23T12:00"}, "alert"),
    ],
)
async def test_what_makes_no_sense_is_said_and_nothing_is_kept(
    nhip: Web, wrong: dict[str, str], said: str
) -> None:
    text = (await send(nhip, **WORK | wrong)).text
    assert said in text
    assert 'role="alert"' in text
    assert windows(nhip) == {}


async def test_only_operators_may_and_everybody_sees(nhip: Web) -> None:
    assert (await send(nhip, role=Role.TECHNICIAN, **WORK)).status_code == 403
    viewer = await nhip.browser(Role.VIEWER, "seer")
    text = (await viewer.get("/maintenance")).text
    assert 'action="/maintenance"' not in text
    assert "Hiện không có." in text
    assert (await send(nhip, csrf="forged", **WORK)).status_code == 403


@given(
    st.dictionaries(
        st.integers(1, 500),
        st.tuples(st.integers(-9, 9), st.none() | st.integers(1, 9)),
        max_size=120,
    )
)
def test_each_window_is_in_one_place_and_only_old_ones_are_left_out(
    times: dict[int, tuple[int, int | None]],
) -> None:
    made = {
        number: Maintenance(
            "1", False, "x", NOW + start * HOUR, None if length is None else NOW + (start + length) * HOUR
        )
        for number, (start, length) in times.items()
    }
    found = planned(made, NOW)
    shown = [*found.on, *found.to_come, *found.over]
    assert len(shown) == len(set(shown))
    hidden = made.keys() - set(shown)
    assert not hidden or len(found.over) == PAST
    assert all(
        one.valid_from <= NOW and (one.valid_to is None or one.valid_to > NOW) for one in found.on.values()
    )
    assert all(one.valid_from > NOW for one in found.to_come.values())


def test_times_of_the_form_are_the_province_s() -> None:
    assert moment("2026-11-23T07:00") - moment("2026-11-23T06:59") == MINUTE
    assert moment("1970-01-01T07:00") == 0
