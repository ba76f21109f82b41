"""What devices told of links and of their power, as evidence: each once, in whatever order and however often it comes. Pure.

A notice is dated by when the unit's agent heard it, by the centre's clock. Events of other kinds are shown and decide
nothing; `collector/ledger.py` keeps them all.
"""

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from typing import NamedTuple

from core.told import LINK_DOWN, POWER_BACK, POWER_LOST
from core.wire import Event, Header

KINDS = frozenset({LINK_DOWN, POWER_LOST, POWER_BACK})
MOST = 2_000
"""Of one unit; the newest stay."""
_LONGEST = 120
"""Characters of a text: it becomes part of a sentence."""

NoticeKey = tuple[str, int, str, str]
"""Unit, time by the agent's own clock, kind, address of the device."""


class Stored(NamedTuple):
    """Of one key: when, by the centre's clock, and what was said."""

    at: int
    text: str


class Device(NamedTuple):
    """Who has an address: what people call it, and whether it is the unit's router."""

    name: str
    is_router: bool


class Notice(NamedTuple):
    """A device told this; `name` is its address where nobody knows better."""

    at: int
    kind: str
    source: str
    name: str
    is_router: bool
    text: str


class Notices:
    """`touched` holds the keys of what was made, changed or let go of, for whoever stores it."""

    def __init__(self) -> None:
        self._of: dict[str, dict[NoticeKey, Stored]] = {}
        self.touched: set[NoticeKey] = set()

    def take(self, unit: str, header: Header, events: Iterable[Event]) -> int | None:
        """Take in what a report brings. Returns since when something new is known; None when nothing is."""
        error, known = header.clock_error or 0, self._of.setdefault(unit, {})
        since: int | None = None
        for event in events:
            if event.kind not in KINDS or not event.source:
                continue
            agent_at = max(0, min(event.at, header.sent_at))
            key = (unit, agent_at, event.kind, plain_address(event.source)[:64])
            said = Stored(agent_at - error, event.text.replace("|", "/")[:_LONGEST])
            before = known.get(key)
            # Of two that have one key, the same one stays, whichever came first.
            if before is not None and before <= said:
                continue
            known[key] = said
            self.touched.add(key)
            since = said.at if since is None else min(since, said.at)
        while len(known) > MOST:
            oldest = min(known, key=lambda each: (known[each], each))
            del known[oldest]
            self.touched.add(oldest)
        return since

    def put(self, kept: Iterable[tuple[NoticeKey, Stored]]) -> None:
        """Take back what was stored."""
        for key, said in kept:
            self._of.setdefault(key[0], {})[key] = said

    def get(self, key: NoticeKey) -> Stored | None:
        return self._of.get(key[0], {}).get(key)

    def of(self, unit: str, since: int, devices: Mapping[str, Device]) -> list[Notice]:
        """Those from `since` on, in order of time."""
        found = []
        for (_, _, kind, source), said in self._of.get(unit, {}).items():
            if said.at >= since:
                name, is_router = devices.get(source) or Device(source, False)
                found.append(Notice(said.at, kind, source, name, is_router, said.text))
        return sorted(found)

    def forget(self, before: int, stay: Collection[NoticeKey]) -> None:
        """Let go of what is stored and older than this; `stay` may not be stored yet."""
        for unit, known in self._of.items():
            self._of[unit] = {
                key: said
                for key, said in known.items()
                if said.at >= before or key in self.touched or key in stay
            }


def plain_address(text: str) -> str:
    """An address in the one way to write it; other text as it is."""
    try:
        return str(ip_address(text))
    except ValueError:
        return text
