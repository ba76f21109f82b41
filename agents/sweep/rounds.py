"""Whom to ask next, and when enough is enough. Pure: times are passed in, in seconds of a clock that does not jump.

All are asked once, then those who stayed silent again. A LAN has more silent addresses than others, and asking them costs
almost all of the traffic; so they are asked only as long as somebody may be among them. How likely that is, is known from those who did
answer: how many of them needed a second question tells what a question is worth. And whoever was heard otherwise (by IPv6, by what it
announces) is a control: when all of these have answered, so have almost certainly the others.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

LEAST_ROUNDS, MOST_ROUNDS = 2, 5
REPLY_S = 0.4
"""How long answers to the last question of a round are waited for."""
MISSING = 0.005
"""Asking ends when fewer machines than this are expected to be missing."""
FRAME_BITS = 8 * 64
"""Of a question on the wire: Ethernet's least frame, with its check sequence."""
SHARE = 0.9
"""Of the traffic is for questions to single addresses; the rest for those to all, and for what the system answers when it is asked back."""
BURST = 4
"""Questions go out so many times faster than the traffic may be on average over the whole run."""

_LATE = 4

Place = tuple[int, str]
"""An interface by its number, and an address on its link."""


def spacing_s(kbps: float) -> float:
    """Between two questions."""
    return FRAME_BITS / (BURST * kbps * 1_000)


def length_s(addresses: int, kbps: float, least_s: float, most_s: float) -> float:
    """How long a run has to be, so that three rounds of this many addresses stay within the rate on average."""
    return min(most_s, max(least_s, 3 * addresses * FRAME_BITS / (SHARE * kbps * 1_000)))


def questions(length: float, kbps: float) -> int:
    """How many a run of this length may ask."""
    return int(SHARE * kbps * 1_000 * length / FRAME_BITS)


def missing(hosts: int, late: int, controls: int, absent: int, asked: int) -> float:
    """How many machines are expected not to have answered after they were asked `asked` times.

    `hosts` answered, `late` of them not to the first question. Of all that were heard otherwise, `controls` answered and
    `absent` did not.
    """
    silent = ((late + 1.5) / (hosts + 6)) ** asked
    # One of a hundred that were heard otherwise has no IPv4 address at all, and will never answer.
    return float((hosts - controls + 1) * silent + absent * min(1.0, 100 * silent))


@dataclass(slots=True)
class Counts:
    asked: int = 0
    late: int = 0


class Rounds:
    """`budget` is how many questions there may be."""

    def __init__(self, places: Iterable[Place], spacing: float, budget: int) -> None:
        self._silent = dict.fromkeys(places)
        self._queue = deque(self._silent)
        self._spacing, self._budget = spacing, budget
        self._next = 0.0
        self.round = 1
        self.over = not self._silent
        self.counts = Counts()
        self._hosts: set[str] = set()
        self._others: set[str] = set()

    def heard(self, mac: str, place: Place | None) -> None:
        """A machine was heard; at `place`, when it has an address that is asked for."""
        if place is None:
            self._others.add(mac)
            return
        if place in self._silent:
            del self._silent[place]
            if mac not in self._hosts:
                self.counts.late += self.round > 1
        self._hosts.add(mac)

    def next(self, now: float) -> Place | float | None:
        """Whom to ask now; or when to come again; None when asking is over."""
        if self.over:
            return None
        if now < self._next:
            return self._next
        while self._queue:
            place = self._queue.popleft()
            if place in self._silent:
                return self._ask(place, now)
        return self._next_round(now)

    def _ask(self, place: Place, now: float) -> Place | None:
        if self.counts.asked >= self._budget:
            self.over = True
            return None
        self.counts.asked += 1
        if any(place in self._silent for place in self._queue):
            # What was late is caught up with, and never more than a few at once.
            self._next = max(self._next, now - _LATE * self._spacing) + self._spacing
        else:
            self._next = now + REPLY_S
        return place

    def _next_round(self, now: float) -> Place | float | None:
        absent = len(self._others - self._hosts)
        controls = len(self._others & self._hosts)
        expected = missing(len(self._hosts), self.counts.late, controls, absent, self.round)
        enough = self.round >= LEAST_ROUNDS and expected < MISSING
        if enough or self.round >= MOST_ROUNDS or not self._silent:
            self.over = True
            return None
        self.round += 1
        self._queue.extend(self._silent)
        return self.next(now)
