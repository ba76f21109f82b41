"""Which row of a book is which machine: what agrees, what speaks against it, and what is left to a person."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.assets.match import SIGNS, Matching, Seen, Written, match

PC = Seen("m1", "", "SN000001", ("3c:52:82:00:00:01", "3c:52:82:00:00:aa"), "VP-01.ubnd.local")
OTHER = Seen("m2", "TS-2", "SN000002", ("3c:52:82:00:00:02",), "VP-02")


def found(*rows: Written, machines: tuple[Seen, ...] = (PC, OTHER)) -> dict[str, str]:
    return {row: fit.machine for row, fit in match(rows, machines).found.items()}


@pytest.mark.parametrize(
    "row",
    [
        Written("r", serial="sn 000001"),
        Written("r", mac="3c:52:82:00:00:aa"),
        Written("r", hostname="vp-01"),
        Written("r", serial="SN000001", mac="3c:52:82:00:00:01", hostname="VP-01"),
        Written("r", serial="SN000001", hostname="VP-09"),
        Written("r", serial="SN000001", mac="3c:52:82:00:00:99"),
    ],
)
def test_one_sign_is_enough_where_nothing_as_strong_speaks_against_it(row: Written) -> None:
    assert found(row) == {"r": "m1"}


def test_the_number_in_the_firmware_is_the_number_in_the_book() -> None:
    assert found(Written("r", asset_number="ts2")) == {"r": "m2"}


@pytest.mark.parametrize(
    ("row", "machines"),
    [
        (Written("r", serial="SN000009", hostname="VP-01"), {"m1"}),
        (Written("r", serial="SN000009", mac="3c:52:82:00:00:01"), {"m1"}),
        (Written("r", serial="SN000001", mac="3c:52:82:00:00:02"), {"m1", "m2"}),
    ],
)
def test_what_contradicts_itself_is_left_to_a_person(row: Written, machines: set[str]) -> None:
    result = match([row], [PC, OTHER])
    assert result.found == {}
    assert {fit.machine for fit in result.unclear["r"]} == machines
    assert not machines & set(result.unlisted)


def test_a_name_that_two_machines_have_is_nobodys() -> None:
    twin = Seen("m3", hostname="VP-01")
    assert found(Written("r", hostname="VP-01"), machines=(PC, twin)) == {}
    assert found(Written("r", hostname="VP-01", serial="SN000001"), machines=(PC, twin)) == {"r": "m1"}


def test_two_rows_that_say_the_same_of_a_machine_are_left_to_a_person() -> None:
    rows = Written("a", serial="SN000001"), Written("b", serial="SN000001")
    assert found(*rows) == {}
    assert set(match(rows, [PC]).unclear) == {"a", "b"}


def test_of_two_rows_the_one_that_says_more_is_the_machine() -> None:
    result = match([Written("a", serial="SN000001"), Written("b", hostname="VP-01")], [PC])
    assert {row: fit.machine for row, fit in result.found.items()} == {"a": "m1"}
    assert set(result.unclear) == {"b"}


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "0123456789", "0000", ""])
def test_what_vendors_write_where_there_is_no_serial_matches_nothing(serial: str) -> None:
    machines = (Seen("m", serial=serial, hostname="localhost"),)
    result = match([Written("r", serial=serial, hostname="localhost")], machines)
    assert (list(result.unseen), list(result.unlisted)) == (["r"], ["m"])


SERIALS, NAMES = st.sampled_from(["", "SN01", "SN02", "SN03"]), st.sampled_from(["", "H1", "H2", "H3"])
MACS, NUMBERS = st.sampled_from(["", "3c:52:82:00:00:01", "3c:52:82:00:00:02"]), st.sampled_from(["", "T1", "T2"])  # fmt: skip
ROWS = st.lists(st.builds(Written, st.just(""), NUMBERS, SERIALS, MACS, NAMES), max_size=5)
MACHINES = st.lists(
    st.builds(Seen, st.just(""), NUMBERS, SERIALS, st.lists(MACS, max_size=2).map(tuple), NAMES), max_size=5
)


@given(ROWS, MACHINES, st.randoms(use_true_random=False))
def test_each_row_and_each_machine_is_in_one_list_whatever_comes_first(
    rows: list[Written], machines: list[Seen], dice: random.Random
) -> None:
    from dataclasses import replace

    book = [replace(row, key=f"r{n}") for n, row in enumerate(rows)]
    seen = [replace(machine, key=f"m{n}") for n, machine in enumerate(machines)]
    result = match(book, seen)
    assert sorted([*result.found, *result.unclear, *result.unseen]) == [row.key for row in book]
    matched = [fit.machine for fit in result.found.values()]
    assert len(set(matched)) == len(matched)
    unsure = {fit.machine for some in result.unclear.values() for fit in some} - set(matched)
    assert sorted([*matched, *unsure, *result.unlisted]) == [machine.key for machine in seen]
    for fit in result.found.values():
        assert fit.agrees
        assert all(SIGNS.index(sign) > SIGNS.index(fit.agrees[0]) for sign in fit.differs)
    dice.shuffle(book)
    dice.shuffle(seen)
    again: Matching = match(book, seen)
    assert again == result
