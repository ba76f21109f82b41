"""Walks over columns of a device's tables, and what a device may not do to them. Pure: answers in, questions out.

A walk asks for the next objects after those that it has (GetBulk, RFC 3416, 4.2.3), for all columns at once, until each has
left its root. A device may lie: repeat itself, go back, never end. A walk goes forward or ends, and says what was wrong.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from agents.snmp.facts import Oid, Value

MOST = 25_000
"""Objects of one walk."""
MOST_ROWS = 1_000
"""Of a column, where a table is asked for."""
_AT_ONCE = 40
"""Objects in one answer: such an answer fits into a packet, as devices and filters drop the pieces of larger ones."""


class End:
    """Stands for a value: there is nothing after this (endOfMibView)."""


END: Final = End()


class Walk:
    """`found[root][index]` is the value of the object `root + index`; `note` says why it ended early, empty if it did not."""

    def __init__(
        self, roots: Sequence[Oid], *, most: int = MOST, most_rows: int = MOST, ordered: bool = True
    ) -> None:
        """Not `ordered`: a device may go back as long as it repeats nothing."""
        self.found: dict[Oid, dict[Oid, Value]] = {root: {} for root in roots}
        self.note = ""
        self._last: dict[Oid, Oid] = {root: root for root in roots}
        self._asked: list[Oid] = []
        self._left, self._most_rows = most, most_rows
        self._at_once = _AT_ONCE
        self._ordered = ordered

    def question(self) -> tuple[list[Oid], int]:
        """The objects to ask for the next ones of, and how many of each; nothing when it is over."""
        self._asked = list(self._last)
        return list(self._last.values()), max(1, self._at_once // max(1, len(self._last)))

    def smaller(self) -> bool:
        """The answer was too big for the device, or for the way: ask for less. False: it was the least."""
        before = self.question()[1]
        self._at_once = max(1, self._at_once // 4)
        return before > 1

    def take(self, answer: Iterable[tuple[Oid, Value | End]]) -> None:
        """What came for the last question: in turn one object of each column."""
        came = False
        for place, (oid, value) in enumerate(answer):
            came = True
            root = self._asked[place % len(self._asked)]
            if root not in self._last:
                continue
            if isinstance(value, End) or oid[: len(root)] != root:
                del self._last[root]
            elif oid <= self._last[root] and (self._ordered or oid[len(root) :] in self.found[root]):
                self.stop(f"not increasing|{_dotted(oid)}", root)
            else:
                self.found[root][oid[len(root) :]] = value
                self._last[root] = oid
                self._left -= 1
                if len(self.found[root]) >= self._most_rows or not self._left:
                    self.stop(f"too many objects|{_dotted(root)}", root if self._left else None)
            if not self._last:
                break
        if not came:
            self.stop("empty answer")

    def stop(self, note: str, root: Oid | None = None) -> None:
        """End it, or one column; the first note stays."""
        self.note = self.note or note
        if root is None:
            self._last.clear()
        else:
            self._last.pop(root, None)


def _dotted(oid: Oid) -> str:
    return ".".join(map(str, oid))
