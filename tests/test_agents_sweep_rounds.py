"""Whose networks are asked, whom a sweep asks next, and when enough is enough."""

from ipaddress import ip_network
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.sweep.heard import Heard
from agents.sweep.networks import Interface, own
from agents.sweep.rounds import (
    FRAME_BITS,
    MISSING,
    MOST_ROUNDS,
    Place,
    Rounds,
    length_s,
    missing,
    questions,
    spacing_s,
)
from agents.sweep.tally import MOST, MOST_BYTES, Tally

UP = frozenset({"up", "broadcast", "running", "multicast"})
MAC = "3c:52:82:00:00:01"


def lan(*addresses: str, flags: frozenset[str] = UP, mac: str = MAC) -> Interface:
    return Interface("eth0", mac, flags, addresses)


def asked(*interfaces: Interface, only: str | None = None) -> list[str]:
    links, _ = own(interfaces, None if only is None else ip_network(only))
    return [str(network) for link in links for network, _ in link.ask]


@pytest.mark.parametrize(
    "interface",
    [
        lan("127.0.0.1/8", flags=frozenset({"up", "loopback", "running"}), mac="00:00:00:00:00:00"),
        lan("10.8.0.2/24", flags=frozenset({"up", "pointopoint", "noarp"})),
        lan("10.1.1.2/24", flags=frozenset({"broadcast", "multicast"})),
        lan("10.8.0.2/24", mac=""),
        lan("203.162.4.190/24"),
        lan("100.64.1.2/24"),
        lan("169.254.7.7/16"),
        lan("10.1.1.2/31"),
        lan("10.1.1.2/32"),
        lan("2001:ee0:1::2/64"),
    ],
)
def test_what_is_not_the_units_own_lan_is_left_alone(interface: Interface) -> None:
    assert own([interface]) == ([], [])


def test_private_networks_up_to_a_22_are_asked_and_larger_ones_only_heard() -> None:
    links, large = own([lan("10.1.4.2/22", "172.16.0.2/21", "192.168.1.2/24", "192.168.1.3/24")])
    assert [str(network) for network, _ in links[0].ask] == ["10.1.4.0/22", "192.168.1.0/24"]
    assert large == ["172.16.0.0/21"]
    assert links[0].has("172.16.0.9")


def test_a_network_that_is_not_on_a_link_is_never_asked() -> None:
    assert asked(lan("10.1.1.2/24"), only="10.1.2.0/24") == []
    assert asked(lan("10.1.1.2/24"), only="10.1.0.0/16") == []
    assert asked(lan("10.1.1.2/24", "10.1.2.2/24"), only="10.1.2.0/24") == ["10.1.2.0/24"]


def test_own_addresses_are_nobody_elses() -> None:
    (link,), _ = own([lan("10.1.1.2/24", "fe80::1/64", "fd00:1::5/64")])
    found = {
        a: link.has(a) for a in ("10.1.1.2", "10.1.1.3", "10.1.2.3", "fe80::9", "fd00:1::9", "fd00:2::9")
    }
    assert [a for a, has in found.items() if has] == ["10.1.1.3", "fe80::9", "fd00:1::9"]


def sweep(hosts: int, loss: float, seed: int, *, dual: int = 0, size: int = 254) -> tuple[int, int, float]:
    """A sweep of as many addresses: machines that were found, questions, and seconds of asking."""
    chance = Random(seed)
    places: list[Place] = [(0, f"10.1.{n >> 8}.{n & 255}") for n in range(1, size + 1)]
    machines = {place: f"m{n}" for n, place in enumerate(chance.sample(places, hosts))}
    rounds = Rounds(places, spacing_s(20), questions(length_s(size, 20, 30, 100), 20))
    found: set[str] = set()
    now, greeted = 0.0, 0
    while (step := rounds.next(now)) is not None:
        if greeted < rounds.round:
            greeted = rounds.round
            for number, mac in enumerate(machines.values()):
                if number < dual and chance.random() > loss:
                    rounds.heard(mac, None)
        if isinstance(step, float):
            now = step
        elif step in machines and chance.random() > loss and chance.random() > loss:
            rounds.heard(machines[step], step)
            found.add(machines[step])
    return len(found), rounds.counts.asked, now


