"""The outbox: what is measured is kept, told once, or counted as dropped."""

import asyncio
import contextlib
import os
import random
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_agents import LIFE

from agents.outbox import About, Formed, Outbox, bounds, reports
from agents.outbox.file import OutboxFile, Row
from core import wire
from core.compress import inflate
from core.errors import Unavailable
from core.reports import decode_report
from core.values import Result, Status

NOW = 1_790_000_000_000
UP = Result(Status.UP, figures={"rtt_mean_seconds": 0.0123, "loss_ratio": 0.0})


def about(now: int = NOW, note: str = "") -> About:
    return About("11950-3f2a", now, 12, 0, 30 << 20, 1.5, note)


def report_of(formed: Formed) -> wire.Report:
    return decode_report(inflate(formed.body, "zstd", wire.MAX_PLAIN))[0]


class Machine:
    """Puts, forms, acknowledges, refuses, crashes; keeps the books of what became of each number."""

    def __init__(self, path: Path) -> None:
        self.path, self.now, self.lives = path, NOW, 0
        self.delivered: dict[int, str] = {}
        self.delivered_ks: dict[int, set[int]] = {}
        self.told_dropped: list[wire.Dropped] = []
        self.checks: dict[int, int] = {}
        self.header: wire.Header | None = None
        self.file = self._open()

    def _open(self) -> OutboxFile:
        self.lives += 1
        return OutboxFile(self.path, wire.Life(self.lives, 0, "boot", None, "test"))

    def put(self, count: int, checks: int) -> None:
        with self.file.transaction():
            self.file.put(
                [
                    Row(1 + i % checks, self.now, UP if i % 3 else Result(Status.DOWN, "timeout"))
                    for i in range(count)
                ]
            )

    def wait(self, ms: int) -> None:
        self.now += ms

    def crash(self) -> None:
        # What is not committed is gone, as after a kill; closing without a checkpoint is not offered by sqlite3.
        self.file.close()
        self.file = self._open()

    def send(self, *, backlog: bool, status: int | None, limit: int) -> None:
        """Form what is due and send it: acknowledged, refused, or lost on the way (None)."""
        with self.file.transaction():
            formed = reports.pending(self.file) or reports.form(
                self.file, about(self.now), backlog=backlog, max_bytes=limit
            )
        if formed is None:
            return
        assert reports.pending(self.file) == formed
        report = report_of(formed)
        if status == 204:
            self._take(report)
            with self.file.transaction():
                reports.ack(self.file, formed.seq)
        elif status is not None:
            with self.file.transaction():
                reports.refuse(self.file, formed.seq, status, "bad", self.now)

    def _take(self, report: wire.Report) -> None:
        assert len({report.header.life.started_at}) == 1
        for n, check, k in zip(report.results.numbers(), report.results.check, report.results.k, strict=True):
            assert n not in self.delivered
            self.delivered[n] = report.header.epoch
            assert k not in self.delivered_ks.setdefault(check, set())
            self.delivered_ks[check].add(k)
        self.told_dropped += report.dropped
        if self.header is None or report.header.seq > self.header.seq:
            self.header = report.header

    def let_go(self) -> None:
        with self.file.transaction():
            bounds.let_go(self.file, "size")

    def age(self, ms: int) -> None:
        with self.file.transaction():
            bounds.keep_age(self.file, self.now - ms)

    def dropped_numbers(self) -> set[int]:
        queued = [wire.Dropped(*row[1:]) for row in self.file.connection.execute("SELECT * FROM drops")]
        unsent = reports.pending(self.file)
        inside = report_of(unsent).dropped if unsent else []
        numbers: list[int] = []
        for drop in [*self.told_dropped, *queued, *inside]:
            if drop.what == "results":
                assert drop.last - drop.first + 1 == drop.count
                numbers += range(drop.first, drop.last + 1)
        assert len(numbers) == len(set(numbers))
        return set(numbers)

    def check_books(self) -> None:
        totals = self.file.totals
        waiting = {n for (n,) in self.file.connection.execute("SELECT n FROM results")}
        unsent = reports.pending(self.file)
        formed = set(report_of(unsent).results.numbers()) if unsent else set()
        dropped = self.dropped_numbers()
        parts = [set(self.delivered), waiting, formed, dropped]
        assert sum(map(len, parts)) == totals.produced
        assert set().union(*parts) == set(range(1, totals.produced + 1))
        assert totals.waiting == len(waiting)
        assert totals.dropped == len(dropped)
        samples = {n for (n,) in self.file.connection.execute("SELECT n FROM samples")}
        assert samples <= waiting


