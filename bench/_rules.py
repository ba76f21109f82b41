"""The peer of `bench/matching.py`: an ordered list of rules, as inventory servers have them.

The first rule of which a known machine has the values takes the report; what no rule takes is a new machine. Two lists, after the
default import rules of GLPI 10: as it comes (serial and UUID; serial; name), and with all on (also UUID, then MAC). Both are given
our signs, so listed junk is out of their way, and names count within a unit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from inventory.signs import Signs

Values = Callable[[Signs, str], Iterable[tuple[str, ...]]]


def _serial(signs: Signs) -> str:
    return signs.chassis_serial or signs.board_serial


RULES: dict[str, Values] = {
    "serial and uuid": lambda signs, _: (
        [(_serial(signs), signs.uuid)] if _serial(signs) and signs.uuid else []
    ),
    "serial": lambda signs, _: [(_serial(signs),)] if _serial(signs) else [],
    "uuid": lambda signs, _: [(signs.uuid,)] if signs.uuid else [],
    "mac": lambda signs, _: [(mac,) for mac in signs.macs],
    "name": lambda signs, unit: [(unit, signs.hostname)] if signs.hostname else [],
}
AS_IT_COMES = ("serial and uuid", "serial", "name")
ALL_ON = tuple(RULES)


@dataclass
class RuleList:
    rules: tuple[str, ...]
    wrong_merges: int = 0
    wrong_splits: int = 0
    right: int = 0
    _holder: dict[tuple[str, ...], int] = field(default_factory=dict)
    _truth: list[int] = field(default_factory=list)
    """By machine, whose report began it."""
    _first: dict[int, int] = field(default_factory=dict)

    def take(self, signs: Signs, unit: str, truth: int) -> None:
        values = [(rule, *value) for rule in self.rules for value in RULES[rule](signs, unit)]
        machine = next((self._holder[value] for value in values if value in self._holder), None)
        if machine is None:
            machine = len(self._truth)
            self._truth.append(truth)
        if self._truth[machine] != truth:
            self.wrong_merges += 1
        elif self._first.setdefault(truth, machine) != machine:
            self.wrong_splits += 1
        else:
            self.right += 1
        for value in values:
            self._holder[value] = machine
