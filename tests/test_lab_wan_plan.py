"""The lab's plan: addresses that do not collide, and routes by which every unit reaches every other."""

from ipaddress import IPv4Address
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from lab.wan.plan import Layout, Node, choose, in_tree_order, lay_out

PROVINCE: list[Node] = [
    ("33", "province", None),
    ("so-nv", "department", "33"),
    ("323", "district", "33"),
    ("11950", "commune", "323"),
    ("11953", "commune", "323"),
    ("325", "district", "33"),
    ("11992", "commune", "325"),
]


@st.composite
def trees(draw: Any) -> list[Node]:
    size = draw(st.integers(1, 40))
    top: Node = ("u0", "province", None)
    others = [(f"u{n}", "commune", f"u{draw(st.integers(0, n - 1))}") for n in range(1, size)]
    return draw(st.permutations([top, *others]))


def hops(layout: Layout, start: str, target: IPv4Address) -> list[str]:
    """The routers that a packet passes from the LAN of `start` to the LAN that `target` is in."""
    path = [start]
    while target not in layout.sites[path[-1]].lan:
        routes = [route for route in layout.routes(path[-1]) if target in route.to]
        best = max(routes, key=lambda route: route.to.prefixlen)
        line = next(line for line in layout.lines() if best.via in line.network)
        assert path[-1] in (line.unit, line.parent), "a next hop is always a neighbour"
        path.append(line.unit if best.via == line.lower else line.parent)
        assert len(path) <= len(layout.sites), "routes never go round in circles"
    return path


def test_a_commune_reaches_the_centre_through_its_district() -> None:
    layout = lay_out(PROVINCE, run="t", boxes=[], pcs=1)
    assert hops(layout, "11950", layout.centre.address) == ["11950", "323", "33"]
    assert hops(layout, "33", layout.sites["11992"].gateway) == ["33", "325", "11992"]


def test_addresses_can_be_read() -> None:
    layout = lay_out(PROVINCE, run="t", boxes=["11950"], pcs=2)
    assert str(layout.centre.address) == "10.0.0.10"
    assert str(layout.sites["323"].lan) == "10.1.0.0/24"
    assert str(layout.sites["11950"].lan) == "10.1.1.0/24"
    assert [str(host.address) for host in layout.sites["11950"].hosts] == [
        "10.1.1.10",
        "10.1.1.101",
        "10.1.1.102",
    ]
    assert str(layout.sites["so-nv"].lan) == "10.3.0.0/24"


def test_servers_stand_in_the_topmost_lan_alone() -> None:
    layout = lay_out(PROVINCE, run="t", boxes=[], pcs=1, servers=["eoffice", "dns-vnpt"])
    assert [str(layout.server(name).address) for name in ("eoffice", "dns-vnpt")] == [
        "10.0.0.20",
        "10.0.0.21",
    ]
    assert [host.name for host in layout.sites["323"].hosts] == ["pc1"]
    with pytest.raises(BadInput, match="no machine 'mail'"):
        layout.server("mail")


@settings(max_examples=40, deadline=None)
@given(trees(), st.data())
def test_in_any_tree_every_unit_reaches_every_other_by_the_tree(
    nodes: list[Node], data: st.DataObject
) -> None:
    layout = lay_out(nodes, run="t", boxes=[], pcs=0)
    codes = sorted(layout.sites)
    one, other = data.draw(st.sampled_from(codes)), data.draw(st.sampled_from(codes))
    path = hops(layout, one, layout.sites[other].gateway)
    assert path[-1] == other
    assert len(path) == len(set(path))


@settings(max_examples=40, deadline=None)
@given(trees())
def test_no_two_things_share_an_address_a_name_or_a_device(nodes: list[Node]) -> None:
    layout = lay_out(nodes, run="t", boxes=[nodes[0][0]], pcs=2)
    networks = [site.lan for site in layout.sites.values()] + [line.network for line in layout.lines()]
    networks.sort()
    assert not any(a.overlaps(b) for a, b in pairwise(networks))
    names = list(layout.namespaces())
    assert len(names) == len(set(names))
    devices = [site.down_device for site in layout.sites.values()]
    assert len(devices) == len(set(devices))
    assert max(map(len, devices)) <= 15


@settings(max_examples=40, deadline=None)
@given(trees(), st.integers(0, 50))
def test_a_choice_has_its_number_and_every_hub_it_needs(nodes: list[Node], count: int) -> None:
    chosen = choose(nodes, count)
    parents = {code: parent for code, _, parent in nodes}
    top = next(code for code, parent in parents.items() if parent is None)
    assert len(chosen) == min(count, len(nodes) - 1)
    assert all(parents[code] in {*chosen, top} for code in chosen)


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([], "not one tree"),
        ([("a", "x", None), ("b", "x", None)], "not one tree"),
        ([("a", "x", None), ("b", "x", "c"), ("c", "x", "b")], "hangs on no tree"),
        ([("a", "x", None), ("a", "x", "a")], "twice"),
    ],
)
def test_what_is_no_tree_is_refused(nodes: list[Node], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        in_tree_order(nodes)
