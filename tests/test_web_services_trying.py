"""A check tried from a unit: as the plan has it, by whom it may be, and what is shown of what came of it."""

from collections.abc import AsyncIterator, Mapping
from itertools import count
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_office_pages import offices_web
from support_web import Web

from core.wire import CHECK, Diagnosis
from inventory.rebuild import read_contents
from web.auth import Role
from web.auth.secrets import csrf_of
from web.timing import params_of
from web.trial import as_planned, failing_of, other_figures, steps

NUMBERS = count()
UNIT, AGENT = "11950", "11950-3f2a"
STEPS = {"steps": [{"name": "Mở trang"}, {"name": "Đăng nhập"}, {"name": "Danh sách"}]}
FIGURES = {
    "step_seconds#Mở trang": 0.4,
    "resolve_seconds#Mở trang": 0.1,
    "connect_seconds#Mở trang": 0.2,
    "step_seconds#Đăng nhập": 0.3,
    "total_seconds": 0.7,
}
BROKEN = {
    "step": "Đăng nhập",
    "reason": "body lacks text",
    "url": "https://motcua.hungyen.test/login",
    "status": 200,
    "excerpt": "<b>Sai mật khẩu</b>",
    "scrubbed": True,
}


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with offices_web(tmp_path) as made:
        yield made


async def attempt(
    nhip: Web, role: Role = Role.OPERATOR, *, code: str = "mot-cua", language: str = "vi", **form: str
) -> httpx2.Response:
    browser = await nhip.browser(role, f"user-{next(NUMBERS)}")
    await browser.get(f"/lang/{language}")
    csrf = csrf_of(browser.cookies["nhip"])
    said = {"csrf": csrf, "check": "Đăng nhập", "from": UNIT} | form
    return await browser.post(f"/services/{code}/try", data=said)


async def test_a_kept_check_runs_word_for_word_as_the_unit_s_plan_has_it(nhip: Web) -> None:
    assert (await attempt(nhip)).status_code == 200
    ((agent, kind, target, params, who),) = nhip.hub.asked
    assert (agent, kind, who) == (AGENT, CHECK, f"user-{next(NUMBERS) - 1}")
    planned = next(
        each
        for each in nhip.context.registry.plan(UNIT).checks
        if each.kind == "scenario" and "motcua" in each.target
    )
    assert (target, params["kind"], params["params"]) == (planned.target, planned.kind, planned.params)
    assert params["timeout_ms"] == planned.timeout_ms


async def test_every_check_of_the_plan_can_be_tried_as_it_is(nhip: Web) -> None:
    now, registry = nhip.clock.now(), nhip.context.registry
    with nhip.state.read() as connection:
        contents = read_contents(connection)
    for code in (UNIT, "33"):
        unit = registry.unit(code, now)
        assert unit is not None
        made = {
            (each.kind, each.target, each.params)
            for service in registry.services(now)
            for check in registry.service_checks(service.code, now)
            for each in as_planned(contents, now, unit, service, check)
        }
        wanted = {
            (each.check.kind, each.check.target, dict(each.check.params).__repr__())
            for each in registry.checks().values()
            if each.service and each.vantage == code
        }
        assert {(kind, target, dict(params_of(params)).__repr__()) for kind, target, params in made} == wanted
        assert wanted


async def test_what_is_being_written_is_tried_by_administrators_only(nhip: Web) -> None:
    draft = {
        "draft": "true",
        "name": "Mới",
        "kind": "http",
        "target": "{address}",
        "params": '{"body_contains": "Xin chào"}',
        "interval_s": "60",
        "timeout_s": "5",
    }
    assert (await attempt(nhip, **draft)).status_code == 403
    assert nhip.hub.asked == []
    assert (await attempt(nhip, Role.ADMIN, **draft)).status_code == 200
    _, _, target, params, _ = nhip.hub.asked[0]
    assert target == "https://motcua.hungyen.test/"
    assert params == {"kind": "http", "params": {"body_contains": "Xin chào"}, "timeout_ms": 5_000}
    wrong = await attempt(nhip, Role.ADMIN, **draft | {"params": "{"})
    assert "Tham số không phải JSON" in wrong.text
    assert "{why}" not in wrong.text
    odd = await attempt(nhip, Role.ADMIN, **draft | {"target": "{nowhere}", "timeout_s": "0"})
    assert "Đích: Không có phần thay thế này: {nowhere}; Thời hạn (giây): Ngoài khoảng cho phép" in odd.text
    assert len(nhip.hub.asked) == 1


