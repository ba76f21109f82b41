"""What the centre knows of its agents from their reports: accounts, newest headers, events, documents.

In memory; `write` puts what has changed into the state store, in the transaction of a checkpoint.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from collector.accounting import Account, Ranges
from collector.reader import Taken
from collector.tables import agent_epochs, agent_events, agent_headers
from collector.views import EpochCount
from core.errors import BadInput
from core.wire import Document, Header
from inventory.devices import store_host

EPOCHS_KEPT = 64
EVENTS_KEPT = 200
"""Of each agent."""
_MAX_KIND, _MAX_TEXT = 64, 2_000


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest header of an agent. `newest_at` is the time of the newest result that came with `header.life`."""

    header: Header
    received_at: int
    newest_at: int


class Ledger:
    """Safe from any thread. One thread takes and writes; any reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[str, dict[str, Account]] = defaultdict(dict)
        self._newest: dict[str, Newest] = {}
        self._changed: dict[tuple[str, str], int] = {}
        self._events: list[dict[str, object]] = []
        self._documents: list[tuple[str, str, Document, int]] = []
        self.documents_refused = 0

    def load(self, connection: sa.Connection) -> None:
        with self._lock:
            # In order of change: the first of an agent is the first that gives way to a new one.
            for row in connection.execute(sa.select(agent_epochs).order_by(agent_epochs.c.changed_at)):
                self._accounts[row.agent][row.epoch] = _account.decode(row.account)
            for row in connection.execute(sa.select(agent_headers)):
                self._newest[row.agent] = Newest(_header.decode(row.header), row.received_at, 0)

    def take(self, taken: Taken) -> bool:
        """Enter a report; True if what it says of the agent itself (its life, its complaint) is new."""
        header, received_at = taken.header, taken.received_at
        key = header.agent, header.epoch
        with self._lock:
            account = self._accounts[header.agent].setdefault(header.epoch, Account())
            self._let_go_of_epochs(header.agent)
            account.take(header, taken.numbers, taken.dropped, taken.sifted.refused)
            self._changed[key] = received_at
            events = [(event.at, event.kind, event.text) for event in taken.events]
            events += [
                (
                    drop.to_at,
                    f"{drop.what} dropped",
                    f"{drop.count} of {drop.first}..{drop.last}, {drop.from_at}..{drop.to_at}: {drop.why}",
                )
                for drop in taken.dropped
            ]
            for at, kind, text in events[-EVENTS_KEPT:]:
                row = {"agent": header.agent, "at": max(0, min(at, received_at)), "received_at": received_at}
                self._events.append({**row, "kind": kind[:_MAX_KIND], "text": text[:_MAX_TEXT]})
            self._documents += [
                (taken.unit, header.agent, document, received_at) for document in taken.documents
            ]
            newest_at = taken.sifted.newest_at
            return self._take_header(header, received_at if newest_at is None else newest_at, received_at)

    def _let_go_of_epochs(self, agent: str) -> None:
        accounts = self._accounts[agent]
        while len(accounts) > EPOCHS_KEPT:
            epoch = next(iter(accounts))
            del accounts[epoch]
            self._changed[agent, epoch] = 0

    def duplicated(self, agent: str, epoch: str, numbers: Sequence[tuple[int, int]], at: int) -> None:
        """Count results that came again in a report that was there."""
        with self._lock:
            self._accounts[agent].setdefault(epoch, Account()).duplicated += sum(
                last - first + 1 for first, last in numbers
            )
            self._changed[agent, epoch] = at

    def reports(self, agent: str, epoch: str) -> Ranges:
        """The numbers of the reports that are there, as a copy."""
        with self._lock:
            account = self._accounts.get(agent, {}).get(epoch)
            return Ranges(list(account.reports.first), list(account.reports.last)) if account else Ranges()

    def accounts(self, agent: str) -> Sequence[EpochCount]:
        with self._lock:
            return [account.count(epoch) for epoch, account in self._accounts.get(agent, {}).items()]

    def last_header(self, agent: str) -> tuple[Header, int] | None:
        newest = self._newest.get(agent)
        return (newest.header, newest.received_at) if newest else None

    def write(self, connection: sa.Connection) -> "Written":
        """Put what has changed into the state store. Call `written` with what this returns, after the commit."""
        with self._lock:
            changed = dict(self._changed)
            epochs = [
                {
                    "agent": agent,
                    "epoch": epoch,
                    "changed_at": at,
                    "account": _json.encode(self._accounts[agent][epoch]),
                }
                for (agent, epoch), at in changed.items()
                if epoch in self._accounts[agent]
            ]
            gone = [key for key in changed if key[1] not in self._accounts[key[0]]]
            headers = [
                {"agent": agent, "received_at": newest.received_at, "header": _json.encode(newest.header)}
                for agent in {agent for agent, _ in changed}
                if (newest := self._newest.get(agent)) is not None
            ]
            events, documents = list(self._events), list(self._documents)
        if epochs:
            connection.execute(sa.insert(agent_epochs).prefix_with("OR REPLACE"), epochs)
        for agent, epoch in gone:
            c = agent_epochs.c
            connection.execute(sa.delete(agent_epochs).where(c.agent == agent, c.epoch == epoch))
        if headers:
            connection.execute(sa.insert(agent_headers).prefix_with("OR REPLACE"), headers)
        if events:
            connection.execute(sa.insert(agent_events), events)
            for agent in {str(event["agent"]) for event in events}:
                _keep_newest(connection, agent)
        for unit, agent, document, received_at in documents:
            self._store(connection, unit, agent, document, received_at)
        return Written(changed, len(events), len(documents))

    def written(self, what: "Written") -> None:
        """The transaction that `write` was part of is on disk."""
        with self._lock:
            for key, at in what.changed.items():
                if self._changed.get(key) == at:
                    del self._changed[key]
            del self._events[: what.events], self._documents[: what.documents]

    def _store(
        self, connection: sa.Connection, unit: str, agent: str, document: Document, received_at: int
    ) -> None:
        try:
            if document.kind != "host":
                raise BadInput(f"documents of kind {document.kind[:_MAX_KIND]!r} are not known")
            store_host(connection, unit=unit, agent=agent, document=document, received_at=received_at)
        except BadInput:
            self.documents_refused += 1

    def _take_header(self, header: Header, newest_at: int, received_at: int) -> bool:
        known = self._newest.get(header.agent)
        if known is None:
            self._newest[header.agent] = Newest(header, received_at, newest_at)
            return True
        received_at = max(received_at, known.received_at)
        same_epoch = header.epoch == known.header.epoch
        if same_epoch and header.seq < known.header.seq:
            return False
        if same_epoch and newest_at < known.newest_at and header.life != known.header.life:
            # A backlog speaks of an earlier life; what it says of the agent's state is of now.
            life, error = known.header.life, known.header.clock_error
            header, newest_at = msgspec.structs.replace(header, life=life, clock_error=error), known.newest_at
        self._newest[header.agent] = Newest(header, received_at, max(newest_at, known.newest_at))
        return header.life != known.header.life or header.health.note != known.header.health.note


@dataclass(frozen=True, slots=True)
class Written:
    """What one `Ledger.write` wrote."""

    changed: dict[tuple[str, str], int]
    events: int
    documents: int


def _keep_newest(connection: sa.Connection, agent: str) -> None:
    c = agent_events.c
    newest = sa.select(c.id).where(c.agent == agent).order_by(c.id.desc()).limit(EVENTS_KEPT)
    connection.execute(sa.delete(agent_events).where(c.agent == agent, c.id.not_in(newest)))


_account = msgspec.json.Decoder(Account)
_header = msgspec.json.Decoder(Header)
_json = msgspec.json.Encoder()
