"""References to secrets in parameters: `${secret:NAME}`, as a whole text or within one. Pure.

A plan carries references only. What they stand for is filled in by the agent, in memory, just before a probe runs.
"""

import re
from collections.abc import Callable, Iterator, Mapping

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_REFERENCE = re.compile(rf"\$\{{secret:({NAME})\}}")


class Missing(Exception):
    """A secret that is named is not known; `name` says which."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def is_name(text: str) -> bool:
    return re.fullmatch(NAME, text) is not None


def names_in(value: object) -> set[str]:
    """The names of all secrets that are referred to in a JSON value, keys of objects included."""
    return {name for text in _texts(value) for name in _REFERENCE.findall(text)}


def filled(value: object, known: Mapping[str, str]) -> object:
    """The JSON value with what its references stand for.

    Raises:
        Missing: one of them is not in `known`.
    """

    def of(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise Missing(found[1])
        return known[found[1]]

    return mapped(value, lambda text: _REFERENCE.sub(of, text) if "${secret:" in text else text)


def mapped(value: object, change: Callable[[str], str]) -> object:
    """The JSON value with `change` made to every text in it, keys of objects included."""
    match value:
        case str():
            return change(value)
        case Mapping():
            return {mapped(key, change): mapped(each, change) for key, each in value.items()}
        case list() | tuple():
            return [mapped(each, change) for each in value]
        case _:
            return value


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for key, each in value.items():
                yield from _texts(key)
                yield from _texts(each)
        case list() | tuple():
            for each in value:
                yield from _texts(each)
