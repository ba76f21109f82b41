"""Where the time of a check went, and how quick it was, bucket by bucket. Pure.

Figures of a phase may be told for each step of a scenario (`connect_seconds#Đăng nhập`): then phases sum over the steps,
and steps can be shown by themselves.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector.evidence import Said
from collector.samples import Bucket, Point
from collector.services.views import Score

TOTAL, STEP = "total_seconds", "step_seconds"
PHASES = (
    "resolve_seconds",
    "connect_seconds",
    "greeting_seconds",
    "tls_seconds",
    "sign_in_seconds",
    "first_byte_seconds",
)
"""In the order in which they happen."""
WHOLE = ("handshake_seconds", "query_seconds", "rtt_median_seconds", "offset_seconds")
"""Of kinds that have no total: the first of these that is there is all there is to show."""
REST = "rest_seconds"
"""What of the total is in none of the phases: reading the answer, and what is done between steps."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the stack: a phase or a step, with the series that it sums."""

    name: str
    series: Sequence[int]


def layers(series: Mapping[str, int], steps: Sequence[str], *, by_step: bool) -> list[Layer]:
    """What is stacked of a check with these series (by figure), from the ground up. `steps` are the scenario's, in order."""
    if by_step:
        names = [name for name in steps if f"{STEP}#{name}" in series]
        return [Layer(name, [series[f"{STEP}#{name}"]]) for name in names]
    found = []
    for phase in PHASES:
        of_phase = [id_ for name, id_ in series.items() if name.partition("#")[0] == phase]
        if of_phase:
            found.append(Layer(phase, sorted(of_phase)))
    if not found:
        found = [Layer(name, [series[name]]) for name in WHOLE if name in series][:1]
    return found


def stacked(
    told: Mapping[str, Sequence[Sequence[Bucket]]], total: Sequence[Bucket]
) -> tuple[list[int], dict[str, list[float | None]]]:
    """Times of the buckets, and the mean of each layer in each: None where nothing was measured of it, and
    `REST` where the total has more than the layers."""
    at = sorted(
        {bucket.at for of in told.values() for buckets in of for bucket in buckets} | {b.at for b in total}
    )
    place = {time: index for index, time in enumerate(at)}
    found: dict[str, list[float | None]] = {name: [None] * len(at) for name in told}
    for name, of in told.items():
        row = found[name]
        for buckets in of:
            for bucket in buckets:
                index = place[bucket.at]
                row[index] = (row[index] or 0.0) + bucket.mean
    if total:
        rest: list[float | None] = [None] * len(at)
        for bucket in total:
            index = place[bucket.at]
            rest[index] = max(0.0, bucket.mean - sum(row[index] or 0.0 for row in found.values()))
        found[REST] = rest
    return at, found


def scores(
    points: Iterable[Point],
    said: Sequence[Said],
    *,
    interval_ms: int,
    objective_ms: float,
    start: int,
    end: int,
    bucket_ms: int,
) -> dict[int, Score]:
    """Apdex of each bucket, by its time: `points` are the total's, in order, `said` what the check said, failures among it.

    A failed run counts once, as frustrated, whatever of its time is known.
    """
    counts: dict[int, list[int]] = {}

    def count(at: int, kind: int) -> None:
        counts.setdefault(at - at % bucket_ms, [0, 0, 0])[kind] += 1

    failed = [each for each in said if each.status == "down"]
    begins = [each.first_at for each in failed]
    for point in points:
        before = bisect_right(begins, point.at) - 1
        if before >= 0 and point.at <= failed[before].last_at:
            continue
        ms = point.value * 1000
        count(point.at, 0 if ms <= objective_ms else 1 if ms <= 4 * objective_ms else 2)
    for each in failed:
        runs = round((each.last_at - each.first_at) / max(1, interval_ms)) + 1
        for number in range(runs):
            at = each.first_at + number * interval_ms
            if start <= at < end:
                count(at, 2)
    return {at: Score(*three) for at, three in sorted(counts.items())}
