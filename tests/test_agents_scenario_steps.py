"""What a scenario is told to do: texts that stand for what was found, and parameters that make no sense."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_probes import probe

from agents.probes.outcome import Failed
from agents.probes.scenario.steps import Expect, Filling, Save, Step
from core.values import Status

FILLING = Filling({"csrf": "a&b=c đ", "link": "/van-ban?so=1", "dong": "a\r\nb"})


def step(**columns: Any) -> Step:
    return msgspec.convert({"name": "Bước", "url": "/", **columns}, Step)


def test_what_was_saved_stands_where_its_name_does() -> None:
    assert FILLING.text("x{csrf}y{csrf}") == "xa&b=c đya&b=c đ"


def test_a_name_that_nothing_was_saved_under_stays() -> None:
    assert FILLING.text('{"a": {other}} {} {{csrf}}') == '{"a": {other}} {} {a&b=c đ}'


def test_within_an_address_it_is_escaped_and_alone_it_is_a_link() -> None:
    assert FILLING.url("/tim?q={csrf}") == "/tim?q=a%26b%3Dc%20%C4%91"
    assert FILLING.url("{link}") == "/van-ban?so=1"
    assert FILLING.is_link("{link}")
    assert not FILLING.is_link("/{link}")


def test_a_line_end_from_a_page_does_not_get_into_a_header() -> None:
    with pytest.raises(Failed, match="bad value"):
        FILLING.headers({"X-Token": "{dong}"})
    assert FILLING.headers({"X-Token": "Bearer {link}"}) == {"X-Token": "Bearer /van-ban?so=1"}


def test_bodies_are_forms_json_or_text() -> None:
    form, media = FILLING.body(step(form={"csrf": "{csrf}", "tên": "Xã"}))
    assert (parse_qsl(form.decode()), media) == (
        [("csrf", "a&b=c đ"), ("tên", "Xã")],
        "application/x-www-form-urlencoded",
    )
    body, media = FILLING.body(step(json={"t": ["{csrf}", 1, None, {"x": "{link}"}]}))
    assert msgspec.json.decode(body) == {"t": ["a&b=c đ", 1, None, {"x": "/van-ban?so=1"}]}
    assert media == "application/json"
    assert FILLING.body(step(body="<a>{link}</a>"))[0] == b"<a>/van-ban?so=1</a>"
    assert FILLING.body(step(json=None)) == (b"null", "application/json")
    assert FILLING.body(step()) == (b"", "")


@given(st.text(max_size=60), st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=20)))
def test_whatever_is_sent_in_a_form_arrives(text: str, values: dict[str, str]) -> None:
    filling = Filling(values)
    sent = filling.form([("ô", text)]).decode("ascii")
    assert parse_qsl(sent, keep_blank_values=True) == [("ô", filling.text(text))]


GOOD: dict[str, Any] = {"name": "Mở", "url": "/"}


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([], "length >= 1"),
        ([GOOD] * 21, "length <= 20"),
        ([GOOD, GOOD], "two of one name"),
        ([{"name": "Mở"}], "a url"),
        ([{"url": "/"}], "name"),
        ([{**GOOD, "name": "a#b"}], "name"),
        ([{**GOOD, "name": ""}], "name"),
        ([{**GOOD, "colour": "red"}], "colour"),
        ([{**GOOD, "method": "BREW"}], "BREW"),
        ([{**GOOD, "form": {}, "json": {}}], "one of form, json and body"),
        ([{**GOOD, "submit": "form"}], "no page before it"),
        ([{**GOOD, "save": {"x": {}}}], "one of css"),
        ([{**GOOD, "save": {"x": {"css": "a", "regex": "b"}}}], "one of css"),
        ([{**GOOD, "save": {"x": {"regex": "b", "attr": "c"}}}], "one of css"),
        ([{**GOOD, "save": {"1 x": {"css": "a"}}}], "no name"),
        ([{**GOOD, "save": {"x": {"css": "a["}}}], "selector"),
        ([{**GOOD, "save": {"x": {"jsonpath": "x"}}}], "JSONPath"),
        ([{**GOOD, "save": {"x": {"regex": "("}}}], "step Mở"),
        ([{**GOOD, "expect": {"regex": "("}}], "step Mở"),
        ([{**GOOD, "expect": {"json": {"x": 1}}}], "JSONPath"),
        ([{**GOOD, "expect": {"status": 20}}], "status"),
        ([{**GOOD, "url": "/{x}"}, {"name": "2", "url": "/", "save": {"x": {"css": "a"}}}], "x is saved later"),
        ([{**GOOD, "url": "ftp://a.example/"}], "not an http"),
        ([{**GOOD, "url": "https://a.example:x/"}], "bad parameter"),
    ],
)  # fmt: skip
async def test_steps_that_make_no_sense_are_told_before_anything_is_sent(
    steps: list[object], says: str, unused_tcp_port: int
) -> None:
    result = await probe("scenario", f"http://127.0.0.1:{unused_tcp_port}/", steps=steps)
    assert result.status == Status.UNKNOWN
    assert result.reason.startswith("bad parameter|")
    assert says in result.reason


def test_one_text_and_one_status_need_no_list() -> None:
    expect = msgspec.convert({"status": 302, "text": "Xin chào", "not_text": ["a", "b"]}, Expect)
    assert (expect.statuses, expect.texts, expect.not_texts) == ((302,), ("Xin chào",), ("a", "b"))
    assert Expect().statuses == (200,)


@pytest.mark.parametrize("way", ["css", "jsonpath", "regex", "header", "cookie"])
def test_each_way_to_save_stands_alone(way: str) -> None:
    assert getattr(msgspec.convert({way: "x"}, Save), way) == "x"
