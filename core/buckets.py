"""How much is taken from whom: token buckets, one for each source and one for all together. Pure, time in ms."""

from dataclasses import dataclass

SOURCES = 512
"""So many sources are told apart; of more, the one that was silent for longest begins anew."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` in the long run, and `burst` at once."""

    per_s: float
    burst: float

    def times(self, factor: float) -> "Rate":
        return Rate(self.per_s * factor, self.burst * factor)


@dataclass(slots=True)
class Bucket:
    """Tokens that come back with time. A clock that goes back gives none."""

    rate: Rate
    tokens: float
    at: int

    @staticmethod
    def full(rate: Rate, now: int) -> "Bucket":
        return Bucket(rate, rate.burst, now)

    def fill(self, now: int) -> float:
        """What is in it now."""
        if now > self.at:
            self.tokens = min(self.rate.burst, self.tokens + (now - self.at) * self.rate.per_s / 1000)
        self.at = now
        return self.tokens


class Buckets:
    """A message is taken when both its source's bucket and that of all have a token."""

    def __init__(self, of_each: Rate, of_all: Rate) -> None:
        self._of_each, self._of_all = of_each, of_all
        self._all: Bucket | None = None
        self._each: dict[str, Bucket] = {}

    def take(self, source: str, now: int) -> bool:
        """Whether a message of `source` is taken now. One that is not costs nobody a token."""
        each = self._each.pop(source, None) or Bucket.full(self._of_each, now)
        self._each[source] = each  # the source heard last stands last
        if len(self._each) > SOURCES:
            del self._each[next(iter(self._each))]
        if self._all is None:
            self._all = Bucket.full(self._of_all, now)
        if min(each.fill(now), self._all.fill(now)) < 1:
            return False
        each.tokens -= 1
        self._all.tokens -= 1
        return True
