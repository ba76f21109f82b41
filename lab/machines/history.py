"""Everything that was reported in some years, kept small: signs once, however often they were told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from inventory.signs import Signs, read
from lab.machines.province import DAY_MS, Report


@dataclass(frozen=True, slots=True)
class Row:
    """A report as the centre has it. `signs`: number of what it tells in `History.signs`."""

    at: int
    arrived: int
    unit: str
    truth: int
    signs: int


@dataclass
class History:
    """`rows` in the order of their arrival."""

    signs: list[Signs] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    truth_of: dict[str, int] = field(default_factory=dict)
    """The machine in truth that told a face first."""
    twins: set[str] = field(default_factory=set)
    """Faces that two machines told, so that nothing could tell these apart."""
    _number: dict[Signs, int] = field(default_factory=dict)

    def add(self, report: Report) -> Signs:
        """Read it and keep what it tells."""
        signs = read(report.document)
        number = self._number.setdefault(signs, len(self.signs))
        if number == len(self.signs):
            self.signs.append(signs)
        self.rows.append(Row(report.at, report.arrived, report.unit, report.truth, number))
        key = signs.key(report.unit)
        if self.truth_of.setdefault(key, report.truth) != report.truth:
            self.twins.add(key)
        return signs

    def days(self) -> Iterator[list[Row]]:
        """By the day of arrival."""
        day: list[Row] = []
        for row in self.rows:
            if day and row.arrived // DAY_MS != day[0].arrived // DAY_MS:
                yield day
                day = []
            day.append(row)
        yield day

    def shuffled(self, seed: int) -> Iterable[Row]:
        """In another order within each day."""
        rng = Random(seed)
        for day in self.days():
            rng.shuffle(day)
            yield from day