_moves = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 120), st.integers(1, 5)),
    st.tuples(
        st.just("send"),
        st.booleans(),
        st.sampled_from([204, 204, 204, None, 400, 413, 422]),
        st.sampled_from([600, 2_000, wire.MAX_BODY]),
    ),
    st.tuples(st.just("wait"), st.integers(0, 120_000)),
    st.tuples(st.just("crash")),
    st.tuples(st.just("let_go")),
    st.tuples(st.just("age"), st.integers(0, 200_000)),
)


@settings(deadline=None, max_examples=120)
@given(st.lists(_moves, max_size=25))
def test_every_number_is_delivered_or_waits_or_was_dropped_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[object, ...]]
) -> None:
    machine = Machine(tmp_path_factory.mktemp("outbox") / "outbox.db")
    try:
        for move in moves:
            match move:
                case ("send", bool(backlog), status, int(limit)):
                    machine.send(backlog=backlog, status=status, limit=limit)  # type: ignore[arg-type]
                case (str(name), *rest):
                    getattr(machine, name)(*rest)
            machine.check_books()
        machine.send(backlog=False, status=204, limit=wire.MAX_BODY)
        machine.wait(10**7)
        while machine.file.totals.waiting or reports.pending(machine.file):
            machine.send(backlog=True, status=204, limit=wire.MAX_BODY)
        machine.send(backlog=False, status=204, limit=wire.MAX_BODY)
        machine.check_books()
        told = sum(d.count for d in machine.told_dropped if d.what == "results")
        assert len(machine.delivered) + told == machine.file.totals.produced
        if machine.header is not None:
            counters = machine.header.counters
            assert counters.produced == counters.dropped + counters.waiting + len(machine.delivered)
    finally:
        machine.file.close()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "outbox.db")


def test_ordinals_of_each_check_have_no_hole(machine: Machine) -> None:
    for _ in range(5):
        machine.put(30, 4)
        machine.crash()
    machine.send(backlog=False, status=204, limit=wire.MAX_BODY)
    machine.wait(10**6)
    for _ in range(6):
        machine.send(backlog=True, status=204, limit=wire.MAX_BODY)
    for ks in machine.delivered_ks.values():
        assert ks == set(range(1, len(ks) + 1))
    assert sum(map(len, machine.delivered_ks.values())) == 150


def test_a_report_is_the_same_bytes_after_a_crash(machine: Machine) -> None:
    machine.put(10, 2)
    with machine.file.transaction():
        formed = reports.form(machine.file, about(machine.now), backlog=False)
    machine.put(10, 2)
    machine.crash()
    assert reports.pending(machine.file) == formed


def test_a_report_holds_results_of_one_life_only(machine: Machine) -> None:
    machine.put(5, 1)
    machine.crash()
    machine.put(5, 1)
    lives = []
    for _ in range(2):
        with machine.file.transaction():
            formed = reports.form(machine.file, about(machine.now), backlog=False)
            assert formed is not None
            reports.ack(machine.file, formed.seq)
        report = report_of(formed)
        lives.append((report.header.life.started_at, report.results.numbers()))
    assert lives == [(2, [6, 7, 8, 9, 10]), (1, [1, 2, 3, 4, 5])]


def test_the_newest_minute_goes_ahead_of_a_backlog_and_the_backlog_oldest_first(machine: Machine) -> None:
    machine.put(10, 1)
    machine.wait(3_600_000)
    machine.put(3, 1)
    order = []
    for backlog in (False, True):
        with machine.file.transaction():
            formed = reports.form(machine.file, about(machine.now), backlog=backlog)
            assert formed is not None
            reports.ack(machine.file, formed.seq)
            order.append(report_of(formed).results.numbers())
    assert order == [[11, 12, 13], list(range(1, 11))]


def test_figures_arrive_as_they_were_measured(machine: Machine) -> None:
    figures = [{"rtt_mean_seconds": 0.1 / 3, "loss_ratio": 1 / 3}, {}, {"connect_seconds": 2.5e-9}]
    with machine.file.transaction():
        machine.file.put([Row(i, NOW, Result(Status.UP, figures=each)) for i, each in enumerate(figures)])
        formed = reports.form(machine.file, about(), backlog=False)
    assert formed is not None
    back: list[dict[str, float]] = [{}, {}, {}]
    for name, column in report_of(formed).columns().items():
        for row, value in zip(column.row, column.value, strict=True):
            back[row][name] = value
    assert back == figures


