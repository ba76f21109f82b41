"""The state store: SQLite through SQLAlchemy Core. Registry, spans, outages, users: everything but samples.

All rooms put their tables into the one `METADATA`. There is one connection that writes, used by one thread at a
time: SQLite before 3.51.3 can corrupt a file when several connections write and checkpoint at once, and one
writer never waits for another. Readers have connections of their own and never block it (WAL).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from core.errors import BadInput

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Time = sa.BigInteger
"""Column type of every time: milliseconds since 1970, UTC."""


class State:
    """One SQLite file. `read()` and `write()` give a connection in a transaction, from any thread."""

    def __init__(self, path: Path, *, guest: bool = False) -> None:
        """`guest`: another process may be serving this file, so leave checkpoints of the log to it.

        Raises:
            BadInput: the file is there and is not a state store, or cannot be opened.
        """
        self.path = path
        self._lock = threading.RLock()
        self._engine = sa.create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=24)
        sa.event.listen(self._engine, "connect", _set_up)
        sa.event.listen(self._engine, "begin", _begin)
        try:
            self._writer = self._engine.connect()
        except sa.exc.DatabaseError as error:
            raise BadInput(
                f"cannot be opened: {error.orig}",
                where=str(path),
                todo="Restore it from a backup; do not delete it, it may be mended",
            ) from error
        self._writer.info["writes"] = True
        if guest:
            self._writer.exec_driver_sql("PRAGMA wal_autocheckpoint=0")
            self._writer.rollback()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A snapshot: all reads within see one state."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """The writing transaction: committed and on disk when the block ends, rolled back when it raises."""
        with self._lock, self._writer.begin():
            yield self._writer

    def create_all(self) -> None:
        """Make every table of METADATA that is not there. Tests use it; the application migrates instead."""
        with self.write() as connection:
            METADATA.create_all(connection)

    def close(self) -> None:
        with self._lock:
            self._writer.close()
            self._engine.dispose()


def _set_up(raw: object, _record: object) -> None:
    # pysqlite must not begin transactions by itself: `_begin` does.
    raw.isolation_level = None  # type: ignore[attr-defined]
    cursor = raw.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("writes") else "BEGIN")