async def test_technicians_do_not_run_checks_and_forged_forms_run_nothing(nhip: Web) -> None:
    assert (await attempt(nhip, Role.TECHNICIAN)).status_code == 403
    assert (await attempt(nhip, csrf="forged")).status_code == 403
    browser = await nhip.browser(Role.TECHNICIAN, "other")
    assert (await browser.get("/services/mot-cua/try")).status_code == 403
    assert nhip.hub.asked == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"from": ""}, "Hãy chọn đơn vị để chạy thử."),
        ({"from": "99999"}, "Không có đơn vị nào mang mã này."),
        ({"check": "Tên miền"}, "Đơn vị chưa có đối tượng cho phép đo này"),
        ({"code": "hop", "check": "Trang chủ"}, "Hệ thống chưa có địa chỉ"),
    ],
)
async def test_what_cannot_be_tried_says_why(nhip: Web, form: dict[str, str], said: str) -> None:
    answer = await attempt(nhip, **form)
    assert answer.status_code == 200
    assert said in answer.text
    assert nhip.hub.asked == []


async def test_a_unit_whose_agent_is_away_says_so(nhip: Web) -> None:
    nhip.hub.online = False
    assert "không có trạm đo nào đang kết nối" in (await attempt(nhip)).text


async def test_each_step_is_shown_with_its_phases_and_where_it_failed(nhip: Web) -> None:
    nhip.hub.answer = Diagnosis("1", "down", "body lacks text", FIGURES, 812, {"step": BROKEN})
    text = (await attempt(nhip)).text
    assert "hỏng tại đây" in text
    assert "chưa tới" in text
    assert "phân giải tên" in text
    assert "Hỏng ở bước “Đăng nhập”:" in text
    assert "https://motcua.hungyen.test/login" in text
    assert "&lt;b&gt;Sai mật khẩu&lt;/b&gt;" in text
    assert "<b>Sai" not in text
    assert "đã xóa thông tin bí mật" in text


def found(status: str, figures: Mapping[str, float], **details: object) -> Diagnosis:
    return Diagnosis("1", status, "timeout" if status == "down" else "", dict(figures), 9, details)


def test_steps_are_done_until_one_fails_and_not_reached_after_it() -> None:
    states = [step.state for step in steps(STEPS, found("down", FIGURES, step=BROKEN))]
    assert states == ["done", "failed", "not reached"]
    whole = FIGURES | {"step_seconds#Danh sách": 0.1}
    assert [step.state for step in steps(STEPS, found("up", whole))] == ["done"] * 3
    # Without a document the first step that has no time is where it broke off.
    first = {"step_seconds#Mở trang": 0.4}
    assert [step.state for step in steps(STEPS, found("down", first))] == ["done", "failed", "not reached"]


def test_phases_of_a_step_sum_to_its_time() -> None:
    first = steps(STEPS, found("up", FIGURES))[0]
    assert first.seconds == pytest.approx(sum(seconds for _, seconds in first.phases))
    assert [name for name, _ in first.phases] == ["resolve_seconds", "connect_seconds", "rest_seconds"]


def test_a_check_without_steps_is_one_step() -> None:
    (whole,) = steps({}, found("up", {"handshake_seconds": 0.05, "certificate_days_left": 61.0}))
    assert (whole.name, whole.seconds, whole.state) == ("", 0.05, "done")
    assert other_figures({"total_seconds": 1.0, "step_seconds#a": 1.0, "certificate_days_left": 61.0}) == [
        ("certificate_days_left", 61.0)
    ]


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text("a<", max_size=3)
    | st.lists(st.integers(), max_size=2)
)


@given(
    st.dictionaries(st.sampled_from(["step", "reason", "url", "status", "excerpt", "more"]), VALUES) | VALUES,
    st.dictionaries(st.sampled_from([*FIGURES, "x#y", "#"]), st.floats(-1, 9)),
    st.sampled_from(["up", "down", "degraded", "unknown", "odd"]),
)
def test_whatever_an_agent_answers_is_shown(body: object, figures: dict[str, float], status: str) -> None:
    answer = found(status, figures, step=body)
    assert len(steps(STEPS, answer)) == 3
    failing = failing_of(answer)
    assert failing is None or isinstance(failing.excerpt, str)
