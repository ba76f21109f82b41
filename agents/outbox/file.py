"""The outbox file: its tables, how it is opened, and how results get their numbers. One thread, one connection.

`results` holds what waits to be reported, `samples` their figures, apart, so that figures can go first when a bound
is hit. A report that was formed is a finished body in `reports`, its results are gone from `results`: what is sent
again is what was sent before, byte for byte.
"""

import math
import secrets
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

from core import wire
from core.values import Result

MAX_REASON = 500
"""Characters of a reason that are kept; the rest helps nobody and would crowd the report."""

_SCHEMA = """
CREATE TABLE totals (
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    produced INTEGER NOT NULL, formed INTEGER NOT NULL, dropped INTEGER NOT NULL, thinned INTEGER NOT NULL,
    refused INTEGER NOT NULL);
CREATE TABLE lives (life INTEGER PRIMARY KEY, body BLOB NOT NULL, clock_error INTEGER);
CREATE TABLE ordinals (check_id INTEGER PRIMARY KEY, k INTEGER NOT NULL);
CREATE TABLE shapes (shape INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE results (
    n INTEGER PRIMARY KEY, life INTEGER NOT NULL, check_id INTEGER NOT NULL, k INTEGER NOT NULL,
    at INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE samples (n INTEGER PRIMARY KEY, shape INTEGER NOT NULL, doubles BLOB NOT NULL);
CREATE TABLE drops (
    id INTEGER PRIMARY KEY, what TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    count INTEGER NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, why TEXT NOT NULL);
CREATE TABLE documents (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE events (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE reports (
    seq INTEGER PRIMARY KEY, backlog INTEGER NOT NULL, results INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE refused (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, status INTEGER NOT NULL, text TEXT NOT NULL,
    body BLOB NOT NULL);
"""


class Row(NamedTuple):
    """One measured result on its way to the disk."""

    check: int
    at: int
    result: Result


@dataclass(slots=True)
class Totals:
    """Of this epoch; the one row of `totals`. `produced == dropped + formed + rows of results`, always."""

    epoch: str
    seq: int
    produced: int
    formed: int
    """Results in reports that were formed and not refused."""
    dropped: int
    thinned: int
    refused: int
    """Reports that the centre would not take."""

    @property
    def waiting(self) -> int:
        return self.produced - self.dropped - self.formed


@dataclass(slots=True)
class Lost:
    """Results that never got to the disk because it was full: how many of each check, and from when to when."""

    per_check: dict[int, int]
    from_at: int
    to_at: int

    @property
    def count(self) -> int:
        return sum(self.per_check.values())


