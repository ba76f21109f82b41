"""The state store: one writer, snapshots for readers, all or nothing."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from inventory.state import State

numbers = sa.table("numbers", sa.column("value"))


def a_state(folder: Path) -> State:
    state = State(folder / "state.db")
    with state.write() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (value INTEGER)")
    return state


def count(state: State) -> int:
    with state.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(numbers)).scalar_one())


def test_a_block_that_raises_leaves_nothing(tmp_path: Path) -> None:
    state = a_state(tmp_path)

    def fail() -> None:
        with state.write() as connection:
            connection.execute(numbers.insert(), {"value": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count(state) == 0
    state.close()


def test_a_reader_keeps_its_snapshot_while_another_writes(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    query = sa.select(sa.func.count()).select_from(numbers)
    with state.read() as connection:
        before = connection.execute(query).scalar_one()
        with state.write() as writer:
            writer.execute(numbers.insert(), {"value": 1})
        assert connection.execute(query).scalar_one() == before
    assert count(state) == 1
    state.close()


def test_many_threads_write_without_losing_one(tmp_path: Path) -> None:
    state = a_state(tmp_path)

    def work() -> None:
        for _ in range(20):
            with state.write() as connection:
                connection.execute(numbers.insert(), {"value": 1})

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(state) == 120
    state.close()


def test_a_guest_writes_beside_the_owner_and_leaves_its_log_alone(tmp_path: Path) -> None:
    owner = a_state(tmp_path)
    guest = State(tmp_path / "state.db", guest=True)
    with guest.write() as connection:
        connection.execute(numbers.insert(), {"value": 1})
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one() == 0
    guest.close()
    assert count(owner) == 1
    owner.close()
