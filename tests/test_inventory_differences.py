"""What changed at machines since any day, as it is kept from version to version: the laws of notes, and what becomes of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_machines import DAY, NOW, pc, put, told

from inventory.differences.keeper import refresh
from inventory.differences.notes import Note, notes, product, updated
from inventory.differences.reads import changed, updated_at
from inventory.differences.since import KINDS, Face, Noticed, differences, lines, standing
from inventory.differences.tables import followed, machine_notes, machine_updates
from inventory.machines.answers import answer
from inventory.machines.reads import Machines
from inventory.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state.db")
    made.create_all()
    yield made
    made.close()


def disk(serial: str, **more: Any) -> dict[str, Any]:
    return {"serial": serial, "model": f"KIOXIA {serial[-1]}", "disksize": 256_060, "type": "disk", **more}


def programs(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "version": "1"} for name in names]


@pytest.mark.parametrize(
    ("name", "is_product"),
    [
        ("Mozilla Firefox 120.0 (x64 vi)", "Mozilla Firefox"),
        ("7-Zip 23.01 (x64)", "7-Zip"),
        ("Microsoft Office Professional Plus 2016", "Microsoft Office Professional Plus 2016"),
        ("Microsoft Visual C++ 2015-2022 Redistributable (x64) - 14.36.32532", "Microsoft Visual C++ 2015-2022 Redistributable"),
        ("Java 8 Update 381 (64-bit)", "Java 8"),
        ("Security Update for Windows (KB5031356)", "Security Update for Windows"),
        ("KB5031356", "KB5031356"),
        ("linux-image-6.1.0-13-amd64", "linux-image"),
        ("Unikey 4.2", "Unikey"),
        ("VGCA Sign Service v2.1.0.5", "VGCA Sign Service"),
        ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_versions_of_one_program_are_one_product(name: str, is_product: str) -> None:
    assert product(name) == is_product


def test_a_newer_version_under_another_name_is_an_update_and_nothing_that_came_or_went() -> None:
    before, after = (
        {"softwares": programs("Unikey 4.2", "A")},
        {"softwares": programs("Unikey 4.6", "A", "B")},
    )
    assert notes(before, after) == [Note("software", "B", "B", 1)]
    assert updated(before, after) == ["Unikey"]


def test_memory_counts_by_its_modules_and_by_the_system_where_none_are_told() -> None:
    one = {"memories": [{"capacity": 8192}, {"capacity": 8192}], "hardware": {"memory": 16_070}}
    two = {"memories": [{"capacity": 8192}], "hardware": {"memory": 8_001}}
    assert notes(one, two) == [Note("memory", "", "", -8192)]
    assert notes({"hardware": one["hardware"]}, two) == [Note("memory", "", "", 8_001 - 16_070)]


def test_disks_are_known_by_serial_and_what_is_plugged_in_and_out_is_none() -> None:
    before = {"storages": [disk("AB12345"), disk("USB0001", type="USB")]}
    after = {"storages": [disk("AB12345", model="renamed"), disk("XY98765"), {"name": "dvd", "type": "DVD Writer", "serial": "D4711"}]}  # fmt: skip
    assert notes(before, after) == [Note("disk", "XY98765", "KIOXIA 5 256 GB (XY98765)", 1)]


def test_disks_whose_serial_is_junk_are_known_by_model_and_size() -> None:
    before, after = {"storages": [disk("00000000")]}, {"storages": [disk("11111111", model="Other")]}
    assert [(each.told, each.delta) for each in notes(before, after)] == [
        ("KIOXIA 0 256 GB", -1),
        ("Other 256 GB", 1),
    ]


def test_what_an_agent_begins_to_tell_of_did_not_come() -> None:
    assert (
        notes({}, {"storages": [disk("AB12345")], "softwares": programs("A"), "memories": [{"capacity": 1}]})
        == []
    )


WHOLE = st.fixed_dictionaries(
    {
        "memories": st.lists(st.builds(lambda size: {"capacity": size}, st.sampled_from([2048, 4096])), min_size=1, max_size=3),
        "storages": st.lists(st.sampled_from(["AB1234", "CD5678", "0000"]).map(disk), max_size=3),
        "operatingsystem": st.builds(lambda version: {"full_name": "Windows", "version": version}, st.sampled_from(["10", "11", ""])),
        "softwares": st.lists(st.sampled_from(["A 1.0", "A 1.1", "B", "C 2.0 (x64)"]).map(lambda name: {"name": name}), max_size=4),
    }
)  # fmt: skip


def sums(found: Sequence[Note]) -> Counter[tuple[str, str]]:
    summed: Counter[tuple[str, str]] = Counter()
    for each in found:
        summed[each.kind, each.subject] += each.delta
    return Counter({key: value for key, value in summed.items() if value})


@given(WHOLE, WHOLE, WHOLE)
def test_notes_from_one_to_the_next_add_up_to_those_from_the_first_to_the_last(
    a: Any, b: Any, c: Any
) -> None:
    assert sums([*notes(a, b), *notes(b, c)]) == sums(notes(a, c))
    assert notes(a, a) == []
    assert sums([*notes(a, b), *notes(b, a)]) == Counter()


def follow(state: State) -> int:
    return refresh(state, Machines(state).names_of_faces())


def told_since(state: State, at: int) -> list[tuple[str, str, str, str]]:
    return [
        (each.kind, each.subject, each.before, each.after)
        for each in changed(state, Machines(state), at).differences
    ]


def kept(state: State) -> list[tuple[Any, ...]]:
    """All that is kept, faces by their keys: which row a face has depends on who came first."""
    with state.read() as connection:
        keys = {row.id: row.key for row in connection.exec_driver_sql("SELECT id, key FROM faces")}
        rows = [(keys[row.face], *row[1:]) for row in connection.execute(sa.select(machine_notes))]
        rows += [
            (keys[row.face], row.product, row.unit, row.at)
            for row in connection.execute(sa.select(machine_updates))
        ]
    return sorted(rows, key=repr)


def test_what_changed_since_a_day_is_told_of_each_machine(state: State) -> None:
    two = [{"capacity": 8192}] * 2
    system = {"full_name": "Windows 7 Professional"}
    put(
        state,
        told(pc(1, memories=two, storages=[disk("AB1234")], operatingsystem=system, softwares=programs("A", "B 1.0")), NOW),
        told(pc(1, memories=two[:1], storages=[disk("CD5678")], operatingsystem={"full_name": "Windows 10 Pro"}, softwares=programs("B 1.1", "C")), NOW + 10 * DAY),
        told(pc(2), NOW + 5 * DAY, "323"),
    )  # fmt: skip
    follow(state)
    assert sorted(told_since(state, NOW)) == sorted(
        [
            ("memory_less", "", "", ""),
            ("disk_replaced", "", "KIOXIA 4 256 GB (AB1234)", "KIOXIA 8 256 GB (CD5678)"),
            ("system", "Windows 7 Professional → Windows 10 Pro", "Windows 7 Professional", "Windows 10 Pro"),
            ("removed", "A", "", ""),
            ("installed", "C", "", ""),
            ("came", "", "", ""),
        ]
    )
    found = changed(state, Machines(state), NOW)
    assert [each.megabytes for each in found.differences if each.kind == "memory_less"] == [-8192]
    assert found.updates == {"B": {"11950": 1}}
    assert [each.at for each in updated_at(state, found, "B")] == [NOW + 10 * DAY]
    assert told_since(state, NOW + 10 * DAY) == []
    assert [each.kind for each in found.lines({"323"})] == ["came"]
    assert [each.kind for each in found.lines({"11950"}, "updated")] == ["updated"]


def test_a_machine_that_moved_is_told_where_it_is_now(state: State) -> None:
    put(state, told(pc(1), NOW, "11950"), told(pc(1), NOW + DAY, "323"))
    follow(state)
    (found,) = changed(state, Machines(state), NOW).differences
    assert (found.kind, found.subject, found.unit) == ("moved", "11950 → 323", "323")


def test_what_was_taken_out_and_put_back_is_no_change_once_it_is_back(state: State) -> None:
    whole, less = pc(1, memories=[{"capacity": 8192}] * 2), pc(1, memories=[{"capacity": 8192}])
    put(state, told(whole, NOW), told(less, NOW + 5 * DAY))
    follow(state)
    assert [kind for kind, *_ in told_since(state, NOW)] == ["memory_less"]
    put(state, told(whole, NOW + 9 * DAY))
    assert follow(state) == 1
    assert told_since(state, NOW) == []
    assert [kind for kind, *_ in told_since(state, NOW + 5 * DAY)] == ["memory_more"]
    put(state, told(less, NOW + 12 * DAY))
    follow(state)
    assert [kind for kind, *_ in told_since(state, NOW)] == ["memory_less"]


def test_of_two_agents_on_a_machine_the_one_counts_that_knew_it_then(state: State) -> None:
    put(
        state,
        told(pc(1, device="glpi", softwares=programs("A")), NOW),
        told(pc(1, device="ocs", softwares=programs("A", "Z")), NOW + 5 * DAY),
        told(pc(1, device="glpi", softwares=programs("A", "B")), NOW + 6 * DAY),
        told(pc(1, device="ocs", softwares=programs("A", "B", "Z")), NOW + 7 * DAY),
    )
    follow(state)
    assert told_since(state, NOW) == [("installed", "B", "", "")]
    assert told_since(state, NOW + 5 * DAY) == [("installed", "B", "", "")]
    machines = Machines(state)
    (name,) = set(machines.names_of_faces().values())
    told_to_people = machines.changed_since(name, NOW)
    assert told_to_people is not None
    assert [(each.what, each.name) for each in told_to_people] == [("added", "B")]


def test_nothing_new_is_followed_twice(state: State) -> None:
    put(state, told(pc(1), NOW), told(pc(2), NOW))
    assert follow(state) == 2
    put(state, told(pc(1), NOW + DAY))
    assert follow(state) == 0


def test_machines_that_are_split_and_merged_are_followed_as_they_are_then(state: State) -> None:
    put(
        state,
        told(pc(1, memories=[{"capacity": 8192}] * 2), NOW, "11950"),
        told(pc(1, memories=[{"capacity": 8192}]), NOW + DAY, "323"),
    )
    follow(state)
    assert {kind for kind, *_ in told_since(state, NOW)} == {"moved", "memory_less"}
    with state.read() as connection:
        keys = connection.exec_driver_sql("SELECT key FROM faces ORDER BY first_seen").scalars().all()
    answer(state, keys[:1], keys[1:], "different", "lan", NOW + 2 * DAY)
    follow(state)
    assert [kind for kind, *_ in told_since(state, NOW)] == ["came"]
    with state.read() as connection:
        assert len(connection.execute(sa.select(followed)).all()) == 2


NUMBERS = count()
REPORTS = st.lists(
    st.tuples(
        st.sampled_from([1, 2]),
        st.integers(0, 9),
        st.sampled_from(["11950", "323"]),
        st.lists(st.sampled_from(["A 1.0", "A 1.1", "B"]), max_size=2, unique=True),
    ),
    max_size=8,
    unique_by=lambda report: (report[0], report[1]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(REPORTS, st.randoms(use_true_random=False), st.integers(0, 9))
def test_the_same_inventories_in_any_order_leave_the_same_notes_as_all_versions_held_against_each_other(
    tmp_path: Path, reports: Any, dice: Any, day: int
) -> None:
    made = [
        told(pc(number, softwares=programs(*names)), NOW + at * DAY, unit)
        for number, at, unit, names in reports
    ]
    found = []
    for order in (sorted(made, key=lambda each: each.at), dice.sample(made, len(made))):
        # What Hypothesis breaks off leaves its file behind: each has its own.
        path = tmp_path / f"{next(NUMBERS)}.db"
        state = State(path)
        state.create_all()
        for each in order:
            put(state, each)
            if dice.random() < 0.5:
                follow(state)
        follow(state)
        step_by_step = kept(state)
        with state.write() as connection:
            for table in (machine_notes, machine_updates, followed):
                connection.execute(sa.delete(table))
        follow(state)
        # When a machine went back to an earlier version is known as of when that was noticed.
        assert [row for row in kept(state) if len(row) != 7 or not row[4]] == [
            row for row in step_by_step if len(row) != 7 or not row[4]
        ]
        found.append(kept(state))
        held_against_each_other(state, NOW + day * DAY)
        state.close()
        path.unlink()
    assert found[0] == found[1]


def held_against_each_other(state: State, at: int) -> None:
    """What is kept says what a machine's page reads out of its contents."""
    machines = Machines(state)
    by_machine: dict[str, set[tuple[str, str]]] = {name: set() for name in machines.names_of_faces().values()}
    for each in changed(state, machines, at).differences:
        if each.kind in ("installed", "removed"):
            by_machine[each.machine].add((each.kind, each.subject))
    for name, noted in by_machine.items():
        read = machines.changed_since(name, at)
        before, after = set(), set()
        for change in read or ():
            if change.section == "softwares":
                (before if change.what == "removed" else after).add(product(change.name))
        assert noted <= {("installed", each) for each in after} | {("removed", each) for each in before}
        # A product that is gone under one name and there under another, or twice, is no difference.
        content = machines.machine(name)
        assert content is not None
        there = {product(row["name"]) for row in content.content.get("softwares", ())}
        assert {each for kind, each in noted if kind == "removed"} == before - there


def test_hardware_that_went_comes_first_then_what_is_in_most_units() -> None:
    faces = [Face(n, f"m{n}", f"u{n % 3}", "a", 0, n) for n in range(6)]
    stood = standing(faces, 1)
    noticed = [Noticed(n, "software", "B", "", 1, 5, 5) for n in (0, 3)]
    noticed += [Noticed(n, "software", "A", "", 1, 5 + n, 6 + n) for n in (0, 1)]
    noticed += [Noticed(5, "memory", "", "", -4096, 7, 7), Noticed(4, "memory", "", "", -200, 7, 7)]
    found = lines(differences(stood.values(), noticed), {"u0", "u1", "u2"})
    assert [(each.kind, each.subject, each.machines, each.units) for each in found] == [
        ("memory_less", "", 1, 1),
        ("installed", "A", 2, 2),
        ("installed", "B", 2, 1),
    ]
    assert (found[1].first, found[1].last) == (6, 7)
    assert [KINDS.index(each.kind) for each in found] == sorted(KINDS.index(each.kind) for each in found)


def test_a_province_without_machines_has_no_changes(state: State) -> None:
    follow(state)
    assert changed(state, Machines(state), NOW).lines({"11950"}) == []
