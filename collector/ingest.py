"""The way of reports into the centre: the life of the journal and of the thread that digests it.

`204` means that the report is in the journal, on disk. Nothing else is done before the answer but what may refuse it.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from collector.accounting import Ranges
from collector.agents import AgentRow, Agents
from collector.digest import Digest, Evidence, Paced
from collector.feed import Feed
from collector.inbox import Inbox, Record
from collector.ledger import Ledger
from collector.problems import Forbidden
from collector.reader import Checks, Reader, Taken
from collector.samples import SampleStore
from collector.series import SeriesTable
from collector.threads import in_thread
from collector.views import EpochCount
from collector.worker import Worker
from core.clock import Clock
from core.errors import Unavailable
from core.wire import Header
from inventory.state import State

LARGE_BODY = 64 << 10
"""Bytes as sent, past which a report is unpacked and read in a thread."""
MAINTAIN_MS = 60_000
RETRY_AFTER_S = 5
GC_THRESHOLDS = (50_000, 20, 50)
_log = logging.getLogger(__name__)
_Key = tuple[str, str]


class Ingest:
    """The way of reports into the centre. `world` must be loaded before `start`."""

    def __init__(
        self,
        state: State,
        store: SampleStore,
        registry: Checks,
        agents: Agents,
        world: Evidence,
        clock: Clock,
        feed: Feed,
        pace: Paced | None = None,
    ) -> None:
        self._store, self._agents, self._world, self._clock = store, agents, world, clock
        self.series = SeriesTable(state)
        self._ledger = Ledger()
        with state.read() as connection:
            self._ledger.load(connection)
        folder = state.path.with_name("inbox")
        self._reader = Reader(registry)
        self._digest = Digest(state, store, world, self._ledger, self.series, feed, pace)
        self._worker = Worker(self._digest, folder / "not digested")
        self._inbox: Inbox[Taken] = Inbox(folder, self._digest.newest, self._worker.put)
        self._accepted: dict[_Key, Ranges] = {}
        self._underway: dict[tuple[str, str, int], asyncio.Future[int]] = {}
        self._refused = self._duplicates = 0
        self._maintenance: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Digest what a crash left in the journal, then begin to take.

        Raises:
            Unavailable: the journal is long and the sample store takes nothing.
        """
        # For the whole process: reports are many small lists that live for a second and never form cycles.
        gc.set_threshold(*GC_THRESHOLDS)
        self._worker.start(self._inbox.forget)
        await asyncio.to_thread(self._replay)
        self._inbox.start()
        self._maintenance = asyncio.create_task(self._maintain())

    async def stop(self) -> None:
        """Store all that was taken. No request may be underway."""
        if self._maintenance is not None:
            self._maintenance.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._maintenance
        await self._inbox.close()
        await asyncio.to_thread(self._worker.stop)

    async def settle(self) -> bool:
        """Wait until all that was acknowledged is digested, stored and in a checkpoint; False if it cannot be."""
        return await asyncio.to_thread(self._worker.settle)

    def admit(self, authorization: str | None) -> AgentRow:
        """The agent that may send a report now.

        Raises:
            Refused: the credential is not good.
            Unavailable: reports come in faster than they are stored.
        """
        agent = self._agents.authenticate(authorization)
        if self._worker.is_full:
            raise Unavailable("reports come in faster than they are stored", retry_after_s=RETRY_AFTER_S)
        return agent

    def refused(self) -> None:
        """Count a report that was not taken."""
        self._refused += 1

    def counters(self) -> Mapping[str, float]:
        """Totals since the start, and gauges, for `/metrics`."""
        return {
            **{name: float(count) for name, count in self._digest.counts.items()},
            "reports_refused_total": self._refused,
            "reports_duplicated_total": self._duplicates,
            "documents_refused_total": self._ledger.documents_refused,
            "inbox_rows": self._worker.waiting,
            "inbox_bytes": self._inbox.size(),
            "ingest_seconds_total": self._worker.busy_s,
            "ingest_failures_total": self._worker.failures,
        }

    def accounts(self, agent: str) -> Sequence[EpochCount]:
        """Loss accounting of each epoch of an agent, the one that was quiet for longest first."""
        return self._ledger.accounts(agent)

    def last_header(self, agent: str) -> tuple[Header, int] | None:
        """What the agent last said of itself, and when that came; None before its first report."""
        return self._ledger.last_header(agent)

    async def accept(self, agent: AgentRow, body: bytes, encoding: str) -> None:
        """Take a report, as it was sent by an agent that was admitted. When this returns, it is on disk.

        Raises:
            BadInput: it is no sound report, or too large.
            Forbidden: it is of another agent.
            Unavailable: the journal cannot be written.
        """
        received_at = self._clock.now()
        read = partial(self._reader.read, body, encoding, agent.unit, agent.enrolled_at, received_at)
        taken = await asyncio.to_thread(read) if len(body) > LARGE_BODY else read()
        header = taken.header
        if header.agent != agent.agent:
            raise Forbidden("a report must be of the agent that sends it")
        key = header.agent, header.epoch
        accepted = self._accepted.get(key)
        if accepted is None:
            accepted = self._accepted[key] = self._ledger.reports(*key)
        if accepted.has(header.seq):
            self._duplicates += 1
            self._ledger.duplicated(*key, taken.numbers, received_at)
        else:
            await asyncio.shield(self._commit(agent, taken))
        self._world.contact(agent.unit, received_at)

    def _commit(self, agent: AgentRow, taken: Taken) -> asyncio.Future[int]:
        one = taken.header.agent, taken.header.epoch, taken.header.seq
        # The same report again while its first sending waits for the disk: both wait for the same write.
        done = self._underway.get(one)
        if done is None:
            record = Record(0, taken.received_at, agent.unit, agent.enrolled_at, taken.encoding, taken.body)
            done = self._underway[one] = self._inbox.put(record, taken)
            done.add_done_callback(lambda done: self._committed(one, done))
        return done

    def _committed(self, one: tuple[str, str, int], done: "asyncio.Future[int]") -> None:
        agent, epoch, seq = one
        del self._underway[one]
        if not done.cancelled() and done.exception() is None:
            self._accepted[agent, epoch].add(seq, seq)

    def _replay(self) -> None:
        for record in self._inbox.records(after=self._digest.start):
            one = self._reader.read(
                record.body, record.encoding, record.unit, record.enrolled_at, record.received_at
            )
            if not self._worker.wait_for_room():
                raise Unavailable("the journal cannot be digested: the stores do not take it")
            self._worker.put(record.id, [one])
        self._worker.settle()

    async def _maintain(self) -> None:
        while True:
            now = self._clock.now()
            try:
                await in_thread(self._store.maintain, now)
            except Exception:  # noqa: BLE001 - whatever an engine raises
                _log.exception("upkeep of the sample store failed; tried again in a minute")
            await self._clock.sleep_until(now + MAINTAIN_MS)
