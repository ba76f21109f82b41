"""What people are told of services: the service itself, several units together, or one; never what was planned."""

from dataclasses import replace

import pytest
from support_views import unit_state

from alerts.messages import LANGUAGES, Message, message
from collector.services.shared import KINDS
from collector.views import Outage, OutageChange, Sentence
from core.values import Cause

NOON = 1_795_410_000_000  # 2026-11-23 05:00:00 UTC
PROVINCE = unit_state("33", "Tỉnh Hưng Yên", parent=None)
HUB = unit_state("323", "Thành phố Hưng Yên")
DOWN = Outage(
    7,
    "33",
    NOON,
    NOON + 40_000,
    None,
    "timeout",
    1,
    retracted=False,
    subject="service:docs",
    cause=Cause.SERVICE,
    evidence=(Sentence(NOON, "vantages agree|152|189"),),
)
FROM_HUB = replace(
    DOWN,
    unit="323",
    subject="service:docs|hub|323",
    cause=Cause.UPSTREAM,
    evidence=(Sentence(NOON, "units hit|323 11950 11953"),),
)
ALONE = replace(DOWN, unit="323", subject="service:docs|alone", cause=Cause.UNDETERMINED, evidence=())


def told(outage: Outage, what: str = "opened", language: str = "vi", before: Outage | None = None) -> Message:
    unit = HUB if outage.unit == "323" else PROVINCE
    found = message(
        OutageChange(1, NOON, what, outage), unit, language, "https://nhip.test", before, "Văn bản"
    )
    assert found is not None
    return found


def test_a_service_that_is_down_is_told_with_how_many_saw_it() -> None:
    found = told(DOWN)
    assert found.title == "■ Hệ thống ngừng hoạt động: Văn bản"
    assert found.body == (
        "Hệ thống: Văn bản\n"
        "Số nơi đo báo lỗi: 152/189\n"
        "Bắt đầu lỗi lúc: 23/11/2026 12:00:00\n"
        "Phát hiện lúc: 23/11/2026 12:00:40\n"
        "Nguyên nhân (tạm thời): bản thân hệ thống\n"
        "Chi tiết: https://nhip.test/outages/7"
    )


def test_its_end_says_how_long_it_was_away() -> None:
    found = told(replace(DOWN, ended_at=NOON + 600_000, final=True), "closed")
    assert found.title == "● Hệ thống hoạt động trở lại: Văn bản (sau 10 phút)"
    assert "Hoạt động lại lúc: 23/11/2026 12:10:00" in found.body


def test_units_that_share_a_hub_are_one_message_with_their_number() -> None:
    assert told(FROM_HUB).title == (
        "▲ 3 đơn vị không truy cập được Văn bản (điểm tập trung Thành phố Hưng Yên)"
    )


def test_a_provider_is_named() -> None:
    outage = replace(FROM_HUB, unit="33", subject="service:docs|provider|VNPT", cause=Cause.DNS)
    found = told(outage, language="en")
    assert found.title == "▲ 3 units cannot reach Văn bản (lines of VNPT)"
    assert "Cause (provisional): name resolution (DNS)" in found.body


def test_one_unit_alone_is_named() -> None:
    assert told(ALONE).title == "▲ Thành phố Hưng Yên không truy cập được Văn bản"


@pytest.mark.parametrize("outage", [DOWN, FROM_HUB, ALONE])
@pytest.mark.parametrize("what", ["opened", "closed", "retracted"])
def test_each_change_has_words_in_each_language(outage: Outage, what: str) -> None:
    for language in LANGUAGES:
        found = told(replace(outage, ended_at=NOON + 60_000), what, language)
        assert "{" not in found.title + found.body


@pytest.mark.parametrize("kind", [*KINDS, "dns", "certificate"])
def test_whatever_units_share_has_words(kind: str) -> None:
    outage = replace(FROM_HUB, subject=f"service:docs|{kind}|x")
    for language in LANGUAGES:
        assert "()" not in told(outage, language=language).title


def test_planned_work_wakes_nobody_until_it_has_outlasted_that() -> None:
    planned = replace(DOWN, cause=Cause.PLANNED)
    assert message(OutageChange(1, NOON, "opened", planned), PROVINCE, "vi", "", None, "Văn bản") is None
    assert told(DOWN, "revised", before=planned).title == "■ Vẫn chưa hoạt động sau giờ bảo trì: Văn bản"


def test_a_revision_that_only_tells_more_is_not_told() -> None:
    assert message(OutageChange(2, NOON, "revised", DOWN), PROVINCE, "vi", "", DOWN, "Văn bản") is None
