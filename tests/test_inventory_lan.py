"""Sightings: one for each MAC of a unit, the same in any order, and none of what is no LAN."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support_ingest import NOW, report, site

from core.errors import BadInput
from core.wire import Document
from inventory import signs
from inventory.lan import store
from inventory.lan.reads import Sighting, as_document, read_sightings
from inventory.lan.store import store_lan
from inventory.lan.tables import sightings
from inventory.lan.told import ADDRESSES, newest
from inventory.lan.vendors import vendor
from inventory.state import State

MAC, OTHER = "3c:52:82:11:22:33", "b8:27:eb:00:00:01"
MINUTE = 60_000


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state.db")
    state.create_all()
    yield state
    state.close()


def lan(*seen: dict[str, object]) -> dict[str, object]:
    return {"networks": ["10.1.1.0/24"], "large": [], "left_out": 0, "sightings": list(seen)}


def seen(mac: str = MAC, *addresses: str, **more: object) -> dict[str, object]:
    return {"mac": mac, "addresses": list(addresses), "protocols": ["arp"], **more}


def stored(state: State, *documents: tuple[int, dict[str, object]], unit: str = "11950") -> list[Sighting]:
    with state.write() as connection:
        for at, body in documents:
            store_lan(connection, unit=unit, document=Document("lan", at, body), received_at=NOW)
        return list(read_sightings(connection, unit))


def test_a_machine_that_is_seen_again_is_one_sighting_with_all_that_it_told(state: State) -> None:
    (only,) = stored(
        state,
        (NOW - 30 * MINUTE, lan(seen(MAC, "10.1.1.9", names=["KETOAN-PC"], kinds=["computer"]))),
        (NOW - 15 * MINUTE, lan(seen(MAC, "10.1.1.12", vendor_class="MSFT 5.0"))),
    )
    assert (only.first_seen, only.last_seen) == (NOW - 30 * MINUTE, NOW - 15 * MINUTE)
    assert only.addresses == ("10.1.1.12", "10.1.1.9")
    assert only.names == ("KETOAN-PC",)
    assert only.hints == {"kind": ("computer",), "protocol": ("arp",), "vendor_class": ("MSFT 5.0",)}


def test_the_same_mac_in_two_units_is_two_sightings(state: State) -> None:
    stored(state, (NOW, lan(seen())), unit="11951")
    assert len(stored(state, (NOW, lan(seen())), unit="11950")) == 1


def test_what_a_switch_says_of_our_port_is_kept(state: State) -> None:
    near = {"protocol": "lldp", "chassis": "00:1a:2b:3c:4d:5e", "port": "GE0/0/7", "vlan": 20}
    (only,) = stored(state, (NOW, lan(seen(neighbour=near))))
    (found,) = only.neighbours
    assert found.items() >= near.items()


one_lan = st.lists(
    st.builds(
        lambda mac, address, name: seen(mac, f"10.1.1.{address}", names=[name]),
        st.sampled_from([MAC, OTHER]),
        st.integers(1, 4),
        st.sampled_from(["a", "b"]),
    ),
    max_size=3,
)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), one_lan), min_size=1, max_size=4))
def test_the_same_documents_in_any_order_and_number_leave_the_same(
    told: list[tuple[int, list[dict[str, object]]]],
) -> None:
    def kept(order: tuple[tuple[int, list[dict[str, object]]], ...]) -> str:
        engine = sa.create_engine("sqlite://")
        with engine.begin() as connection:
            sightings.create(connection)
            for at, machines in (*order, *order):
                document = Document("lan", NOW - at, lan(*machines))
                store_lan(connection, unit="u", document=document, received_at=NOW)
            found = repr(connection.execute(sa.select(sightings).order_by(sightings.c.mac)).all())
        engine.dispose()
        return found

    assert len({kept(order) for order in itertools.permutations(told)}) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12), st.randoms())
def test_the_newest_entries_are_kept_whatever_came_first(told: list[tuple[int, int]], chance: object) -> None:
    def kept(order: list[tuple[int, int]]) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        for at, text in order:
            found = newest(found, [str(text)], at, 3)
        return list(found.items())

    shuffled = list(told)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert kept(told) == kept(shuffled)
    assert len(kept(told)) <= 3


def test_a_machine_has_no_more_addresses_than_anybody_reads(state: State) -> None:
    documents = [(NOW - n * MINUTE, lan(seen(MAC, f"10.1.1.{n}"))) for n in range(ADDRESSES + 5)]
    (only,) = stored(state, *documents)
    assert only.addresses == tuple(f"10.1.1.{n}" for n in range(ADDRESSES))


def test_who_was_seen_longest_ago_gives_way(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 3)
    found = stored(state, *((NOW - n, lan(seen(f"3c:52:82:00:00:{n:02x}"))) for n in range(6)))
    assert [each.last_seen for each in found] == [NOW, NOW - 1, NOW - 2]


def test_a_sweep_from_the_future_counts_as_of_now(state: State) -> None:
    assert stored(state, (NOW + 99 * MINUTE, lan(seen())))[0].last_seen == NOW


@pytest.mark.parametrize(
    ("mac", "maker"),
    [("b8:27:eb:00:00:01", "Raspberry Pi Foundation"), ("02:11:22:33:44:55", ""), ("70:b3:d5:00:10:00", "")],
)
def test_the_maker_of_an_adapter_is_told_where_it_is_known(mac: str, maker: str) -> None:
    assert vendor(mac) == maker


async def test_makers_can_be_asked_for_from_within_an_event_loop() -> None:
    assert vendor("44:19:b6:11:22:33").startswith("Hangzhou Hikvision")


def test_a_sighting_reads_as_an_inventory_with_the_signs_that_it_has(state: State) -> None:
    (only,) = stored(state, (NOW, lan(seen(MAC, "10.1.1.9", "fe80::9", names=["KETOAN-PC"]))))
    found = signs.read(as_document(only))
    assert (found.macs, found.hostname) == (("3C5282112233",), "KETOAN-PC")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        lan(seen("3C:52:82:11:22:33")),
        lan(seen("x" * 17)),
        lan({"addresses": ["10.1.1.1"]}),
        lan(seen(MAC, "x" * 46)),
        lan(seen(names=["x" * 65])),
        lan(seen(services=["s"] * 17)),
        lan(*[seen()] * 2_049),
        lan(seen(neighbour={"vlan": -1})),
    ],
)
def test_what_is_no_lan_is_refused(state: State, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="not a LAN"):
        stored(state, (NOW, wrong))


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["mac", "addresses", "names", "hints", "neighbour", "kinds"])


@settings(deadline=None)
@given(st.lists(st.dictionaries(keys, json | st.just(MAC)), max_size=3) | json)
def test_no_body_at_all_raises_anything_else(wrong: object) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        sightings.create(connection)
        with contextlib.suppress(BadInput):
            document = Document("lan", NOW, {"sightings": wrong})
            store_lan(connection, unit="u", document=document, received_at=NOW)
    engine.dispose()


async def test_a_sweep_that_an_agent_reports_is_kept_and_a_bad_one_costs_nothing_else(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        name = here.enrol()
        documents = [Document("lan", NOW, {"no": "lan"}), Document("lan", NOW, lan(seen(MAC, "10.1.1.9")))]
        answer = await here.post(report(name, 1, [100], extra={"documents": documents}))
        assert answer.status_code == 204
        assert await here.ingest.settle()
        with here.state.read() as connection:
            (only,) = read_sightings(connection, "u1")
        assert (only.mac, only.addresses) == (MAC, ("10.1.1.9",))
        assert here.ingest.counters()["documents_refused_total"] == 1
