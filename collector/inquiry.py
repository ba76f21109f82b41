"""From timelines to outages with their causes: one step of the watch, for the units that were judged in it.

Hubs first, since their outages explain those of the units on them; then the units; then the centre itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector import outages
from collector.cases import Case, Judged
from collector.causes import (
    Around,
    HubOut,
    Window,
    explained,
    explained_centre,
    explained_hub,
    own_cause,
)
from collector.evidence import Evidence
from collector.groups import TOGETHER_MS, collector_away, hub_out
from collector.outages import Change, Found
from collector.presence import BEAT_HOLD_MS
from collector.subjects import CENTRE, HUB, UNIT
from collector.timeline import Interval, Stretch, union, without
from collector.views import Outage
from collector.world import FULL_MS, World
from core.values import Level, Status
from inventory.records import Maintenance, Unit, above

HOLD_MS = 2_500
"""So long the opening of an outage waits for others at most, when nobody beside it was heard since either."""
BEAT_MS = 2_500
"""Within this after a sign of one unit, a sign of each other unit that is well has come too."""
RECENT_MS = 60_000
SETTLED_MS = FULL_MS - 3_600_000
"""Older than this, what a cause was found by may not be in memory any more: a final verdict stays."""
FAR = 1 << 52


@dataclass(frozen=True, slots=True)
class Tree:
    """Who hangs on whom, now."""

    units: Mapping[str, Unit]
    members: Mapping[str, Sequence[str]]
    """By hub: the hub's own unit and all that hang on it."""

    @staticmethod
    def of(units: Mapping[str, Unit]) -> "Tree":
        members: dict[str, list[str]] = {}
        for unit in units.values():
            parent = units.get(unit.parent or "")
            if parent is not None and parent.level is not Level.PROVINCE:
                members.setdefault(parent.code, [parent.code]).append(unit.code)
        return Tree(units, members)

    def hubs_of(self, code: str) -> list[str]:
        """The hubs whose outage would explain this unit's: its own, and the one that it hangs on."""
        parent = self.units[code].parent or "" if code in self.units else ""
        return [hub for hub in (code, parent) if hub in self.members]


