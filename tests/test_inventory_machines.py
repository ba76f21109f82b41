"""Machines in the state store: what an inventory leaves there, in any order, and what it costs when it says nothing new."""

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_inventories import as_xml
from support_machines import DAY, NOW, pc, put, told

from core.errors import BadInput
from core.wire import INVENTORY, Document
from inventory.formats import read_inventory
from inventory.machines import contents
from inventory.machines.identities import Identities
from inventory.machines.quick import moving as moving_of
from inventory.machines.quick import quick_look
from inventory.machines.store import Told, take_all, told_by
from inventory.machines.tables import faces, heard, identity_answers, machine_versions
from inventory.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state.db")
    made.create_all()
    yield made
    made.close()


def rows(state: State) -> dict[str, int]:
    tables = (faces, machine_versions, heard, contents.contents)
    with state.read() as connection:
        return {t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables}


def versions(state: State) -> list[tuple[int, int, dict[str, Any]]]:
    c = machine_versions.c
    with state.read() as connection:
        found = connection.execute(
            sa.select(c.first_seen, c.last_seen, c.digest).order_by(c.first_seen, c.digest)
        )
        return [(a, b, json.loads(contents.get(connection, digest))) for a, b, digest in found]


def test_an_inventory_that_says_what_was_said_makes_no_row_and_moves_the_times(state: State) -> None:
    assert put(state, told(pc())) == [True]
    before = rows(state)
    assert put(state, told(pc(), NOW + DAY), told(pc(), NOW + 2 * DAY)) == [False, False]
    assert rows(state) == before
    assert [(a, b) for a, b, _ in versions(state)] == [(NOW, NOW + 2 * DAY)]


def test_what_moves_by_itself_makes_no_version_and_is_known_as_last_heard(state: State) -> None:
    put(state, told(pc()), told(pc(drives=[{"letter": "C:", "total": 500_000, "free": 7}]), NOW + DAY))
    assert len(versions(state)) == 1
    with state.read() as connection:
        moving = contents.unpack(connection.execute(sa.select(heard.c.moving)).scalar_one())
    assert moving["drives"] == [{"letter": "C:", "total": 500_000, "free": 7}]


def test_software_in_another_order_is_the_same_software(state: State) -> None:
    other = pc()
    other["content"]["softwares"].reverse()
    put(state, told(pc()), told(other, NOW + DAY))
    assert len(versions(state)) == 1


def test_what_changed_is_a_version_kept_as_a_difference(state: State) -> None:
    more = pc(softwares=[{"name": f"Phần mềm {n}", "version": "1.0"} for n in range(41)])
    assert put(state, told(pc()), told(more, NOW + DAY)) == [True, True]
    (_, _, first), (_, _, second) = versions(state)
    assert (len(first["softwares"]), len(second["softwares"])) == (40, 41)
    with state.read() as connection:
        c = contents.contents.c
        sizes = dict(map(tuple, connection.execute(sa.select(c.depth, sa.func.length(c.body)))))
    assert sizes[1] < sizes[0] / 2


def test_of_a_long_chain_of_differences_every_version_comes_back_whole(state: State) -> None:
    for n in range(50):
        put(state, told(pc(softwares=[{"name": "a", "version": str(v)} for v in range(n + 1)]), NOW + n))
    assert [len(content["softwares"]) for _, _, content in versions(state)] == list(range(1, 51))
    with state.read() as connection:
        assert connection.scalar(sa.select(sa.func.max(contents.contents.c.depth))) == contents.DEPTH - 1


def test_a_part_is_put_into_the_whole_that_came_before(state: State) -> None:
    part = {
        "deviceid": "pc-1",
        "partial": True,
        "content": {"softwares": [{"name": "Bộ gõ", "version": "2"}]},
    }
    put(state, told(pc()), told(part, NOW + DAY))
    newest = versions(state)[-1][2]
    assert newest["softwares"] == [{"name": "Bộ gõ", "version": "2"}]
    assert newest["bios"]["ssn"] == "SN000001"


def test_a_part_whose_whole_never_came_is_refused(state: State) -> None:
    part = {"deviceid": "pc-1", "partial": True, "content": {"softwares": [{"name": "a"}]}}
    with pytest.raises(BadInput, match=r"\$\.partial: a part of an inventory whose whole never came"):
        put(state, told(part))


def test_what_was_left_out_of_an_inventory_is_kept_beside_it(state: State) -> None:
    put(state, told(pc(cpus=[{"name": "i5", "speed": "fast"}])))
    with state.read() as connection:
        faults = json.loads(connection.execute(sa.select(heard.c.faults)).scalar_one())
    assert faults == [["$.content.cpus[0].speed", "not a whole number"]]


