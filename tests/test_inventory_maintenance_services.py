"""Planned work on a service: kept beside that on units, and never taken for it."""

from pathlib import Path

import pytest

from core.errors import BadInput
from inventory.maintenance import add_window, read_windows
from inventory.records import Maintenance
from inventory.seed import seed
from inventory.state import State

NOW = 1_790_000_000_000
HOUR = 3_600_000
SERVICE = "dvc"


@pytest.fixture
def state(tmp_path: Path):
    state = State(tmp_path / "state.db")
    state.create_all()
    seed(state, NOW, addresses=False)
    yield state
    state.close()


def test_work_on_a_service_and_on_a_unit_may_have_one_note_at_one_time(state: State) -> None:
    for each in ("", SERVICE):
        add_window(state, NOW, Maintenance("323", False, "Nâng cấp", NOW, NOW + HOUR, each))
    with state.read() as connection:
        assert [each.service for each in read_windows(connection).values()] == ["", SERVICE]


def test_the_same_work_on_a_service_twice_at_one_time_is_refused(state: State) -> None:
    window = Maintenance("323", False, "Nâng cấp", NOW, NOW + HOUR, SERVICE)
    add_window(state, NOW, window)
    with pytest.raises(BadInput):
        add_window(state, NOW + 1, window)


def test_work_on_a_service_that_is_not_known_is_refused(state: State) -> None:
    with pytest.raises(BadInput):
        add_window(state, NOW, Maintenance("323", False, "Nâng cấp", NOW, NOW + HOUR, "nothing"))
