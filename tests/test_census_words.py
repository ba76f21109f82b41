"""What machines are found by, and what somebody who searches means."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.census.words import LONGEST, MOST, plain, wanted, words_of

CONTENT = {
    "hardware": {"name": "VP-01", "lastloggeduser": "Nguyễn Thị Hương", "workgroup": "HUNGYEN"},
    "bios": {"ssn": "PF-1A2B", "assettag": "TS-2022-0017"},
    "networks": [{"mac": "3C:52:82:00:00:01", "ipaddress": "10.33.83.21", "ipaddress6": "fd33:83::21"}],
    "users": [{"login": "đặng.sơn"}],
    "monitors": [{"serial": "CN-0KX"}, {}],
}


@pytest.mark.parametrize(
    "query",
    [
        "vp-01",
        "nguyen",
        "NGUYỄN thi",
        "Hương",
        "pf1a2b",
        "PF-1A",
        "TS-2022-0017",
        "20220017",
        "3c:52:82",
        "3C-52-82-00-00-01",
        "3c52.8200.0001",
        "3c5282000001",
        "10.33.83.2",
        "fd33:83::21",
        "dang.son",
        "0kx hungyen",
        "pc-glpi-7",
    ],
)
def test_it_is_found_by_a_part_of_anything_in_whatever_form(query: str) -> None:
    words = words_of(CONTENT, ["pc-glpi-7"])
    assert wanted(query)
    assert all(any(form in words for form in forms) for forms in wanted(query))


@pytest.mark.parametrize("query", ["tran", "10.33.84", "3c-52-83", "vp-01 tran"])
def test_it_is_not_found_by_what_it_has_not(query: str) -> None:
    words = words_of(CONTENT)
    assert not all(any(form in words for form in forms) for forms in wanted(query))


def test_nothing_is_wanted_without_a_word_and_few_words_count() -> None:
    assert wanted("") == wanted(" \t ") == []
    assert len(wanted("a " * 100)) == MOST


def test_an_address_is_no_mac() -> None:
    assert wanted("10.33.83.21") == [("10.33.83.21",)]


@given(st.text(alphabet=string.ascii_letters + "ăâđêôơưĂÂĐÊÔƠƯáàảãạếềểễệốồổỗộứừửữự -", max_size=40))
def test_a_text_is_found_by_itself_however_its_marks_are_put_together(text: str) -> None:
    assert (
        plain(unicodedata.normalize("NFD", text)) == plain(text) == plain(plain(text)) == plain(text.upper())
    )
    assert plain(text).isascii()


def test_what_floods_is_bounded() -> None:
    rows = [{"login": f"user{n}"} for n in range(5_000)]
    assert len(words_of({"users": rows})) <= LONGEST + 2
