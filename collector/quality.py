"""When a line is degraded: not at one bad result, but at too many within a while; and well again when there were none.

A result is bad when its probe found the figures beyond the objective of its check (loss, round-trip time, jitter).
A line that loses one packet in ten fails many single looks and is one thing to people: degraded, from when it became so
until it has been well for a whole window.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from collector.timeline import Interval, union

WINDOW_MS = 60_000
ENTER = 0.15
"""Bad for this part of the window before a moment: too much. Degraded until it was never too much for a whole window."""
MARGIN_MS = 2 * WINDOW_MS
"""How far a bad result bears on what comes after."""


def degraded(bad: Sequence[Interval]) -> list[Interval]:
    """When it is degraded, from the stretches in which results were bad (in order, disjoint).

    What holds at a time depends on the `MARGIN_MS` before it and on nothing else, so that it can be judged anew from
    any time on. An episode ends in the future where nothing says more; whoever asks cuts it at the present.
    """
    enough = int(ENTER * WINDOW_MS)
    slopes: Counter[int] = Counter()
    for start, end in bad:
        slopes.update({start: 1, end + WINDOW_MS: 1})
        slopes.subtract({end: 1, start + WINDOW_MS: 1})
    episodes: list[Interval] = []
    total = slope = before = since = 0
    for at in sorted(slopes):
        # Bad time in the window that ends at a moment grows and falls evenly between edges.
        then = total + slope * (at - before)
        if total < enough <= then:
            since = before + enough - total
        elif then < enough <= total:
            episodes.append((since, before + total - enough + WINDOW_MS))
        total, before = then, at
        slope += slopes[at]
    return union(episodes)


def bad(
    said: Sequence[tuple[int, int, str, str]], interval_ms: int, counts: Callable[[int], bool]
) -> list[Interval]:
    """The stretches in which a check's results were bad: each from its first result until the next one, at most an
    interval past its last. `counts` says of the time of a stretch's end whether it counts at all."""
    found: list[Interval] = []
    for index, (first_at, last_at, status, _) in enumerate(said):
        if status not in ("degraded", "down") or not counts(last_at):
            continue
        end = last_at + interval_ms
        if index + 1 < len(said):
            end = max(last_at, min(end, said[index + 1][0]))
        start = max(first_at, found[-1][1]) if found else first_at
        if end > start:
            found.append((start, end))
    return found
