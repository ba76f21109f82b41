"""Hours of a service: what a text says, and that what is shown is read back."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.hours import BadHours, Hours, hours

HANOI = timezone(timedelta(hours=7))
DAY = 86_400_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=HANOI).timestamp() * 1000)


OFFICE = "T2-T6 07:00-11:30,13:30-17:00; T7 07:00-11:30; nghỉ 30/4, 1/5, 5/2/2027-11/2/2027"


@pytest.mark.parametrize(
    ("at", "covered"),
    [
        ("2026-11-30 07:00", True),  # a Monday
        ("2026-11-30 06:59:59", False),
        ("2026-11-30 11:30", False),
        ("2026-11-30 13:30", True),
        ("2026-12-05 08:00", True),  # Saturday
        ("2026-12-05 14:00", False),
        ("2026-12-06 08:00", False),  # Sunday
        ("2027-04-30 08:00", False),
        ("2027-05-03 08:00", True),
        ("2027-02-08 08:00", False),
        ("2028-02-08 08:00", True),
    ],
)
def test_office_hours_cover_what_they_say(at: str, covered: bool) -> None:
    assert hours(OFFICE).covers(ms(at)) is covered


def test_an_empty_text_means_always() -> None:
    assert hours("") == Hours()
    assert hours("").covers(0)
    assert str(hours("T2-CN 00:00-24:00")) == ""


def test_a_night_goes_on_into_the_next_day_and_the_next_week() -> None:
    night = hours("CN 22:00-06:00")
    assert [night.covers(ms(f"2026-11-{at}")) for at in ("29 21:59", "29 22:00", "30 05:59", "30 06:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_english_days_and_blanks_are_understood() -> None:
    assert str(hours(" mon - fri  7:00 - 17:00 ; off 2/9")) == "T2-T6 07:00-17:00; nghỉ 2/9"


@pytest.mark.parametrize(
    "text",
    ["T8 07:00-17:00", "T2 25:00-26:00", "T2 07:00", "T2", "T2 07:60-08:00", "T2 07:00-07:00", "nghỉ 31/2",
     "nghỉ 30/2/2027", "nghỉ 5/2-1/2", "nghỉ 1/1-2/1/2027", "soon", "T2 " + "07:00-08:00," * 60],
)  # fmt: skip
def test_what_says_no_hours_is_refused(text: str) -> None:
    with pytest.raises(BadHours):
        hours(text)


def test_a_year_of_office_hours_has_their_length() -> None:
    begin, end = ms("2026-01-01 00:00"), ms("2027-01-01 00:00")
    covered = sum(to - from_ for from_, to in hours("T2-T6 08:00-17:00").within(begin, end))
    assert covered == 261 * 9 * 3_600_000


minutes = st.integers(0, 1_439)
spans = st.tuples(minutes, minutes).filter(lambda span: span[0] != span[1])


def _time(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


@st.composite
def texts(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        first, last = draw(st.sampled_from(range(2, 8))), draw(st.sampled_from(range(2, 8)))
        times = ",".join(f"{_time(a)}-{_time(b)}" for a, b in draw(st.lists(spans, min_size=1, max_size=3)))
        parts.append(f"T{first}-T{last} {times}")
    if draw(st.booleans()):
        parts.append("nghỉ 29/2, 1/1/2027-3/1/2027")
    return "; ".join(parts)


@given(texts())
def test_what_is_shown_is_read_back(text: str) -> None:
    found = hours(text)
    assert hours(str(found)) == found


@given(texts(), st.integers(0, 2_000_000_000_000), st.integers(1, 20 * DAY), st.floats(0, 0.999))
def test_a_time_is_covered_when_it_is_in_one_of_the_stretches(
    text: str, begin: int, length: int, part: float
) -> None:
    found, at = hours(text), begin + int(length * part)
    stretches = list(found.within(begin, begin + length))
    assert found.covers(at) == any(from_ <= at < to for from_, to in stretches)
    assert all(one[1] < other[0] for one, other in pairwise(stretches))


@given(st.text(st.sampled_from("T2345678CN -,:;/0nghỉof"), max_size=40))
def test_any_text_is_hours_or_refused(text: str) -> None:
    try:
        found = hours(text)
    except BadHours:
        return
    assert hours(str(found)) == found
    found.covers(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000))
