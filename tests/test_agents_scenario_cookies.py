"""Cookies of a visit: what RFC 6265 says of keeping and sending them, and that no text of a server breaks it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.probes.scenario.cookies import LONGEST, MOST_OF_HOST, Jar, date, parse
from agents.probes.urls import parse as url

NOW = 1_795_910_400_000
HOME = url("https://vbdh.example.gov.vn/van-ban/den?trang=2")


def jar(*fields: str, at: str = "https://vbdh.example.gov.vn/van-ban/den", now: int = NOW) -> Jar:
    made = Jar()
    made.take(url(at), fields, now)
    return made


@pytest.mark.parametrize(
    ("field", "to", "sent"),
    [
        ("phien=1", "https://vbdh.example.gov.vn/van-ban/x", "phien=1"),
        ("phien=1", "https://vbdh.example.gov.vn/", ""),
        ("phien=1; Path=/", "https://vbdh.example.gov.vn/", "phien=1"),
        ("phien=1; Path=/van", "https://vbdh.example.gov.vn/van-ban/x", ""),
        ("phien=1; Path=/", "https://a.vbdh.example.gov.vn/", ""),
        ("phien=1; Path=/; Domain=example.gov.vn", "https://sso.example.gov.vn/", "phien=1"),
        ("phien=1; Path=/; Domain=.Example.gov.vn", "https://example.gov.vn/", "phien=1"),
        ("phien=1; Path=/; Domain=example.gov.vn", "https://badexample.gov.vn/", ""),
        ("phien=1; Path=/; Domain=other.gov.vn", "https://other.gov.vn/", ""),
        ("phien=1; Path=/; Domain=vn", "https://any.vn/", ""),
        ("phien=1; Path=/; Secure", "http://vbdh.example.gov.vn/", ""),
        ("phien=1; Path=/; Secure", "https://vbdh.example.gov.vn/", "phien=1"),
        ("phien=1; Path=/; HttpOnly; SameSite=Lax; Partitioned", "https://vbdh.example.gov.vn/", "phien=1"),
        ("phien=1; Path=/; Max-Age=0", "https://vbdh.example.gov.vn/", ""),
        ("phien=1; Path=/; Max-Age=60", "https://vbdh.example.gov.vn/", "phien=1"),
        ("phien=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://vbdh.example.gov.vn/", "phien=1"),
        ("phien=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://vbdh.example.gov.vn/", ""),
        ("phien=1; Path=/; Expires=nonsense", "https://vbdh.example.gov.vn/", "phien=1"),
        ('phien="a b,c"; Path=/', "https://vbdh.example.gov.vn/", 'phien="a b,c"'),
        ("phien=a=b==; Path=/", "https://vbdh.example.gov.vn/", "phien=a=b=="),
        ("no equals sign; Path=/", "https://vbdh.example.gov.vn/", "no equals sign"),
        ("=; Path=/", "https://vbdh.example.gov.vn/", ""),
        ("phien=1\x00; Path=/", "https://vbdh.example.gov.vn/", ""),
        ("phien=" + "x" * LONGEST + "; Path=/", "https://vbdh.example.gov.vn/", ""),
    ],
)  # fmt: skip
def test_where_a_cookie_goes(field: str, to: str, sent: str) -> None:
    assert jar(field).header(url(to), NOW) == sent


def test_an_address_has_no_cookies_of_those_below_it() -> None:
    kept = jar("a=1; Path=/; Domain=127.0.0.1", at="https://127.0.0.1/")
    assert kept.header(url("https://127.0.0.1/"), NOW) == "a=1"
    assert jar("a=1; Domain=0.0.1", at="https://127.0.0.1/").header(url("https://127.0.0.1/"), NOW) == ""


def test_longer_paths_come_first_and_then_the_older() -> None:
    kept = jar("a=1; Path=/", "b=2; Path=/van-ban", "c=3; Path=/")
    assert kept.header(HOME, NOW) == "b=2; a=1; c=3"


def test_the_later_of_one_name_counts_and_what_is_taken_back_is_gone() -> None:
    kept = jar("a=1; Path=/", "a=2; Path=/", "b=1; Path=/")
    assert kept.header(HOME, NOW) == "a=2; b=1"
    kept.take(HOME, ["a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], NOW)
    assert kept.header(HOME, NOW) == "b=1"


def test_a_cookie_ends_in_its_time() -> None:
    kept = jar("a=1; Path=/; Max-Age=60")
    assert kept.header(HOME, NOW + 59_999) == "a=1"
    assert kept.header(HOME, NOW + 60_000) == ""


def test_cookies_without_end_are_kept_up_to_a_bound() -> None:
    kept = jar(*(f"a{i}=1; Path=/" for i in range(500)))
    assert kept.header(HOME, NOW).count("=") == MOST_OF_HOST


@pytest.mark.parametrize(
    "text",
    ["Sun, 29 Nov 2026 01:02:03 GMT", "Sunday, 29-Nov-26 01:02:03 GMT", "Sun Nov 29 01:02:03 2026", "29 nov 2026 1:2:3",
     "2026 29 November 01:02:03 UTC"],
)  # fmt: skip
def test_a_date_is_read_in_whatever_way_it_is_written(text: str) -> None:
    assert date(text) == int(datetime(2026, 11, 29, 1, 2, 3, tzinfo=UTC).timestamp() * 1000)


@settings(max_examples=500)
@given(st.text(max_size=80) | st.lists(
    st.sampled_from(["a", "=", ";", " ", "Path=/", "Domain=", "gov.vn", "Max-Age=", "-1", "99999999999999999", "Expires=",
                     "Thu, 32 Feb 2026 25:61:61", "\t", ".", "é"]), max_size=12).map("".join))  # fmt: skip
def test_whatever_a_server_sets_it_is_kept_or_not_and_can_be_sent(text: str) -> None:
    parse(text, HOME, NOW)
    kept = jar(text)
    sent = kept.header(HOME, NOW)
    assert "\n" not in sent
    assert "\r" not in sent


@settings(max_examples=500)
@given(st.text(max_size=60))
def test_whatever_a_date_is_it_is_a_time_or_none(text: str) -> None:
    date(text)


@given(st.integers(0, 3_155_759_999))
def test_dates_of_the_standard_form_are_read_exactly(second: int) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    days, months = "Mon Tue Wed Thu Fri Sat Sun", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
    day, month = days.split()[moment.weekday()], months.split()[moment.month - 1]
    assert date(f"{day}, {moment:%d} {month} {moment:%Y %H:%M:%S} GMT") == second * 1000
