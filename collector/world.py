"""All evidence in memory: the one thing that ingest and the channel write, and the watch reads.

Thread-safe. What is here came from facts that are on disk already (reports) or is presence, of which a crash loses
the last seconds; then the collector's own absence is seen too, and nothing is concluded from it.
"""

import threading
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from collector import world_store as store
from collector.evidence import Alive, CheckEvidence, Evidence, Said
from collector.facts import Row, Run
from collector.groups import EVERYBODY, everyone_silent
from collector.judge import BLINK_MS, margin
from collector.lives import Lives
from collector.notices import Notices
from collector.presence import BEAT_HOLD_MS, Holds, Presence
from collector.services.looks import Looks, News
from collector.services.sight import Look
from collector.signs import BATTERY_BEFORE_MS
from collector.spans import REACH, Span, Stream
from collector.timeline import Interval, without
from collector.tracks import RECENT_MS, Devices, Planned, Track
from core.wire import Event, Header

DAY_MS = 86_400_000
KEPT_MS = 31 * DAY_MS
"""Evidence this old is in memory. Older evidence is on disk only."""
FULL_MS = DAY_MS
"""So long line checks are kept with each change between up and degraded, and other checks are in memory at all: only
what is true now depends on that."""


class World:
    """See above. Every method may be called from any thread."""

    def __init__(self, registry: Planned) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        """Held while evidence moves between memory and disk."""
        self._tracks: dict[int, Track] = {}
        self._of_unit: dict[str, dict[int, Track]] = {}
        self._looks = Looks()
        self._presence: dict[str, Presence] = {}
        self._lives, self._notices = Lives(), Notices()
        self._devices = Devices(registry)
        self._alive = Presence()
        self.unheard: Sequence[Interval] = ()
        """When the whole centre heard nobody (`collector.groups.everyone_silent`), as the watch found it: then nobody
        was listening."""
        self._channels: dict[str, int] = {}
        self._changed: dict[str, int] = {}
        self._confirmed: dict[str, int] = {}
        self._aside: list[tuple[str, Row]] = []
        self._dirty: set[tuple[int, str]] = set()
        self._dirty_units: set[str] = set()
        self._mark = 0
        """How many checkpoints there were."""
        self._unsure = store.Touched()
        self._holds = Holds(registry)

    # What comes in.

    def fold(self, unit: str, epoch: str, runs: Iterable[Run], received_at: int) -> None:
        """Take in results of one epoch of the agent of `unit`. Idempotent; those of unknown checks are passed over."""
        with self._lock:
            for run in runs:
                track = self._tracks.get(run.check) or self._new_track(run.check)
                if track is None or track.planned.vantage != unit:
                    continue
                stream = track.streams.get(epoch) or self._new_stream(track, epoch)
                if (since := stream.extend(run)) is not None:
                    # More of the same, in order: what nearly every report says.
                    self._dirty.add((run.check, epoch))
                    self._looks.note(track, since, same=True)
                    if track.is_line or (run.status == "down" and track.is_of_lan):
                        changed = self._confirmed if run.status == "up" else self._changed
                        about = track.planned.about
                        if since < changed.get(about, since + 1):
                            changed[about] = since
                    continue
                for row in run.rows():
                    if row.k <= stream.known_before + 1 and stream.known_before:
                        self._aside.append((epoch, row))
                    else:
                        self._add(track, stream, epoch, row, received_at)

    def _add(self, track: Track, stream: Stream, epoch: str, row: Row, received_at: int) -> None:
        spans_before = len(stream.spans)
        since = stream.add(row)
        if since is None:
            return
        self._dirty.add((row.check, epoch))
        self._looks.note(track, since, same=len(stream.spans) == spans_before)
        about = track.planned.about
        changed = self._changed
        if len(stream.spans) == spans_before:
            if not (track.is_line or (row.status == "down" and track.is_of_lan)):
                return  # nothing but more of the same: no verdict changes by it
            if row.status == "up":
                changed = self._confirmed
        elif not (track.is_line or track.is_of_lan):
            since = max(since, received_at - RECENT_MS)  # only what is true now depends on it
        if since < changed.get(about, since + 1):
            changed[about] = since

    def header(self, unit: str, header: Header) -> None:
        """Take in what a report of the agent of `unit` says of its life, and of what it still has to tell."""
        with self._lock:
            self._lives.take(unit, header)

    def told(self, unit: str, header: Header, events: Iterable[Event]) -> None:
        """Take in what devices in the LAN of `unit` told its agent. Idempotent."""
        with self._lock:
            since = self._notices.take(unit, header, events)
            if since is not None:
                self._changed[unit] = min(since, self._changed.get(unit, since))

    def contact(self, unit: str, at: int) -> None:
        """A report or a question came from the agent of `unit`. Good until the next report should have come; while
        a channel is open, only as long as a heartbeat, since the channel's silence is the quicker sign."""
        with self._lock:
            hold = BEAT_HOLD_MS if self._channels.get(unit) else self._holds.of(unit)
            self._sign(unit, at, hold)

    def beat(self, unit: str, at: int) -> None:
        """A heartbeat came on the channel."""
        with self._lock:
            self._sign(unit, at, BEAT_HOLD_MS)

    def channel(self, unit: str, change: int) -> None:
        """A channel of `unit` was opened (+1) or is closed (-1)."""
        with self._lock:
            self._channels[unit] = max(0, self._channels.get(unit, 0) + change)

    def alive(self, now: int) -> None:
        """The collector itself says that it is listening. To be called at least each second."""
        with self._lock:
            if self._alive.add(now, BLINK_MS) is not None:
                # Whoever is silent now may only be unheard.
                for unit in self._presence:
                    self._changed[unit] = min(now, self._changed.get(unit, now))

    def _sign(self, unit: str, at: int, hold: int) -> None:
        presence = self._presence.get(unit)
        if presence is None:
            presence = self._presence[unit] = Presence()
        self._dirty_units.add(unit)
        if presence.add(at, hold) is not None:
            self._changed[unit] = min(at, self._changed.get(unit, at))

    def _new_track(self, check: int) -> Track | None:
        planned = self._registry.check(check)
        if planned is None:
            return None
        track = self._tracks[check] = Track(planned)
        self._of_unit.setdefault(planned.about, {})[check] = track
        self._looks.put(check, track)
        return track

    def _new_stream(self, track: Track, epoch: str) -> Stream:
        stream = track.streams[epoch] = Stream(track.planned.check.interval_ms)
        return stream

    def replan(self) -> None:
        """The registry has changed: checks may have another role, interval, label or subject now."""
        with self._lock:
            for check, track in self._tracks.items():
                planned = self._registry.check(check)
                if planned is None or planned == track.planned:
                    continue
                for unit in (track.planned.about, planned.about):
                    self._changed[unit] = 0
                del self._of_unit[track.planned.about][check]
                self._of_unit.setdefault(planned.about, {})[check] = track
                was, track.planned = track.planned.service, planned
                self._looks.put(check, track, was=was)
                for stream in track.streams.values():
                    stream.reach = int(REACH * planned.check.interval_ms)

    # What is asked.

    def take_changed(self) -> tuple[dict[str, int], dict[str, int]]:
        """Units of which something new is known, each with the time from which on; asked for once.

        Second those of which only this is new, that a line check that succeeded went on to succeed: that changes
        nothing where the unit was up anyway.
        """
        with self._lock:
            taken = self._changed, self._confirmed
            self._changed, self._confirmed = {}, {}
            return taken

    def take_news(self) -> News:
        """Services of which something new is known; asked for once."""
        with self._lock:
            return self._looks.take()

    def looks(self, service: str, start: int) -> dict[str, dict[str, Look]]:
        """What the checks of a service said that ended at `start` or later: by label, by unit."""
        with self._lock:
            return self._looks.since(service, start)

    def told_until(self, unit: str) -> int:
        """Everything that the unit's agent measured before this time is in; 0 if it never reported."""
        with self._lock:
            return self._lives.told_until(unit)

    def heard_until(self, unit: str) -> int:
        """Until when the agent's last sign of life is good; 0 if there was none."""
        with self._lock:
            presence = self._presence.get(unit)
            return presence.stretches[-1].until if presence else 0

    def evidence(self, unit: str, start: int, until: int) -> Evidence:
        """All that bears on verdicts from `start` + `margin` on, until before `until`, the present."""
        with self._lock:
            alive = [
                (each.first_at, until if each.last_at < until <= each.until else each.last_at)
                for each in self._alive.since(start)
            ]
            tracks = self._of_unit.get(unit, {})
            presence = self._presence.get(unit)
            return Evidence(
                checks=[
                    CheckEvidence(
                        check=check,
                        role=track.planned.role,
                        own=track.planned.vantage == unit,
                        label=track.planned.label,
                        interval_ms=track.planned.check.interval_ms,
                        said=said,
                    )
                    for check, track in sorted(tracks.items())
                    if track.is_evidence and (said := track.said(start))
                ],
                contacts=presence.since(start) if presence else (),
                alive=[Alive(*each) for each in without(alive, self.unheard)],
                unheard=self.unheard,
                lives=self._lives.of(unit),
                notices=self._notices.of(unit, start - BATTERY_BEFORE_MS, self._devices.of(unit)),
                seen=bool(tracks or presence),
            )

    def margin(self, unit: str) -> int:
        """How far before a change verdicts on `unit` may depend on it."""
        with self._lock:
            tracks = self._of_unit.get(unit, {}).values()
            return margin(track.planned.check.interval_ms for track in tracks if track.is_evidence)

    def last_said(self, check: int, now: int) -> tuple[Said, int] | None:
        """The newest span of a check, and since when its status has held without a gap."""
        with self._lock:
            track = self._tracks.get(check)
            return track.last(now) if track is not None else None

    def last_contact(self, unit: str) -> int | None:
        with self._lock:
            presence = self._presence.get(unit)
            return presence.stretches[-1].last_at if presence else None

    def listening(self) -> list[Alive]:
        """When the collector itself was alive, all that is in memory."""
        with self._lock:
            return [Alive(each.first_at, each.last_at) for each in self._alive.stretches]

    def most_silent(self, now: int) -> bool:
        """Whether nearly all agents are silent now: worth a closer look (`quiet`)."""
        with self._lock:
            until = [each.stretches[-1].until for each in self._presence.values() if each.stretches]
            return sum(each < now for each in until) >= EVERYBODY * len(until)

    def quiet(self, since: int, now: int) -> list[Interval]:
        """When nearly all agents were silent at once, from `since` on."""
        with self._lock:
            contacts = {unit: each.since(since) for unit, each in self._presence.items()}
            sat = self._alive.since(since)
        alive = [Alive(each.first_at, now if each.until >= now else each.last_at) for each in sat]
        return everyone_silent(contacts, alive, now)

    def units(self) -> set[str]:
        """Codes of the units that there is evidence of."""
        with self._lock:
            return set(self._of_unit) | set(self._presence)

    # What is kept.

    @property
    def checkpoints(self) -> int:
        """How many checkpoints were made."""
        return self._mark

    def load(self, connection: sa.Connection, now: int) -> None:
        """Read what was kept of the last 31 days; of checks that are not of a line the last day."""
        kept = store.read(connection, now - KEPT_MS)
        with self._lock:
            self._mark = kept.mark
            self._alive = Presence(kept.listening)
            self._presence = {unit: Presence(stretches) for unit, stretches in kept.contacts.items()}
            self._lives.put(kept.lives)
            self._notices.put(kept.notices)
            line: dict[bool, list[int]] = {True: [], False: []}
            for check in store.checks_with_spans(connection):
                track = self._tracks.get(check) or self._new_track(check)
                if track is not None:
                    line[track.is_line].append(check)
            for is_line, checks in line.items():
                since = now - (KEPT_MS if is_line else FULL_MS)
                for check, epoch, floor, spans in store.read_spans(connection, checks, since):
                    track = self._tracks[check]
                    track.streams[epoch] = Stream(track.planned.check.interval_ms, spans, floor)

    def checkpoint(self, connection: sa.Connection) -> None:
        """Write what is new since the last checkpoint, in the caller's transaction.

        If that is rolled back after all, the next checkpoint notices and writes it again.
        """
        with self._keeping:
            committed = store.read_mark(connection) == self._mark
            with self._lock:
                aside, self._aside = self._aside, []
                lowest: dict[tuple[int, str], int] = {}
                for epoch, row in aside:
                    key = (row.check, epoch)
                    lowest[key] = min(row.k, lowest.get(key, row.k))
                floors = {
                    (check, epoch): self._tracks[check].streams[epoch].known_before for check, epoch in lowest
                }
            old = {
                key: store.read_old_spans(connection, *key, k - 1, floors[key]) for key, k in lowest.items()
            }
            with self._lock:
                for (check, epoch), spans in old.items():
                    self._unfold(check, epoch, spans, lowest[check, epoch])
                for epoch, row in aside:
                    track = self._tracks[row.check]
                    self._add(track, track.streams[epoch], epoch, row, row.at)
                touched = self._take_touched()
                if not committed:
                    touched = touched.with_all_of(self._unsure)
                self._unsure, self._mark = touched, self._mark + 1
                written = store.contents(
                    touched, self._tracks, self._presence, self._alive, self._lives, self._notices
                )
            store.write(connection, touched, written, self._mark)

    def _unfold(self, check: int, epoch: str, spans: Iterable[Span], lowest: int) -> None:
        """Put older spans of a stream back into memory: all that end with the ordinal before `lowest` or later."""
        streams = self._tracks[check].streams
        now = streams[epoch]
        known_before = max(0, min(now.known_before, lowest - 2))
        whole = Stream(self._tracks[check].planned.check.interval_ms, [*spans, *now.spans], known_before)
        whole.touched = now.touched
        streams[epoch] = whole

    def _take_touched(self) -> store.Touched:
        spans = set()
        for check, epoch in self._dirty:
            stream = self._tracks[check].streams[epoch]
            spans |= {(check, epoch, k) for k in stream.touched}
            stream.touched.clear()
        contacts = set()
        for unit in self._dirty_units:
            presence = self._presence[unit]
            contacts |= {(unit, first_at) for first_at in presence.touched}
            presence.touched.clear()
        listening, lives = set(self._alive.touched), set(self._lives.touched)
        notices = set(self._notices.touched)
        self._alive.touched.clear()
        self._dirty.clear()
        self._dirty_units.clear()
        self._lives.touched.clear()
        self._notices.touched.clear()
        return store.Touched(spans, contacts, listening, lives, notices)

    def forget(self, now: int) -> None:
        """Let go of what no verdict depends on any more, but for what a rolled-back checkpoint may need. It stays on
        disk; there as here, what line checks said more than a day ago is settled (`Stream.settle`)."""
        spans: dict[tuple[int, str], set[int]] = {}
        contacts: dict[str, set[int]] = {}
        with self._keeping, self._lock:
            for check, epoch, k in self._unsure.spans:
                spans.setdefault((check, epoch), set()).add(k)
            for unit, first_at in self._unsure.contacts:
                contacts.setdefault(unit, set()).add(first_at)
            for check, track in self._tracks.items():
                for epoch, stream in track.streams.items():
                    if track.is_line and stream.settle(now - FULL_MS):
                        self._dirty.add((check, epoch))
                    before = now - (KEPT_MS if track.is_line else FULL_MS)
                    stream.forget(before, spans.get((check, epoch), ()))
            for unit, presence in self._presence.items():
                presence.forget(now - KEPT_MS, contacts.get(unit, ()))
            self._alive.forget(now - KEPT_MS, self._unsure.listening)
            self._notices.forget(now - KEPT_MS, self._unsure.notices)
