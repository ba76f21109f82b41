"""Technicians who answer questions by looking at the machines, some days after they are asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from inventory.identity.answers import Answer
from inventory.identity.known import Known
from inventory.matching import Ask

DAY_MS = 86_400_000


@dataclass
class Technicians:
    """`truth_of`: machines in truth by face. One to nine days pass until they have looked."""

    known: Known
    truth_of: Mapping[str, int]
    seed: int
    answered: list[Answer] = field(default_factory=list)
    _open: dict[tuple[str, str], int] = field(default_factory=dict)
    """When they will have looked at a pair of faces."""

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)

    def asked(self, asked: Ask, at: int) -> None:
        for pair in asked.why:
            if pair not in self._open:
                self._open[pair] = at + round(DAY_MS * self._rng.lognormvariate(1, 0.5))

    def answer(self, now: int) -> Iterator[Answer]:
        """What they know by now, told to `known` at once."""
        for pair, when in sorted(self._open.items(), key=lambda item: (item[1], item[0])):
            if when <= now:
                del self._open[pair]
                yield self._told(pair, when)

    def _told(self, pair: tuple[str, str], when: int) -> Answer:
        a, b = pair
        says: Literal["same", "different"] = "same" if self.truth_of[a] == self.truth_of[b] else "different"
        left, right = self.known.about(a, b)
        answer = Answer(len(self.answered), when, says, frozenset(left), frozenset(right))
        self.answered.append(answer)
        self.known.answer(answer)
        return answer
