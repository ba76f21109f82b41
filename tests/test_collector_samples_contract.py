"""What every sample store promises, held against each engine."""

import contextlib
import itertools
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_samples import batch

from collector.samples import Bucket, Point, SampleStore
from collector.samples.buckets import bucketed
from collector.samples.duckdb_engine import DuckStore
from collector.samples.influx_engine import InfluxStore
from lab.victoria import VICTORIA, victoria_metrics

DAY, HOUR = 86_400_000, 3_600_000
T0 = 1_790_000_000_000 - 1_790_000_000_000 % DAY
ids = itertools.count(1, 100)
"""Each test has series ids of its own: starting a server for each would take most of the time."""


class Engine:
    """How the suite opens a store, makes what was appended readable, and opens it again."""

    def __init__(self, open_store, settle):
        self.open, self.settle = open_store, settle


@pytest.fixture(scope="module", params=["duckdb", "influx"])
def engine(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "duckdb":
        hours = itertools.count(T0 + 3 * DAY, HOUR)
        yield Engine(lambda: DuckStore(folder / "samples.duckdb"), lambda store: store.maintain(next(hours)))
        return
    if VICTORIA is None:
        pytest.skip("victoria-metrics is not installed")
    with victoria_metrics(folder / "server") as server:
        yield Engine(
            lambda: InfluxStore(server.url, folder / "mark", settle_s=0, lookback="5y"),
            lambda store: store._get("/internal/force_flush", {}),
        )


@pytest.fixture
def store(engine):
    store = engine.open()
    yield store
    store.close()


@pytest.fixture
def series():
    return next(ids)


def test_it_is_a_sample_store(store):
    plug: SampleStore = store
    assert plug


def test_a_series_that_nobody_wrote_is_empty(store, series):
    assert list(store.range(series, 0, T0 + DAY)) == []
    assert list(store.downsample(series, T0, T0 + DAY, 60_000)) == []
    assert series not in store.latest()


def test_samples_come_back_in_order_of_time(engine, store, series):
    store.append(
        batch((series, T0 + 2, 2.5), (series + 1, T0, 9.0), (series, T0 + 1, 1.25)), store.mark() + 1
    )
    engine.settle(store)
    assert list(store.range(series, T0, T0 + 10)) == [Point(T0 + 1, 1.25), Point(T0 + 2, 2.5)]


def test_the_start_of_a_range_belongs_to_it_and_the_end_does_not(engine, store, series):
    store.append(batch(*[(series, T0 + i, float(i)) for i in range(5)]), store.mark() + 1)
    engine.settle(store)
    assert [point.at for point in store.range(series, T0 + 1, T0 + 3)] == [T0 + 1, T0 + 2]
    assert list(store.range(series, T0 + 3, T0 + 3)) == []


def test_a_sample_sent_twice_is_there_once(engine, store, series):
    same = batch((series, T0, 1.0), (series, T0 + 1_000, 2.0))
    for _ in range(3):
        store.append(same, store.mark() + 1)
    engine.settle(store)
    assert list(store.range(series, T0, T0 + DAY)) == [Point(T0, 1.0), Point(T0 + 1_000, 2.0)]
    assert list(store.downsample(series, T0, T0 + 60_000, 60_000)) == [
        Bucket(T0, 1.0, 1.5, 2.0, 2, 1.5, pytest.approx(1.95))
    ]


@pytest.mark.parametrize("value", [0.0, -1.5, 1e-9, 0.1 + 0.2, 1e15, 3.0])
def test_values_come_back_close_to_what_they_were(engine, store, series, value):
    store.append(batch((series, T0, value)), store.mark() + 1)
    engine.settle(store)
    [point] = store.range(series, T0, T0 + 1)
    assert point.value == pytest.approx(value, rel=1e-12)


def test_latest_is_the_newest_in_time_not_the_last_to_arrive(store, series):
    store.append(batch((series, T0 + 5, 5.0), (series, T0 + 9, 9.0), (series, T0 + 7, 7.0)), store.mark() + 1)
    store.append(batch((series, T0 + 1, 1.0)), store.mark() + 1)
    assert store.latest()[series] == Point(T0 + 9, 9.0)


def test_latest_and_mark_are_there_after_opening_again(engine, series):
    with contextlib.closing(engine.open()) as store:
        mark = store.mark() + 7
        store.append(batch((series, T0 + 5_000, 5.0), (series, T0, 1.0)), mark)
        engine.settle(store)
    with contextlib.closing(engine.open()) as store:
        assert store.mark() == mark
        assert store.latest()[series] == Point(T0 + 5_000, 5.0)
        assert len(store.range(series, T0, T0 + DAY)) == 2


def test_an_empty_batch_moves_the_mark(store):
    mark = store.mark() + 3
    store.append(batch(), mark)
    assert store.mark() == mark


def test_buckets_are_aligned_to_the_epoch_and_empty_ones_left_out(engine, store, series):
    points = [
        (series, T0 + at, value) for at, value in [(0, 4.0), (59_999, 2.0), (60_000, 7.0), (240_000, 1.0)]
    ]
    store.append(batch(*points), store.mark() + 1)
    engine.settle(store)
    assert list(store.downsample(series, T0, T0 + 300_000, 60_000)) == [
        Bucket(T0, 2.0, 3.0, 4.0, 2, 3.0, pytest.approx(3.9)),
        Bucket(T0 + 60_000, 7.0, 7.0, 7.0, 1, 7.0, 7.0),
        Bucket(T0 + 240_000, 1.0, 1.0, 1.0, 1, 1.0, 1.0),
    ]


def test_a_bucket_that_the_range_cuts_holds_only_what_is_in_the_range(engine, store, series):
    store.append(batch(*[(series, T0 + i * 1_000, float(i)) for i in range(180)]), store.mark() + 1)
    engine.settle(store)
    first, middle, last = store.downsample(series, T0 + 30_000, T0 + 150_000, 60_000)
    assert (first.at, first.samples, first.min) == (T0, 30, 30.0)
    assert (middle.at, middle.samples) == (T0 + 60_000, 60)
    assert (last.at, last.samples, last.max) == (T0 + 120_000, 30, 149.0)


@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    values=st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=1, max_size=400),
    repeat=st.integers(1, 5),
)
def test_median_and_95th_percentile_are_those_of_a_sorted_list(engine, store, values, repeat):
    number, ordered = next(ids), sorted(values * repeat)
    points = [(number, T0 + place * 1_000, value) for place, value in enumerate(values * repeat)]
    store.append(batch(*points), store.mark() + 1)
    engine.settle(store)
    for start, end in ((T0, T0 + HOUR), (T0, T0 + DAY), (T0 - 1, T0 + HOUR + 1)):
        [bucket] = store.downsample(number, start, end, DAY)
        for q, got in ((0.5, bucket.median), (0.95, bucket.p95)):
            rank = q * (len(ordered) - 1)
            below, above = ordered[math.floor(rank)], ordered[math.ceil(rank)]
            assert got == pytest.approx(below + (above - below) * (rank % 1), rel=1e-9, abs=1e-6)


