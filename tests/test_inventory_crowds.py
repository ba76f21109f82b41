"""What many machines tell is found out from what they tell beside it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inventory.identity.crowds import CROWD, NAMES, WITHIN_MS, Tally, crowded, without
from inventory.identity.evidence import Face, face
from inventory.identity.known import Known
from inventory.matching import Ask, New
from inventory.signs import Signs

DAY = 86_400_000
UNIT = "11950"
DOCK = "0050B6AABBCC"
LAPTOPS = [
    Signs(macs=(f"5C80B600000{n}", DOCK), disk_serials=(f"S3YJNB{n}",), memory_serials=(f"8A7B6C5{n}",), agent="image", hostname=f"PC0{n}")
    for n in range(6)
]  # fmt: skip


def told(signs: list[Signs], every: int = DAY) -> list[tuple[Face, int]]:
    return [(face(one, UNIT), n * every) for n, one in enumerate(signs)]


def test_a_dock_at_three_laptops_is_of_many() -> None:
    assert crowded("macs", told(LAPTOPS[:CROWD]))
    assert not crowded("macs", told(LAPTOPS[: CROWD - 1]))


def test_parts_that_are_replaced_over_the_years_are_those_of_one_machine() -> None:
    assert not crowded("macs", told(LAPTOPS, every=WITHIN_MS))


def test_one_machine_with_several_agents_and_parts_replaced_in_turn_is_one() -> None:
    one = LAPTOPS[0]
    life = [
        one,
        replace(one, disk_serials=("NEW1",)),
        replace(one, disk_serials=("NEW1",), memory_serials=("NEW2",)),
        replace(one, disk_serials=()),
    ]
    assert not crowded("macs", told(life))


def test_of_those_who_tell_no_part_it_takes_a_dozen_names() -> None:
    poor = [Signs(macs=(DOCK,), hostname=f"PC{n}") for n in range(NAMES)]
    assert crowded("macs", told(poor))
    assert not crowded("macs", told(poor[1:]))


def test_what_a_whole_province_tells_is_found_out_at_once_and_costs_no_more_with_each_machine() -> None:
    known = Known()
    province = [
        Signs(macs=(f"5C80B6{n:06X}", DOCK), disk_serials=(f"S3YJNB{n:06}",), hostname=f"PC{n}")
        for n in range(2_000)
    ]
    for n, one in enumerate(province):
        known.take(one, UNIT, n)
    assert len(list(known.machines())) == 2_000
    assert known.crowds == {("macs", DOCK)}


def test_what_many_tell_is_left_out_and_the_rest_is_kept() -> None:
    left = without(face(LAPTOPS[0], UNIT), {("macs", DOCK), ("agent", "image")}).signs
    assert left == replace(LAPTOPS[0], macs=("5C80B6000000",), agent="")


def test_machines_from_one_image_with_firmware_of_one_serial_are_asked_about_once_at_most() -> None:
    known = Known()
    lot = [
        replace(one, chassis_serial="NOLISTHASTHIS", uuid="5" * 31 + "A", hostname="IMAGE", macs=one.macs[:1])
        for one in LAPTOPS
    ]
    decisions = [known.take(one, UNIT, n) for n, one in enumerate(lot)]
    assert isinstance(decisions[1], Ask)
    assert all(isinstance(decision, New) for decision in decisions[CROWD - 1 :])
    assert not list(known.questions())


def test_it_counts_again_when_the_three_turn_out_to_be_fewer() -> None:
    known = Known()
    for n, one in enumerate(LAPTOPS[:CROWD]):
        known.take(one, UNIT, n)
    assert ("macs", DOCK) in known.crowds
    known.take(
        replace(LAPTOPS[0], disk_serials=(*LAPTOPS[0].disk_serials, *LAPTOPS[1].disk_serials)), UNIT, 9
    )
    assert ("macs", DOCK) not in known.crowds


@given(st.permutations(told(LAPTOPS)), st.integers(0, 60))
def test_the_order_in_which_it_was_told_does_not_matter(tellers: list[tuple[Face, int]], days: int) -> None:
    stretched = [(one, at * days) for one, at in tellers]
    assert crowded("macs", stretched) == crowded("macs", sorted(stretched, key=lambda pair: pair[1]))


@given(
    st.lists(st.tuples(st.sampled_from(LAPTOPS), st.sampled_from(LAPTOPS), st.integers(0, 60)), max_size=12)
)
def test_a_tally_that_is_kept_says_what_one_from_nothing_says(pairs: list[tuple[Signs, Signs, int]]) -> None:
    tellers = [
        (
            face(
                replace(
                    a,
                    disk_serials=tuple({*a.disk_serials, *b.disk_serials}) if n % 3 == 0 else a.disk_serials,
                ),
                UNIT,
            ),
            n * DAY,
        )
        for a, b, n in pairs
    ]
    kept = Tally("macs")
    for n, (one, at) in enumerate(tellers, 1):
        kept.add(one, at)
        assert kept.crowded() == crowded("macs", reversed(tellers[:n]))
