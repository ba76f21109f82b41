"""The page of a service: what it kept of its promise this month, what of it ends, and the last step that failed."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_office_pages import LONG, offices_web, reads
from support_views import DAY, HOUR
from support_web import Web
from test_web_services_pages import get

from collector.services.expiry import Worry
from collector.services.history import ServiceHistory
from collector.services.promise import Kept
from collector.services.views import Expiry, FailingStep, Sees, Sight
from collector.timeline import Stretch
from core.values import Status
from inventory.changes import put
from web.auth import Role
from web.i18n import local_time
from web.pages.services.ends import ends, troubles
from web.pages.services.failures import failures
from web.pages.services.month import bounds, month
from web.sights import is_cut

NOW = 1_795_417_385_000
"""23/11/2026 14:03:05 in Việt Nam."""


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with offices_web(tmp_path) as made:
        yield made


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def section(text: str, id_: str) -> str:
    """The text of a card without its tags."""
    found = re.search(rf'<section[^>]*id="{id_}".*?</section>', text, re.DOTALL)
    assert found, id_
    return words(found[0])


async def test_certificates_and_the_domain_are_listed_as_they_end(nhip: Web) -> None:
    found = section(await get(nhip, "/services/mot-cua"), "ends")
    assert "Chứng thư quá yếu: SHA-1" in found
    # Two checks that meet one certificate are one line; another certificate is one of its own.
    assert re.findall(r"còn (\d+) ngày", found) == ["9", "120", "290"]
    assert "Chứng thư, Trang chủ · ghi nhận từ 188 đơn vị" in found
    assert "Tên miền còn 120 ngày 23/03/2027" in found
    over = section(await get(nhip, "/services/thu", Role.ADMIN), "ends")
    assert "đã hết hạn 2 ngày trước" in over
    assert "Chưa khai báo thời hạn của tên miền." in over


async def test_the_last_step_that_failed_is_shown_with_its_excerpt_and_that_it_was_scrubbed(
    nhip: Web,
) -> None:
    text = await get(nhip, "/services/mot-cua")
    found = section(text, "failures")
    assert "Xã Bảo Khê · Đăng nhập · 4 phút trước" in found
    assert "Hỏng ở bước “Đăng nhập”: trang không có dòng chữ “Hồ sơ chờ xử lý”" in found
    assert LONG.strip() in found
    assert "Chỉ giữ lại 2 KiB" in found
    assert "đã xóa thông tin bí mật" in found
    assert "502 Bad Gateway" not in found  # an older one of the same check
    assert "Xã Liên Nghĩa · Đăng nhập · 50 phút trước · tại đó đã dùng được trở lại" in found
    assert found == section(
        await get(nhip, "/fragments/services/mot-cua/failures", Role.OPERATOR), "failures"
    )
    assert 'id="failures"' not in await get(nhip, "/services/dvc", Role.TECHNICIAN)


async def test_the_month_is_held_against_the_promise(nhip: Web) -> None:
    page = await get(nhip, "/services/mot-cua")
    assert 'hx-get="/fragments/services/mot-cua/month" hx-trigger="load' in page
    found = section(await get(nhip, "/fragments/services/mot-cua/month", Role.OPERATOR), "month")
    assert "Mức sẵn sàng tháng 11/2026, tính đến nay" in found
    assert "đạt cam kết 99,50 %" in found
    english = await get(nhip, "/fragments/services/dvc/month", Role.ADMIN, "en")
    assert "keeps its promise" in english


async def test_a_month_is_judged_once_for_all_who_look_within_a_minute(
    nhip: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    services = reads(nhip)
    judge = services.history

    def counted(code: str, start: int, end: int) -> ServiceHistory:
        asked.append(code)
        return judge(code, start, end)

    monkeypatch.setattr(services, "history", counted)
    browser = await nhip.browser()

    async def look(code: str = "mot-cua") -> None:
        assert (await browser.get(f"/fragments/services/{code}/month")).status_code == 200

    await look()
    await look()
    await look("dvc")
    await nhip.clock.advance(59_000)
    await look()
    assert asked == ["mot-cua", "dvc"]
    await nhip.clock.advance(1_000)
    await look()
    assert asked == ["mot-cua", "dvc", "mot-cua"]
    put(nhip.state, nhip.clock.now(), {"services": [{"code": "mot-cua", "hours": "T2-T6 08:00-17:00"}]})
    nhip.context.registry.refresh()
    await look()
    assert len(asked) == 4


async def test_what_is_not_there_has_no_fragments(nhip: Web) -> None:
    browser = await nhip.browser()
    for part in ("month", "failures"):
        assert (await browser.get(f"/fragments/services/none/{part}")).status_code == 404


@pytest.mark.parametrize(
    ("left", "state"),
    [(-1, "over"), (0, "over"), (6 * DAY, "pressing"), (7 * DAY, "pressing"), (8 * DAY, "near"),
     (30 * DAY, "near"), (30 * DAY + 1, "far")],
)  # fmt: skip
def test_how_urgent_an_end_is(left: int, state: str) -> None:
    (found,) = ends([Expiry("a", "domain", "", NOW + left)], "a", "A")
    assert found.state(NOW) == state


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 5 * DAY)), max_size=9)
)
def test_each_expiry_of_a_service_is_in_one_line_and_lines_lie_a_day_apart(
    made: list[tuple[str, str, int]],
) -> None:
    expiries = [Expiry(code, "certificate", f"A: {label}", at, ("u",)) for code, label, at in made]
    found = ends(expiries, "a", "A")
    mine = [each for each in expiries if each.service == "a"]
    assert {name for line in found for name in line.names} == {each.label[3:] for each in mine}
    starts = [line.at for line in found]
    assert all(later - before >= DAY for before, later in pairwise(starts))
    assert all(any(0 <= each.expires_at - at < DAY for at in starts) for each in mine)


def test_a_fault_of_a_certificate_names_the_units_that_meet_it() -> None:
    worry = Worry("a", "A: Chứng thư", "weak certificate|SHA-1")
    sights = [
        Sight("a", "1", Sees.SLOW, 1, "weak certificate|MD5", 3, "A: Chứng thư"),
        Sight("a", "2", Sees.DOWN, 1, "timeout", 3, "A: Chứng thư"),
        Sight("a", "3", Sees.SLOW, 1, "weak certificate|SHA-1", 4, "A: Trang"),
    ]
    (found,) = troubles([worry, of_another(worry)], sights, "a", "A")
    assert (found.name, found.reason, found.units) == ("Chứng thư", "weak certificate|SHA-1", ["1"])


def of_another(worry: Worry) -> Worry:
    return worry._replace(service="b")


def test_of_each_check_the_newest_failing_step_is_shown() -> None:
    steps = [
        FailingStep(3, 7, "a", "1", 30, "x", "timeout", "", None, ""),
        FailingStep(2, 8, "a", "2", 20, "x", "timeout", "", None, ""),
        FailingStep(1, 7, "a", "1", 10, "y", "timeout", "", None, ""),
    ]
    sights = [Sight("a", "2", Sees.SLOW, 1, "", None, ""), Sight("a", "1", Sees.DOWN, 1, "", None, "")]
    found = failures(steps, {7: "Đăng nhập"}, sights)
    assert [(each.step.id, each.check, each.over) for each in found] == [
        (3, "Đăng nhập", False),
        (2, "", True),
    ]


@pytest.mark.parametrize(
    ("text", "cut"),
    [("", False), ("a" * 2044, False), ("a" * 2048, True), ("ế" * 682, True), ("ế" * 600, False)],
)
def test_an_excerpt_that_fills_its_room_is_cut(text: str, cut: bool) -> None:
    assert is_cut(text) is cut


@given(st.integers(0, 4_000_000_000_000))
def test_a_month_begins_and_ends_at_midnight_here_and_holds_now(now: int) -> None:
    start, end = bounds(now)
    assert start <= now < end
    for at in (start, end):
        then = local_time(at)
        assert (then.day, then.hour, then.minute, then.second) == (1, 0, 0, 0)
    assert 28 * DAY <= end - start <= 31 * DAY


def kept(down: int, *, up: int = 100 * HOUR, unknown: int = 0, planned: int = 0) -> Kept:
    start, _ = bounds(NOW)
    return Kept(start, NOW, up, down, unknown, planned, 0)


def test_what_the_promise_leaves_is_counted_over_the_hours_of_the_whole_month() -> None:
    start, end = bounds(NOW)
    assert end - start == 30 * DAY
    found = month(kept(2 * HOUR), (), "", 99.5, end)
    assert found.allowed_ms == round(30 * DAY * 0.005)
    assert found.left_ms == found.allowed_ms - 2 * HOUR
    assert found.reached is False
    # November 2026 has 21 working days; planned work is promised to nobody.
    work = month(kept(0, planned=10 * HOUR), (), "T2-T6 07:00-17:00", 99, end)
    assert work.promised_ms == 21 * 10 * HOUR - 10 * HOUR
    assert work.allowed_ms == round(work.promised_ms * 0.01)
    assert work.reached is True


def test_without_a_promise_or_knowledge_nothing_is_claimed() -> None:
    _, end = bounds(NOW)
    bare = month(kept(HOUR), (), "", None, end)
    assert (bare.reached, bare.allowed_ms, bare.left_ms) == (None, None, None)
    blind = month(replace(kept(0, up=0), unknown=9), (), "", 99.5, end)
    assert (blind.reached, blind.vague) == (None, True)


def test_the_bar_leaves_what_is_to_come_empty() -> None:
    start, end = bounds(NOW)
    timeline = [Stretch(start, NOW - HOUR, Status.UP, ""), Stretch(NOW - HOUR, NOW, Status.DOWN, "")]
    found = month(kept(HOUR), timeline, "", 99.5, end).bars
    assert [bar.look for bar in found] == ["good", "down"]
    last = found[-1]
    assert last.x + last.width == pytest.approx(1000 * (NOW - start) / (end - start), abs=2)


async def test_a_service_that_nobody_watches_has_none_of_it(nhip: Web) -> None:
    reads(nhip).all_expiries.clear()
    text = await get(nhip, "/services/hop")
    for id_ in ("month", "ends", "failures"):
        assert f'id="{id_}"' not in text
