"""The DuckDB store beyond the contract: days in order, rollups, retention, late samples, crashes."""

import os
import signal
import subprocess
import sys

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_samples import batch

from collector.samples import Batch, Bucket, Point
from collector.samples.buckets import bucketed
from collector.samples.duckdb_engine import HOT_MS, SETTLE_MS, DuckStore, Retention
from collector.samples.sources import DAY_MS, ROLLUPS, Kept, Source, plan

T0 = 1_790_000_000_000 - 1_790_000_000_000 % DAY_MS
HOUR = 3_600_000


@pytest.fixture
def store(tmp_path):
    store = DuckStore(tmp_path / "samples.duckdb", threads=1)
    yield store
    store.close()


def a_day(series=(1, 2), start=T0, step=60_000):
    return batch(
        *[(s, at, float(at % 1_000 + s)) for at in range(start, start + DAY_MS, step) for s in series]
    )


def keep_house(store, now):
    """What the centre's upkeep does within two hours after `now`."""
    store.maintain(now)
    store.maintain(now + HOT_MS)


def close_to(buckets):
    """The same, but for the last bit of what is reckoned."""
    return [
        bucket._replace(mean=pytest.approx(bucket.mean), p95=pytest.approx(bucket.p95)) for bucket in buckets
    ]


def rows(store, sql):
    return store._db.execute(sql).fetchall()


def test_a_finished_day_is_in_order_and_has_each_sample_once(store):
    for mark in (1, 2):
        store.append(a_day(), mark)
    keep_house(store, T0 + DAY_MS + SETTLE_MS)
    stored = rows(store, f"SELECT series, ts FROM day_{T0 // DAY_MS}")
    assert stored == sorted(set(stored))
    assert len(stored) == 2 * 1_440
    assert rows(store, "SELECT count(*) FROM hot") == [(0,)]


def test_one_series_of_a_day_reads_a_small_part_of_it(store):
    # 2,000,000 samples of 2,000 series: in groups of 122,880 rows one series is in one or two of seventeen.
    series = np.tile(np.arange(1, 2_001, dtype=np.int32), 1_000)
    at = T0 + np.repeat(np.arange(1_000, dtype=np.int64), 2_000) * 60_000
    store.append(Batch(series, at, np.ones(len(series))), 1)
    keep_house(store, T0 + DAY_MS + SETTLE_MS)
    table = f"day_{T0 // DAY_MS}"
    groups = rows(
        store,
        f"""SELECT count(DISTINCT rowid // 122880), (SELECT count(DISTINCT rowid // 122880) FROM {table})
            FROM {table} WHERE series = 1234""",
    )
    assert groups == [(1, 17)]
    assert len(store.range(1234, T0, T0 + DAY_MS)) == 1_000


def test_when_samples_are_past_their_retention_rollups_answer(tmp_path):
    retention = Retention(samples=2, five_minutes=5, hours=10)
    store = DuckStore(tmp_path / "samples.duckdb", retention=retention, threads=1)
    day = a_day()
    points = [Point(int(at), float(value)) for s, at, value in zip(*day, strict=True) if s == 1]
    store.append(day, 1)
    keep_house(store, T0 + DAY_MS + SETTLE_MS)
    assert len(store.range(1, T0, T0 + DAY_MS)) == 1_440

    keep_house(store, T0 + 4 * DAY_MS)
    assert list(store.range(1, T0, T0 + DAY_MS)) == []
    fives = store.downsample(1, T0, T0 + DAY_MS, 300_000)
    assert list(fives) == close_to(bucketed(points, 300_000))
    assert len(store.downsample(1, T0, T0 + DAY_MS, 60_000)) == 288

    keep_house(store, T0 + 7 * DAY_MS)
    assert list(store.downsample(1, T0, T0 + DAY_MS, HOUR)) == close_to(bucketed(points, HOUR))
    assert len(store.downsample(1, T0, T0 + DAY_MS, 300_000)) == 24
    assert rows(store, "SELECT count(*) FROM rollup_5m") == [(0,)]

    keep_house(store, T0 + 12 * DAY_MS)
    assert list(store.downsample(1, T0, T0 + DAY_MS, HOUR)) == []
    assert rows(store, "SELECT count(*) FROM rollup_1h") == [(0,)]
    assert rows(store, "SELECT count(*) FROM days") == [(0,)]
    assert store.latest()[1].at == points[-1].at
    store.close()


