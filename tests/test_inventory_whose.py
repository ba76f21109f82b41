"""Whose an address on the way is."""

import pytest

from inventory.records import Link
from inventory.whose import Owner, Way, whose


def link(unit: str, kind: str = "wan", provider: str = "", **fields: str) -> Link:
    known = {"gateway": "", "router": "", "hub": "", **fields}
    return Link(
        unit,
        kind,
        "",
        provider,
        "",
        None,
        None,
        **known,
        anchors="",
        resolvers="",
        max_rtt_ms=None,
        max_loss_percent=None,
        max_jitter_ms=None,
        proxy="",
        valid_from=0,
        valid_to=None,
    )


WAY = Way(
    "11950",
    [
        link("11950", "internet", "FPT", gateway="192.168.1.1"),
        link("11950", "wan", "VNPT", gateway="192.168.1.1 fd00::1", router="10.33.19.50", hub="10.33.0.1"),
    ],
    [
        ("323", [link("323", router="10.33.3.23", gateway="10.3.23.1", hub="10.33.0.2")]),
        ("33", []),
    ],
    "10.33.0.10",
)


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("192.168.1.1", Owner("gateway", "11950")),
        ("FD00:0::1", Owner("gateway", "11950")),
        ("10.33.19.50", Owner("router", "11950")),
        ("10.33.0.1", Owner("hub", "323")),
        ("10.33.3.23", Owner("parent", "323")),
        ("10.3.23.1", Owner("parent", "323")),
        ("10.33.0.10", Owner("centre")),
        ("10.33.0.2", Owner("provider", "", "VNPT")),
        ("203.0.113.9", Owner("provider", "", "VNPT")),
        ("198.51.100.7", Owner("target")),
        ("not an address", Owner("provider", "", "VNPT")),
    ],
)
def test_an_address_has_the_owner_that_the_registry_names(address: str, owner: Owner) -> None:
    assert whose(address, WAY, "198.51.100.7") == owner


def test_names_of_hosts_in_the_registry_name_no_address() -> None:
    way = Way("1", [link("1", gateway="gw.example", router="10.0.0.1")], [], "centre.example")
    assert whose("10.0.0.1", way) == Owner("router", "1")
    assert whose("10.0.0.2", way) == Owner("provider")
