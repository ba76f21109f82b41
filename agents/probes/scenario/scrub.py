"""An excerpt of a page that may leave the agent: nothing in it that was typed in, handed out as a token, or is a number of a person. Pure."""

import json
import re
from collections.abc import Collection, Iterable
from html import escape
from urllib.parse import quote, quote_plus

from agents.probes.scenario.pages import collapsed, visible

MOST_BYTES = 2 << 10
HIDDEN = "•••"
_LEAST = 3
"""Shorter values than this are no secrets worth the text that would be lost with them."""
_LOOKED_AT = 64 << 10
_RUN = re.compile(r"[\w+/=.~-]{20,}+", re.ASCII)
"""What may be a token. That it has a letter and a digit is looked at afterwards: to ask for both in the expression takes a
time that grows with the square of the run."""
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")
_NUMBER = re.compile(r"\+?\d(?:[ .-]?\d){8,}+")
"""Nine digits and more: telephone numbers, identity cards, accounts."""


def excerpt(text: str, content_type: str, secrets: Collection[str]) -> str:
    """At most MOST_BYTES of what people see on a page, without `secrets`; tokens and long numbers hidden as well."""
    start = text[:_LOOKED_AT]
    seen = visible(start) if _is_html(start, content_type) else collapsed(start)
    # What stands at the end of the part that was looked at may be the beginning of a secret: it goes.
    longest = max((len(each) for each in secrets), default=0)
    if len(text) > _LOOKED_AT and longest:
        seen = seen[:-longest]
    return cut(scrubbed(seen, secrets))


def _is_html(text: str, content_type: str) -> bool:
    return "html" in content_type.lower() or text.lstrip()[:1] == "<"


def scrubbed(text: str, secrets: Collection[str]) -> str:
    """Without these values, in any of the ways that a page may write them."""
    ways = {way for secret in secrets for way in _written(secret) if len(way) >= _LEAST}
    for way in sorted(ways, key=lambda way: (-len(way), way)):
        text = text.replace(way, HIDDEN)
    return _NUMBER.sub(HIDDEN, _RUN.sub(_without_token, text))


def _without_token(run: re.Match[str]) -> str:
    return HIDDEN if _LETTER.search(run[0]) and _DIGIT.search(run[0]) else run[0]


def _written(secret: str) -> Iterable[str]:
    yield secret
    yield collapsed(secret)
    yield escape(secret)
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


def cut(text: str) -> str:
    """At most MOST_BYTES of it as UTF-8, whole characters."""
    return text.encode()[:MOST_BYTES].decode(errors="ignore")
