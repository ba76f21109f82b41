"""JSONPath of scenarios, compared with the reference of RFC 9535, and fuzzed."""

from typing import Any

import jsonpath_rfc9535
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.probes.scenario.jsonpath import LONGEST, parse, same
from core.errors import BadInput

DOCUMENT = {
    "items": [
        {"number": "1284/UBND", "id": 7, "new": True, "tags": ["a", "b"]},
        {"number": "37/KH", "id": 8.5, "new": False, "tags": []},
        {"number": None, "id": -1},
    ],
    "đơn vị": {"tên": "Xã Mỹ Đức", "it's": {'q"': 1}},
    "total": 3,
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.total", [3]),
        ("$", [DOCUMENT]),
        ("$.items[0].number", ["1284/UBND"]),
        ("$.items[-1].id", [-1]),
        ("$['items'][1]['id']", [8.5]),
        ("$.items[*].id", [7, 8.5, -1]),
        ("$..number", ["1284/UBND", "37/KH", None]),
        ("$.items[0:2].id", [7, 8.5]),
        ("$.items[::-1].id", [-1, 8.5, 7]),
        ("$.items[0,2].id", [7, -1]),
        ("$.items[?@.number == '37/KH'].id", [8.5]),
        ("$.items[?(@.id > 0)].id", [7, 8.5]),
        ("$.items[?@.new == true].id", [7]),
        ("$.items[?@.tags].id", [7, 8.5]),
        ("$.items[?@.number == null].id", [-1]),
        ("$.đơn_vị", []),
        ("$['đơn vị'].tên", ["Xã Mỹ Đức"]),
        ("$['đơn vị']['it\\'s']['q\"']", [1]),
        ("$.items.number", []),
        ("$.total[0]", []),
    ],
)
def test_what_a_path_finds(path: str, values: list[object]) -> None:
    assert list(parse(path)(DOCUMENT)) == values


@pytest.mark.parametrize(
    "path",
    ["", "items", "$.", "$[", "$[x]", "$.items[", "$.a b", "$..", "$[?", "$[?@.a = 1]", "$[?length(@) > 1]",
     "$[?@.a && @.b]", "$.a" * LONGEST, "$[1,]", "$[]", "$['a]"],
)  # fmt: skip
def test_what_is_no_path_or_wants_too_much_is_refused(path: str) -> None:
    with pytest.raises(BadInput):
        parse(path)


def test_one_is_not_true() -> None:
    assert same(1, 1.0)
    assert not same(1, True)
    assert not same([0], [False])
    assert same({"a": [1, None]}, {"a": [1.0, None]})


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "b", "1", "ế"])
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c d", "ế"]), inner, max_size=3)
    ),
    max_leaves=12,
)
SEGMENTS = st.sampled_from(
    [".a", ".b", ".ế", "['c d']", '["a"]', "[0]", "[1]", "[-1]", "[*]", ".*", "..a", "..*", "..[0]", "[0:2]", "[::2]",
     "[-2:]", "[::-1]", "[1:0:-1]", "[0,'a']", "['a',*]", "[?@.a]", "[?@.a == 'b']", "[?@ > 0]", "[?@.a != 1]", "[?@[0] <= 2]",
     "[?@ == null]", "[?@.b == true]", "[?@ >= 'a']"]
)  # fmt: skip


@settings(deadline=None, max_examples=500)
@given(JSON, st.lists(SEGMENTS, max_size=3))
def test_a_path_finds_what_the_reference_finds(document: Any, segments: list[str]) -> None:
    path = "$" + "".join(segments)
    theirs = jsonpath_rfc9535.find(path, document).values()
    ours = list(parse(path)(document))
    if ".." in path:  # in which order descendants come the standard leaves open
        assert sorted(map(repr, ours)) == sorted(map(repr, theirs))
    else:
        assert ours == theirs


@settings(deadline=None, max_examples=500)
@given(
    st.text(alphabet="$.[]*?@='\"a1:,-()<>! \\", max_size=20).map("${}".format) | st.text(max_size=30), JSON
)
def test_whatever_a_path_is_it_is_taken_or_refused(path: str, document: Any) -> None:
    try:
        found = parse(path)
    except BadInput:
        return
    list(found(document))
