"""Reading samples: one series out of many over a day and over 30 days, in both engines behind `SampleStore`.

Each gets the same samples, a day at a time; DuckDB is given its upkeep after each day, VictoriaMetrics merges
by itself. Reads go through the same four methods that pages use, so an answer is what Python is given, not what a
server sends. Times are the median of several series, each read once before. What the median and the 95th percentile
of each bucket cost is told by DuckDB's query with and without them, in turns.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from collector.samples import Batch, SampleStore
from collector.samples.duckdb_engine import HOT_MS, DuckStore
from collector.samples.influx_engine import InfluxStore
from collector.samples.rollups import gathered
from collector.samples.sources import Source
from core.clock import SystemClock
from lab.victoria import VICTORIA, victoria_metrics

DAY_MS, STEP_MS = 86_400_000, 60_000
DAYS = 30


def day(start: int, series: int, dice: np.random.Generator) -> Batch:
    """A day of all series as it comes in: by time, then by series."""
    times = start + np.arange(DAY_MS // STEP_MS, dtype=np.int64) * STEP_MS
    ids = np.tile(np.arange(1, series + 1, dtype=np.int32), len(times))
    return Batch(ids, np.repeat(times, series), np.round(dice.gamma(2.0, 0.01, len(ids)), 6))


def fill(store: SampleStore, start: int, series: int) -> float:
    """Append DAYS days; returns seconds of upkeep for a day."""
    dice, upkeep = np.random.default_rng(1), 0.0
    for number in range(DAYS):
        store.append(day(start + number * DAY_MS, series, dice), number + 1)
        began = time.perf_counter()
        for later in (0, HOT_MS):
            store.maintain(start + (number + 1) * DAY_MS + HOT_MS + later)
        upkeep += time.perf_counter() - began
    return upkeep / DAYS


def median_ms(series: int, read: Callable[[int], object]) -> float:
    took = []
    for one in range(1, series + 1, max(1, series // 15)):
        read(one)
        began = time.perf_counter()
        read(one)
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


def reads(store: SampleStore, start: int, series: int) -> dict[str, float]:
    end, last = start + DAYS * DAY_MS, start + (DAYS - 1) * DAY_MS
    if len(store.range(1, start, end)) != DAYS * DAY_MS // STEP_MS:
        raise AssertionError("samples are missing")
    return {
        "a day, samples": median_ms(series, lambda one: store.range(one, last, end)),
        "a day, 5 min": median_ms(series, lambda one: store.downsample(one, last, end, 300_000)),
        "30 days, samples": median_ms(series, lambda one: store.range(one, start, end)),
        "30 days, 1 h": median_ms(series, lambda one: store.downsample(one, start, end, 3_600_000)),
        "30 days, 7 min": median_ms(series, lambda one: store.downsample(one, start, end, 420_000)),
        "30 days, 6 h": median_ms(series, lambda one: store.downsample(one, start, end, 21_600_000)),
    }


def quantiles_cost(path: Path, start: int, series: int) -> dict[str, float]:
    """Time of the query over samples with both quantiles over that of the same query without them."""
    import duckdb

    last = start + (DAYS - 1) * DAY_MS
    ratios = {}
    with duckdb.connect(str(path), read_only=True, config={"threads": 2}) as database:
        for what, begin, width in (
            ("a day, 5 min", last, 300_000),
            ("30 days, 7 min", start, 420_000),
            ("30 days, 6 h", start, 6 * 3_600_000),
        ):
            tables = [f"day_{day // DAY_MS}" for day in range(begin, start + DAYS * DAY_MS, DAY_MS)]
            rows = " UNION ALL ".join(
                f"SELECT ts, value FROM {table} WHERE series = $series" for table in tables
            )
            rows = f"(SELECT ts, max(value) AS value FROM ({rows}) GROUP BY ts)"
            both = gathered(Source.SAMPLES, rows, "$bucket")
            without = f"""SELECT ts - ts % $bucket AS start, min(value) AS low, sum(value) AS total,
                max(value) AS high, count(*) AS samples FROM {rows} GROUP BY start"""
            took: dict[str, list[float]] = {both: [], without: []}
            for one in range(1, series + 1, max(1, series // 40)):
                for sql, times in took.items():
                    for times_kept in ([], times):
                        began = time.perf_counter()
                        database.execute(sql, {"series": one, "bucket": width}).fetchnumpy()
                        times_kept.append(time.perf_counter() - began)
            ratios[what] = statistics.median(took[both]) / statistics.median(took[without])
    return ratios


def row_groups(path: Path) -> tuple[int, int]:
    """Groups of 122,880 rows that hold samples of one series in the middle, and all there are."""
    import duckdb

    with duckdb.connect(str(path), read_only=True) as database:
        tables = [
            f"day_{start // DAY_MS}" for (start,) in database.execute("SELECT day FROM days").fetchall()
        ]
        touched = total = 0
        for table in tables:
            rows = database.execute(
                f"SELECT count(DISTINCT rowid // 122880) FILTER (series = (SELECT max(series) // 2 FROM {table})),"
                f" count(DISTINCT rowid // 122880) FROM {table}"
            ).fetchone()
            assert rows is not None
            touched, total = touched + rows[0], total + rows[1]
    return touched, total


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--series", type=int, default=400)
    series = arguments.parse_args().series
    if VICTORIA is None:
        print("victoria-metrics is not installed: nothing to compare with")
        return
    start = (SystemClock().now() // DAY_MS - DAYS - 1) * DAY_MS
    count = series * DAYS * DAY_MS // STEP_MS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours_path = folder / "duckdb" / "samples.duckdb"
        ours_path.parent.mkdir()
        store = DuckStore(ours_path)
        upkeep = fill(store, start, series)
        ours = reads(store, start, series)
        store.close()
        touched, total = row_groups(ours_path)
        cost = quantiles_cost(ours_path, start, series)
        ours_bytes = size(ours_path.parent) / count
        with victoria_metrics(folder / "victoria") as server:
            peer = InfluxStore(server.url, folder / "mark", settle_s=0)
            fill(peer, start, series)
            peer._get("/internal/force_flush", {})
            theirs = reads(peer, start, series)
            peer.close()
        theirs_bytes = size(folder / "victoria") / count
    print(f"{count:,} samples of {series} series over {DAYS} days\n")
    print(f"{'one series, ms':20}{'duckdb':>10}{'victoria-metrics':>18}")
    for what, ms in ours.items():
        print(f"{what:20}{ms:10.1f}{theirs[what]:18.1f}")
    print(f"{'bytes a sample':20}{ours_bytes:10.2f}{theirs_bytes:18.2f}")
    print(
        f"\nduckdb: upkeep of a day {upkeep:.2f} s; one series over all days is in {touched} of {total} row groups"
    )
    print("median and 95th percentile of each bucket, time of the query over that without them:")
    for what, times_as_long in cost.items():
        print(f"{what:20}{times_as_long:10.2f}")
    result = {f"ratio {what}": round(ms / theirs[what], 3) for what, ms in ours.items()}
    print(
        "RESULT",
        json.dumps(
            {
                **result,
                **{f"quantiles {what}": round(times, 2) for what, times in cost.items()},
                "row_groups_touched": touched,
                "row_groups": total,
            }
        ),
    )


if __name__ == "__main__":
    main()
