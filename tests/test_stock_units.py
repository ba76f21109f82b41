"""Taking stock of some units only: what follows there is what follows when stock of all is taken, and nothing else moves."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support_configs import keep
from support_machines import DAY, NOW, pc, put, told
from support_registry import small_province

from core.wire import Document
from inventory.census.tables import coverage_days
from inventory.findings import keeper
from inventory.findings.tables import findings
from inventory.lan.store import store_lan
from inventory.machines.reads import Machines
from inventory.registry import Registry
from inventory.state import State
from inventory.stock import take_stock

UNITS = ("11950", "11953", "11956")
STEP = st.one_of(
    st.tuples(st.just("pc"), st.sampled_from(UNITS), st.integers(1, 4), st.integers(0, 60)),
    st.tuples(st.just("sweep"), st.sampled_from(UNITS), st.integers(1, 6), st.integers(0, 60)),
    st.tuples(st.just("approved"), st.sampled_from(UNITS), st.integers(1, 6), st.integers(0, 60)),
    st.tuples(st.just("retired"), st.sampled_from(UNITS), st.integers(1, 6), st.integers(0, 60)),
    st.tuples(st.just("config"), st.sampled_from(UNITS), st.integers(1, 3), st.integers(0, 60)),
)


def do(state: State, what: str, unit: str, number: int, days: int) -> None:
    """MACs 1 to 4 are those of PCs, in whatever unit they are heard."""
    at = NOW + days * DAY
    mac = f"3c:52:82:00:00:{number:02x}"
    if what == "pc":
        put(state, told(pc(number), at, unit))
    elif what == "sweep":
        heard = [{"mac": mac, "kinds": [], "names": [], "addresses": []}]
        with state.write() as connection:
            store_lan(
                connection, unit=unit, document=Document("lan", at, {"sightings": heard}), received_at=at
            )
    elif what == "config":
        keep(state, at, unit, "ip http server\n" * number)
    else:
        keeper.mark(state, unit, [mac], what, "", "test", at)  # type: ignore[arg-type]


def standing(state: State) -> dict[str, set[tuple[object, ...]]]:
    found: dict[str, set[tuple[object, ...]]] = {unit: set() for unit in UNITS}
    with state.read() as connection:
        for each in keeper.read(connection):
            found[each.unit].add(
                (each.kind, each.subject, each.since, each.last_seen, each.name, each.detail)
            )
    return found


@given(st.lists(STEP, max_size=12), st.lists(STEP, max_size=4), st.sets(st.sampled_from(UNITS), min_size=1))
@settings(max_examples=40, deadline=None)
def test_of_some_units_the_same_follows_as_of_all_and_others_stay_as_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, str, int, int]],
    after: list[tuple[str, str, int, int]],
    only: set[str],
) -> None:
    state = State(tmp_path_factory.mktemp("state") / "state.db")
    state.create_all()
    machines = Machines(state)
    now = NOW + 61 * DAY
    for each in before:
        do(state, *each)
    take_stock(state, machines, (), now)
    then = standing(state)
    for each in after:
        do(state, *each)
    take_stock(state, machines, (), now, only)
    some = standing(state)
    take_stock(state, machines, (), now)
    all_ = standing(state)
    for unit in UNITS:
        assert some[unit] == (all_[unit] if unit in only else then[unit])
    state.close()


def test_coverage_of_the_day_is_counted_anew_for_these_units_alone(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    state.create_all()
    small_province(state)
    registry, machines = Registry(state), Machines(state)
    put(state, told(pc(1)), told(pc(2), NOW, "11953"))

    def counts() -> dict[str, str]:
        with state.read() as connection:
            return {row.unit: row.counts for row in connection.execute(sa.select(coverage_days))}

    take_stock(state, machines, registry.units(NOW), NOW)
    whole = counts()
    put(state, told(pc(3)), told(pc(4), NOW, "11953"))
    take_stock(state, machines, registry.units(NOW), NOW, {"11950"})
    now = counts()
    assert {unit for unit in now if now[unit] != whole[unit]} == {"11950"}
    state.close()


def test_a_finding_of_another_unit_is_not_closed(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    state.create_all()
    machines = Machines(state)
    for unit in UNITS[:2]:
        do(state, "sweep", unit, 6, 0)
    take_stock(state, machines, (), NOW)
    take_stock(state, machines, (), NOW + 1, {"11950"})
    with state.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).where(findings.c.closed_at.is_(None))) == 2
    state.close()
