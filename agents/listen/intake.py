"""What becomes of what devices send: taken, counted, told, or passed over. Pure; times in ms of the agent's clock.

Two bounds follow each other. The first is on messages, since each costs time to read. The second is on events, since each
costs room on disk and on the line; there, what is evidence (a link, the power, a restart) has buckets of its own, and so has
that a configuration was changed, so that a chatty device cannot hide it. What was passed over or could not be read is counted by source, and said now and then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from agents.listen.kinds import LONGEST, Notice, notice_of
from agents.syslog import Malformed, parse
from core.buckets import Buckets, Rate
from core.told import CONFIGURED, EVIDENCE, TOO_MANY, UNREADABLE
from core.wire import Event

ALL = 5
"""All sources together may send so many times what one may."""
NOTES_MS = 600_000
"""What was passed over or could not be read is said once in so long, of each source."""
NOTED = 64
"""Sources of which that is said by name; of more, the count only."""
OTHERS = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one source."""

    messages_per_s: float = 20.0
    events_per_minute: float = 12.0


@dataclass(slots=True)
class Counts:
    """Since they were asked for last."""

    messages: int = 0
    dropped: int = 0
    malformed: int = 0


@dataclass(slots=True)
class _Faults:
    """Of one source, since it was said last."""

    dropped: int = 0
    malformed: int = 0
    why: str = ""


@dataclass(slots=True)
class Intake:
    """Of one check."""

    limits: Limits
    counts: Counts = field(default_factory=Counts)
    _messages: Buckets = field(init=False)
    _events: dict[str, Buckets] = field(init=False)
    _faults: dict[str, _Faults] = field(default_factory=dict)
    _said_at: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        messages = Rate(self.limits.messages_per_s, 5 * self.limits.messages_per_s)
        events = Rate(self.limits.events_per_minute / 60, self.limits.events_per_minute)
        self._messages = Buckets(messages, messages.times(ALL))
        self._events = {
            sort: Buckets(events, events.times(ALL)) for sort in ("evidence", CONFIGURED, "other")
        }

    def admits(self, source: str, now: int) -> bool:
        """Count a message in; whether it is to be read."""
        self.counts.messages += 1
        if self._messages.take(source, now):
            return True
        self.drop(source)
        return False

    def syslog(self, data: bytes, source: str, now: int) -> Event | None:
        """The event in a syslog message that was admitted; None when there is nothing to tell."""
        message = parse(data)
        if isinstance(message, Malformed):
            self.misread(source, message.why)
            return None
        notice = notice_of(message)
        return None if notice is None else self.event(notice, source, now)

    def event(self, notice: Notice, source: str, now: int) -> Event | None:
        """The event to tell; None when the source has told too much already."""
        sort = "evidence" if notice.kind in EVIDENCE else CONFIGURED if notice.kind == CONFIGURED else "other"
        if not self._events[sort].take(source, now):
            self.drop(source)
            return None
        return Event(now, notice.kind, notice.text, source)

    def drop(self, source: str) -> None:
        """A message is passed over."""
        self.counts.dropped += 1
        self._of(source).dropped += 1

    def misread(self, source: str, why: str) -> None:
        """A message could not be read."""
        self.counts.malformed += 1
        faults = self._of(source)
        faults.malformed, faults.why = faults.malformed + 1, why

    def take_counts(self) -> Counts:
        taken, self.counts = self.counts, Counts()
        return taken

    def notes(self, now: int) -> Iterator[Event]:
        """What is to be said of messages that were passed over or could not be read."""
        self._said_at = {source: at for source, at in self._said_at.items() if at <= now < at + NOTES_MS}
        for source, faults in list(self._faults.items()):
            if source in self._said_at:
                continue
            del self._faults[source]
            self._said_at[source] = now
            who = source or "other senders"
            if faults.malformed:
                text = f"{faults.malformed} from {who}, the last: {faults.why}"
                yield Event(now, UNREADABLE, text[:LONGEST], source)
            if faults.dropped:
                yield Event(now, TOO_MANY, f"{faults.dropped} from {who} were passed over", source)

    def _of(self, source: str) -> _Faults:
        if source not in self._faults and len(self._faults) >= NOTED:
            source = OTHERS
        return self._faults.setdefault(source, _Faults())