def test_with_loss_each_way_all_fifty_of_a_24_are_found_within_ten_seconds() -> None:
    runs = [sweep(50, 0.05, seed) for seed in range(200)]
    # More questions would cost all other runs more: one in hundreds may miss a machine.
    assert sum(found < 50 for found, _, _ in runs) <= 1
    assert max(took for _, _, took in runs) < 10
    assert max(count for _, count, _ in runs) * FRAME_BITS / 30 < 20_000


def test_machines_that_are_heard_otherwise_save_questions() -> None:
    alone = sum(sweep(50, 0.05, seed)[1] for seed in range(50))
    controlled = [sweep(50, 0.05, seed, dual=50) for seed in range(50)]
    assert sum(count for _, count, _ in controlled) < 0.85 * alone
    assert sum(found < 50 for found, _, _ in controlled) <= 1


def test_without_loss_the_silent_are_asked_twice_more_and_once_where_others_vouch_for_it() -> None:
    assert sweep(50, 0.0, 1)[:2] == (50, 254 + 2 * 204)
    assert sweep(50, 0.0, 1, dual=50)[:2] == (50, 254 + 204)


def test_a_machine_that_has_no_ipv4_address_does_not_keep_the_sweep_going() -> None:
    assert missing(hosts=50, late=0, controls=50, absent=3, asked=4) < MISSING
    assert missing(hosts=50, late=0, controls=50, absent=1, asked=2) > MISSING


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1022), st.floats(0, 1), st.integers(0, 99), st.sampled_from([254, 1022]))
def test_whatever_answers_the_traffic_stays_within_its_rate(
    hosts: int, loss: float, seed: int, size: int
) -> None:
    _, count, took = sweep(min(hosts, size), loss, seed, size=size)
    length = length_s(size, 20, 30, 100)
    assert count <= MOST_ROUNDS * size
    assert count * FRAME_BITS <= 20_000 * length
    assert took <= length


def heard(number: int, **more: object) -> Heard:
    return Heard(f"3c:52:82:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}", "arp", **more)  # type: ignore[arg-type]


@pytest.fixture
def tally() -> Tally:
    return Tally()


(LINK,), _ = own([lan("10.1.1.2/24", "fe80::1/64", mac="02:00:00:00:00:01")])


def test_a_machine_is_one_sighting_whatever_it_says(tally: Tally) -> None:
    tally.take(Heard(MAC, "arp", ("10.1.1.9",)), LINK)
    tally.take(Heard(MAC, "mdns", ("fe80::9",), ("may-9",), ("printer",)), LINK)
    tally.take(Heard(MAC, "dhcp", (), ("may-9",), vendor_class="MSFT 5.0"), LINK)
    assert tally.sightings() == (
        [
            {
                "mac": MAC,
                "addresses": ["10.1.1.9", "fe80::9"],
                "names": ["may-9"],
                "kinds": ["printer"],
                "protocols": ["arp", "mdns", "dhcp"],
                "vendor_class": "MSFT 5.0",
            }
        ],
        0,
    )


def test_what_a_router_forwards_is_not_said_by_the_router(tally: Tally) -> None:
    assert tally.take(Heard(MAC, "mdns", ("10.9.9.9",), ("far-away",)), LINK) is None
    assert tally.hosts == 0


def test_our_own_frames_do_not_count(tally: Tally) -> None:
    assert tally.take(Heard("02:00:00:00:00:01", "arp", ("10.1.1.9",)), LINK) is None


def test_machines_past_the_bound_are_counted_and_not_kept(tally: Tally) -> None:
    for number in range(MOST + 7):
        tally.take(heard(number), LINK)
    sightings, left_out = tally.sightings()
    assert (len(sightings), left_out) == (MOST, 7)


def test_sightings_stay_within_their_bytes(tally: Tally) -> None:
    import json

    for number in range(MOST):
        services = tuple(f"service {n} {'ữ' * 50}" for n in range(16))
        tally.take(heard(number, services=services, models=("ữ" * 128,)), LINK)
    sightings, left_out = tally.sightings()
    assert len(json.dumps(sightings, ensure_ascii=False, separators=(",", ":")).encode()) <= MOST_BYTES
    assert (len(sightings) > 30, len(sightings) + left_out) == (True, MOST)
