"""A configuration as a device says it, made fit to be kept: without secrets, and without what moves by itself. Pure.

A second time it changes nothing. A secret that changes leaves the text as it is: nothing of it is kept, no hash either.
"""

import re
from collections import Counter
from collections.abc import Iterator

from agents.config.vendors import BLOCKS, WELL_KNOWN, Vendor

HIDDEN = "•••"
HIDDEN_WELL_KNOWN = "•••(default)"
"""In place of a secret that everybody knows."""
_TOKENS = frozenset({HIDDEN, HIDDEN_WELL_KNOWN})
_PARTING = frozenset({"", "!", "exit", "end"})
_Path = tuple[str, ...]
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")
_ERASED = re.compile(r"[^\n\x08]\x08")
_CONTROL = re.compile(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_BROKEN = re.compile(r"\\\n {2,}")
"""A line that RouterOS broke."""


def normal(text: str, vendor: Vendor) -> str:
    """The configuration, one line after the other, each ended by a line feed; empty when there is nothing in it."""
    text = _plain(text)
    for block in BLOCKS:
        text = block.sub(lambda found: found[0].replace(found["secret"], HIDDEN), text)
    lines = [_hidden(line, vendor) for line in text.split("\n")]
    kept = [line for line in lines if not any(each.search(line) for each in vendor.ignore)]
    return "".join(f"{line}\n" for line in "\n".join(kept).strip("\n").split("\n") if kept and any(kept))


def arranged(other: str, text: str) -> str:
    """`other` in the order of `text`, where order means nothing: `text` itself if the two say the same. Both are normal.

    A line that is indented belongs to the nearest one above it that is less so. What only parts others stays as in `text`.
    """
    theirs = Counter(_placed(other))
    if theirs == Counter(_placed(text)):
        return text
    below: dict[_Path, list[_Path]] = {}
    for each in theirs:
        below.setdefault(each[:-1], []).append(each)
    out: list[str] = []
    parting: list[str] = []
    above: _Path = ()

    def put(path: _Path) -> None:
        """What is left of theirs below this, each with what is below it."""
        for each in below.get(path, ()):
            for _ in range(theirs.pop(each, 0)):
                out.append(each[-1])
                put(each)

    for line in text.splitlines():
        if line.strip() in _PARTING:
            parting.append(line)
            continue
        path = _path(above, line)
        while above and above != path[: len(above)]:
            put(above)
            above = above[:-1]
        out += parting
        parting.clear()
        if theirs[path] > 0:
            theirs[path] -= 1
            out.append(line)
        above = path
    while above:
        put(above)
        above = above[:-1]
    out += parting
    put(())
    return "".join(f"{line}\n" for line in out)


def _placed(text: str) -> Iterator[_Path]:
    """Each line below those that it belongs to."""
    path: _Path = ()
    for line in text.splitlines():
        if line.strip() not in _PARTING:
            path = _path(path, line)
            yield path


def _path(before: _Path, line: str) -> _Path:
    while before and _indent(before[-1]) >= _indent(line):
        before = before[:-1]
    return (*before, line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _plain(text: str) -> str:
    """Without what only moves a cursor, a line a setting."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _until_none(_ERASED, text)
    lines = _CONTROL.sub(" ", text).split("\n")
    joined = _until_none(_BROKEN, "\n".join(line.rstrip() for line in lines))
    return "\n".join(line.rstrip() for line in joined.split("\n"))


def _until_none(pattern: re.Pattern[str], text: str) -> str:
    """The text without what the pattern matches, and without what it matches then."""
    while (shorter := pattern.sub("", text)) != text:
        text = shorter
    return text


def _hidden(line: str, vendor: Vendor) -> str:
    spans: list[tuple[int, int, str]] = []
    for mask in vendor.masks:
        for found in mask.finditer(line):
            groups = found.groupdict()
            if groups.get("secret"):
                spans.append((*found.span("secret"), _token(groups["secret"])))
            elif groups.get("moving"):
                spans.append((*found.span("moving"), ""))
    # Of two that overlap the one that begins first, and of these the longer: nothing between them stays.
    out, done = [], 0
    for start, end, token in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= done:
            out += [line[done:start], token]
            done = end
        elif end > done:
            done = end
    return ("".join(out) + line[done:]).rstrip()


def _token(secret: str) -> str:
    if secret in _TOKENS:
        return secret
    return HIDDEN_WELL_KNOWN if secret.strip("\"' ").lower() in WELL_KNOWN else HIDDEN
