"""Digests reports that are in the journal: sift, fold into the verdicts' evidence, account, gather samples, checkpoint.

In order of the journal, by one caller at a time. Verdicts see a report at once. Samples are gathered to large groups,
because that is what makes them cheap to store. A checkpoint writes what is in memory into the state store, with
the number of the last report that it holds, and lets the journal go up to there. After a crash the journal is
digested again from the last checkpoint: each part either leaves no mark when it is done twice (evidence, samples),
or was in one transaction with that number (accounts, events, documents).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import sqlalchemy as sa

from collector.columns import Columns, Packed
from collector.facts import Run
from collector.feed import Feed
from collector.ledger import Ledger
from collector.reader import Taken
from collector.samples import SampleStore
from collector.series import SeriesTable
from collector.tables import digested
from core.wire import Event, Header
from inventory.state import State


class Evidence(Protocol):
    """What digesting and reception need of `collector.world.World`."""

    def fold(self, unit: str, epoch: str, runs: Sequence[Run], received_at: int) -> None: ...

    def header(self, unit: str, header: Header) -> None: ...

    def told(self, unit: str, header: Header, events: Sequence[Event]) -> None: ...

    def contact(self, unit: str, at: int) -> None: ...

    def checkpoint(self, connection: sa.Connection) -> None: ...


Paced = Callable[[Sequence[Run], Packed, int], None]
"""Results with their samples, and when they were received."""

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
        world: Evidence,
        ledger: Ledger,
        series: SeriesTable,
        feed: Feed,
        pace: Paced | None = None,
    ) -> None:
        """`pace` is told how long results took, as they come."""
        self._state, self._store, self._pace = state, store, pace
        self._world, self._ledger, self._series = world, ledger, series
        self._feed = feed
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
        self._reached = number
        sifted, header = taken.sifted, taken.header
        if number > self._digested:
            if sifted.runs:
                self._world.fold(taken.unit, header.epoch, sifted.runs, taken.received_at)
                if self._pace is not None:
                    self._pace(sifted.runs, sifted.samples, taken.received_at)
            self._world.header(taken.unit, header)
            if taken.events:
                self._world.told(taken.unit, header, taken.events)
            if self._ledger.take(taken):
                self._feed.publish("agent", header.agent)
            counts = self.counts
            counts["reports_total"] += 1
            counts["results_total"] += sifted.results
            if sifted.refused:
                counts["results_refused_total"] += sum(sifted.refused.values())
            counts["figures_not_finite_total"] += taken.lost
        if number > self._stored:
            self.counts["samples_refused_total"] += sifted.refused_samples
            self._columns.add(sifted.samples)

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
