"""How two texts differ, line by line. Pure; what it finds, applied to the old one, gives the new one.

What both begin and end with is set aside first; what is left and is too large to be compared counts as changed whole.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MOST_PAIRS = 1_000_000
"""Pairs of equal lines, one of each text, past which they are not compared. Lines that stand everywhere (`!`) do not count:
`difflib` starts nothing with one that is more than a hundredth of its text."""
Sign = Literal[" ", "-", "+"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference: of both (` `), of the old text alone (`-`) or of the new (`+`). Numbers count from 1."""

    sign: Sign
    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that follow each other, changes with what stands around them. `old`, `new`: how many lines stand before it."""

    old: int
    new: int
    lines: Sequence[Line]


def split(text: str) -> list[str]:
    """Its lines; each is ended by a line feed."""
    return text.removesuffix("\n").split("\n") if text else []


def difference(old: str, new: str, context: int = 3) -> list[Hunk]:
    """What changed, each with so many lines around it; empty when nothing did."""
    before, after = split(old), split(new)
    hunks: list[Hunk] = []
    lines: list[Line] = []
    start: tuple[int, int] = (0, 0)
    for kind, i, i_end, j, j_end in _grouped(before, after, context):
        if kind == "begin":
            if lines:
                hunks.append(Hunk(*start, tuple(lines)))
            start, lines = (i, j), []
        elif kind == "equal":
            lines += [Line(" ", i + n + 1, j + n + 1, before[i + n]) for n in range(i_end - i)]
        else:
            lines += [Line("-", n + 1, None, before[n]) for n in range(i, i_end)]
            lines += [Line("+", None, n + 1, after[n]) for n in range(j, j_end)]
    if lines:
        hunks.append(Hunk(*start, tuple(lines)))
    return hunks


def applied(old: str, hunks: Sequence[Hunk]) -> str:
    """The new text.

    Raises:
        ValueError: the difference is none of this text.
    """
    before, after, at = split(old), [], 0
    for hunk in hunks:
        after += before[at : hunk.old]
        at = hunk.old
        for line in hunk.lines:
            if line.sign != "+":
                if before[at : at + 1] != [line.text]:
                    raise ValueError(f"line {at + 1} is another")
                at += 1
            if line.sign != "-":
                after.append(line.text)
    after += before[at:]
    return "".join(f"{line}\n" for line in after)


_Step = tuple[str, int, int, int, int]


def _grouped(before: Sequence[str], after: Sequence[str], context: int) -> Iterator[_Step]:
    """Steps of which all but `context` lines of what is equal are left out; `begin` where something was."""
    steps = [step for step in _steps(before, after) if step[1] < step[2] or step[3] < step[4]]
    first = True
    for number, (kind, i, i_end, j, j_end) in enumerate(steps):
        if kind != "equal":
            if first:
                yield "begin", i, i, j, j
            yield kind, i, i_end, j, j_end
            first = False
            continue
        size = i_end - i
        head = 0 if number == 0 else min(size, context)
        tail = 0 if number == len(steps) - 1 else min(size, context)
        if head + tail >= size and not first:
            yield kind, i, i_end, j, j_end
            continue
        if head:
            yield kind, i, i + head, j, j + head
        if number < len(steps) - 1:
            yield "begin", i_end - tail, i_end - tail, j_end - tail, j_end - tail
            yield kind, i_end - tail, i_end, j_end - tail, j_end
            first = False


def _steps(before: Sequence[str], after: Sequence[str]) -> Iterator[_Step]:
    least = min(len(before), len(after))
    head = next((n for n in range(least) if before[n] != after[n]), least)
    tail = next((n for n in range(least - head) if before[-1 - n] != after[-1 - n]), least - head)
    i_end, j_end = len(before) - tail, len(after) - tail
    yield "equal", 0, head, 0, head
    if _pairs(before[head:i_end], after[head:j_end]) > MOST_PAIRS:
        yield "replace", head, i_end, head, j_end
    else:
        matcher = SequenceMatcher(None, before[head:i_end], after[head:j_end])
        for kind, a, a_end, b, b_end in matcher.get_opcodes():
            yield kind, a + head, a_end + head, b + head, b_end + head
    yield "equal", i_end, len(before), j_end, len(after)


def _pairs(before: Sequence[str], after: Sequence[str]) -> int:
    """How many places there are at which a common stretch may begin: what comparing takes time for."""
    ours, theirs = Counter(before), Counter(after)
    popular = len(after) // 100 + 1 if len(after) >= 200 else len(after)
    return sum(count * ours[line] for line, count in theirs.items() if count <= popular)
