"""Scenarios: events in time, groups of units, faults that are named."""

from pathlib import Path

import pytest

from core.errors import BadInput
from lab.demo import SCENARIO
from lab.scenario import Event, Scenario, by_unit, conditions, noise, read

UNITS = ["327", "12100", "12103", "so-tttt"]
PARENTS = {"327": "33", "12100": "327", "12103": "327", "so-tttt": "33"}
LEVELS = {"327": "district", "12100": "commune", "12103": "commune", "so-tttt": "department"}


def test_an_event_is_on_for_its_time_and_again_each_period() -> None:
    event = Event("cut", ["all"], at_s=10, for_s=5, every_s=60)
    on = [second for second in range(140) if event.active(second)]
    assert on == [*range(10, 15), *range(70, 75), *range(130, 135)]


def test_an_event_without_an_end_stays() -> None:
    assert Event("loss", ["all"], at_s=3, value=0.2).active(1e6)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("12100", ["12100"]),
        ("district:327", ["327", "12100", "12103"]),
        ("level:commune", ["12100", "12103"]),
        ("all", UNITS),
    ],
)
def test_units_are_named_by_code_district_level_or_all(name: str, meant: list[str]) -> None:
    found = by_unit(Scenario(event=[Event("cut", [name], 0)]), UNITS, PARENTS, LEVELS)
    assert [code for code, events in found.items() if events] == meant


def test_a_name_that_means_no_unit_is_refused() -> None:
    with pytest.raises(BadInput, match="district:999"):
        by_unit(Scenario(event=[Event("cut", ["district:999"], 0)]), UNITS, PARENTS, LEVELS)


def test_each_power_cut_is_a_new_boot() -> None:
    event = Event("power", ["all"], at_s=10, for_s=5, every_s=100)
    assert [conditions([event], s).boots for s in (0, 12, 50, 112)] == [0, 1, 1, 2]
    assert [conditions([event], s).power for s in (0, 12, 50, 112)] == [True, False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        '[[event]]\nwhat = "flood"\nunits = ["all"]\nat_s = 0',
        '[[event]]\nwhat = "cut"\nunits = ["all"]\nat_s = 0\nfor = 3',
        '[[event]]\nwhat = "loss"\nunits = ["all"]\nat_s = 0\nvalue = 3',
        '[[event]]\nwhat = "cut"\nunits = ["all"]\nat_s = 0\nfor_s = 60\nevery_s = 30',
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"s\.toml"):
        read(path)


def test_the_everyday_scenario_can_be_read() -> None:
    assert len(read(SCENARIO).event) >= 5


def test_chance_is_the_same_for_the_same_parts_and_spread_evenly() -> None:
    assert noise("a", 1) == noise("a", 1)
    values = [noise("x", i) for i in range(4_000)]
    assert abs(sum(values) / len(values) - 0.5) < 0.03
