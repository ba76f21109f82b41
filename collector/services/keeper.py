"""Outages of services as they are kept: found ones are matched with stored ones, and what changed is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from collector import outage_store, outages
from collector.outages import Change, Found
from collector.services.explain import Placed
from collector.services.subjects import service_of
from collector.views import Outage, OutageChange
from collector.world import KEPT_MS, World
from inventory.state import State

PAUSE_MS = 60_000
"""What only tells more of the evidence is written so seldom: while all look in turn, the count grows with each look."""


@dataclass(slots=True)
class Scope:
    """What of a service is judged again: from `since` on, with all that reaches it. Before `horizon` evidence is not whole
    any more: what is stored of that time stays as it is."""

    code: str
    since: int
    horizon: int
    stored: list[Outage] = field(default_factory=list)

    @property
    def start(self) -> int:
        """From when on outages are to be found."""
        return min([self.since, *(each.began_at for each in self.stored)])


class Keeper:
    """Used by one thread at a time."""

    def __init__(self, world: World, state: State) -> None:
        self._world, self._state = world, state
        self._kept: dict[str, dict[int, Outage]] = {}
        self._changed_at: dict[int, int] = {}
        self.waiting: set[str] = set()
        """Services of which something is to be written later."""

    def load(self, now: int) -> None:
        """Read what is stored of the last 31 days."""
        with self._state.read() as connection:
            for outage in outage_store.read_since(connection, now - KEPT_MS, of_services=True):
                self._take(outage)

    def _take(self, outage: Outage) -> None:
        code = service_of(outage.subject)
        if code is not None:
            self._kept.setdefault(code, {})[outage.id] = outage

    def scope(self, code: str, since: int, horizon: int) -> Scope:
        """What has to be looked at when evidence changed from `since` on."""
        since = max(since, horizon)
        stored = [
            each
            for each in self._kept.get(code, {}).values()
            if each.ended_at is None or (each.ended_at > since and each.began_at >= horizon)
        ]
        return Scope(code, since, horizon, stored)

    def unsettled(self, code: str, since: int) -> bool:
        """Whether an outage of it goes on, or has ended since and waits for what is not told yet."""
        return any(
            not each.retracted and (each.ended_at is None or (not each.final and each.ended_at > since))
            for each in self._kept.get(code, {}).values()
        )

    def compare(self, scope: Scope, found: Sequence[Placed], now: int) -> list[Change]:
        """What has to change so that what is stored says what was found."""
        changes: list[Change] = []
        places = {unit for unit, _ in found} | {each.unit for each in scope.stored}
        for unit in sorted(places):
            stored = [each for each in scope.stored if each.unit == unit]
            here = [
                _as_stored(each, stored, scope.horizon)
                for place, each in found
                if place == unit and self._is_meant(each, scope, stored)
            ]
            changes += outages.reconcile(unit, here, stored, now)
        return [each for each in changes if self._may_write(scope.code, each, now)]

    def _is_meant(self, found: Found, scope: Scope, stored: Iterable[Outage]) -> bool:
        if found.ended_at is None:
            return True
        if found.ended_at <= scope.since:
            # Of before; it is here only if it belongs to one that reaches into what is judged again.
            return any(
                each.subject == found.subject
                and found.began_at < (each.ended_at or scope.since)
                and each.began_at < found.ended_at
                for each in stored
            )
        return not (found.at_edge and found.began_at < scope.horizon)

    def _may_write(self, code: str, change: Change, now: int) -> bool:
        """Not yet, where only the evidence differs of one that goes on and was written a moment ago."""
        outage = change.outage
        before = self._kept.get(code, {}).get(outage.id)
        if before is None or tuple(change.what) != ("revised",):
            return True
        same = (before.began_at, before.ended_at, before.cause, before.final) == (
            outage.began_at,
            outage.ended_at,
            outage.cause,
            outage.final,
        )
        if same and now < self._changed_at.get(outage.id, 0) + PAUSE_MS:
            self.waiting.add(code)
            return False
        return True

    def write(self, changes: Sequence[Change], now: int) -> list[OutageChange]:
        """Store them, with the evidence for them, in one transaction."""
        if not changes:
            return []
        with self._state.write() as connection:
            return self._write(connection, changes, now)

    def _write(self, connection: sa.Connection, changes: Sequence[Change], now: int) -> list[OutageChange]:
        # A crash must not leave an outage behind whose evidence it lost.
        self._world.checkpoint(connection)
        told = outage_store.write(connection, changes, now)
        for change in told:
            self._take(change.outage)
            self._changed_at[change.outage.id] = now
        return told

    def gone(self, code: str, still: Mapping[str, object] | None, now: int) -> list[Change]:
        """The ends of open outages of a service that is no more (`still` None), or of single units that do not look
        any more."""
        return [
            outages.end(each, now)
            for each in self._kept.get(code, {}).values()
            if each.ended_at is None and not each.retracted
            if still is None or (each.subject.endswith("|alone") and each.unit not in still)
        ]

    def codes(self) -> set[str]:
        """Services of which outages are kept."""
        return set(self._kept)

    def open_ids(self, code: str) -> Mapping[tuple[str, str], int]:
        """Ids of the open outages of a service, by unit and subject."""
        return {
            (each.unit, each.subject): each.id
            for each in self._kept.get(code, {}).values()
            if each.ended_at is None and not each.retracted
        }

    def of(self, code: str) -> list[Outage]:
        """The outages of a service in the last 31 days, by id, without retracted ones."""
        return [each for _, each in sorted(self._kept.get(code, {}).items()) if not each.retracted]

    def forget(self, now: int) -> None:
        """Let go of what ended long ago."""
        for code, kept in self._kept.items():
            self._kept[code] = {
                id_: each
                for id_, each in kept.items()
                if each.ended_at is None or each.ended_at > now - KEPT_MS
            }


def _as_stored(found: Found, stored: Iterable[Outage], horizon: int) -> Found:
    """What was found; of one that began before the evidence is whole, as it is stored but for its end."""
    for each in stored:
        if each.subject == found.subject and each.ended_at is None and each.began_at < horizon:
            return found._replace(
                began_at=each.began_at,
                cause=each.cause,
                reason=each.reason,
                evidence=tuple(each.evidence) if found.ended_at is None else found.evidence,
            )
    return found