def test_wider_buckets_of_rollups_estimate_their_quantiles_and_are_exact_in_all_else(tmp_path):
    store = DuckStore(tmp_path / "samples.duckdb", retention=Retention(samples=2), threads=1)
    dice = np.random.default_rng(7)
    values = np.round(0.015 + dice.gamma(2.0, 0.004, 8_640), 6)
    points = [Point(T0 + i * 10_000, float(value)) for i, value in enumerate(values)]
    store.append(batch(*[(1, *point) for point in points]), 1)
    # Rolled up, but with its samples: these still answer.
    keep_house(store, T0 + DAY_MS + SETTLE_MS)
    for width in (900_000, 6 * HOUR, DAY_MS):
        assert list(store.downsample(1, T0, T0 + DAY_MS, width)) == close_to(bucketed(points, width))
    keep_house(store, T0 + 4 * DAY_MS)
    for width in (900_000, 6 * HOUR, DAY_MS):
        told = list(store.downsample(1, T0, T0 + DAY_MS, width))
        true = list(bucketed(points, width))
        assert [(b.at, b.min, b.max, b.samples) for b in told] == [
            (b.at, b.min, b.max, b.samples) for b in true
        ]
        assert [b.mean for b in told] == pytest.approx([b.mean for b in true])
        off = [
            (abs(t.median / b.median - 1), abs(t.p95 / b.p95 - 1)) for t, b in zip(told, true, strict=True)
        ]
        assert np.mean(off, axis=0).max() < 0.03
        assert np.max(off) < 0.2
    store.close()


def test_a_file_from_before_the_quantiles_gets_them_from_its_samples(tmp_path):
    old = "series INTEGER, ts BIGINT, low DOUBLE, total DOUBLE, high DOUBLE, samples BIGINT"
    with duckdb.connect(str(tmp_path / "s")) as file:
        for table in ("rollup_5m", "rollup_1h"):
            file.execute(f"CREATE TABLE {table} ({old})")
            file.execute(f"INSERT INTO {table} VALUES (1, {T0}, 1, 9, 6, 3), (1, {T0 - DAY_MS}, 1, 9, 6, 3)")
        file.execute("CREATE TABLE days (day BIGINT, kept TINYINT)")
        file.execute(
            f"INSERT INTO days VALUES ({T0}, {int(Kept.TIDY)}), ({T0 - DAY_MS}, {int(Kept.ROLLUPS)})"
        )
        file.execute(f"CREATE TABLE day_{T0 // DAY_MS} (series INTEGER, ts BIGINT, value DOUBLE)")
        file.execute(
            f"INSERT INTO day_{T0 // DAY_MS} VALUES (1, {T0}, 1), (1, {T0 + 1}, 2), (1, {T0 + 2}, 6)"
        )
    for _ in range(2):
        store = DuckStore(tmp_path / "s", threads=1)
        keep_house(store, T0 + DAY_MS + SETTLE_MS)
        before, after = store.downsample(1, T0 - DAY_MS, T0 + DAY_MS, HOUR)
        assert (before.median, before.p95) == (3.0, 6.0)
        assert (after.median, after.p95) == (2.0, pytest.approx(5.6))
        assert rows(store, f"SELECT median, q98 FROM rollup_1h WHERE ts = {T0}") == [
            (2.0, pytest.approx(5.84))
        ]
        store.close()


