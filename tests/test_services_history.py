"""A service over a period: judged anew from memory and from disk alike, within its hours, planned work left out."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_offices import Offices, fails
from support_story import PROVINCE, START, S

from collector.services import history
from collector.services.promise import kept
from collector.timeline import Stretch
from core.values import Status
from inventory.records import Maintenance

HOUR = 3_600_000


@pytest.fixture
def offices(tmp_path: Path):
    offices = Offices(tmp_path)
    offices.fault = fails("docs", 100, 200)
    offices.until(400)
    yield offices
    offices.close()


def test_the_time_down_is_that_of_the_outage(offices: Offices) -> None:
    found = offices.reads.history("docs", START + 60 * S, START + 400 * S)
    (outage,) = found.outages
    assert found.kept.down == outage.ended_at - outage.began_at
    assert [each.status for each in found.timeline] == [Status.UP, Status.DOWN, Status.UP]
    assert offices.reads.history("mail", START + 60 * S, START + 400 * S).kept.down == 0


def test_from_disk_it_is_the_same_as_from_memory(offices: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    period = ("docs", START + 60 * S, START + 400 * S)
    before = offices.reads.history(*period)
    with offices.state.write() as connection:
        offices.world.checkpoint(connection)
    monkeypatch.setattr(history, "FULL_MS", 0)
    assert offices.reads.history(*period) == before


def test_planned_work_and_time_outside_of_its_hours_do_not_count(offices: Offices) -> None:
    offices.registry.windows.append(
        Maintenance(PROVINCE, False, "work", START + 90 * S, START + 210 * S, "docs")
    )
    found = offices.reads.history("docs", START + 60 * S, START + 400 * S).kept
    assert (found.down, found.planned) == (0, 120 * S)
    never = "nghỉ 1/1-31/12"
    offices.registry.known[0] = replace(offices.registry.known[0], hours=never)
    found = offices.reads.history("docs", START + 60 * S, START + 400 * S).kept
    assert (found.outside, found.ratio) == (340 * S, None)


def test_of_a_service_that_is_not_known_nothing_is_known(offices: Offices) -> None:
    found = offices.reads.history("nothing", START, START + 60 * S)
    assert found.kept.unknown == 60 * S
    assert found.outages == []


@st.composite
def timelines(draw: st.DrawFn) -> list[Stretch]:
    at, found = 0, []
    for length in draw(st.lists(st.integers(1, 500), max_size=8)):
        found.append(Stretch(at, at + length, draw(st.sampled_from(list(Status))), ""))
        at += length
    return found


intervals = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 3_000)).map(lambda e: (min(e), max(e))))


@given(timelines(), intervals, st.integers(0, 2_000), st.integers(0, 2_000))
def test_the_parts_of_a_period_sum_to_its_length(
    timeline: list[Stretch], planned: list[tuple[int, int]], start: int, length: int
) -> None:
    found = kept(timeline, planned, [(0, 700), (900, 1_500)], start, start + length)
    parts = (found.up, found.down, found.unknown, found.planned, found.outside)
    assert min(parts) >= 0
    assert sum(parts) == length
