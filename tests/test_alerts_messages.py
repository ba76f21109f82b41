"""What messages say, and when they are tried again."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_views import unit_state

from alerts.messages import LANGUAGES, duration, local_time, message, trial_message
from alerts.schedule import GIVE_UP_MS, LONGEST_MS, next_attempt
from collector.views import Outage, OutageChange, Sentence
from core.values import Cause

NOON = 1_795_410_000_000  # 2026-11-23 05:00:00 UTC
UNIT = unit_state("11953", "Phường Hiến Nam")
OPEN = Outage(7, "11953", NOON, NOON + 9_000, None, "", 1, retracted=False)
CLOSED = replace(OPEN, ended_at=NOON + 3_905_000)
LINK = "https://nhip.example.vn/"


def test_an_opened_outage_says_which_unit_and_since_when():
    found = message(OutageChange(1, NOON, "opened", OPEN), UNIT, "vi", LINK)
    assert found is not None
    assert found.title == "■ Mất kết nối: Phường Hiến Nam"
    assert found.body == (
        "Đơn vị: Phường Hiến Nam (11953)\n"
        "Lần cuối còn kết nối: 23/11/2026 12:00:00\n"
        "Phát hiện lúc: 23/11/2026 12:00:09\n"
        "Chi tiết: https://nhip.example.vn/units/11953"
    )


def test_a_closed_outage_says_how_long_it_lasted():
    found = message(OutageChange(1, NOON, "closed", CLOSED), UNIT, "vi", "")
    assert found is not None
    assert found.title == "● Đã có kết nối lại: Phường Hiến Nam (sau 1 giờ 5 phút)"
    assert "Có kết nối lại lúc: 23/11/2026 13:05:05" in found.body
    assert "http" not in found.body


def test_a_retracted_outage_is_corrected():
    found = message(OutageChange(1, NOON, "retracted", replace(CLOSED, retracted=True)), UNIT, "en", "")
    assert found is not None
    assert found.title == "◇ Correction: Phường Hiến Nam was not down"
    assert "arrived late" in found.body


def test_a_cause_is_told_and_whether_it_is_final():
    found = message(OutageChange(1, NOON, "opened", replace(OPEN, cause=Cause.LINE)), UNIT, "vi", "")
    assert found is not None
    assert found.body.endswith("Nguyên nhân (tạm thời): đường truyền")
    found = message(
        OutageChange(1, NOON, "closed", replace(CLOSED, cause=Cause.POWER, final=True)), UNIT, "en", ""
    )
    assert found is not None
    assert found.body.endswith("Cause: power")


def test_a_hub_is_told_once_with_how_many_units_it_took_and_those_are_not():
    members = (Sentence(NOON, "members down|17|17"),)
    hub = replace(OPEN, subject="hub", cause=Cause.LINE, evidence=members)
    found = message(OutageChange(1, NOON, "opened", hub), UNIT, "en", "")
    assert found is not None
    assert found.title == "■ Hub down: Phường Hiến Nam (17 units)"
    explained = replace(OPEN, cause=Cause.UPSTREAM, root=7)
    assert message(OutageChange(1, NOON, "opened", explained), UNIT, "en", "") is None


@pytest.mark.parametrize(
    "outage",
    [
        replace(OPEN, cause=Cause.PLANNED),
        replace(OPEN, subject="device|41", cause=Cause.DEVICE),
        replace(OPEN, subject="centre", cause=Cause.CENTRE, ended_at=NOON + 20_000),
    ],
)
def test_planned_work_devices_and_a_restart_of_the_centre_wake_nobody(outage: Outage):
    for what in ("opened", "closed", "retracted"):
        assert message(OutageChange(1, NOON, what, outage), UNIT, "vi", "") is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("subject", ["unit", "hub", "agent", "lan", "centre"])
@pytest.mark.parametrize("what", ["opened", "closed", "retracted"])
@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.PLANNED])
def test_every_subject_and_cause_has_its_words(language: str, subject: str, what: str, cause: Cause):
    about = replace(CLOSED, subject=subject, cause=cause)
    found = message(OutageChange(1, NOON, what, about), UNIT, language, LINK)
    assert found is not None
    assert "{" not in found.title + found.body


def test_a_revision_of_times_alone_is_no_message():
    assert message(OutageChange(1, NOON, "revised", CLOSED), UNIT, "vi", "") is None


def test_an_outage_that_outlasts_planned_work_is_told_then():
    planned = replace(OPEN, cause=Cause.PLANNED)
    overrun = OutageChange(2, NOON + 600_000, "revised", replace(OPEN, cause=Cause.LINE, revision=2))
    found = message(overrun, UNIT, "vi", "", planned)
    assert found is not None
    assert found.title == "■ Vẫn mất kết nối sau giờ bảo trì: Phường Hiến Nam"
    assert "Lần cuối còn kết nối: 23/11/2026 12:00:00" in found.body
    assert message(overrun, UNIT, "vi", "", OPEN) is None
    over = replace(overrun, outage=replace(overrun.outage, ended_at=NOON + 900_000))
    assert message(over, UNIT, "vi", "", planned) is None, "it is up again: its end is told"


def test_a_unit_that_exists_no_more_is_named_by_its_code():
    found = message(OutageChange(1, NOON, "opened", OPEN), None, "en", "")
    assert found is not None
    assert found.title == "■ Down: 11953"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", ["opened", "closed", "retracted"])
@pytest.mark.parametrize("outage", [OPEN, CLOSED])
def test_every_message_is_whole_in_every_language(language: str, what: str, outage: Outage):
    found = message(OutageChange(1, NOON, what, outage), UNIT, language, LINK)
    assert found is not None
    assert "Phường Hiến Nam" in found.title
    assert not {"{", "}", "None"} & set(found.title + found.body)
    assert all(line.strip() and not line.endswith(": ") for line in found.body.splitlines())


def test_a_name_that_looks_like_a_pattern_is_only_a_name():
    found = message(OutageChange(1, NOON, "opened", OPEN), unit_state("1", "{code} {0}"), "vi", "")
    assert found is not None
    assert found.title.endswith("{code} {0}")


def test_a_test_message_names_its_destination():
    assert "«Trực ban»" in trial_message("Trực ban", "vi").body


def test_times_are_those_of_vietnam():
    assert local_time(NOON) == "23/11/2026 12:00:00"
    assert local_time(None) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (40, "40 s"),
        (60, "1 min"),
        (3_600, "1 h"),
        (3_661, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (86_400 + 59, "1 d"),
    ],
)
def test_a_duration_shows_its_two_largest_parts(seconds: int, text: str):
    assert duration(seconds * 1_000, "en") == text


@settings(deadline=None)
@given(st.integers(1, 2_000), st.integers(0, GIVE_UP_MS * 2))
def test_the_next_attempt_is_later_and_within_the_hour_and_the_day(attempts: int, age: int):
    at = next_attempt(attempts, NOON, NOON + age)
    if at is None:
        assert age >= GIVE_UP_MS
    else:
        assert NOON + age < at <= min(NOON + age + LONGEST_MS, NOON + GIVE_UP_MS)


def test_attempts_become_rarer_and_end_after_a_day():
    now, times = 0, []
    for attempts in range(1, 1_000):
        at = next_attempt(attempts, 0, now)
        if at is None:
            break
        times.append(at - now)
        now = at
    assert times[:5] == [15_000, 30_000, 60_000, 120_000, 240_000]
    assert sorted(times[:-1]) == times[:-1]
    assert now == GIVE_UP_MS
    assert len(times) == 31
