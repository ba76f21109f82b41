"""The journal of reports: on disk before they are acknowledged, until everything they say is stored elsewhere.

A journal is written once and in order, read only after a crash, and forgotten from its oldest end: so it is a folder of
plain files to which records are appended, not a table. Each record carries its length and a checksum, and what a crash
cut short at the end of a file was never acknowledged. One thread writes; everything that arrived while it waited for
the disk goes into its next write together (group commit), so a slow disk costs waiting and not throughput.
"""

import asyncio
import contextlib
import itertools
import os
import queue
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from core.errors import Unavailable

SEGMENT_BYTES = 16 << 20
GATHER_S = 0.002
"""A write waits so long for others to join it: a flush of the disk costs more than that, and is the dearest part."""
_FRAME = struct.Struct("<II")
"""Before each record: its length and its CRC-32."""
_MAX_RECORD = 4 << 20


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A report as it was received. `id` orders the journal: it only grows, through restarts too."""

    id: int
    received_at: int
    unit: str
    enrolled_at: int
    encoding: str
    body: bytes


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Put(Generic[T]):
    record: Record
    item: T
    done: asyncio.Future[int]


class Inbox(Generic[T]):
    """The journal in `folder`, for one process and one event loop."""

    def __init__(self, folder: Path, after: int, committed: Callable[[int, Sequence[T]], None]) -> None:
        """Open or make it. Ids are given past `after` and past every id in it.

        `committed` is called in the thread of the journal with what one write put on disk, and the id of the first;
        the others follow it. The calls come in order of ids.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._committed = folder, committed
        self._queue: queue.SimpleQueue[list[_Put[T]] | None] = queue.SimpleQueue()
        self._gathered: list[_Put[T]] = []
        self._segments = sorted(int(path.stem) for path in folder.glob("*.log"))
        self._last = max(after, self._segments[-1] - 1 if self._segments else 0)
        for record in self.records(after=self._last):
            self._last = record.id
        self._file: int | None = None
        self._size = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def records(self, after: int) -> Iterator[Record]:
        """What is in the journal past `after`, in order. What a crash cut short ends its file, silently."""
        for first, following in itertools.pairwise([*self._segments, sys.maxsize]):
            if following <= after + 1:
                continue
            for record in _read(self._path(first)):
                # A write that failed may have left whole records; their ids were given again in the next file.
                if after < record.id < following:
                    yield record

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    def put(self, record: Record, item: T) -> asyncio.Future[int]:
        """Append a report, whose id is given here; resolves to the id once it is on disk.

        `item` is what `committed` gets for it. The future raises Unavailable if it could not be written.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[int] = loop.create_future()
        if not self._gathered:
            # All that this turn of the loop brings goes to the thread at once.
            loop.call_soon(self._hand_over)
        self._gathered.append(_Put(record, item, done))
        return done

    def _hand_over(self) -> None:
        self._queue.put(self._gathered)
        self._gathered = []

    def size(self) -> int:
        """Bytes of the journal on disk, about."""
        return max(0, len(self._segments) - 1) * SEGMENT_BYTES + self._size

    def forget(self, upto: int) -> None:
        """Let go of the files in which no record is past `upto`."""
        with self._lock:
            while len(self._segments) > 1 and self._segments[1] <= upto + 1:
                self._path(self._segments.pop(0)).unlink(missing_ok=True)
            if self._segments and self._last <= upto and self._size:
                # All of it is done with: the next record begins a new file.
                self._end_segment()
                self._path(self._segments.pop()).unlink(missing_ok=True)

    async def close(self) -> None:
        """End the thread after all that was put before."""
        if self._gathered:
            self._hand_over()
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        ending = False
        while not ending:
            waiting: list[_Put[T]] = []
            item = self._queue.get()
            if item is not None:
                time.sleep(GATHER_S)
            with contextlib.suppress(queue.Empty):
                while item is not None:
                    waiting += item
                    item = self._queue.get_nowait()
                ending = True
            if waiting:
                self._commit(waiting)
        with self._lock:
            self._end_segment()

    def _commit(self, waiting: list[_Put[T]]) -> None:
        outcome: int | Unavailable
        with self._lock:
            first = self._last + 1
            frames = [_framed(put.record, first + index) for index, put in enumerate(waiting)]
            try:
                self._write(first, b"".join(frames))
                self._last, outcome = self._last + len(waiting), first
            except OSError as error:
                outcome = Unavailable(f"the journal cannot be written: {error}", retry_after_s=10)
                # After a failed write or fsync nothing is known of the file's end: no record may follow it there.
                self._end_segment()
        if isinstance(outcome, int):
            self._committed(outcome, [put.item for put in waiting])
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            waiting[0].done.get_loop().call_soon_threadsafe(_resolve, [put.done for put in waiting], outcome)

    def _write(self, first: int, data: bytes) -> None:
        if self._file is None or self._size >= SEGMENT_BYTES:
            self._end_segment()
            # Ids of a write that failed are given again, so a file of that name may hold its torn remains.
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            self._file = os.open(self._path(first), flags, 0o600)
            if first not in self._segments:
                self._segments.append(first)
            self._sync_folder()
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fdatasync(self._file)
        self._size += len(data)

    def _end_segment(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file, self._size = None, 0

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:020d}.log"


def _framed(record: Record, id_: int) -> bytes:
    payload = _encoder.encode(
        (id_, record.received_at, record.unit, record.enrolled_at, record.encoding, record.body)
    )
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def _read(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        while len(frame := file.read(_FRAME.size)) == _FRAME.size:
            size, crc = _FRAME.unpack(frame)
            payload = file.read(size) if size <= _MAX_RECORD else b""
            if len(payload) != size or zlib.crc32(payload) != crc:
                return
            yield _decoder.decode(payload)


def _resolve(waiting: list[asyncio.Future[int]], outcome: int | Unavailable) -> None:
    for index, done in enumerate(waiting):
        if done.done():
            continue
        if isinstance(outcome, Unavailable):
            done.set_exception(outcome)
        else:
            done.set_result(outcome + index)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)
