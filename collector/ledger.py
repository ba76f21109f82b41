"""What the centre knows of its agents from their reports: accounts, newest headers, events, documents.

In memory; `write` puts what has changed into the state store, in the transaction of a checkpoint.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from collector.accounting import Account, Ranges
from collector.happenings import Entry, store
from collector.notices import plain_address
from collector.paths import store_path
from collector.reader import Taken
from collector.services.steps import store_step
from collector.tables import agent_epochs, agent_headers
from collector.views import EpochCount
from core import wire
from core.errors import BadInput
from core.wire import Document, Header
from inventory.configs.store import store_config, store_refused_key
from inventory.devices import store_device, store_host
from inventory.formats.sections import plain_text
from inventory.lan.store import store_bridge, store_lan
from inventory.machines.store import Told, take_all, told_by

EPOCHS_KEPT = 64
EVENTS_TAKEN = 1_000
"""Of one report."""
GROUP, GROUP_BYTES = 64, 8 << 20
"""Inventories that are stored together, and their bytes."""
REFUSALS_TOLD = 20
"""Of one checkpoint."""
_log = logging.getLogger(__name__)
_MAX_KIND = 64


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
        self._events: list[Entry] = []
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
            self._events += _entries(taken)[-EVENTS_TAKEN:]
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
            store(connection, events)
        refused = self._store_all(connection, documents)
        if refused:
            store(connection, refused[-REFUSALS_TOLD:])
        return Written(changed, len(events), len(documents))

    def written(self, what: "Written") -> None:
        """The transaction that `write` was part of is on disk."""
        with self._lock:
            for key, at in what.changed.items():
                if self._changed.get(key) == at:
                    del self._changed[key]
            del self._events[: what.events], self._documents[: what.documents]

    def _store_all(self, connection: sa.Connection, documents: Iterable["_Came"]) -> list[Entry]:
        """Store documents, each by itself; what is to be told of inventories that were refused."""
        others: list[_Came] = []
        entries: list[Entry] = []
        inventories: list[_Came] = []
        for each in documents:
            (inventories if each[2].kind == wire.INVENTORY else others).append(each)
        for each in others:
            try:
                with connection.begin_nested():
                    self._store(connection, *each)
            except Exception as error:  # noqa: BLE001 - the guard of each document
                self._refused(each, error)
        for group in _groups(inventories):
            good = [(each, told) for each, told in group if isinstance(told, Told)]
            outcomes = take_all(connection, [told for _, told in good])
            failed = [(each, told) for each, told in group if isinstance(told, Exception)]
            failed += [
                (each, outcome)
                for (each, _), outcome in zip(good, outcomes, strict=True)
                if isinstance(outcome, Exception)
            ]
            entries += [_refusal(each, self._refused(each, error)) for each, error in failed]
        return entries

    def _refused(self, came: "_Came", error: Exception) -> str:
        """Count a document that was not stored; why, for people."""
        self.documents_refused += 1
        if isinstance(error, BadInput):
            return str(error)
        _log.error(
            "a document of kind %s from %s could not be stored",
            came[2].kind[:_MAX_KIND],
            came[1],
            exc_info=error,
        )
        return "could not be stored"

    def _store(
        self, connection: sa.Connection, unit: str, agent: str, document: Document, received_at: int
    ) -> None:
        match document.kind:
            case "host":
                store_host(connection, unit=unit, agent=agent, document=document, received_at=received_at)
            case "device":
                store_device(connection, unit=unit, document=document, received_at=received_at)
            case "path":
                store_path(connection, unit=unit, document=document, received_at=received_at)
            case "step":
                store_step(connection, unit=unit, document=document, received_at=received_at)
            case "config":
                store_config(connection, unit=unit, document=document, received_at=received_at)
            case "host_key":
                store_refused_key(connection, unit=unit, document=document, received_at=received_at)
            case "lan":
                store_lan(connection, unit=unit, document=document, received_at=received_at)
            case "bridge":
                store_bridge(connection, unit=unit, document=document, received_at=received_at)
            case _:
                raise BadInput(f"documents of kind {document.kind[:_MAX_KIND]!r} are not known")

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


_Came = tuple[str, str, Document, int]
"""Unit, agent, document, and when it came."""


def _groups(inventories: Iterable[_Came]) -> Iterator[list[tuple[_Came, Told | Exception]]]:
    """Inventories unpacked, as many at a time as take little memory."""
    group: list[tuple[_Came, Told | Exception]] = []
    size = 0
    for each in inventories:
        unit, _, document, received_at = each
        try:
            told: Told | Exception = told_by(unit, document, received_at)
        except BadInput as error:
            told = error
        group.append((each, told))
        size += len(told.plain) if isinstance(told, Told) else 0
        if len(group) >= GROUP or size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _refusal(came: _Came, why: str) -> Entry:
    unit, agent, document, received_at = came
    device, source = (plain_text(str(document.body.get(name, ""))) for name in ("device", "source"))
    text = f"{device[:_MAX_KIND] or 'a machine'}: {plain_text(why)}"
    return Entry(agent, unit, document.at, received_at, "inventory refused", text, plain_address(source))


def _entries(taken: Taken) -> list[Entry]:
    """What a report tells of events, and of results that were dropped."""
    header, error = taken.header, taken.header.clock_error or 0
    told = [(event.at, event.kind, event.text, plain_address(event.source)) for event in taken.events]
    told += [
        (
            drop.to_at,
            f"{drop.what} dropped",
            f"{drop.count} of {drop.first}..{drop.last}, {drop.from_at}..{drop.to_at}: {drop.why}",
            "",
        )
        for drop in taken.dropped
    ]
    return [
        Entry(header.agent, taken.unit, at - error, taken.received_at, kind, text, source)
        for at, kind, text, source in told
    ]


_account = msgspec.json.Decoder(Account)
_header = msgspec.json.Decoder(Header)
_json = msgspec.json.Encoder()
