"""The outbox: what was measured and not yet told, on disk before it counts.

One thread owns the file; everything else asks it and awaits the answer. What was asked while the last commit ran
goes into the next one together, so a slow disk costs waiting, not throughput.

When the disk is full, the oldest samples in the file make room, as if a bound had been hit; where even that cannot
be written, a bounded number of results waits in memory (not measured yet, by our own rule), and what that cannot
hold is counted as dropped as soon as anything can be written again. A file that is corrupt gets a new name, and a
new epoch begins in a new file.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from agents.outbox import bounds, reports
from agents.outbox.file import Lost, OutboxFile, Row, Totals, set_aside
from agents.outbox.reports import About, Formed
from core import wire
from core.errors import Unavailable
from core.values import Result

__all__ = ["About", "Depth", "Formed", "Outbox"]

_log = logging.getLogger(__name__)
_RETRY_S = 1.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Depth:
    """How full the outbox is."""

    totals: Totals
    used_bytes: int
    oldest_at: int | None


@dataclass(slots=True)
class _Job:
    """One thing to do in a transaction: a result to put, or a function of the file."""

    done: asyncio.Future[Any]
    row: Row | None
    work: Callable[[OutboxFile], Any] | None


class Outbox:
    """The file at `path`, for one event loop. `note` says what is wrong with it, for people; "" when nothing is."""

    def __init__(self, path: Path, life: wire.Life, now: Callable[[], int], *, held_max: int = 2_000) -> None:
        """Open or make the file. `held_max`: results that may wait in memory while the disk is full.

        Raises:
            OSError, sqlite3.OperationalError: the directory is not there or cannot be written.
        """
        self.note = ""
        self._path, self._life, self._now, self._held_max = path, life, now, held_max
        self._held: deque[Row] = deque()
        self._lost: Lost | None = None
        self._full_since: int | None = None
        self._bound_bytes = 0
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._open()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    # What the agent asks for.

    async def put(self, check: int, at: int, result: Result) -> bool:
        """Store a result. True when it is on the disk; False when the disk is full and it waits in memory."""
        return bool(await self._ask(Row(check, at, result), None))

    async def pending(self) -> Formed | None:
        return await self._do(reports.pending)

    async def form(self, about: About, *, backlog: bool, max_bytes: int = wire.MAX_BODY) -> Formed | None:
        """The next report, on disk with its number; None when there is nothing to report.

        Raises:
            Unavailable: it cannot be stored now, so it must not be sent.
        """
        return await self._do(lambda file: reports.form(file, about, backlog=backlog, max_bytes=max_bytes))

    async def ack(self, seq: int) -> None:
        await self._do(lambda file: reports.ack(file, seq))

    async def refuse(self, seq: int, status: int, text: str) -> None:
        now = self._now()
        await self._do(lambda file: reports.refuse(file, seq, status, text, now))

    async def add_event(self, kind: str, text: str) -> None:
        await self.tell(wire.Event(self._now(), kind, text))

    async def tell(self, event: wire.Event) -> None:
        """Queue an event for the next report.

        Raises:
            Unavailable: it cannot be stored now.
        """
        await self._do(lambda file: reports.add_event(file, event))

    async def add_document(self, document: wire.Document) -> None:
        await self._do(lambda file: reports.add_document(file, document))

    async def keep_within(self, max_bytes: int, days: int) -> None:
        """Set and enforce the plan's bounds. The size is watched with every put, the age whenever this is called."""
        self._bound_bytes = max_bytes
        before = self._now() - days * 86_400_000

        def enforce(file: OutboxFile) -> None:
            file.bound_bytes = max_bytes
            bounds.keep_age(file, before)
            bounds.keep_size(file)

        await self._do(enforce)

    async def depth(self) -> Depth:
        return await self._do(lambda file: Depth(replace(file.totals), file.used_bytes(), file.oldest_at()))

    async def close(self) -> None:
        """End the thread after all that was asked before."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def _do(self, work: Callable[[OutboxFile], T]) -> T:
        value: T = await self._ask(None, work)
        return value

    def _ask(self, row: Row | None, work: Callable[[OutboxFile], Any] | None) -> asyncio.Future[Any]:
        job = _Job(self._loop.create_future(), row, work)
        self._queue.put(job)
        return job.done

    # The thread.

    def _run(self) -> None:
        ending = False
        while not ending:
            jobs: list[_Job] = []
            try:
                first = self._queue.get(timeout=_RETRY_S if self._full_since is not None else None)
                while first is not None:
                    jobs.append(first)
                    first = self._queue.get_nowait()
                ending = True
            except queue.Empty:
                pass
            outcomes = self._together(jobs) or [self._alone(job) for job in jobs]
            if self._full_since is not None and not any(job.row for job in jobs):
                self._put_held()
            if jobs:
                self._loop.call_soon_threadsafe(_resolve, jobs, outcomes)
        self._file.close()

    def _together(self, jobs: list[_Job]) -> list[Any] | None:
        """All jobs in one transaction; None when any of them failed and nothing has changed."""
        if self._full_since is not None or not jobs:
            return None
        try:
            with self._file.transaction():
                self._file.put([job.row for job in jobs if job.row is not None])
                bounds.keep_size(self._file)
                return [True if job.work is None else job.work(self._file) for job in jobs]
        except Exception:  # noqa: BLE001 - each job is tried again alone, where its error is told to who asked
            return None

    def _alone(self, job: _Job) -> Any:
        work = job.work
        try:
            if work is not None:
                return self._guarded(lambda: work(self._file))
            if job.row is not None:
                self._hold(job.row)
            return self._put_held()
        except Exception as error:  # noqa: BLE001 - told to who asked
            return error

    def _guarded(self, work: Callable[[], T]) -> T:
        """`work` in a transaction; makes room once when the disk is full, and a new file when this one is corrupt.

        Raises:
            Unavailable: it cannot be written now.
        """
        for attempt in ("first", "second"):
            try:
                with self._file.transaction():
                    return work()
            except sqlite3.DatabaseError as error:
                _log.debug("outbox: %s", error)
                if _is_corrupt(error):
                    self._start_again(error)
                elif _is(error, sqlite3.SQLITE_FULL) and attempt == "first":
                    self._make_room()
        raise Unavailable("the outbox cannot be written")

    def _make_room(self) -> None:
        try:
            with self._file.transaction():
                bounds.make_room(self._file, "disk full")
        except sqlite3.DatabaseError as error:
            _log.debug("outbox: no room can be made: %s", error)

    def _hold(self, row: Row) -> None:
        self._held.append(row)
        while len(self._held) > self._held_max:
            old = self._held.popleft()
            if self._lost is None:
                self._lost = Lost({}, old.at, old.at)
            self._lost.per_check[old.check] = self._lost.per_check.get(old.check, 0) + 1
            self._lost.from_at, self._lost.to_at = (
                min(self._lost.from_at, old.at),
                max(self._lost.to_at, old.at),
            )

    def _put_held(self) -> bool:
        def work() -> None:
            if self._lost is not None:
                self._file.put_lost(self._lost, "disk full")
            self._file.put(list(self._held))
            if self._full_since is not None:
                lost = self._lost.count if self._lost else 0
                text = (
                    f"from {self._full_since} on; {len(self._held)} results were held in memory, {lost} lost"
                )
                reports.add_event(self._file, wire.Event(self._now(), "outbox could not be written", text))

        try:
            self._guarded(work)
        except Unavailable:
            if self._full_since is None:
                self._full_since = self._now()
                _log.error("outbox: cannot be written; results are held in memory")
            self.note = f"outbox cannot be written, {len(self._held)} results held in memory"
            return False
        except Exception:
            # A row that no file takes is a bug of ours; it must not stand in the way of the others.
            self._held.pop()
            raise
        self._held.clear()
        self._lost, self._full_since, self.note = None, None, ""
        return True

    def _open(self) -> None:
        try:
            self._file = OutboxFile(self._path, self._life)
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise
            self._replace(error)

    def _start_again(self, error: sqlite3.DatabaseError) -> None:
        self._file.close()
        self._replace(error)

    def _replace(self, error: sqlite3.DatabaseError) -> None:
        kept = set_aside(self._path, self._now())
        _log.error("outbox: %s; set aside as %s, a new epoch begins", error, kept.name)
        self._file = OutboxFile(self._path, self._life)
        self._file.bound_bytes = self._bound_bytes
        with self._file.transaction():
            text = f"{error}; kept as {kept.name}"
            reports.add_event(self._file, wire.Event(self._now(), "outbox set aside", text))


def _is(error: sqlite3.DatabaseError, *codes: int) -> bool:
    # The low byte is the kind of error, the rest its details.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in codes


def _is_corrupt(error: sqlite3.DatabaseError) -> bool:
    # Numbers that exist already mean that the file contradicts itself. The base class comes from our own check.
    return (
        _is(error, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        or isinstance(error, sqlite3.IntegrityError)
        or type(error) is sqlite3.DatabaseError
    )


def _resolve(jobs: list[_Job], outcomes: list[Any]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.done.done():
            continue
        if isinstance(outcome, Exception):
            job.done.set_exception(outcome)
        else:
            job.done.set_result(outcome)
