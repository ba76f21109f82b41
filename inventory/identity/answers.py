"""What technicians answered. An answer is about faces, not about machines' names, so it holds through any re-run."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Answer:
    """`left` and `right`, keys of faces, are one machine, or two. The later answer wins over an earlier one (`at`, ms;
    then `id`). Taking an answer out of the list undoes it, and all that followed from it.
    """

    id: int
    at: int
    says: Literal["same", "different"]
    left: frozenset[str]
    right: frozenset[str]

    @property
    def faces(self) -> frozenset[str]:
        return self.left | self.right
