"""References to secrets in parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.secrets import Missing, filled, is_name, names_in

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("a ${secret:x} b"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def test_a_reference_is_filled_in_wherever_it_stands() -> None:
    params = {
        "user": "${secret:a}",
        "steps": [{"form": {"p": "x${secret:b.c-1}y"}}],
        "n": 1,
        "${secret:a}": None,
    }
    assert filled(params, {"a": "lan", "b.c-1": "mật khẩu"}) == {
        "user": "lan",
        "steps": [{"form": {"p": "xmật khẩuy"}}],
        "n": 1,
        "lan": None,
    }
    assert names_in(params) == {"a", "b.c-1"}


def test_what_a_secret_says_is_not_taken_for_a_reference() -> None:
    assert filled("${secret:a}", {"a": "${secret:b}\\1", "b": "no"}) == "${secret:b}\\1"


def test_a_secret_that_is_not_known_is_missing() -> None:
    with pytest.raises(Missing) as missing:
        filled({"a": ["${secret:a}${secret:b}"]}, {"a": "x"})
    assert missing.value.name == "b"


@pytest.mark.parametrize(
    "text", ["${secret:}", "${secret:a b}", "$secret:a", "{secret:a}", "${secret:-a}", "${SECRET:a}"]
)
def test_what_is_no_reference_stays_as_it_is(text: str) -> None:
    assert (filled(text, {}), names_in(text)) == (text, set())


@pytest.mark.parametrize(("name", "good"), [("a", True), ("A.b-c_1", True), ("", False), ("-a", False), ("a\n", False), ("a" * 65, False)])  # fmt: skip
def test_names_are_short_and_plain(name: str, good: bool) -> None:
    assert is_name(name) is good


@given(values)
def test_a_value_without_references_is_filled_with_itself(value: object) -> None:
    known = {name: name for name in names_in(value)}
    done = filled(value, known)
    assert names_in(done) == set()
    if not known:
        assert done == value