def test_a_document_of_a_relay_is_unpacked() -> None:
    packed = base64.b64encode(zlib.compress(b"<REQUEST/>")).decode()
    body = {"device": "pc-1", "source": "192.168.1.20", "client": "OCS", "packed": packed}
    found = told_by("11950", Document(INVENTORY, NOW + DAY, body), NOW)
    assert found == Told("11950", NOW, b"<REQUEST/>", "192.168.1.20", "OCS")


@pytest.mark.parametrize("packed", [None, 5, "%%%", base64.b64encode(b"x\x9cbroken").decode()])
def test_a_document_that_holds_none_is_refused(packed: object) -> None:
    with pytest.raises(BadInput):
        told_by("11950", Document(INVENTORY, NOW, {"packed": packed}), NOW)


STORIES = st.lists(
    st.builds(
        lambda number, memory, at, soft: told(
            pc(number, hardware={"name": f"PC{number}", "memory": memory}, softwares=[{"name": soft}]),
            NOW + at,
        ),
        st.integers(1, 3),
        st.sampled_from([4096, 8192]),
        st.integers(0, 50),
        st.sampled_from(["a", "b"]),
    ),
    min_size=1,
    max_size=8,
)


def everything(state: State) -> object:
    """All that is in the store but the numbers of rows and how contents are packed."""
    with state.read() as connection:
        f, v, h = faces.c, machine_versions.c, heard.c
        return (
            sorted(
                map(tuple, connection.execute(sa.select(f.key, f.unit, f.signs, f.first_seen, f.last_seen)))
            ),
            sorted(
                map(
                    tuple,
                    connection.execute(
                        sa.select(f.key, v.digest, v.first_seen, v.last_seen).join_from(
                            machine_versions, faces
                        )
                    ),
                )
            ),
            sorted(
                map(
                    tuple,
                    connection.execute(sa.select(h.unit, h.device, h.at, f.key).join_from(heard, faces)),
                )
            ),
        )


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(STORIES, st.randoms())
def test_the_same_inventories_in_any_order_any_number_of_times_leave_the_same(
    tmp_path_factory: pytest.TempPathFactory, reports: list[Told], dice: Any
) -> None:
    other = [*reports, *reports[:2]]
    dice.shuffle(other)
    found = []
    for order in (reports, other):
        made = State(tmp_path_factory.mktemp("machines") / "state.db")
        made.create_all()
        put(made, *order)
        found.append(
            (everything(made), {name: len(ids) for name, ids in Identities(made).machines().items()})
        )
        made.close()
    # Of two reports of one time the last to come may be the one that was heard last.
    if len({report.at for report in reports}) == len(reports):
        assert found[0] == found[1]
    else:
        assert found[0][0][:2] == found[1][0][:2]  # type: ignore[index]
        assert found[0][1] == found[1][1]


def test_two_agents_on_one_pc_are_one_machine_and_two_pcs_are_two(state: State) -> None:
    put(state, told(pc(1)), told(pc(1, device="ocs-1"), NOW + 1), told(pc(2), NOW + 2))
    assert sorted(map(len, Identities(state).machines().values())) == [1, 2]


def test_a_refresh_ends_where_a_start_would(state: State) -> None:
    living = Identities(state)
    put(state, told(pc(1)), told(pc(2)))
    living.refresh()
    put(state, told(pc(1, device="ocs-1"), NOW - DAY))
    living.refresh()
    assert living.machines() == Identities(state).machines()


def test_a_late_report_of_a_face_that_is_known_may_give_its_machine_the_name(state: State) -> None:
    put(state, told(pc(1)), told(pc(1, device="ocs-1"), NOW + 1))
    living = Identities(state)
    put(state, told(pc(1, device="ocs-1"), NOW - DAY))
    living.refresh()
    assert living.machines() == Identities(state).machines()


def test_an_answer_parts_two_machines_and_undone_joins_them_again(state: State) -> None:
    put(state, told(pc(1)), told(pc(1, device="ocs-1"), NOW + 1))
    living = Identities(state)
    with state.read() as connection:
        left, right = connection.scalars(sa.select(faces.c.key).order_by(faces.c.id)).all()
    answer = {
        "at": NOW,
        "who": "an",
        "says": "different",
        "left": json.dumps([left]),
        "right": json.dumps([right]),
    }
    with state.write() as connection:
        connection.execute(sa.insert(identity_answers).values(answer))
    living.refresh()
    assert len(living.machines()) == 2
    with state.write() as connection:
        connection.execute(sa.update(identity_answers).values(undone_at=NOW + 1))
    living.refresh()
    assert len(living.machines()) == 1


