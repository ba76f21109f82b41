"""What a device of a LAN is, by its signs: known devices, the table itself, and laws."""

import random
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.census.facts import CLASSES
from inventory.lan.classes import OTHER, SIGNS, class_of
from inventory.lan.vendors import vendor

WINDOWS = "1,3,6,15,31,33,43,44,46,47,119,121,249,252"
ANDROID = "1,3,6,15,26,28,51,58,59,43,114,108"


@pytest.mark.parametrize(
    ("hints", "names", "mac", "found"),
    [
        ({"kind": ("file server", "printer")}, ["NPI1122AA"], "", "printer"),
        ({"kind": ("computer",), "service": ("netbios file server",)}, ["KETOAN-PC"], "", "pc"),
        ({"kind": ("dhcp server", "computer")}, ["DC-UBND"], "", "pc"),
        ({"kind": ("dhcp server",)}, [], "", "router"),
        ({"kind": ("computer",)}, ["LAPTOP-8K2M1QZ"], "", "laptop"),
        ({"kind": ("computer",)}, ["NPI1122AA"], "", "printer"),
        ({"kind": ("switch", "phone")}, [], "", "phone"),
        ({"kind": ("router", "switch")}, [], "", "switch"),
        ({"fingerprint": (WINDOWS,)}, [], "", "pc"),
        ({"fingerprint": (WINDOWS,)}, ["LAPTOP-8K2M1QZ"], "", "laptop"),
        ({"fingerprint": (ANDROID,)}, [], "", "phone"),
        ({"model": ("HP LaserJet M404dn",)}, [], "", "printer"),
        ({"kind": ("media",), "protocol": ("mdns",)}, [], "", OTHER),
        ({}, [], "44:19:b6:11:22:33", "camera"),
        ({}, [], "d4:ca:6d:00:00:01", "router"),
        ({"fingerprint": (WINDOWS,)}, [], "44:19:b6:11:22:33", "pc"),
        ({}, [], "3c:52:82:00:00:01", OTHER),  # HP makes printers and PCs
        ({}, [], "", OTHER),
    ],
)
def test_a_device_is_what_its_strongest_sign_says(
    hints: dict[str, tuple[str, ...]], names: list[str], mac: str, found: str
) -> None:
    assert class_of(hints, names, vendor(mac) if mac else "") == found


def test_the_table_has_classes_of_the_census_and_makers_of_the_list() -> None:
    assert set(SIGNS) < set(CLASSES)
    list_of_makers = files("aiooui").joinpath("oui.data").read_bytes().decode("utf-8", "replace").lower()
    for signs in SIGNS.values():
        assert all(maker in list_of_makers for maker in signs.makers), signs.makers
        texts = [*signs.kinds, *signs.roles, *signs.models, *signs.names, *signs.makers]
        assert texts == [text.lower() for text in texts]


words = [
    word for signs in SIGNS.values() for word in (*signs.kinds, *signs.roles, *signs.models, *signs.names)
]
texts = st.lists(st.sampled_from([*words, WINDOWS, ANDROID, "1,,x,²", ""]) | st.text(max_size=9), max_size=5)


@given(
    st.dictionaries(st.sampled_from(["kind", "model", "fingerprint", "service"]), texts), texts, st.randoms()
)
def test_a_class_follows_from_signs_in_any_order(
    hints: dict[str, list[str]], names: list[str], chance: random.Random
) -> None:
    found = class_of(hints, names)
    assert found in CLASSES
    for some in (*hints.values(), names):
        chance.shuffle(some)
    assert class_of(hints, names) == found


@given(st.sampled_from([*SIGNS]), st.data())
def test_what_a_device_announces_counts_before_what_it_is_called(name: str, data: st.DataObject) -> None:
    if SIGNS[name].kinds:
        hints = {"kind": (data.draw(st.sampled_from(SIGNS[name].kinds)),), "model": ("hp laserjet",)}
        assert class_of(hints, ["android-1", "npi00"], "Yealink") == name