class OutboxFile:
    """An open outbox. Every method but `transaction` is called within a transaction.

    Raises:
        sqlite3.DatabaseError: as SQLite raises it; the transaction is rolled back and nothing has changed.
    """

    def __init__(self, path: Path, life: wire.Life) -> None:
        self.path = path
        self.bound_bytes = 0
        """Bytes that may be in use; 0 until the plan has set it."""
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._set_up(life)
        except BaseException:
            self.connection.close()
            raise

    def _set_up(self, life: wire.Life) -> None:
        execute = self.connection.execute
        if execute("PRAGMA page_count").fetchone()[0] == 0:
            execute("PRAGMA auto_vacuum=INCREMENTAL")
        execute("PRAGMA synchronous=FULL")
        execute("PRAGMA cache_size=-512")
        execute("PRAGMA wal_autocheckpoint=256")
        # Read whole before it is trusted, and before anything is written: a broken page found later would cost
        # results taken in meanwhile, and what is set aside should be as it was found.
        verdict = execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"malformed: {' '.join(verdict.split())}")
        execute("PRAGMA journal_mode=WAL")
        self._ordinals: dict[int, int] = {}
        self._shapes: dict[str, int] = {}
        if not execute("SELECT 1 FROM sqlite_master WHERE name = 'refused'").fetchone():
            execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";"):
                execute(statement)
            execute("INSERT INTO totals VALUES (1, ?, 0, 0, 0, 0, 0, 0)", (secrets.token_hex(8),))
            execute("COMMIT")
        self.life = life
        execute("BEGIN IMMEDIATE")
        self.life_id = execute(
            "INSERT INTO lives (body) VALUES (?) RETURNING life", (wire.encode(life),)
        ).fetchone()[0]
        execute(
            "DELETE FROM lives WHERE life < ? AND life NOT IN (SELECT life FROM results)", (self.life_id,)
        )
        execute("COMMIT")
        self._load()

    def _load(self) -> None:
        names = ", ".join(field.name for field in fields(Totals))
        self.totals = Totals(*self.connection.execute(f"SELECT {names} FROM totals").fetchone())  # noqa: S608 - our own column names
        self._ordinals = dict(self.connection.execute("SELECT check_id, k FROM ordinals"))
        self._shapes = {names: shape for shape, names in self.connection.execute("SELECT * FROM shapes")}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on disk when the block has ended."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._store_totals()
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            self._load()
            raise

    def _store_totals(self) -> None:
        t = self.totals
        self.connection.execute(
            "UPDATE totals SET seq=?, produced=?, formed=?, dropped=?, thinned=?, refused=?",
            (t.seq, t.produced, t.formed, t.dropped, t.thinned, t.refused),
        )

    def put(self, rows: Sequence[Row]) -> None:
        """Number these results and store them."""
        results, samples = [], []
        for check, at, result in rows:
            self.totals.produced += 1
            n = self.totals.produced
            k = self._ordinals.get(check, 0) + 1
            self._ordinals[check] = k
            results.append((n, self.life_id, check, k, at, result.status.value, result.reason[:MAX_REASON]))
            figures = {name: value for name, value in result.figures.items() if math.isfinite(value)}
            if figures:
                samples.append((n, self._shape(figures), array("d", figures.values()).tobytes()))
        self.connection.executemany("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?)", results)
        self.connection.executemany("INSERT INTO samples VALUES (?, ?, ?)", samples)
        self._store_ordinals({row.check for row in rows})

    def put_lost(self, lost: Lost, why: str) -> None:
        """Give numbers to results that could not be kept, and record them as dropped."""
        first = self.totals.produced + 1
        self.totals.produced += lost.count
        for check, count in lost.per_check.items():
            self._ordinals[check] = self._ordinals.get(check, 0) + count
        self._store_ordinals(set(lost.per_check))
        self.record_drop(
            wire.Dropped("results", first, first + lost.count - 1, lost.count, lost.from_at, lost.to_at, why)
        )

    def record_drop(self, drop: wire.Dropped) -> None:
        """Count a drop, and keep it until a report takes it; it grows the one before where it continues it.

        Ranges of results are without holes, so that they are exact; ranges of samples may have them.
        """
        if drop.what == "results":
            self.totals.dropped += drop.count
        else:
            self.totals.thinned += drop.count
        self.requeue_drop(drop)

    def requeue_drop(self, drop: wire.Dropped) -> None:
        """Keep a drop that is already counted until a report takes it."""
        execute = self.connection.execute
        grown = execute(
            "UPDATE drops SET last=?, count=count+?, from_at=min(from_at, ?), to_at=max(to_at, ?) "
            "WHERE id = (SELECT max(id) FROM drops) AND what=? AND why=? "
            "AND (last + 1 = ? OR (what = 'samples' AND last < ?))",
            (drop.last, drop.count, drop.from_at, drop.to_at, drop.what, drop.why, drop.first, drop.first),
        )
        if not grown.rowcount:
            execute(
                "INSERT INTO drops (what, first, last, count, from_at, to_at, why) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (drop.what, drop.first, drop.last, drop.count, drop.from_at, drop.to_at, drop.why),
            )

    def used_bytes(self) -> int:
        """Bytes of pages that hold something."""
        pages, free, size = self.connection.execute(
            "SELECT page_count, freelist_count, page_size FROM pragma_page_count, pragma_freelist_count, "
            "pragma_page_size"
        ).fetchone()
        return int((pages - free) * size)

    def oldest_at(self) -> int | None:
        """Time of the oldest result that waits."""
        row = self.connection.execute("SELECT at FROM results ORDER BY n LIMIT 1").fetchone()
        return row[0] if row else None

    def _shape(self, figures: dict[str, float]) -> int:
        # The same names come with every result of a kind: stored once, a result costs its numbers only.
        names = ",".join(figures)
        if names not in self._shapes:
            self._shapes[names] = self.connection.execute(
                "INSERT INTO shapes (names) VALUES (?) RETURNING shape", (names,)
            ).fetchone()[0]
        return self._shapes[names]

    def shape_names(self) -> dict[int, list[str]]:
        return {shape: names.split(",") for names, shape in self._shapes.items()}

    def _store_ordinals(self, checks: set[int]) -> None:
        self.connection.executemany(
            "INSERT INTO ordinals VALUES (?, ?) ON CONFLICT (check_id) DO UPDATE SET k = excluded.k",
            [(check, self._ordinals[check]) for check in checks],
        )

    def close(self) -> None:
        self.connection.close()


def set_aside(path: Path, now: int) -> Path:
    """Give the file at `path` (and what SQLite keeps beside it) a new name; nothing is deleted."""
    target = path.with_name(f"{path.name}.corrupt-{now}")
    number = 0
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.corrupt-{now}-{number}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(target.with_name(target.name + suffix))
    return target
