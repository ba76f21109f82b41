"""HTML as it is found: tags and texts in one pass, in a time that grows with the length of the page and with nothing else.

Not a parser of the standard (WHATWG HTML) but its first half, the tokens, with the rules about tags that may be left out. It makes
no tree: what is open is a stack of bounded depth, so that no page takes more memory than its text. A library that
makes the whole tree needed nine seconds for a page of 256 KiB that is nothing but `<div>`, and cannot be interrupted.
"""

import contextlib
import re
from typing import Protocol

DEEPEST = 256
"""Elements within each other; what is deeper stands beside what holds it. Browsers give up at 512."""
MOST_ATTRIBUTES = 200
"""Of an element; what stands behind them is passed over."""

_MARK = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)|<!--|<[!?/]", re.ASCII)
_ATTRIBUTE = re.compile(
    r"[\s/]*+(?:(>)|([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)(\"?)|'([^']*+)('?)|([^\s>]*+)))?+)",
    re.ASCII,
)
_COMMENT_END = re.compile(r"--!?>")
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
"""Elements with nothing but text in them."""
_WITH_REFERENCES = frozenset({"textarea", "title"})
UNSEEN = frozenset({"script", "style", "template", "iframe", "noembed", "noframes"})
"""Of these people see nothing."""
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "basefont",
        "bgsound",
        "frame",
        "keygen",
    ]
)

_TABLE = frozenset({"table", "template"})
_CELL = frozenset({"td", "th", "caption", "table", "template", "button", "object"})
_PARTS = frozenset({"tbody", "thead", "tfoot"})
_ROW = frozenset({"tr", "td", "th"})
_NONE: frozenset[str] = frozenset()
_Rule = tuple[frozenset[str], frozenset[str]]
_BLOCKS = (
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5"
    " h6 header hgroup hr main menu nav ol p pre search section table ul"
)
_ENDS: dict[str, _Rule] = {
    **dict.fromkeys(_BLOCKS.split(), (frozenset({"p"}), _CELL)),
    "li": (frozenset({"li", "p"}), _CELL | {"ul", "ol", "menu"}),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd", "p"}), _CELL | {"dl"})),
    "option": (frozenset({"option"}), frozenset({"select", "datalist", "optgroup"})),
    "optgroup": (frozenset({"option", "optgroup"}), frozenset({"select"})),
    **dict.fromkeys(("td", "th"), (frozenset({"td", "th"}), _TABLE)),
    "tr": (_ROW, _TABLE),
    **dict.fromkeys(_PARTS, (_ROW | _PARTS | {"caption", "colgroup"}, _TABLE)),
    "body": (frozenset({"head"}), _NONE),
}
"""What a start tag ends, though no end tag says so, and what keeps it from looking further up."""
_IN_HEAD = frozenset({"title", "meta", "link", "base", "style", "script", "noscript", "template", "bgsound"})
_OUTERMOST = frozenset({"html", "head", "body"})
_IN_TABLES = _ROW | _PARTS
_TABLE_TAGS = _ROW | _PARTS | {"table", "caption", "colgroup"}


class Element:
    """A start tag. `place` counts it among its parent's children from 1, `place_of_kind` among those of its name.

    What a matcher notes on it is its own affair (`selectors`): bits of what the element and those around it matched.
    """

    __slots__ = (
        "_at",
        "_attributes",
        "_text",
        "above",
        "before",
        "children",
        "kinds",
        "last",
        "name",
        "own",
        "place",
        "place_of_kind",
    )

    def __init__(self, name: str, text: str, at: int) -> None:
        """`at`: where in `text` its attributes begin; below 0 for a tag that was left out."""
        self.name, self._text, self._at = name, text, at
        self._attributes: dict[str, str] | None = None
        self.place = self.place_of_kind = self.children = 0
        self.kinds: dict[str, int] | None = None
        self.own = self.above = self.last = self.before = 0

    @property
    def attributes(self) -> dict[str, str]:
        """By name in lower case; of two of one name the first."""
        if self._attributes is None:
            self._attributes = {} if self._at < 0 else _attributes(self._text, self._at)
        return self._attributes


class Reader(Protocol):
    """Who is told what happens on a page, in order. Each element opens and closes once."""

    def opened(self, element: Element, parent: Element) -> None: ...

    def closed(self, element: Element) -> None: ...

    def heard(self, element: Element, words: str) -> None:
        """Text that stands right in `element`, references resolved."""


class Enough(Exception):
    """A reader that raises this is told nothing more."""


def read(text: str, reader: Reader) -> None:
    """Tell `reader` a page from its beginning to its end, or until it has enough."""
    stack = _Stack(reader, text)
    with contextlib.suppress(Enough):
        _read(text, stack)
        stack.cut(1)


def _read(text: str, stack: "_Stack") -> None:
    at, end, search = 0, len(text), _MARK.search
    while at < end:
        mark = search(text, at)
        start = end if mark is None else mark.start()
        if start > at:
            stack.heard(text[at:start])
        if mark is None:
            return
        closing, name = mark.groups()
        if name is None:
            at = _after_comment(text, mark.end(), comment=mark[0] == "<!--")
            continue
        begins = mark.end()
        at = _after_tag(text, begins)
        if at < 0:
            return  # the page ends within a tag: no tag
        name = name.lower()
        if closing:
            stack.ended(name)
            continue
        stack.begun(name, begins, text[at - 2] == "/")
        raw = _RAW.get(name)
        if raw is not None and stack.top.name == name:
            closes = raw.search(text, at)
            stop = end if closes is None else closes.start()
            stack.heard(text[at:stop], as_it_is=name not in _WITH_REFERENCES)
            at = stop