@given(
    st.dictionaries(
        st.sampled_from(["softwares", "drives", "bios", "processes", "hardware"]), st.integers() | st.none()
    )
)
def test_a_quick_look_never_fails(content: dict[str, object]) -> None:
    quick_look(json.dumps({"deviceid": "a", "content": content}).encode())


def test_a_quick_look_leaves_alone_what_has_to_be_read_whole() -> None:
    assert quick_look(b"<REQUEST/>") is None
    assert quick_look(json.dumps({"deviceid": "a", "partial": True, "content": {}}).encode()) is None
    assert quick_look(b'{"content": {}}') is None


def test_more_machines_than_a_unit_may_have_are_refused(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.machines.store.MAX_FACES", 2)
    put(state, told(pc(1)), told(pc(2)))
    with pytest.raises(BadInput, match="the unit has 2 machines already"):
        put(state, told(pc(3)))
    assert put(state, replace(told(pc(3)), unit="11953")) == [True]


BATCHES = st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=6), min_size=1, max_size=4)


@given(BATCHES)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_reports_taken_together_leave_what_they_leave_one_by_one(
    tmp_path_factory: Any, batches: list[list[int]]
) -> None:
    def report(n: int) -> Told:
        part = {"deviceid": "pc-1", "partial": True, "content": {"softwares": [{"name": f"phần {n % 2}"}]}}
        content = pc(
            1 + n % 2, hardware={"name": "PC", "memory": 4096 * (1 + n // 2 % 2), "lastloggeduser": str(n)}
        )
        return told(part if n > 9 else content, NOW + (n * 7) % 5)

    left = []
    for together in (True, False):
        made = State(tmp_path_factory.mktemp("state") / "state.db")
        made.create_all()
        outcomes: list[object] = []
        for batch in batches:
            groups = [batch] if together else [[n] for n in batch]
            for group in groups:
                with made.write() as connection:
                    found = take_all(connection, [report(n) for n in group])
                outcomes += [each if isinstance(each, bool) else str(each) for each in found]
        left.append((outcomes, everything(made)))
        made.close()
    assert left[0] == left[1]


def test_one_that_fails_leaves_nothing_and_those_beside_it_are_kept(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    with state.write() as connection:
        outcomes = take_all(connection, [told(pc(1)), Told("11950", NOW, b"{"), told(pc(2))])
    assert [str(type(each).__name__) for each in outcomes] == ["bool", "BadInput", "bool"]
    assert rows(state)["heard"] == 2


def xml(number: int = 1, **sections: Any) -> Told:
    """The same PC as FusionInventory and OCS tell of it."""
    content = {
        "bios": {"SSN": f"SN{number:06}", "SMANUFACTURER": "Dell Inc."},
        "hardware": {"NAME": f"PC{number}", "MEMORY": 8192, "LASTLOGGEDUSER": "an"},
        "drives": [{"VOLUMN": "/", "TYPE": "/", "TOTAL": 500_000, "FREE": 100_000}],
        "networks": [{"DESCRIPTION": "eth0", "MACADDR": "3c:52:82:00:00:01", "STATUS": "Up"}],
        "softwares": [{"NAME": f"gói {n}", "VERSION": "1.0"} for n in range(40)],
        "processes": [{"CMD": "init", "PID": 1}],
        **sections,
    }
    return Told("11950", NOW, as_xml(content), "192.168.1.21", "FusionInventory-Agent_v2.6")


def test_xml_that_says_what_was_said_is_known_without_reading_all_of_it(state: State) -> None:
    first, again = quick_look(xml().plain), quick_look(xml(processes=[{"CMD": "sh", "PID": 7}]).plain)
    assert first is not None
    assert again is not None
    assert first.digest == again.digest
    assert put(state, xml()) == [True]
    before = rows(state)
    moved = xml(
        drives=[{"VOLUMN": "/", "TYPE": "/", "TOTAL": 500_000, "FREE": 7}],
        hardware={"NAME": "PC1", "MEMORY": 8192, "LASTLOGGEDUSER": "binh"},
    )
    assert put(state, replace(moved, at=NOW + DAY)) == [False]
    assert rows(state) == before
    with state.read() as connection:
        moving = contents.unpack(connection.execute(sa.select(heard.c.moving)).scalar_one())
    assert moving["drives"] == [{"volumn": "/", "type": "/", "total": 500_000, "free": 7}]
    assert moving["hardware"] == {"lastloggeduser": "binh"}


def test_xml_of_more_or_fewer_processes_says_what_was_said() -> None:
    def running(number: int) -> bytes:
        plain = xml(processes=[{"CMD": f"p{n}", "PID": n} for n in range(number)]).plain
        return plain.replace(b"</PROCESSES>", b"</PROCESSES>\n  ")

    looks = [quick_look(running(number)) for number in (1, 2, 3, 70)]
    assert None not in looks
    assert len({look.digest for look in looks if look}) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"softwares": [{"NAME": "gói 0", "VERSION": "2.0"}]},
        {"bios": {"SSN": "SN000001", "BVERSION": "A12"}},
        {"drives": [{"VOLUMN": "/", "TYPE": "/", "TOTAL": 900_000, "FREE": 100_000}]},
        {"hardware": {"NAME": "PC1", "MEMORY": 4096}},
        {"printers": [{"NAME": "Canon", "STATUS": "Idle"}]},
        {"slots": [{"NAME": "PCI1", "STATUS": "used"}]},
    ],
)
def test_xml_that_says_something_new_is_a_version(state: State, changed: dict[str, Any]) -> None:
    assert put(state, xml(), replace(xml(**changed), at=NOW + DAY)) == [True, True]


