"""The embedded sample store: DuckDB, one file, one process.

Samples are appended to a small table, `hot`. From time to time `maintain` moves them, sorted by (series, time), into
one table a day, and once a day is over it is written anew in that order without duplicates, and its 5 min and
1 h rollups are made. DuckDB keeps the least and greatest value of each 122,880 rows of a column, so in a sorted table
the samples of one series are found by reading one or two such groups, whatever the day holds.

A day is the unit of everything that is expensive: writing anew, retention (a table is dropped, nothing is searched for
in it), and a late backlog (only the days it falls into are written again).
"""

# ruff: noqa: S608 - the names in these statements are made here from whole numbers; values are bound
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb
import numpy as np

from collector.samples import Batch, Bucket, Point
from collector.samples.latest import Latest
from collector.samples.rollups import columns, gathered, joined, schema, upgrade
from collector.samples.sources import DAY_MS, ROLLUPS, Kept, Source, plan

T = TypeVar("T")

HOT_ROWS = 1_000_000
HOT_MS = 3_600_000
"""`hot` is moved when it has this many rows, or is this old."""
SETTLE_MS = 600_000
"""A day is written anew this long after its end, when its last reports have come."""
CHUNK_ROWS = 4_000_000
"""Rows sorted at once: what bounds the memory of writing a day anew."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that samples and their rollups are kept."""

    samples: int = 90
    five_minutes: int = 400
    hours: int = 5 * 365


