"""How soon the wall shows a cut and a heal, and whether everything measured meanwhile arrives.

A run on one unit: its line is cut in the relay; the time until the wall's own stream of events says `down` is taken;
after a while it is healed, the time until it is up again is taken; then the accounting of its agent has to close.
"""

import contextlib
import math
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.clock import SystemClock
from lab.wan.province import Province
from lab.wan.wall import Wall, until

DOWN, WELL = ("down",), ("up", "degraded")
SHOWN_S, CAUGHT_UP_S = 60.0, 90.0
SAMPLES_S = 20.0
GOOD_S = 5.0
"""What is promised: a cut is on the wall within this."""
WHOLE = 1.5
"""A gap of samples up to so many intervals is none: a run may start late, and times are read to the second."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What was found in one run. Times in seconds; results as the centre's accounting counts them."""

    unit: str
    down_after: float
    up_after: float
    all_in_after: float
    """From the heal until nothing measured by then was waiting any more."""
    cut_for: float
    arrived: int
    """Results measured between the cut and the heal that the centre has now."""
    produced: int
    received: int
    duplicated: int
    dropped: int
    missing: int
    largest_gap: float
    """Longest time without a result of one of its checks while its line was cut, in the check's intervals."""


def measure(province: Province, wall: Wall, units: Sequence[str], *, hold_s: float) -> Iterator[Cut]:
    """Cut and heal the lines of these units, one after the other; each stays cut for `hold_s` after it was seen.

    Raises:
        TimeoutError: something was not shown, or did not arrive, at all.
    """
    for unit in units:
        until(lambda u=unit: wall.statuses()[u] in WELL, SHOWN_S, f"{unit} is well before the cut")  # type: ignore[misc]
        yield _one(province, wall, unit, hold_s)


def choose_units(province: Province, count: int, seed: int) -> list[str]:
    """Units with agents whose cut cuts off nobody else; the same again only when there are too few."""
    hubs = {site.parent for site in province.layout.sites.values()}
    leaves = [unit for unit in province.record.agents if unit not in hubs]
    rounds = random.Random(seed)
    chosen: list[str] = []
    while leaves and len(chosen) < count:
        chosen += rounds.sample(leaves, min(len(leaves), count - len(chosen)))
    return chosen


def _one(province: Province, wall: Wall, unit: str, hold_s: float) -> Cut:
    agent, clock = province.record.agents[unit], SystemClock()
    began_at, cut_at = clock.now(), time.monotonic()
    province.relay.cut([unit])
    down_after = wall.seen_after(cut_at, unit, DOWN, SHOWN_S)
    time.sleep(hold_s)
    before = _account(wall, agent)
    healed, healed_at = clock.now(), time.monotonic()
    province.relay.heal([unit])
    up_after = wall.seen_after(healed_at, unit, WELL, SHOWN_S)

    def all_in() -> bool:
        now = _account(wall, agent)
        return now["received"] > before["received"] and now["waiting"] == now["missing"] == 0

    until(all_in, CAUGHT_UP_S, f"all results of {agent} arrive")
    all_in_after = time.monotonic() - healed_at
    now = _account(wall, agent)
    # Samples reach their store a moment after the accounts: look until they are there, or report what is there.
    with contextlib.suppress(TimeoutError):
        until(lambda: _largest_gap(wall, unit, began_at, healed) <= WHOLE, SAMPLES_S, "samples")
    return Cut(
        unit=unit,
        down_after=down_after,
        up_after=up_after,
        all_in_after=all_in_after,
        cut_for=healed_at - cut_at,
        arrived=now["received"] - before["received"],
        produced=now["produced"],
        received=now["received"],
        duplicated=now["duplicated"],
        dropped=now["dropped"],
        missing=now["missing"],
        largest_gap=_largest_gap(wall, unit, began_at, healed),
    )


def _account(wall: Wall, agent: str) -> dict[str, int]:
    """The agent's accounting over all its epochs."""
    epochs = wall.get(f"agents/{agent}")["epochs"]
    names = ("produced", "received", "duplicated", "dropped", "waiting", "missing")
    return {name: sum(epoch[name] for epoch in epochs) for name in names}


def _largest_gap(wall: Wall, unit: str, start: int, end: int) -> float:
    """Longest time without a result of a check that the unit makes, from `start` to `end`, in the check's intervals.

    Seen in the samples of pings: their loss is a figure whether anything answers or not.
    """
    gaps: list[float] = []
    for check in wall.get(f"units/{unit}/checks", limit=500)["items"]:
        if check["vantage"] == unit and "loss_ratio" in check["series"]:
            series, query = check["series"]["loss_ratio"], {"from": start, "to": end, "bucket": 1000}
            points = wall.get(f"series/{series}", **query)["points"]
            times = [start, *(point[0] for point in points), end]
            gaps.append(max(b - a for a, b in pairwise(times)) / check["interval_ms"])
    return max(gaps, default=math.inf)


def p95(values: Sequence[float]) -> float:
    """The least value that 19 of 20 do not exceed."""
    return sorted(values)[math.ceil(len(values) * 0.95) - 1]


def table(found: Iterable[Cut]) -> Iterator[str]:
    """The runs as lines of text, each as soon as it is there, and their median and worst last."""
    cuts = []
    yield (
        f"{'unit':10} {'down after':>10} {'up after':>9} {'cut for':>8} {'all in after':>12} {'arrived':>8} "
        f"{'produced':>9} {'received':>9} {'dropped':>8} {'missing':>8} {'largest gap':>12}"
    )
    for cut in found:
        cuts.append(cut)
        yield (
            f"{cut.unit:10} {cut.down_after:8.2f} s {cut.up_after:7.2f} s {cut.cut_for:6.1f} s "
            f"{cut.all_in_after:10.1f} s {cut.arrived:8} {cut.produced:9} {cut.received:9} {cut.dropped:8} "
            f"{cut.missing:8} {cut.largest_gap:6.2f} times"
        )
    for name, pick in (("median", statistics.median), ("p95", p95), ("worst", max)):
        down, up, all_in = (
            pick([getattr(cut, what) for cut in cuts]) for what in ("down_after", "up_after", "all_in_after")
        )
        yield f"{name:10} {down:8.2f} s {up:7.2f} s {'':8} {all_in:10.1f} s"
    late = sum(cut.down_after > GOOD_S for cut in cuts)
    yield f"{late} of {len(cuts)} cuts took longer than {GOOD_S:g} s; {sum(cut.missing for cut in cuts)} results missing"
