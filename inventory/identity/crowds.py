"""Values that many machines tell, and that are therefore no sign of one: docks, an agent in an image, one serial in much firmware.

No list knows all of these. What gives them away: within some weeks three machines tell the value that have no part in common
which can be told. No one machine has all its disks and memory replaced twice in that time. Of poor reports, which tell no part,
it takes a dozen names. The value is then left out wherever it was told, as if it stood in `junk.toml`; should those who told it
turn out to be fewer, it counts again. Pure.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

from inventory.identity.evidence import CARRIED, Face

Value = tuple[str, str]
"""A sign's name, and one value of it."""

CROWD = 3
"""Machines with parts."""
NAMES = 12
"""Hostnames in reports without parts."""
WITHIN_MS = 45 * 86_400_000
PARTS: Mapping[str, tuple[str, ...]] = {
    "chassis_serial": CARRIED,
    "board_serial": CARRIED,
    "uuid": CARRIED,
    "macs": CARRIED,
    "agent": CARRIED,
    "disk_serials": ("chassis_serial", "board_serial", "uuid", "macs", "memory_serials"),
    "memory_serials": ("chassis_serial", "board_serial", "uuid", "macs", "disk_serials"),
}
"""By sign: the signs by which machines that tell one value of it are told from each other."""


def values(face: Face, names: Iterable[str] = PARTS) -> list[Value]:
    """All that a face tells of these signs."""
    found: list[Value] = []
    for name in names:
        told = getattr(face.signs, name)
        found += [(name, one) for one in told] if isinstance(told, tuple) else [(name, told)] if told else []
    return found


def crowded(name: str, tellers: Iterable[tuple[Face, int]]) -> bool:
    """Whether a value of this sign is of many. `tellers`: every face that tells it, with the time it was first told, ms."""
    tally = Tally(name)
    for face, at in tellers:
        tally.add(face, at)
    return tally.crowded()


def without(face: Face, crowds: Container[Value]) -> Face:
    """The face as if it had not told what many tell."""
    left_out = {value for value in values(face) if value in crowds}
    if not left_out:
        return face
    changed: dict[str, str | tuple[str, ...]] = {}
    for name, _ in left_out:
        told = getattr(face.signs, name)
        kept = tuple(one for one in told if (name, one) not in left_out) if isinstance(told, tuple) else ""
        changed[name] = kept
    return replace(face, signs=replace(face.signs, **changed))  # type: ignore[arg-type]


@dataclass(slots=True)
class Tally:
    """Who tells one value of sign `name`, in any order: groups of faces that have a part in common, through others if need be.

    Looks at all of them only where the three that showed it before do no longer.
    """

    name: str
    _above: dict[Value, Value] = field(default_factory=dict)
    """From a part to another of its group; a part that has none stands for its group."""
    _first: dict[Value, int] = field(default_factory=dict)
    """By what stands for a group: when it was first told."""
    _names: dict[str, int] = field(default_factory=dict)
    """Hostnames of those without parts: when each was first told."""
    _shown: tuple[Value, ...] = ()

    def add(self, face: Face, at: int) -> None:
        """A face, or one that was there before with an earlier time."""
        parts = values(face, PARTS[self.name])
        if not parts:
            host = face.signs.hostname
            self._names[host] = min(at, self._names.get(host, at))
            return
        tops = {self._top(part) for part in parts}
        kept = min(tops)
        self._first[kept] = min([at, *(self._first[top] for top in tops if top in self._first)])
        for top in tops - {kept}:
            self._above[top] = kept
            self._first.pop(top, None)

    def crowded(self) -> bool:
        firsts = [self._first.get(top) for top in self._shown]
        told = [first for first in firsts if first is not None]
        if len(told) == CROWD and max(told) - min(told) <= WITHIN_MS:
            return True
        ordered = sorted((first, top) for top, first in self._first.items())
        for first, third in zip(ordered, ordered[CROWD - 1 :], strict=False):
            if third[0] - first[0] <= WITHIN_MS:
                begin = ordered.index(first)
                self._shown = tuple(top for _, top in ordered[begin : begin + CROWD])
                return True
        self._shown = ()
        names = sorted(self._names.values())
        return any(last - first <= WITHIN_MS for first, last in zip(names, names[NAMES - 1 :], strict=False))

    def _top(self, part: Value) -> Value:
        way = []
        while (above := self._above.get(part)) is not None:
            way.append(part)
            part = above
        for one in way:
            self._above[one] = part
        return part
