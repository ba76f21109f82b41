"""Which tellings of a unit's devices are of one device: the laws, and what is easily taken for one and is not."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.identity import forms
from inventory.identity.junk import JUNK
from inventory.roster import SOURCES, Telling, joined

MACS = (
    "3c:52:82:00:00:01",
    "3c:52:82:00:00:02",
    "00:1b:a9:00:00:03",
    "00:00:00:00:00:00",
    "02:42:ac:11:00:02",
)
SERIALS = ("VNB3K12345", "SN000777", "To be filled by O.E.M.", "0000")
ADDRESSES = ("10.33.83.1", "10.33.83.2", "10.33.83.3", "127.0.0.1")


def telling(source: Any, key: str = "", at: int = 1, **more: Any) -> Telling:
    return Telling(source, key or source, at, **more)


def keys(found: Sequence[Sequence[Telling]]) -> list[list[str]]:
    return [[each.key for each in group] for group in found]


def test_a_printer_that_is_asked_and_was_heard_is_one() -> None:
    asked = telling("snmp", macs=["00:1B:A9:00:00:09"], addresses=["10.33.83.50"])
    heard = telling("lan", macs=["00:1b:a9:00:00:09"], addresses=["10.33.83.51"])
    assert keys(joined([heard, asked])) == [["snmp", "lan"]]


def test_a_ups_that_tells_no_mac_is_what_was_heard_at_its_address() -> None:
    asked = telling("snmp", addresses=["10.33.83.50"])
    heard = telling("lan", macs=["00:c0:b7:00:00:09"], addresses=["10.33.83.50"])
    assert keys(joined([asked, heard])) == [["snmp", "lan"]]


def test_what_has_the_address_now_and_another_maker_is_another_device() -> None:
    asked = telling("snmp", macs=["00:1b:a9:00:00:09"], addresses=["10.33.83.50"])
    heard = telling("lan", macs=["3c:52:82:00:00:09"], addresses=["10.33.83.50"])
    assert keys(joined([asked, heard])) == [["snmp"], ["lan"]]


def test_a_switch_whose_own_adapter_is_not_among_its_ports_is_known_by_its_maker_and_address() -> None:
    asked = telling("snmp", macs=["cc:2d:e0:00:00:01", "cc:2d:e0:00:00:02"], addresses=["10.33.83.2"])
    heard = telling("lan", macs=["cc:2d:e0:00:00:00"], addresses=["10.33.83.2"])
    assert keys(joined([asked, heard])) == [["snmp", "lan"]]


def test_other_serials_speak_against_an_address() -> None:
    one = telling("inventory", serials=["SN000777"], addresses=["10.33.83.2"])
    other = telling("snmp", serials=["VNB3K12345"], addresses=["10.33.83.2"])
    assert len(joined([one, other])) == 2
    assert keys(joined([one, telling("snmp", serials=["SN-000777"])])) == [["inventory", "snmp"]]


def test_of_two_heard_at_an_address_the_later_has_it() -> None:
    asked = telling("snmp", addresses=["10.33.83.2"])
    old = telling("lan", "old", 1, macs=["3c:52:82:00:00:01"], addresses=["10.33.83.2"])
    new = telling("lan", "new", 2, macs=["00:1b:a9:00:00:03"], addresses=["10.33.83.2"])
    assert keys(joined([old, new, asked])) == [["snmp", "new"], ["old"]]
    as_late = telling("lan", "late", 2, macs=["00:1b:a9:00:00:04"], addresses=["10.33.83.2"])
    assert len(joined([new, as_late, asked])) == 3


def test_two_machines_of_inventories_stay_two_over_a_shared_dock() -> None:
    dock = ["3c:52:82:00:00:01"]
    one, other = telling("inventory", "one", 2, macs=dock), telling("inventory", "other", 1, macs=dock)
    heard = telling("lan", macs=dock)
    assert keys(joined([other, heard, one])) == [["one", "lan"], ["other"]]


@pytest.mark.parametrize("mac", ["00:00:00:00:00:00", "02:42:ac:11:00:02", "ff:ff:ff:ff:ff:ff"])
def test_macs_that_many_have_make_nothing_one(mac: str) -> None:
    assert len(joined([telling("snmp", macs=[mac]), telling("lan", macs=[mac])])) == 2


def test_a_router_that_is_asked_at_two_addresses_is_one() -> None:
    macs = ["cc:2d:e0:00:00:01"]
    one, other = telling("snmp", "a", macs=macs, addresses=["10.0.0.1"]), telling("snmp", "b", macs=macs, addresses=["10.0.1.1"])  # fmt: skip
    assert keys(joined([one, other])) == [["a", "b"]]


TELLINGS = st.lists(
    st.builds(
        Telling,
        st.sampled_from(SOURCES),
        st.uuids().map(str),
        st.integers(0, 3),
        st.lists(st.sampled_from(MACS), max_size=2),
        st.lists(st.sampled_from(SERIALS), max_size=1),
        st.lists(st.sampled_from(ADDRESSES), max_size=2),
    ),
    max_size=8,
    unique_by=lambda each: each.key,
)


@given(TELLINGS, st.randoms(use_true_random=False))
def test_each_telling_is_of_one_device_in_whatever_order_they_come(told: list[Telling], dice: Any) -> None:
    found = joined(told)
    assert sorted(each.key for group in found for each in group) == sorted(each.key for each in told)
    assert all(group for group in found)
    assert joined(dice.sample(told, len(told))) == found


@given(TELLINGS)
def test_no_two_machines_of_inventories_become_one(told: list[Telling]) -> None:
    assert all(sum(each.source == "inventory" for each in group) <= 1 for group in joined(told))


@given(TELLINGS)
def test_who_tell_of_one_mac_are_one_unless_inventories_say_otherwise(told: list[Telling]) -> None:
    found = joined(told)
    place = {each.key: n for n, group in enumerate(found) for each in group}
    for mac in MACS:
        if JUNK.mac(forms.mac(mac)):
            continue
        its = {place[each.key] for each in told if mac in each.macs}
        machines = [n for n in its if any(each.source == "inventory" for each in found[n])]
        # One device, or one for each machine of an inventory.
        assert len(its) <= max(1, len(machines))


@given(TELLINGS)
def test_nothing_is_one_without_something_that_it_has_in_common(told: list[Telling]) -> None:
    for group in joined(told):
        for each in group if len(group) > 1 else ():
            others = [other for other in group if other is not each]
            assert any(
                set(each.macs) & set(other.macs)
                or set(each.serials) & set(other.serials)
                or (set(each.addresses) & set(other.addresses)) - {"127.0.0.1"}
                for other in others
            )


@given(TELLINGS)
def test_an_address_alone_never_joins_what_other_makers_made(told: list[Telling]) -> None:
    bare = [
        Telling(each.source, each.key, each.last_seen, each.macs[:1], (), each.addresses) for each in told
    ]
    for group in joined(bare):
        known = [forms.mac(mac) for each in group for mac in each.macs if not JUNK.mac(forms.mac(mac))]
        assert len({mac[:6] for mac in known}) <= 1
