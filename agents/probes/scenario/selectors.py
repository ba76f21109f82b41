"""CSS selectors (Selectors Level 4, the part that can be told while a page is read), matched from left to right.

Each compound of a selector is a bit. An element has the bit of a compound when it matches it and the bit before it is
where the combinator wants it: above, right above, before or right before. So one pass is enough, and nothing is searched again.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from agents.probes.scenario.markup import Element
from core.errors import BadInput

LONGEST = 500
_IDENT = r"(?:[^\W\d]|-(?=[\w-])|\\[0-9a-fA-F]{1,6}\s?|\\[^\n])(?:[\w-]|\\[0-9a-fA-F]{1,6}\s?|\\[^\n])*"
_TOKEN = re.compile(
    rf"""\s*([>+~,])\s*|(\s+)|\#({_IDENT}|\d[\w-]*)|\.({_IDENT})|({_IDENT}|\*)
    |\[\s*({_IDENT})\s*(?:([~|^$*]?=)\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s\]"']+))\s*([iIsS])?\s*)?\]
    |:({_IDENT})(?:\(\s*([^()]*?)\s*\))?""",
    re.VERBOSE,
)
_NOT = re.compile(r":not\(\s*((?:[^()\"']|\"[^\"]*\"|'[^']*')*?)\s*\)")
_NTH = re.compile(r"(?:([+-]?\d*)n\s*(?:([+-])\s*(\d+))?|([+-]?\d+))", re.IGNORECASE)
Test = Callable[[Element], bool]


@dataclass(frozen=True, slots=True)
class _Compound:
    combinator: str
    """What stands before it: space, `>`, `+`, `~`; empty for the first."""
    name: str
    tests: tuple[Test, ...]
    last: bool

    def matches(self, element: Element) -> bool:
        return self.name in ("", element.name) and all(test(element) for test in self.tests)


class Selector:
    """Tell it of each element as it opens, in order: `matches(element, parent)`."""

    def __init__(self, compounds: list[_Compound]) -> None:
        self._compounds = [(1 << index, each) for index, each in enumerate(compounds)]

    def matches(self, element: Element, parent: Element) -> bool:
        own = found = 0
        above = parent.above | parent.own
        for bit, compound in self._compounds:
            combinator = compound.combinator
            if combinator:
                around = (
                    above
                    if combinator == " "
                    else parent.own
                    if combinator == ">"
                    else parent.last
                    if combinator == "+"
                    else parent.before
                )
                if not around & (bit >> 1):
                    continue
            if compound.matches(element):
                own |= bit
                found |= compound.last
        element.own, element.above = own, above
        parent.last = own
        parent.before |= own
        return bool(found)


@functools.lru_cache(maxsize=64)
def parse(text: str) -> Selector:
    """A selector, or several with commas between them.

    Raises:
        BadInput: it is none, or wants what is not known before the page is read to its end.
    """
    if len(text) > LONGEST:
        raise BadInput(f"a selector of more than {LONGEST} characters")
    compounds: list[_Compound] = []
    for part in _split(text):
        compounds += _complex(part, text)
    return Selector(compounds)


def _split(text: str) -> list[str]:
    """At commas that are in neither brackets nor quotes."""
    parts, start = [], 0
    quote, depth = "", 0
    for index, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote and text[index - 1] != "\\" else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == "," and not depth:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _complex(part: str, whole: str) -> list[_Compound]:
    found: list[tuple[str, str, list[Test]]] = [("", "", [])]
    empty, at, part = True, 0, part.strip()
    while at < len(part):
        negated = _NOT.match(part, at)
        token = negated or _TOKEN.match(part, at)
        if token is None:
            raise BadInput(f"selector {whole[:80]!r}")
        at = token.end()
        combinator, _name, tests = found[-1]
        if negated is not None:
            tests.append(_negated(negated[1], whole))
        elif token[1] or token[2]:
            if empty or token[1] == ",":
                raise BadInput(f"selector {whole[:80]!r}")
            found.append((token[1] or " ", "", []))
            empty = True
            continue
        elif token[5]:
            if not empty:
                raise BadInput(f"selector {whole[:80]!r}")
            found[-1] = (combinator, "" if token[5] == "*" else _ident(token[5]).lower(), tests)
        else:
            tests.append(_test(token, whole))
        empty = False
    if empty:
        raise BadInput(f"selector {whole[:80]!r}")
    last = len(found) - 1
    return [
        _Compound(combinator, name, tuple(tests), index == last)
        for index, (combinator, name, tests) in enumerate(found)
    ]


def _negated(inner: str, whole: str) -> Test:
    options = [_complex(part, whole) for part in _split(inner)]
    if any(len(option) > 1 for option in options):
        raise BadInput(f"selector {whole[:80]!r}: only one element in :not()")
    compounds = [option[0] for option in options]
    return lambda element: not any(each.matches(element) for each in compounds)


def _test(token: re.Match[str], whole: str) -> Test:
    if token[3]:
        id_ = _ident(token[3])
        return lambda element: element.attributes.get("id") == id_
    if token[4]:
        class_ = _ident(token[4])
        return lambda element: class_ in element.attributes.get("class", "").split()
    if token[6]:
        return _attribute(token)
    return _place(token[12].lower(), token[13], whole)


def _attribute(token: re.Match[str]) -> Test:
    name, operator = _ident(token[6]).lower(), token[7]
    if not operator:
        return lambda element: name in element.attributes
    given = next(token[group] for group in (8, 9, 10) if token[group] is not None)
    wanted = _ident(given)
    folded = (token[11] or "").lower() == "i"
    if folded:
        wanted = wanted.lower()
    compare: dict[str, Callable[[str], bool]] = {
        "=": lambda value: value == wanted,
        "~=": lambda value: bool(wanted) and wanted in value.split(),
        "|=": lambda value: value == wanted or value.startswith(f"{wanted}-"),
        "^=": lambda value: bool(wanted) and value.startswith(wanted),
        "$=": lambda value: bool(wanted) and value.endswith(wanted),
        "*=": lambda value: bool(wanted) and wanted in value,
    }
    holds = compare[operator]

    def test(element: Element) -> bool:
        value = element.attributes.get(name)
        return value is not None and holds(value.lower() if folded else value)

    return test


def _place(name: str, argument: str | None, whole: str) -> Test:
    """`:first-child`, `:nth-child(2n+1)` and the same of a kind."""
    of_kind = name.endswith("-of-type")
    step, first = 0, 1
    if name in ("nth-child", "nth-of-type"):
        words = {"odd": "2n+1", "even": "2n"}
        nth = _NTH.fullmatch(words.get((argument or "").lower(), argument or ""))
        if nth is None:
            raise BadInput(f"selector {whole[:80]!r}: :{name}({argument or ''})")
        if nth[4]:
            first = int(nth[4])
        else:
            step = int(nth[1] + "1" if nth[1] in ("", "+", "-") else nth[1])
            first = int((nth[2] or "+") + (nth[3] or "0"))
    elif name not in ("first-child", "first-of-type") or argument is not None:
        raise BadInput(f"selector {whole[:80]!r}: :{name} is not known while a page is read")

    def test(element: Element) -> bool:
        past = (element.place_of_kind if of_kind else element.place) - first
        return past == 0 if step == 0 else past % step == 0 and past // step >= 0

    return test


def _ident(text: str) -> str:
    """With escapes resolved (CSS Syntax Level 3, section 4.3.7)."""
    if "\\" not in text:
        return text

    def resolved(match: re.Match[str]) -> str:
        if not match[1]:
            return match[2]
        code = int(match[1], 16)
        return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\ufffd"

    return re.sub(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", resolved, text)
