"""What a burst of echo requests tells. Pure. Times in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Burst:
    """What became of the requests of one burst, in the order sent."""

    rtts: Sequence[float | None]
    """Round-trip times in seconds; None for a request without a reply in time."""
    duplicates: int = 0
    """Replies past the first to the same request."""
    reason: str = ""
    """What a router, the target or this machine said of a request that did not arrive, the first of them."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of a burst with at least one reply."""

    loss: float
    minimum: float
    median: float
    mean: float
    maximum: float
    jitter: float


def loss(burst: Burst) -> float:
    """Requests without a reply, over requests sent; 1.0 for a burst of none."""
    lost = sum(rtt is None for rtt in burst.rtts)
    return lost / len(burst.rtts) if burst.rtts else 1.0


def summarise(burst: Burst) -> Summary | None:
    """The figures of the burst; None if nothing came back."""
    times = [rtt for rtt in burst.rtts if rtt is not None]
    if not times:
        return None
    ordered = sorted(times)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    # The sum of equal numbers may round past them; a mean outside of its range would be nonsense to whoever reads it.
    mean = min(max(sum(times) / len(times), ordered[0]), ordered[-1])
    return Summary(loss(burst), ordered[0], median, mean, ordered[-1], jitter(times))


def jitter(times: Sequence[float]) -> float:
    """Interarrival jitter as RFC 3550, section 6.4.1: J += (|D| - J) / 16, from 0.

    D is the difference between the round-trip times of two replies in turn; a lost request between them is passed over.
    """
    value = 0.0
    for before, after in pairwise(times):
        value += (abs(after - before) - value) / 16
    return value
