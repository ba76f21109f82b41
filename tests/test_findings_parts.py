"""What was taken out of a machine: decided from what changed, and found in real inventories."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_machines import DAY, NOW, pc, put, told

from inventory.findings import keeper
from inventory.findings.decide import RULES, Had, Mark
from inventory.findings.parts import Noted, part_findings
from inventory.machines.reads import Machines
from inventory.state import State
from inventory.stock import follow, take_stock

PC = "a" * 32


def memory(ago: float, delta: int, agent: str = "a", heard: float = 0) -> Noted:
    """So many days ago."""
    return Noted(agent, NOW - int(heard * DAY), NOW - int(ago * DAY), "memory", "", "", delta)


def disk(ago: float, subject: str, delta: int = -1, agent: str = "a") -> Noted:
    return Noted(agent, NOW, NOW - int(ago * DAY), "disk", subject, f"Disk {subject}", delta)


def found(*noted: Noted, marks: tuple[Mark, ...] = ()) -> dict[tuple[str, str], float]:
    """Kinds and details, with since how many days."""
    machine = Had(PC, "pc", "PC1", (), NOW)
    return {
        (each.kind, each.detail): (NOW - each.since) / DAY
        for each in part_findings(machine, noted, marks, NOW)
    }


def test_memory_that_is_less_than_before_was_taken_out_until_it_is_back() -> None:
    assert found(memory(9, -8192)) == {("memory", "8192"): 9}
    assert found(memory(9, -8192), memory(5, 8192)) == {}
    assert found(memory(9, -8192), memory(5, 4096)) == {("memory", "4096"): 9}
    assert found(memory(20, 8192), memory(9, -8192)) == {("memory", "8192"): 9}, (
        "what was added may be taken, too"
    )


def test_what_is_too_little_for_a_module_was_not_taken_out() -> None:
    assert found(memory(9, 1 - RULES.parts.memory_mb)) == {}


def test_of_two_losses_the_last_is_news() -> None:
    assert found(memory(9, -8192), memory(5, -4096)) == {("memory", "4096"): 5}


def test_two_agents_that_tell_of_one_loss_are_one_finding() -> None:
    assert found(memory(9, -8192), memory(7, -7000, "b")) == {("memory", "8192"): 9}
    gone = memory(9, -8192, "b", heard=RULES.parts.alive_days + 1)
    assert found(gone, memory(1, 100)) == {}, "the one that told of it is not there any more"


def test_disks_that_are_gone_at_once_are_one_finding_whatever_came_in_their_place() -> None:
    assert found(disk(4, "y"), disk(4, "z"), disk(4, "w", 1)) == {("disk", "Disk y; Disk z"): 4}
    assert found(disk(4, "y"), disk(2, "x")) == {("disk", "Disk y"): 4, ("disk", "Disk x"): 2}
    assert found(disk(4, "y"), disk(2, "y", 1)) == {}
    assert found(disk(4, "y"), disk(3, "y", agent="b")) == {("disk", "Disk y"): 4}


def test_what_is_accepted_or_long_ago_or_of_what_was_written_off_is_no_finding() -> None:
    noted = (memory(20, -8192), disk(20, "y"))
    accepted = Mark(PC, "approved", NOW - 10 * DAY, "memory")
    assert set(found(*noted)) == {("memory", "8192"), ("disk", "Disk y")}
    assert set(found(*noted, marks=(accepted,))) == {("disk", "Disk y")}
    assert set(found(*noted, marks=(Mark(PC, "approved", NOW - 25 * DAY, "memory"),))) == set(found(*noted))
    assert set(found(*noted, marks=(Mark("b", "approved", NOW, "memory"),))) == set(found(*noted))
    assert found(*noted, marks=(Mark(PC, "retired", NOW - 40 * DAY),)) == {}
    assert found(memory(RULES.parts.forgotten_days + 1, -8192)) == {}


NOTED = st.lists(
    st.one_of(
        st.builds(
            memory,
            st.integers(0, 80),
            st.sampled_from([-8192, -4096, -100, 4096, 8192]),
            st.sampled_from("ab"),
        ),
        st.builds(
            disk, st.integers(0, 80), st.sampled_from("xyz"), st.sampled_from([-1, 1]), st.sampled_from("ab")
        ),
    ),
    max_size=8,
)


@given(NOTED, st.randoms())
def test_the_same_notes_in_any_order_are_the_same_findings(
    noted: list[Noted], random_: random.Random
) -> None:
    wanted = found(*noted)
    mixed = list(noted)
    random_.shuffle(mixed)
    assert found(*mixed) == wanted
    assert sum(kind == "memory" for kind, _ in wanted) <= 1
    less = [each for each in noted if each.delta < 0]
    assert {NOW - int(days * DAY) for days in wanted.values()} <= {each.at for each in less}


@pytest.fixture
def store(tmp_path: Path):
    made = State(tmp_path / "state.db")
    made.create_all()
    yield made
    made.close()


def test_memory_and_a_disk_that_are_gone_from_a_pc_are_found_and_closed_when_they_are_back(
    store: State,
) -> None:
    machines = Machines(store)

    def standing(now: int) -> list[tuple[str, str, str]]:
        follow(store, machines)
        take_stock(store, machines, (), now)
        with store.read() as connection:
            return [(each.kind, each.name, each.detail) for each in keeper.read(connection)]

    disks = [
        {"name": "sda", "model": "KIOXIA", "serial": "KX000001", "type": "disk", "disksize": 256_060},
        {"name": "sdb", "model": "WD Blue", "serial": "WD-77", "type": "disk", "disksize": 1_000_204},
        {"name": "sdc", "serial": "STICK-1", "type": "disk", "interface": "USB", "disksize": 32_000},
    ]
    full, less = pc(1, storages=disks), pc(1, storages=disks[:1])
    full["content"]["hardware"]["memory"] = 16384
    put(store, told(full), told(pc(2)))
    assert standing(NOW) == []
    put(store, told(less, NOW + DAY))
    wanted = [("disk", "PC1", "WD Blue 1000 GB (WD-77)"), ("memory", "PC1", "8192")]
    assert standing(NOW + DAY + 1) == standing(NOW + 2 * DAY) == wanted
    put(store, told(full, NOW + 3 * DAY))
    assert standing(NOW + 3 * DAY) == []
    with store.read() as connection:
        assert len(list(keeper.read(connection, standing=False))) == 2
