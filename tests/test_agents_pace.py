"""Pace, back-off and the clock's error: pure arithmetic."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.clocks import KEEP, KEEP_MS, ClockError, Trip
from agents.pace import Backoff, TokenBucket


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1_000, 10**7),
    st.integers(1_000, 10**6),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 10**5)), max_size=60),
)
def test_whoever_asks_before_taking_never_gets_more_than_the_rate_and_one_burst(
    rate: int, burst: int, wishes: list[tuple[int, int]]
) -> None:
    bucket = TokenBucket(rate, burst, 0)
    now, taken, largest = 0, 0, 0
    for wait, size in wishes:
        now += wait
        if bucket.ready_at(now) <= now:
            bucket.take(size, now)
            taken += size
            largest = max(largest, size)
    assert taken <= burst + largest + rate * now / 1000 + 1


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 10**9))
def test_a_bucket_in_debt_says_when_it_is_ready_and_is_then(rate: int, size: int, now: int) -> None:
    bucket = TokenBucket(rate, 0, now)
    bucket.take(size, now)
    ready = bucket.ready_at(now)
    assert abs((ready - now) - size * 1000 / rate) <= 2
    assert bucket.ready_at(ready) == ready


def test_a_long_rest_saves_up_no_more_than_a_burst() -> None:
    bucket = TokenBucket(1_000, 500, 0)
    bucket.take(500, 10**9)
    bucket.take(1_000, 10**9)
    assert bucket.ready_at(10**9) == 10**9 + 1_001


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**9), st.integers(1, 40))
def test_back_off_waits_anything_up_to_the_doubling_limit(seed: int, failures: int) -> None:
    backoff = Backoff(500, 60_000, random.Random(seed))
    for n in range(1, failures + 1):
        assert 0 <= backoff.failed() <= min(60_000, 500 * 2**n)
    backoff.succeeded()
    assert backoff.failed() <= 1_000


def test_back_off_uses_the_whole_width() -> None:
    waits = []
    for seed in range(300):
        backoff = Backoff(1_000, 8_000, random.Random(seed))
        waits.append([backoff.failed() for _ in range(5)][-1])
    assert min(waits) < 400
    assert max(waits) > 7_600


@settings(deadline=None, max_examples=100)
@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 3_000)), min_size=1, max_size=40),
)
def test_the_clock_error_is_off_by_half_of_the_quickest_recent_trip_at_most(
    error: int, ways: list[tuple[int, int]]
) -> None:
    clock, now = ClockError(), 10**12
    for there, back in ways:
        clock.add(Trip(now, now + there + back, now + there - error))
        now += 5_000
    estimate = clock.estimate()
    quickest = min(there + back for there, back in ways[-KEEP:])
    assert estimate is not None
    assert abs(estimate - error) <= quickest / 2 + 1


def test_before_the_first_trip_the_error_is_not_known() -> None:
    assert ClockError().estimate() is None


def test_old_trips_are_forgotten_however_quick_they_were() -> None:
    clock = ClockError()
    clock.add(Trip(0, 0, 100))
    clock.add(Trip(KEEP_MS + 1_000, KEEP_MS + 1_200, 0))
    assert clock.estimate() == KEEP_MS + 1_100


def test_a_trip_that_ended_before_it_began_teaches_nothing() -> None:
    clock = ClockError()
    clock.add(Trip(1_000, 900, 0))
    assert clock.estimate() is None
