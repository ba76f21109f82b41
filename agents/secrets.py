"""The secrets that this agent's plan names: held in memory only, filled into a check, taken out of what is told.

No probe knows of them. It gets plain parameters, and whatever it says is scrubbed: its reason, its documents, the
labels of its figures, and what is logged.
"""

import base64
import json
import logging
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast
from urllib.parse import quote, quote_plus

from core.secrets import Missing, filled, mapped, names_in
from core.values import Check, Result

__all__ = ["Missing", "Scrubbing", "Secrets"]

HIDDEN = "•••"
SHORTEST = 4
"""Characters; what is shorter stands in too many words to be taken out of them. The centre takes no shorter secret."""
_CUT = 6
"""A text may end or begin within a secret; so much of it is known again."""
_CUT_IN = 300
"""Characters of a form within which a cut is looked for; of what is longer, in each of its lines."""
_LINE = 16
"""Of a secret of several lines, such as a key, each line of this length is a secret too."""


class Secrets:
    """Values by name, as the centre last gave them."""

    def __init__(self) -> None:
        self._known: Mapping[str, str] = {}
        self._forms: frozenset[str] = frozenset()
        self._hidden: tuple[str, ...] = ()
        self._joined = ""

    def take(self, values: Mapping[str, str]) -> bool:
        """Hold these and no others from now on; True if they are not those of before."""
        if values == self._known:
            return False
        self._known = dict(values)
        before, self._forms = (
            self._forms,
            frozenset(form for value in values.values() for form in _forms(value)),
        )
        # What was held until now may be in what runs now: it is taken out of texts until the next change.
        self._hidden = tuple(sorted(before | self._forms, key=_longest_first))
        self._joined = "\0".join(form for form in self._hidden if len(form) <= _CUT_IN)
        return True

    def missing(self, check: Check) -> set[str]:
        """The secrets that a check names and that are not known."""
        return names_in(check.params) - self._known.keys()

    def filled(self, check: Check) -> Check:
        """The check with its secrets.

        Raises:
            Missing: one of them is not known.
        """
        params = filled(check.params, self._known)
        return (
            check if params == check.params else replace(check, params=cast("Mapping[str, object]", params))
        )

    def scrubbed(self, result: Result) -> Result:
        """The result without any secret in it."""
        if not self._hidden:
            return result
        return replace(
            result,
            reason=self.clean(result.reason),
            figures={self.clean(name): value for name, value in result.figures.items()},
            documents=[
                (kind, cast("Mapping[str, object]", mapped(body, self.clean)))
                for kind, body in result.documents
            ],
        )

    def clean(self, text: str) -> str:
        """The text without any secret, in none of the forms in which pages and protocols write one."""
        shorter = bisect_left(self._hidden, -len(text), key=_longest_first)
        for form in self._hidden[shorter:]:
            if form in text:
                text = text.replace(form, HIDDEN)
        # One look says for nearly every text that neither end of it is of any secret.
        if len(text) >= _CUT and (text[-_CUT:] in self._joined or text[:_CUT] in self._joined):
            for form in self._hidden:
                text = _without_piece(text, form)
        return text


def _longest_first(form: str) -> int:
    return -len(form)


def _forms(value: str) -> Iterator[str]:
    """The secret, its long lines, and how it is written in URLs, pages, JSON and headers."""
    pieces = {value, value.strip(), *(line for line in value.splitlines() if len(line) >= _LINE)}
    for piece in pieces:
        for form in (
            piece,
            quote(piece, safe=""),
            quote(piece),
            quote_plus(piece),
            _escaped(piece),
            json.dumps(piece)[1:-1],
            json.dumps(piece, ensure_ascii=False)[1:-1],
            repr(piece)[1:-1],
            *(_in_base64(piece.encode()) if "\n" not in value else ()),
        ):
            if len(form) >= SHORTEST:
                yield form


def _escaped(text: str) -> str:
    """As in HTML. The library's own would cost an agent a table of all entities."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(sign, entity)
    return text


def _in_base64(piece: bytes) -> Iterator[str]:
    """As it stands in a longer text's base64 (`user:password`), wherever it begins there."""
    for before in range(3):
        first = (before * 8 + 5) // 6
        last = (before + len(piece)) * 8 // 6
        form = base64.b64encode(bytes(before) + piece).decode()[first:last]
        if len(form) >= _CUT:
            yield form


def _without_piece(text: str, form: str) -> str:
    """The text without a part of the secret at which it was cut off, at either end."""
    for end in _places(form, text[-_CUT:]):
        if text.endswith(form[: end + _CUT]):
            text = text[: -end - _CUT] + HIDDEN
            break
    for begin in _places(form, text[:_CUT]):
        if text.startswith(form[begin:]):
            return HIDDEN + text[len(form) - begin :]
    return text


def _places(form: str, piece: str) -> Iterator[int]:
    at = form.find(piece) if len(piece) == _CUT else -1
    while at >= 0:
        yield at
        at = form.find(piece, at + 1)


class Scrubbing(logging.Formatter):
    """Writes log records as another formatter does, without any secret."""

    def __init__(self, inner: logging.Formatter | None, secrets: Secrets) -> None:
        super().__init__()
        self._inner, self._secrets = inner or logging.Formatter(), secrets

    def format(self, record: logging.LogRecord) -> str:
        return self._secrets.clean(self._inner.format(record))