class _Stack:
    """What is open, and what opens and closes by itself."""

    def __init__(self, reader: Reader, text: str) -> None:
        self._reader, self._text = reader, text
        self.top = Element("", "", -1)
        self._open = [self.top]
        self._counts: dict[str, int] = {}
        self._over = 0
        self._has_head = self._has_body = self._head_over = False

    def heard(self, words: str, *, as_it_is: bool = False) -> None:
        if not self._has_body and not self._counts.get("head"):
            if words.isspace():
                return
            self._outermost("body", -1)
        self._reader.heard(self.top, words if as_it_is else plain(words))

    def begun(self, name: str, at: int, closed: bool) -> None:
        if name in _OUTERMOST:
            self._outermost(name, at)
            return
        if not self._has_body:
            self._imply(name)
        rule = _ENDS.get(name)
        if rule is not None:
            self._end_through(*rule)
            if name in _IN_TABLES:
                self._fill_in(name)
        if name in _VOID or (closed and self._foreign(name)):
            self._reader.opened(self._child(name, at), self.top)
            self._reader.closed(self._made)
        else:
            self._push(name, at)

    def _imply(self, name: str) -> None:
        if name not in _IN_HEAD:
            self._outermost("body", -1)
        elif not self._head_over:
            self._outermost("head", -1)

    def _fill_in(self, name: str) -> None:
        """Rows stand in a body of the table, and cells in rows, also where the page does not say so."""
        if self.top.name == "table" and name not in _PARTS:
            self._push("tbody", -1)
        if name != "tr" and self.top.name in _PARTS and name not in _PARTS:
            self._push("tr", -1)

    def _foreign(self, name: str) -> bool:
        counts = self._counts
        return name in ("svg", "math") or bool(counts.get("svg") or counts.get("math"))

    def ended(self, name: str) -> None:
        if name == "head":
            self._head_over = True
        if not self._counts.get(name) or name in ("html", "body"):
            return
        if self._over:
            self._over -= 1  # most likely the end of one that was too deep to be kept
            return
        if self.top.name == name:
            self.cut(len(self._open) - 1)
            return
        stops = _CELL
        if name in _TABLE_TAGS:
            stops = _NONE if name == "table" else _TABLE
        for index in range(len(self._open) - 2, 0, -1):
            found = self._open[index].name
            if found == name:
                self.cut(index)
                return
            if found in stops:
                return

    def _outermost(self, name: str, at: int) -> None:
        if not self._counts.get("html"):
            self._push("html", at if name == "html" else -1)
        if name == "html" or self._has_body:
            return
        if not self._has_head:
            self._has_head = True
            self._push("head", at if name == "head" else -1)
        if name == "body":
            self._end_through(*_ENDS["body"])
            self._has_body = True
            self._push("body", at)

    def _end_through(self, names: frozenset[str], stops: frozenset[str]) -> None:
        """End the outermost of these names that is open, if nothing that stops stands between."""
        counts, found = self._counts, 0
        for name in names:
            if counts.get(name):
                break
        else:
            return
        for index in range(len(self._open) - 1, 0, -1):
            name = self._open[index].name
            if name in names:
                found = index
            elif name in stops:
                break
        if found:
            self.cut(found)

    def _child(self, name: str, at: int) -> Element:
        parent, made = self.top, Element(name, self._text, at)
        parent.children += 1
        made.place = parent.children
        kinds = parent.kinds
        if kinds is None:
            kinds = parent.kinds = {}
        made.place_of_kind = kinds[name] = kinds.get(name, 0) + 1
        self._made = made
        return made

    def _push(self, name: str, at: int) -> None:
        made = self._child(name, at)
        self._reader.opened(made, self.top)
        if len(self._open) > DEEPEST:
            self._over += 1
            self._reader.closed(made)
            return
        self._open.append(made)
        self.top = made
        self._counts[name] = self._counts.get(name, 0) + 1

    def cut(self, index: int) -> None:
        """Close what is open from there on, the innermost first."""
        while len(self._open) > index:
            element = self._open.pop()
            self.top = self._open[-1]
            self._counts[element.name] -= 1
            self._reader.closed(element)


def _after_comment(text: str, at: int, *, comment: bool) -> int:
    """Where a comment (or what is read like one) is over."""
    if not comment:
        end = text.find(">", at)
        return len(text) if end < 0 else end + 1
    for short in (">", "->"):
        if text.startswith(short, at):
            return at + len(short)
    found = _COMMENT_END.search(text, at)
    return len(text) if found is None else found.end()


def _after_tag(text: str, at: int) -> int:
    """Where the tag whose name ends at `at` is over; below 0 if it is not."""
    end = text.find(">", at)
    if end < 0:
        return -1
    if text.find("=", at, end) < 0:
        return end + 1
    while (found := _ATTRIBUTE.match(text, at)) is not None:
        at = found.end()
        if found[1]:
            return at
        if found[4] == "" or found[6] == "":
            return -1  # a value whose quote is never closed
    return -1


def _attributes(text: str, at: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(MOST_ATTRIBUTES):
        match = _ATTRIBUTE.match(text, at)
        if match is None or match[1]:
            break
        at = match.end()
        value = next((match[group] for group in (3, 5, 7) if match[group] is not None), "")
        found.setdefault(match[2].lower(), plain(value))
    return found


def plain(text: str) -> str:
    """With character references resolved."""
    if "&" not in text:
        return text
    from html import unescape  # its table of names takes memory: not before a page has one

    return unescape(text)
