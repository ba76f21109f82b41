"""The 95th percentile of a month: which month, and which of its five minutes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.billing import FIVE_MINUTES, month_of, percentile_95
from collector.samples import Bucket, Point
from collector.samples.buckets import bucketed

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
LATER = 4_000_000_000_000


def means(*values):
    return [Bucket(i * FIVE_MINUTES, 0.0, value, 1e12, 10, value, value) for i, value in enumerate(values)]


def test_the_busiest_twentieth_is_left_out_and_the_next_is_the_figure():
    assert percentile_95(means(*range(1, 101))) == 95.0
    assert percentile_95(means(*range(100, 0, -1))) == 95.0


def test_thirty_six_hours_of_bursts_in_a_month_of_thirty_days_are_free_and_five_minutes_more_are_not():
    idle, burst = [1e6] * (30 * 288 - 432), [9e7] * 432
    assert percentile_95(means(*idle, *burst)) == 1e6
    assert percentile_95(means(*idle[1:], *burst, 8e7)) == 8e7


def test_it_is_of_means_not_of_single_samples():
    points = [Point(at * 30_000, 1e8 if at % 10 == 0 else 0.0) for at in range(10 * 100)]
    assert percentile_95(bucketed(points, FIVE_MINUTES)) == 1e7


def test_nothing_measured_has_no_figure_and_one_mean_is_it():
    assert percentile_95([]) is None
    assert percentile_95(means(7.0)) == 7.0


@given(st.lists(st.floats(0, 1e11), min_size=1, max_size=500), st.randoms())
def test_at_most_a_twentieth_is_above_the_figure_which_is_one_of_the_means(values, dice):
    figure = percentile_95(means(*values))
    assert figure in values
    assert sum(value > figure for value in values) <= len(values) / 20
    assert sum(value >= figure for value in values) > len(values) / 20
    dice.shuffle(values)
    assert percentile_95(means(*values)) == figure


def test_a_month_begins_and_ends_at_midnight_where_the_unit_is():
    month = month_of(2026, 11, HERE, LATER)
    assert datetime.fromtimestamp(month.start / 1000, UTC) == datetime(2026, 10, 31, 17, tzinfo=UTC)
    assert datetime.fromtimestamp(month.end / 1000, UTC) == datetime(2026, 11, 30, 17, tzinfo=UTC)
    assert month.expected == 30 * 288


@pytest.mark.parametrize(("month", "hours"), [(3, 31 * 24 - 1), (10, 31 * 24 + 1), (12, 31 * 24)])
def test_where_clocks_are_set_a_month_is_an_hour_shorter_or_longer(month, hours):
    found = month_of(2026, month, ZoneInfo("Europe/Berlin"), LATER)
    assert found.end - found.start == hours * 3_600_000


def test_of_the_running_month_only_whole_five_minutes_that_are_over_count():
    now = round(datetime(2026, 11, 25, 9, 7, 31, tzinfo=HERE).timestamp() * 1000)
    month = month_of(2026, 11, HERE, now)
    assert datetime.fromtimestamp(month.end / 1000, HERE) == datetime(2026, 11, 25, 9, 5, tzinfo=HERE)
    assert month_of(2026, 12, HERE, now).expected == 0


@given(st.integers(1970, 9998), st.integers(1, 12))
def test_months_follow_each_other_without_gap_in_whole_five_minutes(year, month):
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    one, next_one = (month_of(*each, HERE, 1 << 60) for each in ((year, month), following))
    assert one.end == next_one.start
    assert one.start % FIVE_MINUTES == 0
