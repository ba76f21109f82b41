"""Steps of scenarios that failed: what agents tell is bounded, must be scrubbed, and the newest few of a check are kept."""

import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support_registry import open_registry

from collector.services.steps import KEPT, read_steps, store_step
from core.errors import BadInput
from core.wire import Document
from inventory.state import State
from inventory.tables import checks

NOW = 1_790_000_000_000
BODY = {
    "check": 7,
    "step": "Đăng nhập",
    "reason": "text not found|Xin chào",
    "url": "https://docs.test/login",
    "status": 200,
    "excerpt": "<h1>Lỗi</h1>",
    "scrubbed": True,
}


@pytest.fixture
def state(tmp_path: Path):
    state = State(tmp_path / "state.db")
    state.create_all()
    row = {"vantage": "u1", "about": "u1", "interval_ms": 1, "timeout_ms": 1, "since": 0, "service": "docs"}
    with state.write() as connection:
        connection.execute(
            sa.insert(checks), [row | {"id": 7, "meaning": "a"}, row | {"id": 8, "meaning": "b"}]
        )
    yield state
    state.close()


def store(state: State, body: dict[str, Any], at: int = NOW, unit: str = "u1") -> None:
    with state.write() as connection:
        store_step(connection, unit=unit, document=Document("step", at, body), received_at=NOW)


def steps(state: State, unit: str | None = None) -> list[Any]:
    with state.read() as connection:
        return list(read_steps(connection, "docs", unit))


def test_a_step_is_kept_as_it_was_told(state: State) -> None:
    store(state, BODY)
    (found,) = steps(state)
    assert (found.check, found.service, found.unit, found.at) == (7, "docs", "u1", NOW)
    assert (found.step, found.reason, found.status, found.excerpt) == (
        "Đăng nhập",
        "text not found|Xin chào",
        200,
        "<h1>Lỗi</h1>",
    )


def test_what_follows_a_question_mark_in_an_address_is_never_kept(state: State) -> None:
    store(state, BODY | {"url": "https://docs.test/login?token=secret"})
    assert steps(state)[0].url == "https://docs.test/login"


def test_in_any_order_and_again_the_newest_few_of_a_check_are_left(state: State) -> None:
    told = [(NOW - each * 1_000, 7) for each in range(12)] + [(NOW - 99_000, 8)]
    dice = random.Random(1)
    for _ in range(3):
        dice.shuffle(told)
        for at, check in told:
            store(state, BODY | {"check": check}, at)
    kept = [(each.check, each.at) for each in steps(state)]
    assert kept == [*((7, NOW - each * 1_000) for each in range(KEPT)), (8, NOW - 99_000)]


def test_one_of_the_future_counts_as_of_when_it_came(state: State) -> None:
    store(state, BODY, NOW + 86_400_000)
    assert steps(state)[0].at == NOW


def test_steps_can_be_asked_of_one_unit(state: State) -> None:
    store(state, BODY)
    assert len(steps(state, "u1")) == 1
    assert steps(state, "u2") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"scrubbed": False},
        {"excerpt": "x" * 2_049},
        {"check": 9},
        {"check": -1},
        {"step": 5},
        {"status": "200"},
        {"reason": None},
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(state: State, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        store(state, BODY | wrong)
    assert steps(state) == []


def test_a_step_of_a_check_of_another_unit_is_refused(state: State) -> None:
    with pytest.raises(BadInput):
        store(state, BODY, unit="u2")


@given(
    st.dictionaries(
        st.sampled_from([*BODY, "more"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=20)
        | st.lists(st.integers(), max_size=2),
    )
)
@settings(deadline=None, max_examples=60)
def test_whatever_is_told_is_kept_whole_or_refused(body: dict[str, Any]) -> None:
    row = {
        "id": 7,
        "vantage": "u1",
        "about": "u1",
        "interval_ms": 1,
        "timeout_ms": 1,
        "since": 0,
        "meaning": "a",
    }
    with open_registry() as state:
        with state.write() as connection:
            connection.execute(sa.insert(checks).values(row | {"service": "docs"}))
        try:
            store(state, BODY | body)
            assert len(steps(state)) == 1
        except BadInput:
            assert steps(state) == []