def test_samples_that_come_late_are_in_the_day_and_in_its_rollups(store):
    store.append(batch(*[(1, T0 + i * HOUR, 1.0) for i in range(24)]), 1)
    keep_house(store, T0 + DAY_MS + SETTLE_MS)
    store.append(batch((1, T0 + HOUR + 1, 5.0)), 2)
    expected = Bucket(T0 + HOUR, 1.0, 3.0, 5.0, 2, 3.0, pytest.approx(4.8))
    assert list(store.downsample(1, T0 + HOUR, T0 + 2 * HOUR, HOUR)) == [expected]
    assert store.downsample(1, T0, T0 + DAY_MS, HOUR)[1] == expected
    keep_house(store, T0 + 2 * DAY_MS)
    assert store.downsample(1, T0, T0 + DAY_MS, HOUR)[1] == expected
    assert rows(store, f"SELECT high FROM rollup_1h WHERE ts = {T0 + HOUR}") == [(5.0,)]


def test_samples_that_come_after_their_retention_are_let_go(tmp_path):
    store = DuckStore(tmp_path / "s", retention=Retention(samples=2), threads=1)
    store.append(batch((1, T0, 1.0), (1, T0 + 9 * DAY_MS, 2.0)), 1)
    keep_house(store, T0 + 9 * DAY_MS)
    assert [point.at for point in store.range(1, 0, T0 + 10 * DAY_MS)] == [T0 + 9 * DAY_MS]
    store.close()


def test_a_rewrite_that_fails_leaves_the_day_as_it_was(store, monkeypatch):
    store.append(a_day(), 1)

    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("collector.samples.duckdb_engine._chunks", fail)
        with pytest.raises(OSError, match="disk full"):
            keep_house(store, T0 + DAY_MS + SETTLE_MS)
    assert len(store.range(1, T0, T0 + DAY_MS)) == 1_440
    keep_house(store, T0 + 2 * DAY_MS)
    assert len(store.range(1, T0, T0 + DAY_MS)) == 1_440
    assert rows(store, "SELECT count(*) FROM rollup_1h") == [(48,)]


def test_what_was_appended_is_there_after_kill_9(tmp_path):
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from collector.samples.duckdb_engine import DuckStore
from support_samples import batch
store = DuckStore(Path({str(tmp_path / "s")!r}), threads=1)
mark = 0
while True:
    mark += 1
    store.append(batch(*[(s, {T0} + mark, float(mark)) for s in range(1, 100)]), mark)
    if mark % 20 == 0:
        store._moved_at = 0
        store.maintain({T0} + mark)
    print(mark, flush=True)
"""
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    said = [writer.stdout.readline() for _ in range(70)][-1]
    os.kill(writer.pid, signal.SIGKILL)
    said = (writer.stdout.read().rstrip("\n").rpartition("\n")[2] or said).strip()
    writer.wait()
    writer.stdout.close()
    store = DuckStore(tmp_path / "s", threads=1)
    assert store.mark() - int(said) in (0, 1)
    for series in (1, 99):
        assert [point.value for point in store.range(series, T0, T0 + DAY_MS)] == [
            float(mark) for mark in range(1, store.mark() + 1)
        ]
        assert store.latest()[series].value == float(store.mark())
    store.close()


@settings(deadline=None, max_examples=200)
@given(
    days=st.dictionaries(st.integers(0, 6), st.sampled_from(list(Kept)), max_size=7),
    start=st.integers(0, 7 * 24),
    length=st.integers(0, 7 * 24),
    bucket=st.sampled_from([1_000, 300_000, 600_000, HOUR, DAY_MS]),
)
def test_a_plan_covers_its_range_once_with_sources_that_can_answer(days, start, length, bucket):
    begin, end = T0 + start * HOUR, T0 + (start + length) * HOUR
    kept = {T0 + day * DAY_MS: state for day, state in days.items()}
    parts = list(plan(begin, end, bucket, kept))
    assert [at for _, first, last in parts for at in (first, last)] == sorted(
        at for _, first, last in parts for at in (first, last)
    )
    assert sum(last - first for _, first, last in parts) == end - begin
    for source, first, last in parts:
        for day, state in kept.items():
            if first < day + DAY_MS and day < last:
                assert (source is Source.SAMPLES) <= (state <= Kept.TIDY)
                assert (source is Source.FIVE_MINUTES) <= (state in (Kept.TIDY, Kept.ROLLUPS))
                if state is Kept.TIDY and source is not Source.SAMPLES:
                    assert bucket == ROLLUPS[source]
