"""What of a failing page leaves the agent: bounded, and nothing that was typed in or handed out."""

import json
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.probes.scenario.scrub import HIDDEN, MOST_BYTES, cut, excerpt, scrubbed

PASSWORD = 'Lúa-vàng "33" & <mưa>'


@pytest.mark.parametrize(
    "written",
    [
        PASSWORD,
        escape(PASSWORD),
        quote(PASSWORD),
        json.dumps(PASSWORD),
        json.dumps(PASSWORD, ensure_ascii=False),
    ],
)
def test_what_was_typed_in_is_hidden_however_it_is_written(written: str) -> None:
    said = excerpt(f"trước {written} sau", "text/plain", [PASSWORD])
    assert HIDDEN in said
    assert "vàng" not in said
    assert said.startswith("trước")
    assert said.endswith("sau")


def test_on_a_page_it_is_hidden_after_the_page_was_read() -> None:
    page = f"<p>Xin chào <b>{escape(PASSWORD)}</b><input type=password value='{escape(PASSWORD)}'>"
    assert excerpt(page, "text/html", [PASSWORD]) == f"Xin chào {HIDDEN}"


@pytest.mark.parametrize(
    "text",
    ["eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJnaWFtc2F0In0.c2lnbmF0dXJl", "9f86d081884c7d659a2feaa0c55ad015", "0912 345 678",
     "+84 912.345.678", "089123456789"],
)  # fmt: skip
def test_tokens_and_numbers_of_people_are_hidden_though_nobody_named_them(text: str) -> None:
    assert scrubbed(f"số {text} hết", []) == f"số {HIDDEN} hết"


@pytest.mark.parametrize(
    "text", ["1284/UBND-KGVX", "ngày 29/11/2026", "Cổng dịch vụ công", "mã lỗi 500", "lúc 08:00"]
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert scrubbed(text, []) == text


def test_an_excerpt_is_cut_at_a_whole_character() -> None:
    said = excerpt("ế" * 100_000, "text/plain", [])
    assert len(said.encode()) <= MOST_BYTES
    assert set(said) == {"ế"}


def test_a_secret_at_the_edge_of_what_is_looked_at_is_not_told_in_part() -> None:
    for shift in range(1, len(PASSWORD)):
        page = " " * ((64 << 10) - shift - 5) + "trang" + PASSWORD
        said = excerpt(page, "text/plain", [PASSWORD])
        assert PASSWORD[:2] not in said


@settings(max_examples=300)
@given(
    st.text(max_size=50),
    st.text(alphabet="abcđ12<>&\"' ", min_size=3, max_size=12).filter(lambda text: len(text.strip()) >= 3),
    st.text(max_size=50),
)
def test_no_secret_comes_through(before: str, secret: str, after: str) -> None:
    said = scrubbed(before + secret + after, [secret])
    assert secret not in said.replace(HIDDEN, "\0") or secret in HIDDEN


@settings(max_examples=300)
@given(
    st.text(max_size=3_000),
    st.lists(st.text(max_size=20), max_size=5),
    st.sampled_from(["text/html", "application/json", ""]),
)
def test_whatever_a_page_is_the_excerpt_is_bounded(page: str, secrets: list[str], kind: str) -> None:
    assert len(excerpt(page, kind, secrets).encode(errors="replace")) <= MOST_BYTES


@given(st.text(max_size=2_000))
def test_cutting_keeps_a_beginning(text: str) -> None:
    assert text.startswith(cut(text))
