"""The journal: on disk before it says so, in order, through crashes, and gone when it is done with."""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import inbox as inbox_module
from collector.inbox import Inbox, Record
from core.errors import Unavailable


def record(body=b"body"):
    return Record(0, 5, "u1", 3, "zstd", body)


class Journal:
    """An open inbox, and what it said was committed."""

    def __init__(self, folder, after=0):
        self.committed = []
        self.writes = 0
        self.inbox = Inbox(folder, after, self.note)
        self.inbox.start()

    def note(self, first, items):
        self.writes += 1
        self.committed += enumerate(items, first)

    async def put(self, *bodies):
        return await asyncio.gather(*(self.inbox.put(record(body), body) for body in bodies))


def read(folder, after=0):
    return [(one.id, one.body) for one in Inbox(folder, 0, lambda *_: None).records(after)]


async def test_what_was_put_is_read_back_in_order(tmp_path):
    journal = Journal(tmp_path)
    assert await journal.put(b"a", b"b") == [1, 2]
    assert await journal.put(b"c") == [3]
    await journal.inbox.close()
    assert journal.committed == [(1, b"a"), (2, b"b"), (3, b"c")]
    [first, *_] = Inbox(tmp_path, 0, lambda *_: None).records(0)
    assert first == Record(1, 5, "u1", 3, "zstd", b"a")
    assert read(tmp_path, after=2) == [(3, b"c")]


async def test_what_arrives_while_the_disk_is_busy_is_written_together(tmp_path):
    journal = Journal(tmp_path)
    await journal.put(*[b"%d" % i for i in range(500)])
    await journal.inbox.close()
    assert journal.writes < 100
    assert len(read(tmp_path)) == 500


async def test_ids_go_on_after_a_restart_and_past_what_the_stores_know(tmp_path):
    for after, expected in [(0, 1), (0, 2), (50, 51), (0, 52)]:
        journal = Journal(tmp_path, after)
        assert await journal.put(b"x") == [expected]
        await journal.inbox.close()
    assert [number for number, _ in read(tmp_path)] == [1, 2, 51, 52]


async def test_files_are_let_go_when_all_in_them_is_done_with(tmp_path, monkeypatch):
    monkeypatch.setattr(inbox_module, "SEGMENT_BYTES", 1_000)
    journal = Journal(tmp_path)
    for i in range(20):
        await journal.put(b"x" * 400 + b"%d" % i)
    files = len(list(tmp_path.glob("*.log")))
    assert files > 3
    journal.inbox.forget(10)
    assert 1 < len(list(tmp_path.glob("*.log"))) < files
    assert [number for number, _ in read(tmp_path, after=10)] == list(range(11, 21))
    journal.inbox.forget(20)
    assert list(tmp_path.glob("*.log")) == []
    assert journal.inbox.size() == 0
    assert await journal.put(b"next") == [21]
    await journal.inbox.close()
    assert read(tmp_path) == [(21, b"next")]


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(sizes=st.lists(st.integers(0, 200), min_size=1, max_size=8), data=st.data())
def test_a_file_cut_anywhere_or_broken_anywhere_reads_up_to_there(tmp_path_factory, sizes, data):
    folder = tmp_path_factory.mktemp("journal")

    async def write():
        journal = Journal(folder)
        for size in sizes:
            await journal.put(b"y" * size)
        await journal.inbox.close()

    asyncio.run(write())
    [path] = folder.glob("*.log")
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:at] if data.draw(st.booleans()) else whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    path.write_bytes(broken)
    got = read(folder)
    assert got == [(i + 1, b"y" * size) for i, size in enumerate(sizes)][: len(got)]
    ends = [len(whole) * 0]
    for size in sizes:
        ends.append(ends[-1] + len(inbox_module._framed(record(b"y" * size), len(ends))))
    assert len(got) == sum(1 for end in ends[1:] if end <= at)


async def test_a_failed_write_is_told_and_the_next_is_whole(tmp_path, monkeypatch):
    journal = Journal(tmp_path)
    await journal.put(b"a")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", full)
        with pytest.raises(Unavailable):
            await journal.put(b"torn")
    assert await journal.put(b"b") == [2]
    await journal.inbox.close()
    assert read(tmp_path) == [(1, b"a"), (2, b"b")]
