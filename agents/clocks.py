"""How wrong the agent's clock is, estimated from round trips to the centre. Pure.

As in NTP's clock filter (RFC 5905, 10): of the recent trips, the quickest tells the offset best, because little of
its time can have been spent unevenly on the way there and the way back.
"""

from collections import deque
from dataclasses import dataclass

KEEP = 16
KEEP_MS = 15 * 60_000


@dataclass(frozen=True, slots=True)
class Trip:
    """A request and its answer: sent and received by the agent's clock, `centre` is what the answer said, in ms."""

    sent: int
    received: int
    centre: int

    @property
    def round_trip(self) -> int:
        return self.received - self.sent

    @property
    def error(self) -> int:
        """Agent's clock minus the centre's, off by half of the round trip at most."""
        return (self.sent + self.received) // 2 - self.centre


class ClockError:
    """The estimate over the last KEEP trips that are younger than KEEP_MS."""

    def __init__(self) -> None:
        self._trips: deque[Trip] = deque(maxlen=KEEP)

    def add(self, trip: Trip) -> None:
        """Learn from a trip; one that ended before it began is none."""
        if trip.round_trip < 0:
            return
        self._trips.append(trip)
        while self._trips[0].received < trip.received - KEEP_MS:
            self._trips.popleft()

    def estimate(self) -> int | None:
        """In ms; None before the first trip. Of equally quick trips the newest counts."""
        best = min(reversed(self._trips), key=lambda trip: trip.round_trip, default=None)
        return None if best is None else best.error
