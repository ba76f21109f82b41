"""Behind which port of which switch a machine is: trees of switches and their tables, in any order and at any time."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_ingest import NOW, report, site

from core.errors import BadInput
from core.wire import Document
from inventory.lan.ports import MOST, Place, Told, places
from inventory.lan.reads import read_sightings
from inventory.lan.store import store_bridge, store_lan
from inventory.state import State

PC, PHONE, SWITCH, LAPTOP = (f"3c:52:82:00:00:0{n}" for n in range(1, 5))
HOUR, DAY = 3_600_000, 86_400_000


def told(*rows: tuple[str, str, str, int]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for mac, switch, port, at in rows:
        found.setdefault(mac, []).append(Told(switch, f"SW {switch}", port, at))
    return found


def test_a_machine_is_behind_the_port_of_the_switch_that_it_hangs_on() -> None:
    tables = told(
        (PC, "core", "24", NOW),
        (SWITCH, "core", "24", NOW),
        (PC, "floor", "3", NOW),
        (PHONE, "floor", "3", NOW),
    )
    found = places(tables, {"floor": [SWITCH]})
    assert found == {PC: Place("SW floor", "3", NOW, 2), PHONE: Place("SW floor", "3", NOW, 2)}


def test_a_port_with_more_machines_than_a_socket_has_is_nobodys() -> None:
    crowd = [(f"3c:52:82:00:01:{n:02x}", "core", "24", NOW) for n in range(MOST + 1)]
    assert places(told(*crowd), {}) == {}
    assert len(places(told(*crowd[:-1]), {})) == MOST


def test_who_was_behind_a_port_long_ago_does_not_crowd_it() -> None:
    long_ago = [(f"3c:52:82:00:01:{n:02x}", "core", "4", NOW - 30 * DAY) for n in range(MOST)]
    found = places(told(*long_ago, (PC, "core", "4", NOW)), {})
    assert found[PC] == Place("SW core", "4", NOW, 1)


def test_at_night_the_port_that_leads_to_others_still_does() -> None:
    by_day = [(f"3c:52:82:00:01:{n:02x}", "core", "24", NOW - 8 * HOUR) for n in range(MOST)]
    assert PC not in places(told(*by_day, (PC, "core", "24", NOW)), {})


def test_a_machine_that_was_moved_is_where_it_was_last() -> None:
    tables = told((LAPTOP, "a", "3", NOW - DAY), (LAPTOP, "b", "7", NOW))
    assert places(tables, {})[LAPTOP].port == "7"
    tables = told((LAPTOP, "a", "3", NOW - DAY), (LAPTOP, "a", "5", NOW))
    assert places(tables, {})[LAPTOP].port == "5"


@st.composite
def offices(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    """The switch above each switch, the switch of each machine, and a seed."""
    above = [draw(st.integers(0, number)) for number in range(draw(st.integers(0, 4)))]
    machines = draw(st.lists(st.integers(0, len(above)), min_size=1, max_size=12))
    return above, machines, draw(st.integers(0, 999))


def tables_of(above: list[int], machines: list[int]) -> Iterator[tuple[str, int, str]]:
    """(MAC, switch, port) as every switch learns it: its own ports are `m…`, those to other switches `s…`."""
    lines: dict[int, set[int]] = {number: set() for number in range(len(above) + 1)}
    for number, other in enumerate(above, 1):
        lines[number].add(other)
        lines[other].add(number)

    def learn(mac: str, at: int, port: str, came: int) -> Iterator[tuple[str, int, str]]:
        yield mac, at, port
        for other in lines[at] - {came}:
            yield from learn(mac, other, f"s{at}", at)

    for number, switch in enumerate(machines):
        yield from learn(f"3c:52:82:00:00:{number:02x}", switch, f"m{number}", -1)
    for switch in lines:
        for other in lines[switch]:
            yield from learn(f"3c:52:82:ff:00:{switch:02x}", other, f"s{switch}", switch)


@given(offices())
def test_in_any_tree_of_switches_each_machine_is_at_its_own_port(
    office: tuple[list[int], list[int], int],
) -> None:
    above, machines, seed = office
    chance = random.Random(seed)
    surveyed = [NOW - chance.randrange(DAY) for _ in range(len(above) + 1)]
    rows = [(mac, str(switch), port, surveyed[switch]) for mac, switch, port in tables_of(above, machines)]
    own = {str(switch): [f"3c:52:82:ff:00:{switch:02x}"] for switch in range(len(above) + 1)}
    found = places(told(*rows), own)
    assert {mac: (place.switch, place.port) for mac, place in found.items()} == {
        f"3c:52:82:00:00:{number:02x}": (f"SW {switch}", f"m{number}")
        for number, switch in enumerate(machines)
    }
    chance.shuffle(rows)
    assert places(told(*rows, *rows), own) == found


rows = st.tuples(
    st.sampled_from([PC, PHONE, SWITCH, LAPTOP]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["1", "2"]),
    st.integers(0, 3).map(lambda days: NOW - days * DAY),
)


@given(st.lists(rows, max_size=12), st.randoms())
def test_whatever_is_told_in_any_order_says_the_same_and_no_switch_is_a_machine(
    some: list[tuple[str, str, str, int]], chance: random.Random
) -> None:
    own = {"b": [SWITCH]}
    found = places(told(*some), own)
    chance.shuffle(some)
    assert places(told(*some), own) == found
    assert SWITCH not in found
    # Each stands where some switch told of it last.
    for mac, place in found.items():
        newest = {
            at: port for row, switch, port, at in sorted(some) if (row, f"SW {switch}") == (mac, place.switch)
        }
        assert place.port == newest[max(newest)]


def bridge(
    ports: dict[str, list[str]], arp: list[list[str]] | None = None, address: str = "10.1.1.2"
) -> dict[str, object]:
    return {"address": address, "name": "SW-TANG1", "ports": ports, "arp": arp or []}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def test_what_a_switch_and_a_router_tell_goes_into_the_sightings(state: State) -> None:
    heard = {"sightings": [{"mac": PC, "addresses": ["10.1.1.9"], "names": ["KETOAN-PC"]}]}
    tables = bridge({"ge1": [PC], "ge2": [PHONE]}, [[LAPTOP, "10.1.2.7"]])
    with state.write() as connection:
        store_lan(connection, unit="u", document=Document("lan", NOW, heard), received_at=NOW)
        for _ in range(2):
            store_bridge(connection, unit="u", document=Document("bridge", NOW, tables), received_at=NOW)
        found = {each.mac: each for each in read_sightings(connection, "u")}
    assert places({mac: each.behind for mac, each in found.items()}, {}) == {
        PC: Place("SW-TANG1", "ge1", NOW, 1),
        PHONE: Place("SW-TANG1", "ge2", NOW, 1),
    }
    assert (found[PC].names, found[PC].behind) == (
        ("KETOAN-PC",),
        (Told("10.1.1.2", "SW-TANG1", "ge1", NOW),),
    )
    assert found[PC].hints == {"protocol": ("bridge",)}
    assert (found[LAPTOP].addresses, found[LAPTOP].hints) == (("10.1.2.7",), {"protocol": ("router",)})


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"address": 7},
        bridge({"ge1": ["3C:52:82:00:00:01"]}),
        bridge({"ge1": [PC] * 2_000, "ge2": [PC] * 2_000}),
        bridge({}, [[PC]]),
        bridge({"x" * 257: [PC]}),
    ],
)
def test_what_is_of_no_bridge_is_refused(state: State, wrong: dict[str, object]) -> None:
    with state.write() as connection:
        with pytest.raises(BadInput):
            store_bridge(connection, unit="u", document=Document("bridge", NOW, wrong), received_at=NOW)
        assert not read_sightings(connection, "u")


async def test_the_tables_of_a_switch_that_an_agent_reports_are_kept(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        name = here.enrol()
        documents = [Document("bridge", NOW, bridge({"ge1": [PC]}))]
        answer = await here.post(report(name, 1, [100], extra={"documents": documents}))
        assert answer.status_code == 204
        assert await here.ingest.settle()
        with here.state.read() as connection:
            (only,) = read_sightings(connection, "u1")
        assert (only.mac, only.behind[0].port) == (PC, "ge1")
