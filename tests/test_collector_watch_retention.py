"""What the state store lets go of, and what it keeps."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support_world import HUB, NOW, SERVICE, Registry, row

from collector.facts import in_runs
from collector.feed import Feed
from collector.retention import DIAGNOSES_MS, OTHER_CHECKS_MS, prune
from collector.verdict_tables import contacts, diagnoses, listening, spans
from collector.watch import FORGET_MS, PRUNE_MS, Watch
from collector.world import World
from inventory.state import State
from lab.manual_clock import ManualClock

U1 = 10


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def filled(state: State) -> World:
    """Each check said something at once, and the same once more the day before its time is over."""
    world = World(Registry())
    for check in (HUB, SERVICE):
        first = row(U1 + check, 1, NOW)
        world.fold("u1", "e", in_runs([first, row(U1 + check, 2, NOW + OTHER_CHECKS_MS)]), NOW)
    world.beat("u1", NOW)
    world.alive(NOW)
    with state.write() as connection:
        world.checkpoint(connection)
        for at in (NOW, NOW + DIAGNOSES_MS):
            connection.execute(
                diagnoses.insert().values(
                    id=str(at), at=at, agent="a", who="an", kind="ping", target="192.0.2.1", params="{}"
                )
            )
    return world


def kept(state: State) -> tuple[list[tuple[int, int]], list[int], int, int]:
    with state.read() as connection:
        checks = connection.execute(sa.select(spans.c.check_id, spans.c.k_first).order_by(*spans.primary_key))
        asked = connection.scalars(sa.select(diagnoses.c.at).order_by(diagnoses.c.at))
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (contacts, listening)
        ]
        return [(row[0] - U1, row[1]) for row in checks], list(asked), counts[0], counts[1]


def test_other_checks_are_kept_a_month_diagnoses_a_year_and_what_availability_needs_for_ever(
    state: State,
) -> None:
    filled(state)
    before = kept(state)
    prune(state, Registry(), NOW + OTHER_CHECKS_MS)
    assert kept(state) == before
    prune(state, Registry(), NOW + OTHER_CHECKS_MS + 1)
    assert kept(state) == ([(HUB, 1), (HUB, 2), (SERVICE, 2)], [NOW, NOW + DIAGNOSES_MS], 1, 1)
    prune(state, Registry(), NOW + DIAGNOSES_MS + 1)
    assert kept(state) == ([(HUB, 1), (HUB, 2)], [NOW + DIAGNOSES_MS], 1, 1)


def test_the_watch_prunes_once_a_day(state: State) -> None:
    world, registry, clock = filled(state), Registry(), ManualClock(NOW)
    watch = Watch(world, registry, state, Feed(1), clock)  # type: ignore[arg-type]
    watch.start(NOW + OTHER_CHECKS_MS)
    assert len(kept(state)[0]) == 4
    watch.step(NOW + OTHER_CHECKS_MS + FORGET_MS)
    assert len(kept(state)[0]) == 4
    watch.step(NOW + OTHER_CHECKS_MS + PRUNE_MS)
    assert len(kept(state)[0]) == 3
