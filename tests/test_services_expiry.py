"""What ends by itself: one certificate seen from many places, and warnings ahead, each once."""

from hypothesis import given
from hypothesis import strategies as st

from collector.services.expiry import (
    AHEAD,
    DAY_MS,
    FORGOTTEN_MS,
    SeenEnd,
    Warned,
    Worry,
    due,
    ends,
    is_new,
    worries,
)
from collector.services.views import Expiry

NOW = 1_790_000_000_000
MINUTE = 60_000


def seen(unit: str, days: float, label: str = "Chứng thư") -> SeenEnd:
    return SeenEnd("docs", label, unit, NOW, NOW + int(days * DAY_MS))


def expiry(days: float) -> Expiry:
    return Expiry("docs", "certificate", "Chứng thư", NOW + int(days * DAY_MS), ("u1",))


def warned(found: Expiry, days: int) -> Warned:
    return Warned(found.service, found.kind, found.label, found.expires_at, days, NOW)


def test_one_certificate_that_many_see_is_one_end() -> None:
    (found,) = ends([seen("u1", 20), seen("u2", 20.001), seen("u3", 19.999)])
    assert found.units == ("u1", "u2", "u3")
    assert found.expires_at == NOW + 20 * DAY_MS


def test_an_old_certificate_that_some_still_see_is_an_end_of_its_own() -> None:
    found = ends([seen("u1", 5), seen("u2", 300), seen("u3", 300)])
    assert [each.units for each in found] == [("u1",), ("u2", "u3")]


def test_a_warning_is_due_for_the_nearest_of_the_days_ahead() -> None:
    assert [due(expiry(days), [], NOW) for days in (31, 30, 20, 14, 8, 7, 2, 1, 0, -3)] == [
        None, 30, 30, 14, 14, 7, 7, 1, 1, 1,
    ]  # fmt: skip


def test_each_is_told_once_though_its_end_is_measured_a_little_otherwise() -> None:
    told = [warned(expiry(20.01), 30)]
    assert due(expiry(20), told, NOW) is None
    assert due(expiry(13), told, NOW) == 14


def test_a_renewed_certificate_is_warned_of_anew() -> None:
    told = [warned(expiry(0.5), days) for days in AHEAD]
    assert due(expiry(29), told, NOW) == 30


@given(st.lists(st.integers(-5, 400), min_size=1, max_size=60))
def test_whenever_it_is_looked_at_no_warning_comes_twice_and_none_goes_back(days: list[int]) -> None:
    told: list[Warned] = []
    given = []
    for left in sorted(days, reverse=True):
        now = NOW + (400 - left) * DAY_MS
        found = Expiry("docs", "domain", "", NOW + 400 * DAY_MS)
        what = due(found, told, now)
        if what is not None:
            told.append(warned(found, what))
            given.append(what)
    assert given == sorted(set(given), reverse=True)
    assert set(given) <= set(AHEAD)


@given(st.permutations([seen("u1", 5), seen("u2", 5.0001), seen("u3", 300), seen("u4", 5, "IMAP")]))
def test_the_order_in_which_units_see_it_makes_no_difference(order: list[SeenEnd]) -> None:
    assert ends(order) == ends(sorted(order))


def test_a_worry_is_told_once_for_a_check_whatever_its_details() -> None:
    found = worries(
        [
            Worry("docs", "Chứng thư", "weak certificate|1024 bits"),
            Worry("docs", "Chứng thư", "weak certificate|sha1"),
            Worry("docs", "Chứng thư", "timeout"),
        ]
    )
    assert found == [Worry("docs", "Chứng thư", "weak certificate|1024 bits")]


def test_a_worry_is_new_again_only_when_it_was_away_for_a_day() -> None:
    worry = Worry("docs", "Chứng thư", "weak certificate|sha1")
    told = [Warned("docs", "weak certificate", "Chứng thư", 0, 0, NOW)]
    assert is_new(worry, [], NOW)
    assert not is_new(worry, told, NOW + FORGOTTEN_MS - MINUTE)
    assert is_new(worry, told, NOW + FORGOTTEN_MS)
