"""Pages as a scenario reads them: like a parser of the standard where they follow it, and within bounds where they do not."""

import contextlib
import gc
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from agents.probes.regex import TooSlow, within
from agents.probes.scenario.markup import DEEPEST, Element, read
from agents.probes.scenario.pages import Form, collapsed, find, form, visible
from agents.probes.scenario.selectors import LONGEST, parse
from core.errors import BadInput

OFFICE = """<!DOCTYPE html>
<html lang=vi><head><meta charset=utf-8><meta name="csrf-token" content="a&amp;b"><title>Văn bản</title>
<script>document.write("<form id='no'>")</script></head>
<body class="page wide"><!-- <input name=csrf value=wrong> -->
<form id=sign-in method=POST action="/dang-nhap?tu=1&amp;den=2">
<input type=hidden name=csrf value='x"y'><INPUT NAME=user value=""><input name=nho type=checkbox checked>
<input name=moi type=checkbox><select name=nam><option>2025<option selected value=26>2026</select>
<textarea name=ghi>
dòng &lt;một&gt;</textarea><button name=go value=1>Đăng nhập</button></form>
<table id=docs><tr><th>Số<th>Trích yếu<tr><td class=number>1284/UBND<td>Tiếp công dân<tr><td class=number>37/KH<td><b>Kế</b> hoạch
</table><ul><li>một<li>hai<ul><li>hai rưỡi</ul><li data-n="3">ba</ul></body></html>"""


@pytest.mark.parametrize(
    ("selector", "attribute", "value"),
    [
        ("meta[name=csrf-token]", None, "a&b"),
        ("input[name=csrf]", None, 'x"y'),
        ("#sign-in input[type=hidden]", "value", 'x"y'),
        ("form", "action", "/dang-nhap?tu=1&den=2"),
        ("input[name='user']", None, ""),
        ("input[name=nho]", "value", None),
        ("title", None, "Văn bản"),
        ("form#no", None, None),
        ("#docs > tbody > tr:nth-child(3) > td:nth-child(2)", None, "Kế hoạch"),
        ("td.number + td", None, "Tiếp công dân"),
        ("tr ~ tr td", None, "1284/UBND"),
        ("ul ul > li", None, "hai rưỡi"),
        ("li[data-n]", None, "ba"),
        ("body.wide .number:not(:first-child)", None, None),
        ("tr:nth-of-type(2n) .number, nothing", None, "1284/UBND"),
        ("html > body > form > textarea", None, "dòng <một>"),
        ("body > ul > li:nth-child(3)", "data-n", "3"),
    ],
)
def test_what_a_selector_finds_on_a_page_of_an_office(selector: str, attribute: str, value: str) -> None:
    assert find(OFFICE, selector, attribute) == value


def test_a_form_is_sent_as_a_browser_would() -> None:
    fields = (("csrf", 'x"y'), ("user", ""), ("nho", "on"), ("nam", "26"), ("ghi", "dòng <một>"))
    assert form(OFFICE, "#sign-in") == Form("/dang-nhap?tu=1&den=2", "POST", fields)
    assert form(OFFICE, "[name=user]") == form(OFFICE, "form")
    assert form(OFFICE, "#docs") is None


def test_people_see_neither_scripts_nor_comments_nor_what_is_hidden_in_tags() -> None:
    seen = visible(OFFICE)
    assert "Văn bản" in seen
    assert "Tiếp công dân" in seen
    assert not any(hidden in seen for hidden in ("document.write", "wrong", 'x"y', "<b", "a&b"))


def test_what_the_page_warns_of_comes_first() -> None:
    page = f"<p>{'menu ' * 200}<div class='alert alert-danger'>Sai mật khẩu</div>"
    assert visible(page).startswith("Sai mật khẩu\n")


@pytest.mark.parametrize(
    "selector",
    ["", ",", "a,", "> a", "a >", "a > > b", "a[", "a[b", "[=x]", "a:hover", ":last-child", ":nth-child(x)", ":not(a b)",
     "a!", "#", ".", "a" * (LONGEST + 1), "::before", "*a", "a:not("],
)  # fmt: skip
def test_what_is_no_selector_or_cannot_be_told_is_refused(selector: str) -> None:
    with pytest.raises(BadInput):
        parse(selector)


