"""What people read of machines: what changed, and the machine as it was heard last."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_machines import DAY, NOW, pc, put, told

from inventory.machines.changes import KEYS, Change, changes
from inventory.machines.reads import Machines
from inventory.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state.db")
    made.create_all()
    yield made
    made.close()


def test_software_that_came_went_and_was_updated_is_told_by_name() -> None:
    before = {"softwares": [{"name": "A", "version": "1"}, {"name": "B", "version": "1"}]}
    after = {"softwares": [{"name": "A", "version": "2"}, {"name": "C", "version": "1"}]}
    assert changes(before, after) == [
        Change("softwares", "changed", "A", {"version": ("1", "2")}),
        Change("softwares", "removed", "B", {}),
        Change("softwares", "added", "C", {}),
    ]


def test_memory_that_is_gone_shows_as_a_module_and_as_a_sum() -> None:
    module = {"caption": "DIMM", "capacity": 8192}
    before = {"memories": [module, module], "hardware": {"memory": 16384}}
    after = {"memories": [module], "hardware": {"memory": 8192}}
    assert changes(before, after) == [
        Change("hardware", "changed", "memory", {"memory": (16384, 8192)}),
        Change("memories", "removed", "DIMM", {}),
    ]


def test_another_disk_in_the_place_of_one_is_one_less_and_one_more() -> None:
    found = changes(
        {"storages": [{"serial": "1", "name": "sda"}]}, {"storages": [{"serial": "2", "name": "sda"}]}
    )
    assert sorted(each.what for each in found) == ["added", "removed"]


ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["name", "version", "serial"]), st.sampled_from(["a", "b", "c"]), min_size=1
    ),
    max_size=5,
)
CONTENTS = st.dictionaries(st.sampled_from(["softwares", "storages", "slots"]), ROWS)


@given(CONTENTS, CONTENTS)
def test_as_many_rows_came_and_went_as_the_difference_says(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = changes(before, after)
    for section in {*before, *after}:
        mine = [each.what for each in found if each.section == section]
        grown = len(after.get(section, ())) - len(before.get(section, ()))
        assert mine.count("added") - mine.count("removed") == grown


@given(CONTENTS)
def test_between_equal_contents_nothing_changed_whatever_their_order(content: dict[str, Any]) -> None:
    turned = {name: rows[::-1] for name, rows in content.items()}
    assert changes(content, turned) == []


def test_sections_whose_rows_are_known_again_are_sections_of_the_format() -> None:
    from inventory.formats.sections import SECTIONS

    assert {(s, f) for s, fields in KEYS.items() for f in fields if f not in SECTIONS[s].fields} == set()


def test_a_machine_is_shown_as_it_was_heard_last_with_all_that_tell_of_it(state: State) -> None:
    put(state, told(pc(1)))
    put(state, told(pc(1, device="ocs-1", drives=[{"letter": "C:", "total": 500_000, "free": 7}]), NOW + DAY))
    (found,) = Machines(state).of_unit("11950")
    assert (found.hostname, found.memory_mb, found.serial) == ("PC1", 8192, "SN000001")
    assert [source.device for source in found.sources] == ["ocs-1", "pc-1"]
    assert found.content["drives"] == [{"letter": "C:", "total": 500_000, "free": 7}]
    assert (found.first_seen, found.last_seen) == (NOW, NOW + DAY)


def test_agents_of_two_kinds_that_chose_one_name_in_the_same_second_both_tell_of_their_machine(
    state: State,
) -> None:
    ocs = {"versionclient": "OCS-NG_unified_unix_agent_v2.10.0", "hardware": {"name": "PC1", "memory": 8192}}
    put(state, told(pc(1)), told(pc(1, **ocs), NOW + 1_000))
    (found,) = Machines(state).of_unit("11950")
    assert [(each.device, each.client[:4]) for each in found.sources] == [("pc-1", "OCS-"), ("pc-1", "GLPI")]
    renamed = {**pc(1)["content"]["hardware"], "name": "KETOAN-01"}
    put(state, told(pc(1, versionclient="GLPI-Agent_v1.12", hardware=renamed), NOW + DAY))
    (found,) = Machines(state).of_unit("11950")
    assert [each.client for each in found.sources] == [
        "GLPI-Agent_v1.12",
        "OCS-NG_unified_unix_agent_v2.10.0",
    ]


def test_a_laptop_that_moved_stands_where_it_was_seen_last_with_its_history(state: State) -> None:
    put(state, told(pc(1)), told(pc(1), NOW + DAY, unit="11953"))
    machines = Machines(state)
    assert machines.of_unit("11950") == []
    (found,) = machines.of_unit("11953")
    assert [each.unit for each in machines.versions(found.name)] == ["11950", "11953"]


def test_each_version_tells_what_changed_since_the_one_before(state: State) -> None:
    put(state, told(pc(1)))
    put(state, told(pc(1, softwares=[{"name": "Bộ gõ", "version": "2"}]), NOW + DAY))
    machines = Machines(state)
    (name,) = (each.name for each in machines.of_unit("11950"))
    first, second = machines.versions(name)
    assert first.changes is None
    assert second.changes is not None
    assert [each.name for each in second.changes if each.what == "added"] == ["Bộ gõ"]
    assert len(machines.versions(name, newest=1)[0].changes or ()) == len(second.changes)


def test_what_is_not_known_is_none(state: State) -> None:
    assert Machines(state).machine("nobody") is None
