"""What a step wants of an HTML page: an element, a form as a browser would send it, the text that people see. Pure."""

import re
from dataclasses import dataclass

from agents.probes.scenario.markup import UNSEEN, Element, Enough, read
from agents.probes.scenario.selectors import Selector, parse

_SPACE = re.compile(r"\s+")
_VALUE_OF = {"input": "value", "meta": "content", "option": "value", "button": "value"}
"""The attribute that is meant where none is named; of other elements it is their text."""
_NOT_SENT = frozenset({"submit", "image", "button", "reset", "file"})
_TICKED = frozenset({"checkbox", "radio"})
_MOST_FIELDS = 1_000
_LINES = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "title",
        "tr",
        "ul",
    ]
)
_ALARMS = "[role=alert], .error, .errors, .alert, .validation-summary-errors, .field-validation-error"
_MOST_ALARM = 400


def find(text: str, selector: str, attribute: str | None = None) -> str | None:
    """An attribute of the first element that matches, or its text; None where there is no such element or attribute.

    Raises:
        BadInput: it is no selector.
    """
    reader = _Find(parse(selector), attribute and attribute.lower())
    read(text, reader)
    return reader.value


class _Find:
    def __init__(self, selector: Selector, attribute: str | None) -> None:
        self._matches, self._attribute = selector.matches, attribute
        self._found: Element | None = None
        self._unseen = 0
        self._words: list[str] = []
        self.value: str | None = None

    def opened(self, element: Element, parent: Element) -> None:
        if self._found is not None:
            self._unseen += element.name in UNSEEN
        elif self._matches(element, parent):
            attribute = self._attribute or _VALUE_OF.get(element.name)
            if attribute is not None:
                self.value = element.attributes.get(attribute)
                if self.value is not None or self._attribute is not None:
                    raise Enough
            self._found = element

    def heard(self, _: Element, words: str) -> None:
        if self._found is not None and not self._unseen:
            self._words.append(words)

    def closed(self, element: Element) -> None:
        if self._found is None:
            return
        if element is self._found:
            self.value = collapsed("".join(self._words))
            raise Enough
        self._unseen -= element.name in UNSEEN
        if element.name in _LINES:
            self._words.append(" ")


@dataclass(frozen=True, slots=True)
class Form:
    action: str
    """As the page has it; empty for the page's own address."""
    method: str
    fields: tuple[tuple[str, str], ...]
    """Names and values, as if nobody had filled anything in."""


def form(text: str, selector: str) -> Form | None:
    """The first form that matches, or that holds the first element that matches; None where there is none.

    Raises:
        BadInput: it is no selector.
    """
    reader = _Forms(parse(selector))
    read(text, reader)
    return reader.form


class _Forms:
    def __init__(self, selector: Selector) -> None:
        self._matches = selector.matches
        self._reading: _Form | None = None
        self.form: Form | None = None

    def opened(self, element: Element, parent: Element) -> None:
        matches = self._matches(element, parent)
        if element.name == "form" and self._reading is None:
            self._reading = _Form(element)
        if self._reading is not None:
            self._reading.meant = self._reading.meant or matches
            self._reading.opened(element)

    def heard(self, element: Element, words: str) -> None:
        if self._reading is not None:
            self._reading.heard(element, words)

    def closed(self, element: Element) -> None:
        if self._reading is None:
            return
        self._reading.closed(element)
        if element is self._reading.element:
            if self._reading.meant:
                self.form = self._reading.done()
                raise Enough
            self._reading = None


class _Form:
    """A form while it is read."""

    def __init__(self, element: Element) -> None:
        self.element, self.meant = element, False
        self._fields: list[tuple[str, str]] = []
        self._words: list[str] = []
        self._select: str | None = None
        self._chosen: str | None = None
        self._option: tuple[str | None, bool] = (None, False)

    def opened(self, element: Element) -> None:
        name, has = element.name, element.attributes.get
        if name == "input":
            kind = has("type", "text").lower()
            ticked = kind not in _TICKED or "checked" in element.attributes
            if kind not in _NOT_SENT and ticked:
                self._add(has("name"), has("value", "on" if kind in _TICKED else ""))
        elif name == "select":
            self._select, self._chosen = has("name", ""), None
        elif name == "option":
            self._option, self._words = (has("value"), "selected" in element.attributes), []
        elif name == "textarea":
            self._words = []

    def heard(self, element: Element, piece: str) -> None:
        if element.name in ("option", "textarea"):
            self._words.append(piece)

    def closed(self, element: Element) -> None:
        if element.name == "textarea":
            value = "".join(self._words).removeprefix("\n")
            self._add(element.attributes.get("name"), value)
        elif element.name == "option":
            given, selected = self._option
            if self._chosen is None or selected:
                self._chosen = collapsed("".join(self._words)) if given is None else given
        elif element.name == "select":
            if self._select and self._chosen is not None:
                self._add(self._select, self._chosen)
            self._select = None

    def _add(self, name: str | None, value: str) -> None:
        if name and len(self._fields) < _MOST_FIELDS:
            self._fields.append((name, value))

    def done(self) -> Form:
        has = self.element.attributes.get
        method = "POST" if has("method", "").strip().lower() == "post" else "GET"
        return Form(has("action", "").strip(), method, tuple(self._fields))


def visible(text: str) -> str:
    """What people read on the page: its title, what it warns of, and then all of it, line by line."""
    reader = _Visible()
    read(text, reader)
    lines = (collapsed(line) for line in "".join(reader.words).split("\n"))
    whole = "\n".join(line for line in lines if line)
    alarm = (find(text, _ALARMS) or "")[:_MOST_ALARM]
    return f"{alarm}\n{whole}" if alarm and alarm not in whole[:_MOST_ALARM] else whole


class _Visible:
    def __init__(self) -> None:
        self._unseen = 0
        self.words: list[str] = []

    def opened(self, element: Element, _: Element) -> None:
        self._unseen += element.name in UNSEEN
        if element.name in _LINES:
            self.words.append("\n")

    def heard(self, _: Element, words: str) -> None:
        if not self._unseen:
            self.words.append(words)

    def closed(self, element: Element) -> None:
        self._unseen -= element.name in UNSEEN
        if element.name in _LINES:
            self.words.append("\n")


def collapsed(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