class Inquiry:
    """One step. `cases` are as before it, `judged` what was judged anew in it."""

    def __init__(
        self,
        world: World,
        tree: Tree,
        cases: Mapping[str, Case],
        judged: Mapping[str, Judged],
        maintenance: Sequence[Maintenance],
        now: int,
    ) -> None:
        self._world, self._tree, self._cases, self._judged = world, tree, cases, judged
        self._maintenance, self._now = maintenance, now
        self.kept: dict[str, list[Outage]] = {}
        """Outages of units as they are after what was changed in this step so far."""
        self.waits_for: dict[str, int | None] = {}
        self.held: dict[str, int | None] = {}

    def kept_of(self, code: str) -> Sequence[Outage]:
        case = self._cases.get(code)
        return self.kept.get(code, case.outages if case is not None else [])

    def take(self, outage: Outage) -> None:
        """An outage as it was stored in this step."""
        kept = {each.id: each for each in self.kept_of(outage.unit)}
        self.kept[outage.unit] = list({**kept, outage.id: outage}.values())

    def _timelines(self, code: str) -> Mapping[str, Sequence[Stretch]]:
        judged, case = self._judged.get(code), self._cases.get(code)
        return judged.timelines if judged is not None else case.timelines if case is not None else {}

    def _start(self, code: str) -> int:
        judged = self._judged.get(code)
        return judged.start if judged is not None else self._now

    # Hubs.

    def hubs(self) -> tuple[list[Change], dict[str, int]]:
        """What has to change of the outages of hubs, and the members of those, each with the time from which on."""
        changes: list[Change] = []
        members: dict[str, int] = {}
        for hub in {hub for code in self._judged for hub in self._tree.hubs_of(code)}:
            of_hub = self._hub(hub)
            changes += of_hub
            for change in of_hub:
                for code in self._tree.members[hub]:
                    since = change.outage.began_at - TOGETHER_MS
                    members[code] = min(since, members.get(code, since))
        return changes, members

    def _hub(self, hub: str) -> list[Change]:
        members = self._tree.members[hub]
        start = min(self._start(code) for code in members) - TOGETHER_MS
        stored = [each for each in self.kept_of(hub) if each.subject == HUB and _reaches(each, start)]
        start = min([start, *(each.began_at for each in stored)])
        timelines = {code: self._lasting(code, start) for code in members}
        found = [
            self._explained_hub(hub, interval, timelines)
            for interval in hub_out(timelines)
            if interval[1] > start
        ]
        open_now = [each for each in found if each.ended_at is None and not _is_stored(each, stored)]
        if open_now and self._must_wait(hub, set(members), open_now[0].began_at):
            found = [each for each in found if each not in open_now]
        return outages.reconcile(hub, found, stored, self._now)

    def _lasting(self, code: str, start: int) -> list[Stretch]:
        """The unit's timeline from `start` on. What was true when it was judged last is true now: nothing came in since."""
        timeline = [each for each in self._timelines(code).get(UNIT, ()) if each.end > start]
        if timeline:
            timeline[-1] = timeline[-1]._replace(end=max(timeline[-1].end, self._now + 1))
        return timeline

    def _explained_hub(
        self, hub: str, interval: Interval, timelines: Mapping[str, Sequence[Stretch]]
    ) -> Found:
        began, ended = interval
        found = Found(began, None if ended >= self._now else ended, "", at_edge=False)
        known = [each for each in timelines.values() if any(s.status is not Status.UNKNOWN for s in each)]
        down = sum(
            any(s.status is Status.DOWN and s.start < ended and s.end > began for s in each) for each in known
        )
        own = next(
            (
                each
                for each in outages.find(self._timelines(hub).get(UNIT, ()), began)[1]
                if each.began_at < ended and (each.ended_at is None or each.ended_at > began)
            ),
            None,
        )
        told = self._world.told_until(hub)
        final = found.ended_at is not None and (told >= found.ended_at or not told)
        if found.ended_at is not None and not final:
            self._wait(hub, found.ended_at)
        if own is not None:
            own = own_cause(own, self._evidence(hub, own), self._around(hub, ()))
        return explained_hub(found, own, hub, down, len(known), self._windows(hub), self._now, final=final)

    # Units.

    def units(self, also: Mapping[str, int]) -> list[Change]:
        """What has to change of the outages in units: those judged, and `also` these from a time on."""
        changes: list[Change] = []
        for code in {**self._judged, **also}:
            unit = self._tree.units.get(code)
            if unit is None or unit.level is Level.PROVINCE:
                # The province's own unit has a state, but no line of its own that could be out.
                continue
            self.waits_for.setdefault(code, None)
            start = min(self._start(code), also.get(code, self._now))
            for subject, timeline in self._timelines(code).items():
                begin = start if subject == UNIT else max(start, self._now - SETTLED_MS)
                changes += self._unit(code, subject, timeline, begin)
        return changes

    def _unit(self, code: str, subject: str, timeline: Sequence[Stretch], start: int) -> list[Change]:
        touched, raw = outages.find(timeline, start)
        stored = [each for each in self.kept_of(code) if each.subject == subject and _reaches(each, touched)]
        found = []
        for each in raw:
            known = _settled(each, stored, self._now)
            told = known or self._explained(code, subject, each)
            if subject == UNIT and told.ended_at is None and not _is_stored(told, stored):
                self.held[code] = None
                if told.root is None and self._must_wait(code, self._peers(code), told.began_at):
                    continue
            if told.waits and told.ended_at is not None:
                self._wait(code, told.ended_at)
            found.append(told)
        return outages.reconcile(code, found, stored, self._now)

    def _wait(self, code: str, ended_at: int) -> None:
        before = self.waits_for.get(code)
        self.waits_for[code] = ended_at if before is None else min(before, ended_at)

    def _explained(self, code: str, subject: str, found: Found) -> Found:
        hubs_out = [
            HubOut(hub, each.id, (each.began_at, FAR if each.ended_at is None else each.ended_at))
            for hub in self._tree.hubs_of(code)
            for each in self.kept_of(hub)
            if each.subject == HUB and not each.retracted
        ]
        return explained(subject, found, self._evidence(code, found), self._around(code, hubs_out))

    def _evidence(self, code: str, found: Found) -> Evidence:
        margin = self._world.margin(code)
        ended = self._now if found.ended_at is None else min(self._now, found.ended_at + margin)
        return self._world.evidence(code, found.began_at - margin, ended + 1)

    def _around(self, code: str, hubs_out: Sequence[HubOut]) -> Around:
        hubs = self._tree.hubs_of(code)
        return Around(
            now=self._now,
            told_until=self._world.told_until(code),
            windows=self._windows(code),
            hubs_out=hubs_out,
            hub=hubs[-1] if hubs else "",
        )

    def _windows(self, code: str) -> list[Window]:
        hung_on = above(self._tree.units, code)
        return [
            Window(each.valid_from, each.valid_to, each.note)
            for each in self._maintenance
            if not each.service and (each.unit == code or (each.below and each.unit in hung_on))
        ]

    def _peers(self, code: str) -> set[str]:
        """The units that share the most with this one: those on its hub; without one, all."""
        hubs = self._tree.hubs_of(code)
        return set(self._tree.members[hubs[-1]] if hubs else self._tree.units) - {code}

    def _must_wait(self, code: str, group: set[str], began_at: int) -> bool:
        """Whether an outage that seems to have begun is better looked at again in a moment.

        While nobody of those beside it was heard since either, it may be one of many. A unit asks its peers; a hub
        (then `group` is its own members) asks all others.
        """
        if self._now - began_at > RECENT_MS:
            return False
        beside = group if code not in group else set(self._tree.units) - group
        inside = {code} if code not in group else group
        last = max((self._world.last_contact(each) or 0 for each in inside), default=0)
        if not last or not any(self._world.last_contact(each) for each in beside):
            return False
        if any((self._world.last_contact(each) or 0) >= last + BEAT_MS for each in beside):
            return False
        limit = last + BEAT_HOLD_MS + HOLD_MS
        if self._now >= limit:
            return False
        self.held[code] = min(limit, self._now + 250)
        return True

    # The centre.

    def centre(self, province: str, unheard: Sequence[Interval]) -> list[Change]:
        """What has to change of the outages of the centre itself."""
        alive = self._world.listening()
        away = collector_away(alive)
        found = [
            explained_centre(Found(start, end if end < self._now else None, "", at_edge=False), away)
            for start, end in union(unheard)
        ]
        found += [
            explained_centre(Found(start, end, "", at_edge=False), away)
            for start, end in without(away, union(unheard))
        ]
        since = alive[0].first_at if alive else self._now
        stored = [each for each in self.kept_of(province) if each.subject == CENTRE and _reaches(each, since)]
        return outages.reconcile(province, found, stored, self._now)


def _reaches(outage: Outage, start: int) -> bool:
    return outage.ended_at is None or outage.ended_at > start


def _is_stored(found: Found, stored: Iterable[Outage]) -> bool:
    return any(
        not each.retracted and (each.ended_at is None or each.ended_at > found.began_at) for each in stored
    )


def _settled(found: Found, stored: Iterable[Outage], now: int) -> Found | None:
    """A final verdict of long ago on just this outage, as it was found then."""
    for each in stored:
        same = (each.began_at, each.ended_at) == (found.began_at, found.ended_at) and not each.retracted
        if same and each.final and each.ended_at is not None and each.ended_at < now - SETTLED_MS:
            return _as_explained(found, each)
    return None


def _as_explained(found: Found, outage: Outage) -> Found:
    """What was found, with the explanation that is stored."""
    return found._replace(
        subject=outage.subject,
        cause=outage.cause,
        final=outage.final,
        root=outage.root,
        evidence=tuple(outage.evidence),
    )
