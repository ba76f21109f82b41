"""What tables of devices mean: counters that wrap, jump and run backwards, and whatever else a table may hold."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.snmp import hardware, interfaces
from agents.snmp.facts import Oid, Value
from agents.snmp.interfaces import Interface, Reading


def reading(**changed: object) -> Reading:
    plain: dict[str, object] = {
        "up": True,
        "speed": 1e9,
        "wide": True,
        "octets_in": 1_000,
        "octets_out": 2_000,
        "errors": 0,
        "discards": 0,
        "discontinuity": 0,
    }
    return Reading(**(plain | changed))  # type: ignore[arg-type]


def test_figures_follow_from_two_readings() -> None:
    now = reading(octets_in=1_000 + 7_500_000, octets_out=2_000 + 75_000_000, errors=30, discards=60)
    assert interfaces.figures("ether1", reading(), now, 30) == {
        "interface_up#ether1": 1.0,
        "in_bits_per_second#ether1": 2_000_000.0,
        "out_bits_per_second#ether1": 20_000_000.0,
        "utilisation_ratio#ether1": 0.02,
        "errors_per_second#ether1": 1.0,
        "discards_per_second#ether1": 2.0,
    }


def test_a_narrow_counter_may_wrap_once() -> None:
    before = reading(wide=False, octets_in=(1 << 32) - 500, speed=1e8)
    found = interfaces.figures("a", before, reading(wide=False, octets_in=7_000, speed=1e8), 30)
    assert found["in_bits_per_second#a"] == 7_500 * 8 / 30


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"octets_in": 9_000}, {"octets_in": 5}),  # a wide counter does not wrap: it was set anew, or it lies
        ({"wide": False, "octets_in": 3 << 30, "speed": 1e6}, {"wide": False, "octets_in": 5, "speed": 1e6}),
        ({"discontinuity": 1}, {"discontinuity": 2}),
        ({"octets_in": 0}, {"octets_in": 1 << 60}),  # more than the interface can carry
        ({"octets_in": None}, {"octets_in": 5}),
        ({"wide": False}, {"wide": True}),
    ],
)
def test_what_cannot_follow_gives_no_figure(before: dict[str, object], now: dict[str, object]) -> None:
    assert "in_bits_per_second#a" not in interfaces.figures("a", reading(**before), reading(**now), 30)


counts = st.none() | st.integers(0, (1 << 64) - 1)


@given(
    st.builds(
        Reading,
        st.none() | st.booleans(),
        st.none() | st.floats(1, 1e12),
        st.booleans(),
        counts,
        counts,
        counts,
        counts,
        counts,
    ),
    st.builds(
        Reading,
        st.none() | st.booleans(),
        st.none() | st.floats(1, 1e12),
        st.booleans(),
        counts,
        counts,
        counts,
        counts,
        counts,
    ),
    st.floats(0, 1e6),
)
def test_no_figure_is_negative_or_more_than_the_interface_carries(
    before: Reading, now: Reading, seconds: float
) -> None:
    found = interfaces.figures("a", before, now, seconds)
    assert all(value >= 0 for value in found.values())
    for figure in ("in_bits_per_second#a", "out_bits_per_second#a"):
        if now.speed is not None:
            assert found.get(figure, 0.0) <= now.speed * 1.11
    assert found.get("utilisation_ratio#a", 0.0) <= 1


@given(st.integers(0, (1 << 64) - 1), st.integers(0, 10**9), st.integers(1, 600))
def test_what_went_through_is_what_is_counted_over_any_wrap(start: int, octets: int, seconds: int) -> None:
    wide = start + octets < 1 << 64
    size = 64 if wide else 32
    before = reading(wide=wide, octets_in=start % (1 << size), speed=1e12)
    now = reading(wide=wide, octets_in=(start + octets) % (1 << size), speed=1e12)
    found = interfaces.figures("a", before, now, seconds)
    assert found["in_bits_per_second#a"] == pytest.approx(octets * 8 / seconds)


# --- tables

values = (
    st.none() | st.integers() | st.binary(max_size=60) | st.lists(st.integers(0, 99), max_size=12).map(tuple)
)
indices = st.lists(st.integers(0, 3), max_size=3).map(tuple)


def tables(columns: Sequence[Oid]) -> st.SearchStrategy[dict[Oid, dict[Oid, Value]]]:
    return st.dictionaries(st.sampled_from(list(columns)), st.dictionaries(indices, values, max_size=5))


@given(tables([*interfaces.WHAT, *interfaces.COUNTERS]))
def test_whatever_an_interface_table_holds_names_are_each_ones_own(
    found: dict[Oid, dict[Oid, Value]],
) -> None:
    known = interfaces.interfaces(found)
    assert len({each.name for each in known}) == len(known)
    assert all(each.name and each.name.isprintable() and len(each.name) <= 40 for each in known)
    for each in interfaces.watched(known):
        now = interfaces.readings(found).get(each.index)
        assert now is None or interfaces.figures(each.name, now, now, 5.0) is not None


@given(
    tables([*hardware.STORAGE, hardware.PROCESSOR_LOAD]),
    tables(hardware.ENTITY),
    tables(hardware.NEIGHBOURS),
    tables(hardware.OWN_PORTS),
    tables([*hardware.SUPPLIES, hardware.PRINTED]),
)
def test_whatever_the_other_tables_hold_is_facts_or_nothing(
    store: dict[Oid, dict[Oid, Value]],
    entity: dict[Oid, dict[Oid, Value]],
    remote: dict[Oid, dict[Oid, Value]],
    own: dict[Oid, dict[Oid, Value]],
    supplies: dict[Oid, dict[Oid, Value]],
) -> None:
    assert all(0 <= value <= 1 for value in hardware.load(store).values())
    assert all(each["bytes"] > 0 for each in hardware.storage(store))
    assert all(hardware.chassis(entity).values())
    assert all("port" in each for each in hardware.neighbours(remote, own))
    names, figures = hardware.printer(supplies)
    assert all(names)
    assert all(0 <= value <= 1 for name, value in figures.items() if name.startswith("supply"))


def test_ports_come_before_what_is_made_of_them_and_shut_ones_not_at_all() -> None:
    known = [
        Interface(1, "lo", "loopback"),
        Interface(2, "vlan10", "vlan", enabled=True),
        Interface(3, "ether2", "ethernet", enabled=True),
        Interface(4, "ether3", "ethernet", enabled=False),
        Interface(5, "ether4", "ethernet"),
    ]
    assert [each.name for each in interfaces.watched(known)] == ["ether2", "ether4", "vlan10"]
