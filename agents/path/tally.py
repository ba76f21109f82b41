"""From probes and their answers to hops. Pure: times are passed in, in seconds of a clock that does not jump."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agents.path.flow import Answer


@dataclass(frozen=True, slots=True)
class Hop:
    """What answered at a TTL. `address` and `rtt_ms` (the least one) are None where nothing did."""

    ttl: int
    address: str | None
    rtt_ms: float | None
    loss: float
    """Probes without an answer, over probes sent."""


@dataclass(frozen=True, slots=True)
class Path:
    """The hops from the first on, without those that follow the last one that answered."""

    hops: Sequence[Hop]
    reached: bool
    refused: str = ""
    """Why a router on the way gave up on the probes, if it said so."""


def broken_at(path: Path) -> int | None:
    """The hop at which the way breaks: the first after the last that answered. None when the target was reached."""
    return None if path.reached else len(path.hops) + 1


class Tally:
    """Probe `number` is the one of `round` and `ttl` with `number = round * max_hops + ttl - 1`."""

    def __init__(self, max_hops: int) -> None:
        self._max_hops = max_hops
        self.last = max_hops
        """No probe needs a greater TTL: the target, or a router that gives up on all probes, answered at this one."""
        self._reached: int | None = None
        self._refused: dict[int, str] = {}
        self._sent: dict[int, float] = {}
        self._answers: dict[int, tuple[str, float]] = {}

    def sent(self, number: int, at: float) -> None:
        self._sent[number] = at

    def take(self, answer: Answer, address: str, at: float) -> None:
        """An answer from `address`; one to a probe that was not sent, or was answered, does not count."""
        number = answer.number
        if number not in self._sent or number in self._answers:
            return
        self._answers[number] = (address, at - self._sent[number])
        ttl = number % self._max_hops + 1
        if answer.reached:
            self._reached = ttl if self._reached is None else min(ttl, self._reached)
        elif answer.reason:
            self._refused.setdefault(ttl, answer.reason)
        if answer.reached or answer.reason:
            self.last = min(self.last, ttl)

    @property
    def complete(self) -> bool:
        """Nothing is waited for any more."""
        return all(number in self._answers for number in self._sent if self._ttl(number) <= self.last)

    def path(self) -> Path:
        """What the answers so far tell."""
        hops = [self._hop(ttl) for ttl in range(1, self.last + 1)]
        refused = "" if self._reached == self.last else self._refused.get(self.last, "")
        if refused and self.last > 1 and hops[-1].address == hops[-2].address:
            hops.pop()  # it answered for the TTL already, and is one router
        while hops and hops[-1].address is None:
            hops.pop()
        return Path(hops, self._reached == self.last, refused)

    def _ttl(self, number: int) -> int:
        return number % self._max_hops + 1

    def _hop(self, ttl: int) -> Hop:
        numbers = sorted(number for number in self._sent if self._ttl(number) == ttl)
        answers = [self._answers[number] for number in numbers if number in self._answers]
        if not answers:
            return Hop(ttl, None, None, 1.0)
        address, _ = Counter(address for address, _ in answers).most_common(1)[0]
        rtt = min(rtt for from_, rtt in answers if from_ == address)
        return Hop(ttl, address, round(rtt * 1000, 3), round(1 - len(answers) / len(numbers), 3))
