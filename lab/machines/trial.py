"""Holds what was decided of each report against the truth."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from inventory.identity.known import Known
from inventory.matching import Ask, Decision, New


@dataclass
class Trial:
    """Each report counts once, by what was said when it came: `right`, `asked`, `wrong merge` (said to be of another machine),
    `wrong split` (said to be new although its machine is known), `at a split one` (of such a part that was split off).
    """

    known: Known
    truth_of: Mapping[str, int]
    counts: Counter[str] = field(default_factory=Counter)
    _first: dict[int, str] = field(default_factory=dict)
    """By machine in truth, the face that it was first known by."""

    def judge(self, key: str, truth: int, decision: Decision) -> str:
        """Of the report that told face `key`."""
        verdict = self._verdict(truth, decision)
        self._first.setdefault(truth, key)
        self.counts[verdict] += 1
        return verdict

    def _verdict(self, truth: int, decision: Decision) -> str:
        if isinstance(decision, Ask):
            return "asked"
        first = self._first.get(truth)
        if isinstance(decision, New):
            return "right" if first is None else "wrong split"
        if self.truth_of[decision.machine] != truth:
            return "wrong merge"
        return (
            "right"
            if first is None or self.known.machine(first).name == decision.machine
            else "at a split one"
        )

    @property
    def reports(self) -> int:
        return self.counts.total()

    def merged(self) -> int:
        """Machines, in the end, that have faces of two machines in truth."""
        return sum(
            len({self.truth_of[key] for key in machine.faces}) > 1 for machine in self.known.machines()
        )

    def split(self) -> int:
        """Machines in truth, in the end, that are several."""
        parts = Counter(
            truth
            for machine in self.known.machines()
            for truth in {self.truth_of[key] for key in machine.faces}
        )
        return sum(n > 1 for n in parts.values())
