"""JSONPath (RFC 9535) without functions and without logical operators: names, indexes, slices, wildcards, descendants, and
filters of one comparison, such as `$.items[?@.number == '12/KH'].id`. Pure."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from core.errors import BadInput

LONGEST = 500
_NAME = r"[^\W\d][\w]*"
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_SEGMENT = re.compile(rf"\s*(\.\.|\.)?\s*(?:({_NAME}|\*)|(\[))")
_SELECTOR = re.compile(
    rf"\s*(?:({_QUOTED})|(\*)|(-?\d+)?\s*(?:(:)\s*(-?\d+)?\s*(?::\s*(-?\d+)?)?)?)\s*([,\]])"
)
_SINGULAR = rf"@(?:\s*\.\s*{_NAME}|\s*\[\s*(?:{_QUOTED}|-?\d+)\s*\])*"
_NUMBER = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
_FILTER = re.compile(
    rf"\s*\?\s*(\()?\s*({_SINGULAR})\s*(?:(==|!=|<=|>=|<|>)\s*({_QUOTED}|true|false|null|{_NUMBER}))?\s*(\))?\s*\]"
)
Step = Callable[[Any], Iterable[Any]]
Path = Callable[[Any], Iterator[Any]]


@functools.lru_cache(maxsize=64)
def parse(text: str) -> Path:
    """A path: what it gives, given a document, are the values that it finds there, in order.

    Raises:
        BadInput: it is none, or wants more than is done here.
    """
    if len(text) > LONGEST or not text.startswith("$"):
        raise BadInput(f"JSONPath {text[:80]!r}: begins with $, of at most {LONGEST} characters")
    steps, at, text = [], 1, text.rstrip()
    while at < len(text):
        found = _SEGMENT.match(text, at)
        if found is None or (found[2] and not found[1]) or (found[3] and found[1] == "."):
            raise BadInput(f"JSONPath {text[:80]!r} at {text[at:][:20]!r}")
        at = found.end()
        if found[3]:
            select, at = _bracket(text, at)
        else:
            select = _wildcard if found[2] == "*" else _named(found[2])
        steps.append(_below(select) if found[1] == ".." else select)
    return functools.partial(_walk, tuple(steps))


def _walk(steps: tuple[Step, ...], document: Any) -> Iterator[Any]:
    values: Iterable[Any] = (document,)
    for step in steps:
        values = _each(step, values)
    return iter(values)


def _each(step: Step, values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield from step(value)


def _bracket(text: str, at: int) -> tuple[Step, int]:
    """What stands in brackets, from behind the first to behind the last."""
    filtered = _FILTER.match(text, at)
    if filtered is not None and bool(filtered[1]) == bool(filtered[5]):
        return _filtered(filtered), filtered.end()
    selectors: list[Step] = []
    while (found := _SELECTOR.match(text, at)) is not None:
        at = found.end()
        if found[1]:
            selectors.append(_named(_unquoted(found[1])))
        elif found[2]:
            selectors.append(_wildcard)
        elif found[4]:
            selectors.append(_sliced(found))
        elif found[3]:
            selectors.append(_indexed(int(found[3])))
        else:
            break
        if found[7] == "]":
            return _union(selectors), at
    raise BadInput(f"JSONPath {text[:80]!r} at {text[at:][:20]!r}")


def _union(selectors: list[Step]) -> Step:
    if len(selectors) == 1:
        return selectors[0]
    return lambda value: (found for select in selectors for found in select(value))


def _named(name: str) -> Step:
    return lambda value: (value[name],) if isinstance(value, dict) and name in value else ()


def _indexed(index: int) -> Step:
    return lambda value: (
        (value[index],) if isinstance(value, list) and -len(value) <= index < len(value) else ()
    )


def _sliced(found: re.Match[str]) -> Step:
    first, last, step = (None if part is None else int(part) for part in (found[3], found[5], found[6]))
    if step == 0:
        return lambda _: ()
    return lambda value: value[first:last:step] if isinstance(value, list) else ()


def _wildcard(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _below(select: Step) -> Step:
    """What is selected in a value and in all that is in it, at whatever depth."""

    def step(value: Any) -> Iterator[Any]:
        waiting = [value]
        while waiting:
            here = waiting.pop()
            yield from select(here)
            waiting += reversed(list(_wildcard(here)))

    return step


def _filtered(found: re.Match[str]) -> Step:
    inner, operator = parse("$" + found[2][1:]), found[3]
    if not operator:
        return lambda value: (each for each in _wildcard(value) if any(True for _ in inner(each)))
    literal = _literal(found[4])
    return lambda value: (
        each for each in _wildcard(value) if _holds(next(inner(each), _NOTHING), operator, literal)
    )


_NOTHING = object()
"""What a path gives that finds nothing: equal to nothing but itself."""


def _holds(value: Any, operator: str, literal: Any) -> bool:
    """RFC 9535 section 2.3.5.2.2: numbers and texts have an order among themselves, everything else has none."""
    if operator == "!=":
        return not same(value, literal)
    if operator in ("==", "<=", ">=") and same(value, literal):
        return True
    if operator == "==" or _kind(value) != _kind(literal) or _kind(value) not in ("number", "text"):
        return False
    less, more = value < literal, value > literal
    return bool(less) if operator in ("<", "<=") else bool(more)


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "word"
    return "number" if isinstance(value, (int, float)) else "text" if isinstance(value, str) else ""


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: `1` is `1.0`, and neither is `true`."""
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        if isinstance(one, dict) and isinstance(other, dict):
            return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and all(map(same, one, other))
        return False
    return _kind(one) == _kind(other) and bool(one == other)


def _literal(text: str) -> Any:
    return _unquoted(text) if text[0] in "'\"" else msgspec.json.decode(text)


def _unquoted(text: str) -> str:
    """A quoted text; within single quotes it is JSON's but for the quote itself."""
    inner = text[1:-1]
    if text[0] == "'":
        inner = re.sub(r'\\.|"', lambda match: {"\\'": "'", '"': '\\"'}.get(match[0], match[0]), inner)
    try:
        return msgspec.json.decode(f'"{inner}"', type=str)
    except msgspec.DecodeError as error:
        raise BadInput(f"JSONPath: {text[:40]}") from error