def test_figures_that_are_no_numbers_are_left_out_and_the_result_stays(machine: Machine) -> None:
    with machine.file.transaction():
        machine.file.put(
            [Row(1, NOW, Result(Status.UP, figures={"a_seconds": float("nan"), "b_seconds": 1.0}))]
        )
        formed = reports.form(machine.file, about(), backlog=False)
    assert formed is not None
    report = report_of(formed)
    assert report.results.numbers() == [1]
    assert set(report.columns()) == {"b_seconds"}


def test_a_large_outbox_makes_reports_within_the_limit(machine: Machine) -> None:
    chance = random.Random(1)
    with machine.file.transaction():
        machine.file.put(
            [
                Row(
                    i,
                    NOW,
                    Result(Status.UP, "x" * 400, {f"f{j}_seconds": chance.random() for j in range(120)}),
                )
                for i in range(2_500)
            ]
        )
    sizes = []
    while machine.file.totals.waiting:
        with machine.file.transaction():
            formed = reports.form(machine.file, about(), backlog=False)
            assert formed is not None
            reports.ack(machine.file, formed.seq)
        sizes.append(len(formed.body))
    assert max(sizes) <= wire.MAX_BODY
    assert len(sizes) > 2


def test_when_the_size_bound_is_hit_samples_go_before_results(machine: Machine) -> None:
    machine.file.bound_bytes = 400_000
    for _ in range(20):
        machine.put(500, 5)
        machine.wait(1_000)
        with machine.file.transaction():
            bounds.keep_size(machine.file)
        if machine.file.totals.dropped:
            assert machine.file.connection.execute("SELECT count(*) FROM samples").fetchone()[0] == 0
            break
    assert machine.file.totals.thinned > 0
    assert machine.file.used_bytes() <= 400_000
    machine.check_books()


def test_results_past_their_age_are_dropped_with_their_period(machine: Machine) -> None:
    machine.put(10, 1)
    machine.wait(86_400_000)
    machine.put(5, 1)
    machine.age(3_600_000)
    with machine.file.transaction():
        formed = reports.form(machine.file, about(machine.now), backlog=False)
    assert formed is not None
    assert report_of(formed).dropped == [wire.Dropped("results", 1, 10, 10, NOW, NOW, "age")]


DAY = 86_400_000


@pytest.mark.parametrize(
    ("error_before", "error_now", "days", "kept"),
    [
        pytest.param(0, None, 91, 10, id="this clock's error is not known yet"),
        pytest.param(None, 90 * DAY, 91, 10, id="that clock's error was never known"),
        pytest.param(0, 90 * DAY, 91, 10, id="this clock is ahead"),
        pytest.param(0, 90 * DAY, 181, 0, id="this clock is ahead, and they are old"),
        pytest.param(-90 * DAY, 0, 91, 10, id="that clock was behind"),
        pytest.param(0, 0, 91, 0, id="both clocks are right"),
    ],
)
def test_the_age_of_results_of_another_life_is_told_by_both_clocks_errors(
    machine: Machine, error_before: int | None, error_now: int | None, days: int, kept: int
) -> None:
    def learn(error: int | None) -> None:
        machine.file.connection.execute(
            "UPDATE lives SET clock_error=? WHERE life=?", (error, machine.file.life_id)
        )

    machine.put(10, 1)
    learn(error_before)
    machine.crash()
    machine.wait(days * DAY)
    machine.put(3, 1)
    learn(error_now)
    machine.age(90 * DAY)
    assert machine.file.totals.waiting == kept + 3
    machine.check_books()


def test_drops_are_told_again_when_their_report_was_refused(machine: Machine) -> None:
    machine.put(200, 1)
    machine.age(-1)
    machine.put(1, 1)
    machine.send(backlog=False, status=422, limit=wire.MAX_BODY)
    machine.send(backlog=False, status=204, limit=wire.MAX_BODY)
    assert [(d.first, d.last, d.why) for d in machine.told_dropped] == [
        (1, 200, "age"),
        (201, 201, "refused|422"),
    ]
    machine.check_books()


def test_a_refused_report_is_set_aside_and_told(machine: Machine) -> None:
    for _ in range(20):
        machine.put(1, 1)
        machine.send(backlog=False, status=400, limit=wire.MAX_BODY)
    assert machine.file.totals.refused == 20
    assert machine.file.connection.execute("SELECT count(*) FROM refused").fetchone()[0] == 16
    machine.put(1, 1)
    with machine.file.transaction():
        formed = reports.form(machine.file, about(machine.now), backlog=False)
    assert formed is not None
    assert report_of(formed).events[-1].kind == "report refused"


