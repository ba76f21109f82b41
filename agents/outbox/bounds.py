"""What goes when a bound is hit: the oldest samples first, then the oldest results, each recorded exactly."""

from agents.outbox.file import OutboxFile
from agents.outbox.reports import as_drops
from core import wire

_PART = 64
"""A 64th of what is there goes at a time: short transactions, and no more lost than is needed."""
_LEAST = 100
_ROOM_BYTES = 32 << 10


def keep_size(file: OutboxFile, why: str = "size") -> None:
    """Thin, then drop, until no more than `file.bound_bytes` are in use (0: no bound)."""
    while file.bound_bytes and file.used_bytes() > file.bound_bytes and let_go(file, why):
        pass


def keep_age(file: OutboxFile, before: int) -> None:
    """Drop the results that began before `before` (by this life's clock), the oldest first.

    Clocks of two lives may be months apart. A result of another life is judged by how far both clocks are off, and
    left to the bound of size while that is not known of either.
    """
    bounds = _bounds_of_lives(file, before)
    while True:
        rows = file.connection.execute("SELECT n, at, life FROM results ORDER BY n LIMIT 1000").fetchall()
        old = [(n, at) for n, at, life in rows if life in bounds and at < bounds[life]]
        if not old:
            return
        _drop(file, old, "age")


def _bounds_of_lives(file: OutboxFile, before: int) -> dict[int, int]:
    """`before` by the clock of each life of which it can be said."""
    errors = dict(file.connection.execute("SELECT life, clock_error FROM lives"))
    mine = errors[file.life_id]
    bounds = {}
    if mine is not None:
        bounds = {life: before - mine + error for life, error in errors.items() if error is not None}
    return bounds | {file.life_id: before}


def make_room(file: OutboxFile, why: str) -> None:
    """Let go of parts until whole pages are free: what is freed within a page helps nothing that is new."""
    before = file.used_bytes()
    while file.used_bytes() > before - _ROOM_BYTES and let_go(file, why):
        pass


def let_go(file: OutboxFile, why: str) -> bool:
    """Thin one part of the oldest samples; where none are left, drop one part of the oldest results.

    Returns:
        False when there was nothing to let go.
    """
    upto = _part(file, "samples")
    if upto is not None:
        _thin(file, upto, why)
        return True
    upto = _part(file, "results")
    if upto is None:
        return False
    _drop(
        file,
        file.connection.execute("SELECT n, at FROM results WHERE n <= ? ORDER BY n", (upto,)).fetchall(),
        why,
    )
    return True


def _part(file: OutboxFile, table: str) -> int | None:
    first, last = file.connection.execute(f"SELECT min(n), max(n) FROM {table}").fetchone()  # noqa: S608 - our own table names
    return None if first is None else first + max(_LEAST, (last - first) // _PART)


def _thin(file: OutboxFile, upto: int, why: str) -> None:
    execute = file.connection.execute
    first, last, count, from_at, to_at = execute(
        "SELECT min(n), max(n), count(*), min(at), max(at) FROM samples JOIN results USING (n) WHERE n <= ?",
        (upto,),
    ).fetchone()
    execute("DELETE FROM samples WHERE n <= ?", (upto,))
    file.record_drop(wire.Dropped("samples", first, last, count, from_at, to_at, why))


def _drop(file: OutboxFile, rows: list[tuple[int, int]], why: str) -> None:
    for run in as_drops("results", rows, why):
        for table in ("results", "samples"):
            file.connection.execute(
                f"DELETE FROM {table} WHERE n BETWEEN ? AND ?",  # noqa: S608 - our own table names
                (run.first, run.last),
            )
        file.record_drop(run)