@pytest.mark.parametrize(
    "odd",
    [
        b"<!-- <DRIVES> -->",
        b"<![CDATA[</DRIVES>]]>",
        b"<DRIVES><DRIVES></DRIVES></DRIVES>",
        b"<DRIVES A='1'></DRIVES>",
        b"<?sort <DRIVES> ?>",
        b"<ENVS></ENVS><X></X>" * 30_000,
    ],
)
def test_xml_that_no_agent_writes_so_is_left_to_the_reader(odd: bytes) -> None:
    assert quick_look(xml().plain.replace(b"<SOFTWARES>", odd + b"<SOFTWARES>", 1)) is None


@pytest.mark.parametrize(
    "odd", [b"<", b"<DRIVES", b"<DRIVES>", b"</DRIVES>", b"<DRIVES></drives>", b"<DRIVES/", b"<X/><X/"]
)
def test_xml_that_is_none_is_left_to_the_reader_which_says_what_is_wrong(odd: bytes) -> None:
    plain = xml().plain.replace(b"<SOFTWARES>", odd + b"<SOFTWARES>", 1)
    assert quick_look(plain) is None
    with pytest.raises(BadInput, match="not XML"):
        read_inventory(plain)


@pytest.mark.parametrize(
    "odd", [b"<X><DRIVES></DRIVES></X>", b"<NETWORKS><DRIVES></DRIVES></NETWORKS>", b"<DRIVES/>"]
)
def test_what_only_looks_like_a_section_that_moves_is_none(odd: bytes) -> None:
    plain = xml().plain.replace(b"<SOFTWARES>", odd + b"<SOFTWARES>", 1)
    look = quick_look(plain)
    assert look is not None
    assert look.moving == moving_of(read_inventory(plain).content)


def test_how_long_a_unix_is_up_is_no_description_and_no_news(state: State) -> None:
    def up(how_long: str, at: int) -> Told:
        hardware = {"NAME": "PC1", "DESCRIPTION": f"x86_64/00-00-00 {how_long}"}
        return replace(xml(hardware=hardware), at=at)

    assert put(state, up("05:04:48", NOW), up("05:04:50", NOW + DAY)) == [True, False]
    (version,) = versions(state)
    assert version[2]["hardware"] == {"name": "PC1"}


@given(st.lists(st.sampled_from(["softwares", "processes", "drives"]), min_size=1, max_size=12), st.data())
def test_a_change_of_what_stays_is_never_taken_for_none(names: list[str], data: st.DataObject) -> None:
    def of(values: list[int]) -> bytes:
        rows = "\n".join(
            f"<{name}><NAME>n{value}</NAME></{name}>" for name, value in zip(names, values, strict=True)
        )
        return xml().plain.replace(b"</CONTENT>", rows.upper().encode() + b"</CONTENT>")

    first, second = ([data.draw(st.integers(0, 1)) for _ in names] for _ in range(2))
    one, other = quick_look(of(first)), quick_look(of(second))
    stays = [[v for n, v in zip(names, each, strict=True) if n != "processes"] for each in (first, second)]
    assert one is not None
    assert other is not None
    assert (one.digest == other.digest) == (stays[0] == stays[1])


@given(
    st.lists(
        st.sampled_from(
            ["drives", "hardware", "networks", "processes", "softwares", "printers", "envs", "bios"]
        ),
        max_size=6,
    ),
    st.integers(0, 3),
)
def test_what_a_quick_look_at_xml_says_moves_is_what_reading_it_says(names: list[str], n: int) -> None:
    plain = xml(**{name: {"NAME": f"n{n}", "FREE": n, "STATUS": "Up", "SSN": "1"} for name in names}).plain
    look, read = quick_look(plain), read_inventory(plain)
    assert look is not None
    assert (look.device, look.moving) == (read.device_id, moving_of(read.content))
