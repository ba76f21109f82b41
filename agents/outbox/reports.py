"""Forming reports: which results go next, as what bytes; and what becomes of a report the centre will not take."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from agents.outbox.file import OutboxFile
from core import wire
from core.compress import deflate, inflate
from core.told import EVIDENCE

FRESH_MS = 60_000
"""Results younger than this go ahead of a backlog."""
MAX_ROWS = 2_000
"""Results in one report: a few hundred kilobytes as sent, a few megabytes while it is made."""
_MAX_STRAY = 64
_SPARE_PAGES = 256
_MAX_DROPS, _MAX_EVENTS, _MAX_DOCUMENT_BYTES = 500, 200, 256 << 10
_KEEP_REFUSED, _KEEP_REFUSED_BYTES = 16, 4 << 20

_Picked = tuple[int, int, int, int, int, str, str]
_COLUMNS = "n, life, check_id, k, at, status, reason"


@dataclass(frozen=True, slots=True)
class About:
    """What the agent says of itself in the header of a report."""

    agent: str
    now: int
    clock_error: int | None
    skipped: int
    rss_bytes: int
    cpu_seconds: float
    note: str


@dataclass(frozen=True, slots=True)
class Formed:
    """A report as it is sent: `body` is compressed with zstd. `backlog`: it is paced, not urgent."""

    seq: int
    backlog: bool
    results: int
    body: bytes


def pending(file: OutboxFile) -> Formed | None:
    """The oldest report that was formed and has not been acknowledged."""
    row = file.connection.execute(
        "SELECT seq, backlog, results, body FROM reports ORDER BY seq LIMIT 1"
    ).fetchone()
    return Formed(row[0], bool(row[1]), row[2], row[3]) if row else None


def form(file: OutboxFile, about: About, *, backlog: bool, max_bytes: int = wire.MAX_BODY) -> Formed | None:
    """Make the next report and move its results into it; None when there is nothing to say.

    A backlog report takes the oldest results. A fresh one takes those of the newest minute, and all that waits
    beside results: drops, documents, events.
    """
    rows = _oldest(file, about.now) if backlog else _newest(file, about.now)
    extras = _Extras([], [], [], {}) if backlog else _extras(file)
    if not rows and not extras.upto:
        return None
    life_id = rows[0][1] if rows else file.life_id
    file.connection.execute("UPDATE lives SET clock_error=? WHERE life=?", (about.clock_error, file.life_id))
    life, clock_error = _life(file, life_id)
    file.totals.seq += 1
    max_bytes = min(max_bytes, wire.MAX_BODY)
    while True:
        header = _header(file, about, life, clock_error, rows)
        report = wire.Report(
            header,
            *_columns(file, rows),
            documents=extras.documents,
            events=extras.events,
            dropped=extras.drops,
        )
        body = deflate(wire.encode(report))
        if len(body) <= max_bytes or len(rows) <= 1:
            break
        half = max(1, min(len(rows) - 1, len(rows) * max_bytes // len(body) * 9 // 10))
        rows = rows[:half] if backlog else rows[-half:]
    _remove(file, rows, extras)
    file.totals.formed += len(rows)
    file.connection.execute(
        "INSERT INTO reports VALUES (?, ?, ?, ?)", (file.totals.seq, backlog, len(rows), body)
    )
    return Formed(file.totals.seq, backlog, len(rows), body)


def ack(file: OutboxFile, seq: int) -> None:
    """The centre has report `seq` on its disk: let it go, and give disk space back bit by bit."""
    file.connection.execute("DELETE FROM reports WHERE seq=?", (seq,))
    if file.connection.execute("PRAGMA freelist_count").fetchone()[0] > _SPARE_PAGES:
        file.connection.execute("PRAGMA incremental_vacuum(64)").fetchall()


def refuse(file: OutboxFile, seq: int, status: int, text: str, now: int) -> None:
    """The centre will never take report `seq`: set it aside, count its results as dropped, and say so."""
    row = file.connection.execute("SELECT body FROM reports WHERE seq=?", (seq,)).fetchone()
    if row is None:
        return
    report = msgspec.json.decode(inflate(row[0], "zstd", wire.MAX_PLAIN), type=wire.Report)
    why = f"refused|{status}"
    file.totals.formed -= len(report.results.check)
    file.totals.refused += 1
    # What was dropped before is still to be told: the accounting closes only when the centre knows of it.
    for drop in report.dropped:
        file.requeue_drop(drop)
    rows = zip(report.results.numbers(), report.results.times(), strict=True)
    for drop in as_drops("results", rows, why):
        file.record_drop(drop)
    execute = file.connection.execute
    execute("INSERT INTO refused VALUES (?, ?, ?, ?, ?)", (seq, now, status, text[:500], row[0]))
    execute("DELETE FROM reports WHERE seq=?", (seq,))
    kept = 0
    for number, (old, size) in enumerate(
        execute("SELECT seq, length(body) FROM refused ORDER BY seq DESC").fetchall()
    ):
        kept += size
        if number >= _KEEP_REFUSED or kept > _KEEP_REFUSED_BYTES:
            execute("DELETE FROM refused WHERE seq=?", (old,))
    said = f"report {seq} with {len(report.results.check)} results: {status} {text[:200]}"
    add_event(file, wire.Event(now, "report refused", said))


MAX_INVENTORY_BYTES = 32 << 20
"""Of inventories that wait: a thousand, or a quarter of what the outbox may have."""


def add_event(file: OutboxFile, event: wire.Event) -> None:
    """Queue an event for the next report. Of a flood the newest are kept, and evidence before all others."""
    execute = file.connection.execute
    execute("INSERT INTO events (body) VALUES (?)", (wire.encode(event),))
    if execute("SELECT count(*) FROM events").fetchone()[0] <= 5 * _MAX_EVENTS:
        return
    waiting = execute("SELECT id, body FROM events ORDER BY id").fetchall()
    others = (id_ for id_, body in waiting if msgspec.json.decode(body, type=wire.Event).kind not in EVIDENCE)
    execute("DELETE FROM events WHERE id = ?", (next(others, waiting[0][0]),))


def add_document(file: OutboxFile, document: wire.Document) -> None:
    """Queue a document; one of the same kind and content that still waits gives way to it.

    Of most kinds the newest hundred wait. Inventories come of many machines, each once a day: they have a bound in bytes, at
    which the oldest goes that has a newer one of its machine, or the oldest of all, and that is told.
    """
    if document.kind == wire.INVENTORY:
        _add_inventory(file, document)
        return
    execute = file.connection.execute
    last = execute(
        "SELECT id, body FROM documents WHERE kind=? ORDER BY id DESC LIMIT 1", (document.kind,)
    ).fetchone()
    if last and msgspec.json.decode(last[1], type=wire.Document).body == document.body:
        execute("DELETE FROM documents WHERE id=?", (last[0],))
    execute("INSERT INTO documents (kind, body) VALUES (?, ?)", (document.kind, wire.encode(document)))
    execute(
        "DELETE FROM documents WHERE instr(kind, ' ') = 0 AND id <= "
        "(SELECT max(id) FROM documents WHERE instr(kind, ' ') = 0) - 100"
    )


def _add_inventory(file: OutboxFile, document: wire.Document) -> None:
    """Its machine stands beside its kind, behind a space."""
    execute = file.connection.execute
    kind, body = f"{wire.INVENTORY} {document.body.get('device', '')}", wire.encode(document)
    bound = min(MAX_INVENTORY_BYTES, file.bound_bytes // 4 or MAX_INVENTORY_BYTES)
    waiting = "SELECT coalesce(sum(length(body)), 0) FROM documents WHERE kind LIKE ?"
    execute("INSERT INTO documents (kind, body) VALUES (?, ?)", (kind, body))
    while execute(waiting, (f"{wire.INVENTORY} %",)).fetchone()[0] > bound:
        goes = execute(
            "SELECT id, kind FROM documents AS old WHERE kind LIKE ? ORDER BY "
            "NOT EXISTS (SELECT 1 FROM documents WHERE kind = old.kind AND id > old.id), id LIMIT 1",
            (f"{wire.INVENTORY} %",),
        ).fetchone()
        execute("DELETE FROM documents WHERE id = ?", (goes[0],))
        add_event(file, wire.Event(document.at, "inventory dropped", goes[1].partition(" ")[2]))


def as_drops(what: str, rows: Iterable[tuple[int, int]], why: str) -> Iterator[wire.Dropped]:
    """Runs of neighbouring numbers among `rows` of (n, at), in order of n."""
    run: list[int] = []  # first, last, from_at, to_at
    for n, at in rows:
        if run and n == run[1] + 1:
            run[1:] = n, min(run[2], at), max(run[3], at)
            continue
        if run:
            yield wire.Dropped(what, run[0], run[1], run[1] - run[0] + 1, run[2], run[3], why)
        run = [n, n, at, at]
    if run:
        yield wire.Dropped(what, run[0], run[1], run[1] - run[0] + 1, run[2], run[3], why)


@dataclass(slots=True)
class _Extras:
    """What a report carries beside results, and up to which id it was taken from each queue."""

    drops: list[wire.Dropped]
    events: list[wire.Event]
    documents: list[wire.Document]
    upto: dict[str, int]


def _extras(file: OutboxFile) -> _Extras:
    execute = file.connection.execute
    extras = _Extras([], [], [], {})
    for id_, *values in execute("SELECT * FROM drops ORDER BY id LIMIT ?", (_MAX_DROPS,)):
        extras.drops.append(wire.Dropped(*values))
        extras.upto["drops"] = id_
    for id_, body in execute("SELECT id, body FROM events ORDER BY id LIMIT ?", (_MAX_EVENTS,)):
        extras.events.append(msgspec.json.decode(body, type=wire.Event))
        extras.upto["events"] = id_
    size = 0
    for id_, body in execute("SELECT id, body FROM documents ORDER BY id"):
        size += len(body)
        if size > _MAX_DOCUMENT_BYTES and extras.documents:
            break
        extras.documents.append(msgspec.json.decode(body, type=wire.Document))
        extras.upto["documents"] = id_
    return extras


def _oldest(file: OutboxFile, now: int) -> list[_Picked]:
    rows = file.connection.execute(
        f"SELECT {_COLUMNS} FROM results WHERE at < ? ORDER BY n LIMIT ?",  # noqa: S608 - our own column names
        (now - FRESH_MS, MAX_ROWS),
    ).fetchall()
    return _of_one_life(rows)


def _newest(file: OutboxFile, now: int) -> list[_Picked]:
    rows: list[_Picked] = []
    stray = 0
    for row in file.connection.execute(f"SELECT {_COLUMNS} FROM results ORDER BY n DESC LIMIT {MAX_ROWS}"):  # noqa: S608 - our own names
        # A result is numbered when it is stored and dated when it began, so a few old ones stand among the new.
        if row[4] >= now - FRESH_MS:
            rows.append(row)
        elif (stray := stray + 1) > _MAX_STRAY:
            break
    return _of_one_life(rows)[::-1]


def _of_one_life(rows: list[_Picked]) -> list[_Picked]:
    return [row for row in rows if row[1] == rows[0][1]]


def _life(file: OutboxFile, life_id: int) -> tuple[wire.Life, int | None]:
    body, clock_error = file.connection.execute(
        "SELECT body, clock_error FROM lives WHERE life=?", (life_id,)
    ).fetchone()
    return msgspec.json.decode(body, type=wire.Life), clock_error


def _header(
    file: OutboxFile, about: About, life: wire.Life, clock_error: int | None, rows: Sequence[_Picked]
) -> wire.Header:
    totals = file.totals
    counters = wire.Counters(
        produced=totals.produced,
        dropped=totals.dropped,
        waiting=totals.waiting - len(rows),
        thinned=totals.thinned,
        skipped=about.skipped,
    )
    health = wire.Health(
        rss_bytes=about.rss_bytes,
        cpu_seconds=about.cpu_seconds,
        outbox_bytes=file.used_bytes(),
        oldest_at=file.oldest_at(),
        note=about.note,
    )
    return wire.Header(about.agent, totals.epoch, totals.seq, about.now, clock_error, life, counters, health)


def _columns(file: OutboxFile, rows: Sequence[_Picked]) -> tuple[wire.Results, list[wire.Figures]]:
    figures: dict[str, wire.Column] = {}
    if not rows:
        return wire.Results([], [], [], [], []), []
    n, _, check, k, at, status, reason = (list(column) for column in zip(*rows, strict=True))
    index = {number: i for i, number in enumerate(n)}
    names = file.shape_names()
    for number, shape, doubles in file.connection.execute(
        "SELECT n, shape, doubles FROM samples WHERE n BETWEEN ? AND ? ORDER BY n", (n[0], n[-1])
    ):
        if number in index:
            for name, value in zip(names[shape], array("d", doubles), strict=True):
                column = figures.setdefault(name, wire.Column([], []))
                column.row.append(index[number])
                column.value.append(value)
    return wire.Results.of(n, check, k, at, status, reason), wire.gathered(figures)


def _remove(file: OutboxFile, rows: Sequence[_Picked], extras: _Extras) -> None:
    for run in as_drops("results", ((row[0], row[4]) for row in rows), ""):
        for table in ("results", "samples"):
            file.connection.execute(
                f"DELETE FROM {table} WHERE n BETWEEN ? AND ?",  # noqa: S608 - our own table names
                (run.first, run.last),
            )
    for table, id_ in extras.upto.items():
        file.connection.execute(f"DELETE FROM {table} WHERE id <= ?", (id_,))  # noqa: S608 - our own table names
