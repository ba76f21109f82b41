"""What is wrong with a file, cell by cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `reason` is a stable key with its arguments, `key|argument`.

    `row` counts as a spreadsheet does, the header being row 1; 0 where no single row is to blame.
    """

    source: str
    """File, and sheet where it has several."""
    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        key, *arguments = self.reason.split("|")
        place = [self.source]
        if self.row:
            place.append(f"row {self.row}")
        if self.column:
            place.append(f"column {self.column}")
        return f"{', '.join(place)}: {key}{' ' if arguments else ''}{', '.join(arguments)}"


class BadRows(BadInput):
    """An import with faults: nothing of it was taken."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(str(fault) for fault in faults), todo="Nothing was changed")