def test_a_document_that_still_waits_gives_way_to_the_same_again(machine: Machine) -> None:
    with machine.file.transaction():
        for at, body in ((1, {"a": 1}), (2, {"a": 1}), (3, {"a": 2})):
            reports.add_document(machine.file, wire.Document("host", at, body))
        formed = reports.form(machine.file, about(), backlog=False)
    assert formed is not None
    assert [d.at for d in report_of(formed).documents] == [2, 3]


def test_ordinals_and_numbers_go_on_after_everything_was_delivered(machine: Machine) -> None:
    machine.put(3, 1)
    machine.send(backlog=False, status=204, limit=wire.MAX_BODY)
    machine.crash()
    machine.put(1, 1)
    machine.send(backlog=False, status=204, limit=wire.MAX_BODY)
    assert set(machine.delivered) == {1, 2, 3, 4}
    assert machine.delivered_ks == {1: {1, 2, 3, 4}}


# The outbox with its thread.


class Opened:
    """An outbox that can be opened again, on one path."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, NOW
        self.outbox: Outbox | None = None

    async def open(self, **options: int) -> Outbox:
        await self.close()
        self.outbox = Outbox(self.path, LIFE, lambda: self.now, **options)
        return self.outbox

    async def close(self) -> None:
        if self.outbox is not None:
            await self.outbox.close()
            self.outbox = None


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    opened = Opened(tmp_path / "outbox.db")
    yield opened
    await opened.close()


async def next_report(outbox: Outbox) -> wire.Report | None:
    formed = await outbox.form(about(), backlog=False)
    if formed is None:
        return None
    await outbox.ack(formed.seq)
    return report_of(formed)


async def test_a_result_is_in_the_file_when_put_returns(opened: Opened) -> None:
    outbox = await opened.open()
    assert await outbox.put(1, NOW, UP)
    reader = sqlite3.connect(opened.path)
    assert reader.execute("SELECT n, check_id, k FROM results").fetchall() == [(1, 1, 1)]
    reader.close()


async def test_many_puts_at_once_keep_their_order(opened: Opened) -> None:
    outbox = await opened.open()
    await asyncio.gather(*(outbox.put(i, NOW + i, UP) for i in range(500)))
    report = await next_report(outbox)
    assert report is not None
    assert report.results.check == list(range(500))


async def test_two_openings_go_on_in_one_epoch(opened: Opened) -> None:
    epochs = []
    for _ in range(2):
        outbox = await opened.open()
        await outbox.put(1, NOW, UP)
        epochs.append((await outbox.depth()).totals)
    assert epochs[0].epoch == epochs[1].epoch
    assert epochs[1].produced == 2


def spoil_header(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def spoil_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 200] = bytes(200)
    path.write_bytes(data)


@pytest.mark.parametrize("spoil", [spoil_header, spoil_pages])
async def test_a_corrupt_file_is_set_aside_and_a_new_epoch_begins(
    opened: Opened, spoil: Callable[[Path], None]
) -> None:
    outbox = await opened.open()
    for i in range(300):
        await outbox.put(i, NOW, UP)
    before = await outbox.depth()
    await opened.close()
    spoil(opened.path)
    spoiled = opened.path.read_bytes()
    outbox = await opened.open()
    await outbox.put(1, NOW, UP)
    report = await next_report(outbox)
    assert report is not None
    assert report.header.epoch != before.totals.epoch
    assert [event.kind for event in report.events] == ["outbox set aside"]
    kept = list(opened.path.parent.glob("outbox.db.corrupt-*"))
    assert [path.read_bytes() for path in kept if not path.name.endswith(("-wal", "-shm"))] == [spoiled]


async def test_a_file_that_breaks_while_open_costs_no_result_that_is_put_now(opened: Opened) -> None:
    outbox = await opened.open()
    for i in range(300):
        await outbox.put(i, NOW, UP)
    await opened.close()
    outbox = await opened.open()
    # The pages change beneath the open file, as on a dying disk.
    spoil_pages(opened.path)
    assert await outbox.put(77, NOW, UP)
    report = await next_report(outbox)
    assert report is not None
    assert 77 in report.results.check


async def limit_pages(outbox: Outbox, spare: int | None) -> None:
    def limit(file: OutboxFile) -> None:
        pages = file.connection.execute("PRAGMA page_count").fetchone()[0]
        file.connection.execute(f"PRAGMA max_page_count = {10**9 if spare is None else pages + spare}")

    await outbox._do(limit)


async def test_on_a_full_disk_the_oldest_figures_make_room_and_measuring_goes_on(opened: Opened) -> None:
    outbox = await opened.open()
    for i in range(500):
        await outbox.put(1, NOW + i, UP)
    await limit_pages(outbox, 2)
    for i in range(500, 1_500):
        assert await outbox.put(1, NOW + i, UP)
    totals = (await outbox.depth()).totals
    assert totals.thinned > 0
    assert totals.produced == 1_500
    dropped = []
    while (report := await next_report(outbox)) is not None:
        dropped += report.dropped
    assert {drop.why for drop in dropped} == {"disk full"}


async def test_when_nothing_can_be_written_results_wait_in_memory_and_the_rest_is_counted(
    opened: Opened,
) -> None:
    outbox = await opened.open(held_max=10)
    await outbox.put(1, NOW, UP)
    await break_disk(outbox, broken=True)
    for i in range(1, 31):
        opened.now = NOW + i
        assert not await outbox.put(1 + i % 2, NOW + i, UP)
    assert "10 results held in memory" in outbox.note
    with pytest.raises(Unavailable):
        await outbox.form(about(), backlog=False)
    await break_disk(outbox, broken=False)
    assert await outbox.put(1, NOW + 31, UP)
    assert outbox.note == ""
    report = await next_report(outbox)
    assert report is not None
    assert report.dropped == [wire.Dropped("results", 2, 22, 21, NOW + 1, NOW + 21, "disk full")]
    assert report.results.numbers() == [1, *range(23, 33)]
    per_check = {
        c: [k for k, of in zip(report.results.k, report.results.check, strict=True) if of == c]
        for c in (1, 2)
    }
    assert per_check == {1: [1, *range(12, 18)], 2: list(range(12, 16))}
    assert [event.kind for event in report.events] == ["outbox could not be written"]
    counters = report.header.counters
    assert (counters.produced, counters.dropped, counters.waiting) == (32, 21, 0)


async def test_what_waits_in_memory_is_written_when_the_disk_has_room_again_without_a_new_result(
    opened: Opened,
) -> None:
    outbox = await opened.open()
    await break_disk(outbox, broken=True)
    assert not await outbox.put(1, NOW, UP)
    await break_disk(outbox, broken=False)
    async with asyncio.timeout(60):
        # Each question is also an occasion to try again.
        while (report := await next_report(outbox)) is None:
            pass
    assert report.results.numbers() == [1]


async def break_disk(outbox: Outbox, *, broken: bool) -> None:
    """Let every transaction fail as on a full disk, the deletions that would make room as well."""
    file = outbox._file
    if broken:

        def fill(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        file.transaction = fill  # type: ignore[method-assign]
    else:
        del file.transaction  # type: ignore[attr-defined]


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
async def test_on_a_disk_that_is_really_full_nothing_that_was_stored_is_lost(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    await asyncio.to_thread(
        subprocess.run, ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=True
    )
    opened = Opened(disk / "outbox.db")
    try:
        outbox = await opened.open(held_max=50)
        filler = disk / "filler"
        kept = 0
        for i in range(3_000):
            if i == 500:
                with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                    while True:
                        file.write(bytes(4096))
            if i == 2_500:
                filler.unlink()
            kept += await outbox.put(1 + i % 5, NOW + i, UP)
        assert await outbox.put(1, NOW + 3_000, UP)
        numbers: list[int] = []
        dropped = 0
        while (report := await next_report(outbox)) is not None:
            numbers += report.results.numbers()
            dropped += sum(drop.count for drop in report.dropped if drop.what == "results")
            counters = report.header.counters
        assert len(numbers) == len(set(numbers))
        assert len(numbers) + dropped == counters.produced == 3_001
        assert counters.waiting == 0
        await opened.close()
        # And it is all in order after a restart.
        outbox = await opened.open()
        assert (await outbox.depth()).totals.produced == 3_001
    finally:
        await opened.close()
        await asyncio.to_thread(subprocess.run, ["umount", disk], check=True)


def test_of_a_flood_of_events_the_newest_wait_and_evidence_before_all_others(tmp_path: Path) -> None:
    file = OutboxFile(tmp_path / "outbox.db", LIFE)
    with file.transaction():
        reports.add_event(file, wire.Event(NOW, "power lost", "UPS on battery", "10.2.2.9"))
        for number in range(1, 1_201):
            reports.add_event(file, wire.Event(NOW + number, "syslog", "warning", "10.2.2.1"))
        waiting = [
            msgspec.json.decode(body, type=wire.Event)
            for (body,) in file.connection.execute("SELECT body FROM events ORDER BY id")
        ]
    file.close()
    assert len(waiting) == 1_000
    assert [event.kind for event in waiting[:2]] == ["power lost", "syslog"]
    assert (waiting[1].at, waiting[-1].at) == (NOW + 202, NOW + 1_200)
