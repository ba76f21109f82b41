"""Times, durations, numbers and reasons, as they are written in both languages."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.i18n import speaker
from web.pages.wall import folded, short_name
from web.reasons import reason
from web.words import figure

NOW = 1_795_417_385_000
"""2026-11-23 14:03:05 in Việt Nam, 07:03:05 UTC."""
VI, EN = speaker("vi", NOW), speaker("en", NOW)


def test_a_moment_is_written_as_vietnamese_officials_write_it():
    assert VI.moment(NOW) == "23/11/2026 14:03:05"


def test_a_moment_in_english_cannot_be_misread():
    assert EN.moment(NOW) == "23 Nov 2026 14:03:05"


@pytest.mark.parametrize(
    ("ago_h", "vi", "en"),
    [
        (1, "13:03:05", "13:03:05"),
        (24, "22/11 14:03", "22 Nov 14:03"),
        (24 * 365, "23/11/2025 14:03", "23 Nov 2025 14:03"),
    ],
)
def test_a_short_time_leaves_out_what_goes_without_saying(ago_h, vi, en):
    at = NOW - ago_h * 3_600_000
    assert (VI.short(at), EN.short(at)) == (vi, en)


@pytest.mark.parametrize(
    ("ms", "vi", "en"),
    [
        (0, "0 giây", "0 seconds"),
        (999, "0 giây", "0 seconds"),
        (1_000, "1 giây", "1 second"),
        (200_000, "3 phút 20 giây", "3 minutes 20 seconds"),
        (3_600_000, "1 giờ", "1 hour"),
        (3_605_000, "1 giờ", "1 hour"),
        (97_445_000, "1 ngày 3 giờ", "1 day 3 hours"),
    ],
)
def test_a_duration_has_its_two_largest_units(ms, vi, en):
    assert (VI.duration(ms), EN.duration(ms)) == (vi, en)


@pytest.mark.parametrize(
    ("ratio", "digits", "shown"),
    [(1.0, 2, "100 %"), (0.99999, 2, "99,99 %"), (0.29, 2, "29,00 %"), (0.0, 1, "0 %"), (None, 2, "–")],
)
def test_a_ratio_is_cut_off_and_never_rounded_up(ratio, digits, shown):
    assert VI.percent(ratio, digits) == shown


@settings(deadline=None, max_examples=200)
@given(st.floats(0, 1, exclude_max=True))
def test_what_is_not_whole_is_never_shown_as_whole(ratio):
    assert EN.percent(min(ratio, 0.999_999), 2) != "100 %"


@settings(deadline=None, max_examples=200)
@given(st.floats(-1e7, 1e7))
def test_every_measured_duration_can_be_shown(value):
    assert math.isfinite(value)
    assert VI.seconds(value)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("rtt_mean_seconds", 0.0213, "21,3 ms"),
        ("rtt_mean_seconds", 0.000047, "47,0 µs"),
        ("total_seconds", 1.84, "1,8 s"),
        ("expires_in_seconds", 5_432_000.0, "62 ngày 20 giờ"),
        ("loss_ratio", 0.2, "20,0 %"),
        ("body_bytes", 262_144.0, "256 KiB"),
        ("status_code", 200.0, "200"),
    ],
)
def test_a_figure_is_shown_in_the_unit_of_its_name(name, value, shown):
    assert figure(VI, name, value) == shown


def test_a_reason_is_translated_with_its_argument():
    assert reason(VI, "status|503") == "trả về mã 503"
    assert reason(EN, "loss|0.31") == "31 % of packets lost"


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        (
            "certificate revoked|2026-11-03",
            "chứng thư đã bị thu hồi ngày 03/11/2026",
            "the certificate was revoked on 3 Nov 2026",
        ),
        (
            "revocation not known|responder failed|try later",
            "không rõ chứng thư có bị thu hồi hay không: máy chủ OCSP không trả lời được: try later",
            "it is not known whether the certificate was revoked: the responder cannot answer: try later",
        ),
    ],
)
def test_what_is_told_of_revocation_is_for_people(text, vi, en):
    assert (reason(VI, text), reason(EN, text)) == (vi, en)


def test_a_reason_that_repeats_itself_without_end_is_shown_as_well():
    assert reason(VI, "revocation not known|" * 5_000).startswith("không rõ")
    assert reason(VI, "no picture|revocation not known|" * 5_000).startswith("không có hình")


def test_why_there_is_no_picture_is_told_in_words():
    assert reason(VI, "no picture|no frames") == "không có hình: không có khung hình nào đến"
    assert reason(EN, "no picture|status|461 Unsupported transport") == (
        "no picture: answered with status 461 Unsupported transport"
    )
    assert reason(EN, "old picture|7200") == "the picture is 2 hours old"


def test_an_unknown_reason_is_shown_as_it_is():
    assert reason(VI, "odd thing|7|8") == "odd thing: 7, 8"
    assert reason(VI, "") == ""


@pytest.mark.parametrize(
    "text", ["status", "loss", "loss|?", "slow", "timeout|1", "|", "a|b|c|{d}", "status|{0}"]
)
def test_no_reason_breaks_a_page(text):
    assert reason(VI, text)


def test_names_on_the_wall_lose_the_kind_of_unit():
    assert short_name("Xã Bảo Khê") == "Bảo Khê"
    assert short_name("Thị trấn Như Quỳnh") == "Như Quỳnh"
    assert short_name("Văn phòng UBND tỉnh") == "Văn phòng UBND tỉnh"


def test_searching_ignores_tone_marks():
    assert folded("Xã Đình Dù") == "xa dinh du"


def test_a_reason_of_a_step_names_the_step():
    assert reason(VI, "status|503|#Đăng nhập") == "bước “Đăng nhập”: trả về mã 503"
    assert reason(VI, "no form|#sign-out|#Thoát") == "bước “Thoát”: trang không có biểu mẫu #sign-out"