samples = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 3 * 24 * 12).map(lambda step: T0 - DAY + step * 300_000 + 17),
        st.integers(-1000, 1000).map(float),
    ),
    max_size=30,
)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    batches=st.lists(st.tuples(samples, st.booleans()), max_size=5),
    start=st.integers(-DAY, DAY),
    length=st.integers(0, 2 * DAY),
    bucket=st.sampled_from([7_000, 300_000, 900_000, 3_600_000, 86_400_000]),
)
def test_any_history_reads_as_a_dictionary_of_its_samples_would(
    engine, store, batches, start, length, bucket
):
    base = next(ids)
    known: dict[int, dict[int, float]] = {0: {}, 1: {}, 2: {}}
    for rows, settle in batches:
        # One series and time has one value: a resend carries what was sent.
        fresh = [(number, at, known[number].setdefault(at, value)) for number, at, value in rows]
        store.append(batch(*[(base + number, at, value) for number, at, value in fresh]), store.mark() + 1)
        if settle:
            engine.settle(store)
    engine.settle(store)
    begin, end = T0 + start, T0 + start + length
    for number, points in known.items():
        inside = [Point(at, points[at]) for at in sorted(points) if begin <= at < end]
        assert list(store.range(base + number, begin, end)) == inside
        got = list(store.downsample(base + number, begin, end, bucket))
        expected = list(bucketed(inside, bucket))
        reckoned = {"mean": 0.0, "median": 0.0, "p95": 0.0}
        assert [b._replace(**reckoned) for b in got] == [b._replace(**reckoned) for b in expected]
        for figure in reckoned:
            assert [getattr(b, figure) for b in got] == pytest.approx([getattr(b, figure) for b in expected])
        newest = max(points, default=None)
        assert store.latest().get(base + number) == (Point(newest, points[newest]) if newest else None)