NAMES = ["div", "span", "p", "ul", "li", "table", "tr", "td", "a", "b", "h1", "section", "form", "em"]
INLINE = ["span", "a", "b", "em"]
WORDS = st.sampled_from(["một", "hai", "x y", "&amp;", "<3", "đ"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["id", "class", "title", "data-n"]),
    st.sampled_from(["one", "two", "one two", "", "ba", 'q"', "a&amp;b"]),
    max_size=3,
)


@st.composite
def pages(draw: st.DrawFn) -> str:
    """A tree that follows the standard, in which some end tags that may be left out are."""

    def attributes() -> str:
        found = []
        for name, value in draw(ATTRIBUTES).items():
            quote = draw(st.sampled_from(['"', "'"])) if '"' not in value else "'"
            bare = value.isalnum() and draw(st.booleans())
            found.append(f" {name}={value}" if bare else f" {name}={quote}{value}{quote}")
        return "".join(found)

    def inside(depth: int, allowed: list[str]) -> str:
        words = draw(WORDS) if draw(st.booleans()) else ""
        children = draw(st.integers(0, 3)) if depth else 0
        return words + "".join(
            element(draw(st.sampled_from(allowed)), depth - 1, allowed) for _ in range(children)
        )

    def end(name: str) -> str:
        return "" if draw(st.booleans()) else f"</{name}>"

    def element(name: str, depth: int, allowed: list[str]) -> str:
        if name == "ul":
            items = (
                f"<li{attributes()}>{inside(depth, allowed)}{end('li')}"
                for _ in range(draw(st.integers(0, 3)))
            )
            return f"<ul{attributes()}>{''.join(items)}</ul>"
        if name == "table":
            rows = []
            for _ in range(draw(st.integers(0, 3))):
                cells = (
                    f"<td{attributes()}>{inside(depth, allowed)}{end('td')}"
                    for _ in range(draw(st.integers(0, 3)))
                )
                rows.append(f"<tr{attributes()}>{''.join(cells)}{end('tr')}")
            return f"<table{attributes()}>{''.join(rows)}</table>"
        # Links, forms, emphasis and paragraphs do not stand in one another, or the standard takes the tree apart.
        within_ = {
            "p": INLINE,
            "h1": INLINE,
            **{key: [each for each in INLINE if each in allowed and each != name] for key in INLINE},
        }.get(name, [each for each in allowed if each != name or name in ("div", "section")])
        body = inside(depth if within_ else 0, within_)
        if name == "p":
            return f"<p{attributes()}>{body}{end('p')}"
        return f"<{name}{attributes()}>{body}</{name}>"

    top = [each for each in NAMES if each not in ("li", "tr", "td")]
    content = "".join(element(draw(st.sampled_from(top)), 3, top) for _ in range(draw(st.integers(1, 4))))
    if draw(st.booleans()):
        return f"<!doctype html>{content}"
    return f"<!doctype html><html><head><title>t</title></head><body>{content}</body></html>"


@st.composite
def selectors(draw: st.DrawFn) -> str:
    compound = st.builds(
        "{}{}".format,
        st.sampled_from([*NAMES, "*", "tbody", "body"]),
        st.sampled_from(
            ["", "", "#one", ".two", "[title]", "[data-n=ba]", "[class~=one]", "[title^=a]", "[class*=o]", ":first-child",
             ":nth-child(2)", ":nth-child(2n+1)", ":nth-of-type(2)", ":first-of-type", ":not(.one)", ":not(p, #two)"]
        ),
    )  # fmt: skip
    parts = [draw(compound)]
    for _ in range(draw(st.integers(0, 2))):
        parts += [draw(st.sampled_from([" ", " > ", " + ", " ~ "])), draw(compound)]
    return "".join(parts)


class Places:
    """All elements, with whether they match, in the order in which they open."""

    def __init__(self, selector: str) -> None:
        self.selector = parse(selector)
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[Element] = []
        self.closed_each = True

    def opened(self, element: Element, parent: Element) -> None:
        self.open.append(element)
        if self.selector.matches(element, parent):
            self.found.append((element.name, element.attributes))

    def heard(self, element: Element, words: str) -> None: ...

    def closed(self, element: Element) -> None:
        self.closed_each = self.closed_each and self.open.pop() is element


