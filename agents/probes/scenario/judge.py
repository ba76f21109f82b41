"""Is an answer what a step expects, and where in it is what the next steps need? Pure but for the time that expressions are held to."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from agents.probes.outcome import BadParameter, Failed
from agents.probes.regex import TooSlow, search, within
from agents.probes.scenario import jsonpath
from agents.probes.scenario.cookies import Jar
from agents.probes.scenario.pages import Form, find, form
from agents.probes.scenario.steps import Expect, Save
from agents.probes.urls import Url
from agents.probes.web.messages import Answer

MOST_JSON = 256 << 10
"""Bytes of an answer that is read as JSON: values take many times the memory of their text."""
MOST_VALUES = 25_000
"""In it, as far as its commas and brackets tell: the smallest take thirty times the memory of their text."""
LONGEST_VALUE = 16 << 10
"""Of what is saved, in characters: tokens of some systems are that long."""
_READ_S = 0.3
"""For a page to be searched."""
_SHORT = 60
T = TypeVar("T")


@dataclass
class Page:
    """An answer as a step sees it; read when it is asked for, and once."""

    url: Url
    answer: Answer
    limit: int
    _jsons: list[Any] = field(default_factory=list)

    @cached_property
    def text(self) -> str:
        return self.answer.plain(self.limit).decode(self.answer.charset, "replace")

    def json(self) -> Any:
        if not self._jsons:
            body = self.answer.plain(self.limit)
            if len(body) > MOST_JSON:
                raise Failed(f"too large|{MOST_JSON}")
            if sum(map(body.count, b",[{")) > MOST_VALUES:
                raise Failed("page cannot be read")
            try:
                self._jsons.append(msgspec.json.decode(body))
            except (msgspec.DecodeError, RecursionError, ValueError) as error:
                raise self.lacking("not json") from error
        return self._jsons[0]

    def find(self, selector: str, attribute: str | None) -> str | None:
        return self.searched(lambda: find(self.text, selector, attribute))

    def form(self, selector: str) -> Form:
        """Raises Failed where there is none."""
        found = self.searched(lambda: form(self.text, selector))
        if found is None:
            raise self.lacking(f"no form|{_short(selector)}")
        return found

    def searched(self, work: Callable[[], T]) -> T:
        """What `work` makes of the page.

        Raises:
            Failed: it takes too long.
        """
        try:
            return within(_READ_S, work)
        except TooSlow as error:
            raise Failed("page cannot be read") from error

    def lacking(self, reason: str) -> Failed:
        """That reason; or that the page is too large, if what is missing may stand in the part that was not read."""
        return Failed(reason if self.answer.whole else f"too large|{self.limit}")


def judge(page: Page, expect: Expect) -> None:
    """Raises Failed with the first thing that is not as expected."""
    if page.answer.status not in expect.statuses:
        raise Failed(f"status|{page.answer.status}")
    if expect.url is not None and expect.url not in page.url.text:
        raise Failed(f"other page|{_short(page.url.without_query)}")
    for name, wanted in expect.header.items():
        if not any(wanted in value for each, value in page.answer.headers if each == name.lower()):
            raise Failed(f"header differs|{_short(name)}")
    for text in expect.texts:
        if text not in page.text:
            raise page.lacking(f"text missing|{_short(text)}")
    for text in expect.not_texts:
        if text in page.text:
            raise Failed(f"text present|{_short(text)}")
    if expect.regex is not None and _matched(expect.regex, page.text) is None:
        raise page.lacking(f"no match|{_short(expect.regex)}")
    for path, wanted in expect.json.items():
        values = _searched_json(page, path)
        if not values or not jsonpath.same(values[0], wanted):
            raise Failed(f"json differs|{_short(path)}")


def saved(page: Page, wanted: Save, name: str, jar: Jar) -> str:
    """What is to be saved under `name`.

    Raises:
        Failed: it is not there.
    """
    value: str | None
    if wanted.css is not None:
        value = page.find(wanted.css, wanted.attr)
    elif wanted.jsonpath is not None:
        values = _searched_json(page, wanted.jsonpath)
        value = None if not values else _as_text(values[0])
    elif wanted.regex is not None:
        found = _matched(wanted.regex, page.text)
        value = None if found is None else (found[1] if found.re.groups else found[0])
    elif wanted.header is not None:
        header = wanted.header.lower()
        value = next((each for key, each in page.answer.headers if key == header), None)
    else:
        value = jar.value(wanted.cookie or "")
    if value is None:
        raise page.lacking(f"not found|{name}")
    if len(value) > LONGEST_VALUE:
        raise Failed(f"too large|{LONGEST_VALUE}")
    return value


def _searched_json(page: Page, path: str) -> list[Any]:
    """The first value that a path finds, if any."""
    document = page.json()
    try:
        return within(
            _READ_S, lambda: [each for each, _ in zip(jsonpath.parse(path)(document), range(1), strict=False)]
        )
    except TooSlow as error:
        raise Failed("page cannot be read") from error


def _matched(pattern: str, text: str) -> re.Match[str] | None:
    try:
        return search(pattern, text)
    except re.error as error:
        raise BadParameter(f"regex: {error}") from error
    except TooSlow as error:
        raise BadParameter("regex: takes too long") from error


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _short(text: str) -> str:
    text = text.replace("|", " ")
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