class DuckStore:
    """A `SampleStore` in the file at `path`, which no other process may have open."""

    def __init__(
        self,
        path: Path,
        *,
        retention: Retention | None = None,
        memory: str = "512MB",
        threads: int = 2,
    ) -> None:
        self._retention = retention or Retention()
        self._db = duckdb.connect(
            str(path),
            config={
                "memory_limit": memory,
                "threads": threads,
                "temp_directory": f"{path}.tmp",
                "max_temp_directory_size": "20GB",
            },
        )
        self._appending = threading.Lock()
        self._maintaining = threading.Lock()
        self._latest = Latest()
        self._db.execute(_SCHEMA)
        self._upgrade()
        self._mark = _one(self._db, "SELECT coalesce(max(mark), 0) FROM mark")
        self._hot_rows = _one(self._db, "SELECT count(*) FROM hot")
        self._moved_at: int | None = None
        self._days = self._read_days()
        self._hot_days = {day for (day,) in self._db.execute(_HOT_DAYS).fetchall()}
        self._layout = 0
        self._load_latest()

    def append(self, batch: Batch, mark: int) -> None:
        with self._appending:
            # DuckDB finds the arrays by the names of local variables, and copies nothing but once into its own.
            samples = {"series": batch.series, "ts": batch.at, "value": batch.value}
            with _transaction(self._db):
                if len(batch.series):
                    self._db.execute("INSERT INTO hot SELECT series, ts, value FROM samples")
                self._db.execute("UPDATE mark SET mark = greatest(mark, ?)", [mark])
            del samples
            self._mark = max(self._mark, mark)
            self._hot_rows += len(batch.series)
            self._hot_days |= _days_of(batch)
            self._latest.take(batch)

    def mark(self) -> int:
        return self._mark

    def latest(self) -> Mapping[int, Point]:
        return self._latest

    def range(self, series: int, start: int, end: int) -> Sequence[Point]:
        def read(cursor: duckdb.DuckDBPyConnection) -> Sequence[Point]:
            sql = f"SELECT ts, max(value) FROM ({self._raw(start, end)}) GROUP BY ts ORDER BY ts"
            rows = cursor.execute(sql, {"series": series, "start": start, "stop": end}).fetchall()
            return [Point(*row) for row in rows]

        return self._steady(read)

    def downsample(self, series: int, start: int, end: int, bucket_ms: int) -> Sequence[Bucket]:
        def read(cursor: duckdb.DuckDBPyConnection) -> Sequence[Bucket]:
            days = {**self._days, **{day: Kept.LOOSE for day in self._hot_days if self._may_hold(day)}}
            parts = []
            for source, begin, stop in plan(start, end, bucket_ms, days):
                sql = f"""SELECT ts - ts % $bucket AS start, {columns(source)}
                    FROM {source.value} WHERE {_ONE_SERIES}"""
                if source is Source.SAMPLES:
                    rows = f"(SELECT ts, max(value) AS value FROM ({self._raw(begin, stop)}) GROUP BY ts)"
                    sql = gathered(source, rows, "$bucket")
                asked = {"series": series, "start": begin, "stop": stop, "bucket": bucket_ms}
                parts.append(cursor.execute(sql, asked).fetchnumpy())
            return joined(parts)

        return self._steady(read)

    def maintain(self, now: int) -> None:
        with self._maintaining:
            self._move_hot(now)
            for day, kept in sorted(self._days.items()):
                if kept is Kept.LOOSE and day + DAY_MS + SETTLE_MS <= now:
                    self._rewrite(day)
            self._forget(now)

    def close(self) -> None:
        with self._maintaining, self._appending:
            self._db.close()

    # Reading

    def _raw(self, start: int, end: int) -> str:
        """Where samples of a series may be: each day that the range touches, and `hot`."""
        tables = [
            _table(day) for day in self._days if day < end and day + DAY_MS > start and self._may_hold(day)
        ]
        if any(day < end and day + DAY_MS > start for day in self._hot_days):
            tables.append("hot")
        selects = [f"SELECT ts, value FROM {table} WHERE {_ONE_SERIES}" for table in tables or ["hot"]]
        return " UNION ALL ".join(selects)

    def _may_hold(self, day: int) -> bool:
        """Whether samples of that day are kept, if there are any."""
        return self._days.get(day, Kept.LOOSE) <= Kept.TIDY

    def _steady(self, read: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """What `read` finds while `maintain` moved nothing under it."""
        while True:
            layout = self._layout
            with self._db.cursor() as cursor:
                try:
                    found = read(cursor)
                except duckdb.CatalogException:
                    if layout == self._layout:
                        raise
                    continue
            if layout == self._layout:
                return found

    # Upkeep

    def _move_hot(self, now: int) -> None:
        if self._moved_at is None:
            self._moved_at = now
        if not self._hot_rows or (self._hot_rows < HOT_ROWS and now - self._moved_at < HOT_MS):
            return
        last = self._latest.arrays()
        newest = {"series": last.series, "ts": last.at, "value": last.value}
        oldest = _day(now - self._retention.samples * DAY_MS)
        with self._appending:
            with _transaction(self._db):
                for day in sorted(day for day in self._hot_days if day >= oldest and self._may_hold(day)):
                    self._db.execute(f"CREATE TABLE IF NOT EXISTS {_table(day)} ({_SAMPLE})")
                    self._db.execute(
                        f"INSERT INTO {_table(day)} SELECT * FROM hot WHERE {_within(day)} ORDER BY series, ts"
                    )
                    self._set(self._db, day, Kept.LOOSE)
                self._db.execute("DELETE FROM hot")
                self._db.execute("DELETE FROM last")
                self._db.execute("INSERT INTO last SELECT series, ts, value FROM newest")
            self._hot_days, self._hot_rows, self._moved_at = set(), 0, now
            self._days = self._read_days()
            self._layout += 1
        del newest

    def _rewrite(self, day: int) -> None:
        """The day in order, each sample once, and its rollups; all of it or, after a crash, nothing of it."""
        table = _table(day)
        with self._db.cursor() as cursor, _transaction(cursor):
            cursor.execute(f"CREATE TABLE {table}_new ({_SAMPLE})")
            for first, last in _chunks(cursor, table):
                cursor.execute(
                    f"""INSERT INTO {table}_new SELECT series, ts, max(value) FROM {table}
                        WHERE series BETWEEN ? AND ? GROUP BY series, ts ORDER BY series, ts""",
                    [first, last],
                )
            cursor.execute(f"DROP TABLE {table}")
            cursor.execute(f"ALTER TABLE {table}_new RENAME TO {table}")
            for source, width in ROLLUPS.items():
                cursor.execute(f"DELETE FROM {source.value} WHERE {_within(day)}")
                cursor.execute(
                    f"""INSERT INTO {source.value} (series, ts, {columns(source)})
                        {gathered(source, table, str(width), "series")} ORDER BY series, start"""
                )
            self._set(cursor, day, Kept.TIDY)
        self._days = {**self._days, day: Kept.TIDY}
        self._layout += 1

    def _forget(self, now: int) -> None:
        keep = self._retention
        for day, kept in sorted(self._days.items()):
            # A loose day has no rollups yet: its samples may not go before they are made.
            if kept is Kept.TIDY and day < now - keep.samples * DAY_MS:
                self._age(day, Kept.ROLLUPS, f"DROP TABLE {_table(day)}")
            elif kept is Kept.ROLLUPS and day < now - keep.five_minutes * DAY_MS:
                self._age(day, Kept.HOURS, f"DELETE FROM {Source.FIVE_MINUTES.value} WHERE {_within(day)}")
            elif kept is Kept.HOURS and day < now - keep.hours * DAY_MS:
                self._age(day, None, f"DELETE FROM {Source.HOURS.value} WHERE {_within(day)}")

    def _age(self, day: int, to: Kept | None, sql: str) -> None:
        with self._db.cursor() as cursor, _transaction(cursor):
            cursor.execute(sql)
            self._set(cursor, day, to)
        self._days = self._read_days()
        self._layout += 1

    def _set(self, cursor: duckdb.DuckDBPyConnection, day: int, kept: Kept | None) -> None:
        cursor.execute("DELETE FROM days WHERE day = ?", [day])
        if kept is not None:
            cursor.execute("INSERT INTO days VALUES (?, ?)", [day, int(kept)])

    def _read_days(self) -> dict[int, Kept]:
        with self._db.cursor() as cursor:
            rows = cursor.execute("SELECT day, kept FROM days ORDER BY day").fetchall()
        return {day: Kept(kept) for day, kept in rows}

    def _upgrade(self) -> None:
        """Give rollups from before the quantiles that they have now; what has its samples is rolled up anew."""
        known = self._db.execute(f"DESCRIBE {Source.HOURS.value}").fetchall()
        if "median" not in {name for name, *_ in known}:
            with _transaction(self._db):
                for source in ROLLUPS:
                    self._db.execute(upgrade(source))
                self._db.execute(f"UPDATE days SET kept = {Kept.LOOSE:d} WHERE kept = {Kept.TIDY:d}")

    def _load_latest(self) -> None:
        found = self._db.execute(
            """SELECT series, max(ts) AS ts, arg_max(value, ts) AS value
               FROM (SELECT * FROM last UNION ALL SELECT * FROM hot) GROUP BY series"""
        ).fetchnumpy()
        columns = (np.ma.getdata(found[name]) for name in ("series", "ts", "value"))
        self._latest.take(Batch(*columns))


_SAMPLE = "series INTEGER, ts BIGINT, value DOUBLE"
_ONE_SERIES = "series = $series AND ts >= $start AND ts < $stop"
_HOT_DAYS = f"SELECT DISTINCT ts - ts % {DAY_MS} FROM hot"
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS hot ({_SAMPLE});
CREATE TABLE IF NOT EXISTS last ({_SAMPLE});
CREATE TABLE IF NOT EXISTS days (day BIGINT, kept TINYINT);
CREATE TABLE IF NOT EXISTS mark (mark BIGINT);
INSERT INTO mark SELECT 0 WHERE NOT EXISTS (FROM mark);
CREATE TABLE IF NOT EXISTS {Source.FIVE_MINUTES.value} ({schema(Source.FIVE_MINUTES)});
CREATE TABLE IF NOT EXISTS {Source.HOURS.value} ({schema(Source.HOURS)});
"""


def _day(at: int) -> int:
    return at - at % DAY_MS


def _days_of(batch: Batch) -> set[int]:
    if not len(batch.at):
        return set()
    first, last = _day(int(batch.at.min())), _day(int(batch.at.max()))
    return {first} if first == last else set((np.unique(batch.at // DAY_MS) * DAY_MS).tolist())


def _within(day: int) -> str:
    return f"ts >= {day} AND ts < {day + DAY_MS}"


def _table(day: int) -> str:
    return f"day_{day // DAY_MS}"


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _chunks(cursor: duckdb.DuckDBPyConnection, table: str) -> Iterator[tuple[int, int]]:
    """Ranges of series ids, in order, that hold about CHUNK_ROWS rows each."""
    first, rows, series = None, 0, 0
    sizes = cursor.execute(f"SELECT series, count(*) FROM {table} GROUP BY series ORDER BY series").fetchall()
    for series, size in sizes:
        first = series if first is None else first
        rows += size
        if rows >= CHUNK_ROWS:
            yield first, series
            first, rows = None, 0
    if first is not None:
        yield first, series


@contextlib.contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