@settings(deadline=None, max_examples=400)
@given(pages(), selectors())
def test_selectors_find_what_a_parser_of_the_standard_finds(page: str, selector: str) -> None:
    places = Places(selector)
    read(page, places)
    theirs = LexborHTMLParser(page).css(selector)
    expected = [(node.tag, {k: v or "" for k, v in node.attributes.items()}) for node in theirs]
    # The element of the page itself is not among what that parser searches.
    assert [each for each in places.found if each[0] != "html"] == [
        each for each in expected if each[0] != "html"
    ]


@settings(deadline=None, max_examples=300)
@given(pages(), st.sampled_from(NAMES))
def test_the_text_of_an_element_is_that_of_a_parser_of_the_standard(page: str, name: str) -> None:
    node = LexborHTMLParser(page).css_first(name)
    ours = find(page, name)
    assert (ours is None) == (node is None)
    if node is not None and ours is not None:
        assert ours.replace(" ", "") == collapsed(node.text(deep=True)).replace(" ", "")


SOUP = st.lists(
    st.sampled_from(
        ["<", ">", "</", "<!--", "-->", "<!", "<?", "/>", "=", "'", '"', "&", "&#x0;", "\0", " ", "<p", "<a href=", "<table>",
         "<td>", "</table>", "<script>", "</script", "<svg/>", "<textarea>", "<li>", "<ul>", "</ul>", "<form>", "<select>", "ế",
         "<html>", "<body a=1>", "<head>", "</head>", "</body>", "<title>", "<input name=x value=y>", "\ud800"]
    ),
    max_size=60,
).map("".join)  # fmt: skip


@settings(deadline=None, max_examples=500)
@given(SOUP | st.text(max_size=300))
def test_whatever_a_page_is_each_element_opens_and_closes_once(page: str) -> None:
    places = Places("*")
    read(page, places)
    assert not places.open
    assert places.closed_each
    find(page, "form > input")
    form(page, "input")
    assert "\0" not in visible(page) or "\0" in page


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="abc #.[]=~|^$*'\"\\:()>+,n1-i", max_size=40) | st.text(max_size=40))
def test_whatever_a_selector_is_it_is_taken_or_refused(selector: str) -> None:
    try:
        parse(selector)
    except BadInput:
        return
    find(OFFICE, selector)


SIZE = 256 << 10
BREAKERS = {
    "elements without end": "<div>" * (SIZE // 5),
    "elements and ends without end": "<div>" * (SIZE // 10) + "</div>" * (SIZE // 12),
    "emphasis in paragraphs": "<b><p>" * (SIZE // 6),
    "links in links": "<a><div>" * (SIZE // 8),
    "tables in tables": "<table><tr><td>" * (SIZE // 15),
    "attributes without end": "<div " + " ".join(f"a{i}=1" for i in range(SIZE // 8)) + ">",
    "quotes that never close": "<a b='" * (SIZE // 6),
    "blanks in a tag": "<a " + " " * SIZE,
    "comments that never close": "<!--" * (SIZE // 4),
    "empty comments": "<!-->" * (SIZE // 5),
    "less-than signs": "<" * SIZE,
    "references": "&a" * (SIZE // 2),
    "scripts that never end": "<script></scrip" * (SIZE // 15),
    "items under a deep list": "<li><ul>" + "<div>" * DEEPEST + "<li>" * (SIZE // 4),
    "ends of what is out of reach": "<p><table><td>" + "<div>" * 200 + "</p>" * (SIZE // 4),
}


@pytest.fixture
def no_callbacks() -> Iterator[None]:
    """Hypothesis has the garbage collector call it: an alarm that rings meanwhile is lost, and a failure to pytest."""
    kept = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = kept


@pytest.mark.parametrize("page", BREAKERS.values(), ids=BREAKERS)
@pytest.mark.parametrize("work", [lambda page: find(page, "b ~ i > q"), visible], ids=["find", "visible"])
@pytest.mark.usefixtures("no_callbacks")
def test_a_page_that_breaks_parsers_is_read_or_given_up_in_time(page: str, work: object) -> None:
    began = time.process_time()
    with contextlib.suppress(TooSlow):
        within(0.3, lambda: work(page))  # type: ignore[operator]
    assert time.process_time() - began < 1.5
