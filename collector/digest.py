"""Digests reports that are in the journal: sift, fold into the verdicts' evidence, account, gather samples, checkpoint.

In order of the journal, by one caller at a time. Verdicts see a report at once. Samples are gathered to large groups,
because that is what makes them cheap to store. A checkpoint writes what is in memory into the state store, with
the number of the last report that it holds, and lets the journal go up to there. After a crash the journal is
digested again from the last checkpoint: each part either leaves no mark when it is done twice (evidence, samples),
or was in one transaction with that number (accounts, events, documents).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from collector.columns import Columns
from collector.facts import Row
from collector.feed import Feed
from collector.ledger import Ledger
from collector.samples import SampleStore
from collector.series import SeriesTable, is_figure
from collector.sift import sift
from collector.tables import digested
from core.wire import Report
from inventory.records import PlannedCheck
from inventory.state import State


class Evidence(Protocol):
    """What digesting and reception need of `collector.world.World`."""

    def fold(self, unit: str, epoch: str, rows: Sequence[Row], received_at: int) -> None: ...

    def contact(self, unit: str, at: int) -> None: ...

    def checkpoint(self, connection: sa.Connection) -> None: ...


class Checks(Protocol):
    """What digesting needs of `inventory.registry.Registry`."""

    def check(self, id: int, /) -> PlannedCheck | None: ...  # noqa: A002 - the registry's own name for it


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that is in the journal. `lost` of its figures were no finite numbers; `size` is in bytes, plain."""

    unit: str
    enrolled_at: int
    received_at: int
    report: Report
    lost: int
    size: int


COUNTS = (
    "reports_total",
    "results_total",
    "results_refused_total",
    "samples_total",
    "samples_refused_total",
    "figures_not_finite_total",
)


class Digest:
    """`counts` has totals since the start of the process; reading it is safe from any thread."""

    def __init__(
        self,
        state: State,
        store: SampleStore,
        checks: Checks,
        world: Evidence,
        ledger: Ledger,
        series: SeriesTable,
        feed: Feed,
    ) -> None:
        self._state, self._store, self._checks = state, store, checks
        self._world, self._ledger, self._series = world, ledger, series
        self._feed = feed
        self._known: dict[str, set[int]] = {}
        self._columns = Columns()
        with state.read() as connection:
            self._digested: int = connection.scalar(sa.select(digested.c.upto)) or 0
        self._stored = store.mark()
        self._reached = self.start = min(self._digested, self._stored)
        """The journal is to be digested from past `start` on."""
        self.newest = max(self._digested, self._stored)
        """The highest number of the journal that is known to either store."""
        self.counts = Counter(dict.fromkeys(COUNTS, 0))

    @property
    def held(self) -> int:
        """Samples that are gathered and not stored yet."""
        return self._columns.samples

    def take(self, number: int, taken: Taken) -> None:
        """Digest the report with this number in the journal; numbers only grow."""
        report, at = taken.report, taken.received_at
        self._reached = number
        sifted = sift(report, self._known_checks(taken), at, taken.enrolled_at)
        if number > self._digested:
            agent, unit = report.header.agent, taken.unit
            if sifted.rows:
                self._world.fold(unit, report.header.epoch, sifted.rows, at)
            if self._ledger.take(report, sifted, unit, at):
                self._feed.publish("agent", agent)
            self.counts["reports_total"] += 1
            self.counts["results_total"] += len(sifted.rows)
            self.counts["results_refused_total"] += len(sifted.at) - len(sifted.rows)
            self.counts["figures_not_finite_total"] += taken.lost
        if number > self._stored:
            figures = report.figures
            if not all(map(is_figure, figures)):
                self.counts["samples_refused_total"] += sum(
                    len(column.value) for name, column in figures.items() if not is_figure(name)
                )
                figures = {name: column for name, column in figures.items() if is_figure(name)}
            self._columns.add(report.results.check, sifted.at, figures, sifted.keep)

    def store(self) -> None:
        """Put the samples gathered so far into the sample store; when that raises, they stay gathered."""
        batch, refused = self._columns.batch(self._series.ids_of)
        if self._reached > self._stored:
            self._store.append(batch, self._reached)
            self._stored = self._reached
        self._columns = Columns()
        self.counts["samples_total"] += len(batch.series)
        self.counts["samples_refused_total"] += refused

    def checkpoint(self) -> int:
        """Put everything else into the state store; returns up to which number the journal is stored in both."""
        upto = max(self._digested, self._reached)
        with self._state.write() as connection:
            self._world.checkpoint(connection)
            written = self._ledger.write(connection)
            connection.execute(sa.insert(digested).prefix_with("OR REPLACE").values(id=1, upto=upto))
        self._ledger.written(written)
        self._digested = upto
        return min(upto, self._store.mark())

    def _known_checks(self, taken: Taken) -> set[int]:
        """The checks of the agent's unit, as far as this and earlier reports named them. Ids keep their meaning."""
        known = self._known.setdefault(taken.unit, set())
        checks = taken.report.results.check
        if not known.issuperset(checks):
            for check in set(checks) - known:
                planned = self._checks.check(check)
                if planned is not None and planned.vantage == taken.unit:
                    known.add(check)
        return known
