"""Figures of a burst."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.icmp.stats import Burst, jitter, loss, summarise

times = st.floats(0, 60, allow_nan=False)
bursts = st.lists(st.none() | times, max_size=40).map(Burst)


def test_loss_is_what_did_not_come_back_of_what_was_sent() -> None:
    assert loss(Burst([0.1, None, None, 0.2, 0.1])) == pytest.approx(0.4)


def test_a_burst_that_was_never_sent_is_lost_whole() -> None:
    assert loss(Burst([])) == 1.0


def test_nothing_back_gives_no_times() -> None:
    assert summarise(Burst([None, None])) is None


def test_the_median_of_an_even_count_lies_between_the_two_in_the_middle() -> None:
    summary = summarise(Burst([0.4, 0.1, None, 0.2, 0.9]))
    assert summary is not None
    assert summary.median == pytest.approx(0.3)


def test_jitter_follows_rfc_3550() -> None:
    first = 0.016 / 16
    assert jitter([0.010, 0.026, 0.018]) == pytest.approx(first + (0.008 - first) / 16)


def test_an_even_path_has_no_jitter() -> None:
    assert jitter([0.02] * 10) == 0.0


@settings(deadline=None)
@given(bursts)
def test_minimum_median_mean_and_maximum_keep_their_order(burst: Burst) -> None:
    summary = summarise(burst)
    if summary is not None:
        assert summary.minimum <= summary.median <= summary.maximum
        assert summary.minimum <= summary.mean <= summary.maximum


@settings(deadline=None)
@given(bursts)
def test_loss_is_a_ratio_and_jitter_is_within_the_spread(burst: Burst) -> None:
    assert 0 <= loss(burst) <= 1
    summary = summarise(burst)
    if summary is not None:
        assert 0 <= summary.jitter <= summary.maximum - summary.minimum + 1e-9


@settings(deadline=None)
@given(st.lists(times, min_size=2, max_size=20), st.integers(0, 19))
def test_a_lost_request_changes_no_time(found: list[float], where: int) -> None:
    with_a_gap = [*found[:where], None, *found[where:]]
    whole, gapped = summarise(Burst(found)), summarise(Burst(with_a_gap))
    assert whole is not None
    assert gapped is not None
    assert (whole.median, whole.mean, whole.jitter) == (gapped.median, gapped.mean, gapped.jitter)
