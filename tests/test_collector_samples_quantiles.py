"""Quantiles: what one is, and how well that of a long time is told from those of its parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.samples.quantiles import MEDIAN, P95, RANKS, merged, quantile

values = st.floats(-1e9, 1e9)


def parts_of(*samples):
    """What rollups would keep of each of these stretches."""
    return np.array([np.quantile(each, RANKS) for each in samples]), np.array([len(each) for each in samples])


@given(st.lists(values, min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_is_the_one_that_numpy_means(numbers, q):
    assert quantile(sorted(numbers), q) == pytest.approx(np.quantile(numbers, q), rel=1e-9, abs=1e-6)


def test_the_median_of_two_is_their_mean_and_a_quantile_of_one_is_that_one():
    assert quantile([1.0, 2.0], 0.5) == 1.5
    assert quantile([7.0], 0.95) == 7.0


@settings(deadline=None)
@given(st.lists(st.lists(values, min_size=1, max_size=80), min_size=1, max_size=8))
def test_what_is_told_of_parts_together_lies_between_the_least_and_the_greatest_of_them(samples):
    known, sizes = parts_of(*samples)
    for which, told in zip((MEDIAN, P95), merged(known, sizes), strict=True):
        assert known[:, which].min() <= told <= known[:, which].max()


@settings(deadline=None)
@given(st.lists(st.lists(values, min_size=40, max_size=80), min_size=1, max_size=8))
def test_the_rank_of_what_is_told_of_hours_is_off_by_a_quarter_or_an_eighth_whatever_was_measured(samples):
    known, sizes = parts_of(*samples)
    together = np.sort(np.concatenate(samples))
    for told, rank, off in zip(merged(known, sizes), (0.5, 0.95), (0.28, 0.125), strict=True):
        assert np.searchsorted(together, told, "left") / len(together) <= rank + off
        assert np.searchsorted(together, told, "right") / len(together) >= rank - off


def test_equal_parts_together_are_what_each_is():
    known, sizes = parts_of(*[np.arange(100.0)] * 5)
    assert merged(known, sizes) == (known[0, MEDIAN], known[0, P95])


@pytest.mark.parametrize("busy", [0, 1, 3, 12])
def test_of_a_day_of_round_trips_with_busy_hours_the_estimate_is_within_three_percent(busy):
    dice = np.random.default_rng(busy)
    day = [
        (0.060 if hour < busy else 0.015) + dice.gamma(2, 0.005 if hour < busy else 0.001, 720)
        for hour in range(24)
    ]
    for which, told in zip((0.5, 0.95), merged(*parts_of(*day)), strict=True):
        true = np.quantile(np.concatenate(day), which)
        rank = np.mean(np.concatenate(day) <= told)
        assert told == pytest.approx(true, rel=0.03) or rank == pytest.approx(which, abs=0.01)


def test_one_wild_sample_an_hour_does_not_move_the_95th_percentile_of_a_day():
    dice = np.random.default_rng(5)
    day = [np.append(0.015 + dice.gamma(2, 0.001, 719), 2.0) for _ in range(24)]
    assert merged(*parts_of(*day))[1] == pytest.approx(np.quantile(np.concatenate(day), 0.95), rel=0.01)
