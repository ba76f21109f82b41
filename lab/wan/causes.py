"""The truth table: things are made to happen, and what the centre says of them in the end is held against the truth."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2

from core.clock import SystemClock
from lab.wan import happenings
from lab.wan.province import Province
from lab.wan.wall import Wall, until

ALONE = ("line", "power", "agent", "device", "planned")
"""Causes that befall single units, and may do so in several at once."""
CAUSES = (*ALONE, "upstream", "centre")
HOLD_S, HUB_HOLD_S, AWAY_S = 75.0, 20.0, 12.0
"""A dead agent is one that is silent for half a minute: after its last report is overdue, and later by what a centre on
a busy machine was kept waiting itself. So units are held for more than twice that."""
FINAL_S = 150.0
FIRST_LOOK_S = 25.0
"""Every check has said something by then: what was never seen well cannot be lost."""
BEFORE_MS, AFTER_MS = 13_000, 5_000
"""An outage begins when the unit was last heard: by the report before, where its channel had just been opened anew."""
PLANNED_S = 90
"""Over before the next thing happens: a unit that is worked on when its hub is cut would be `planned`, and rightly."""
Say = Callable[[str], None]


@dataclass(slots=True)
class Truth:
    """One thing that was made to happen, and what came of it."""

    cause: str
    unit: str
    began: int
    ended: int = 0
    verdict: str = ""
    outages: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return self.verdict == self.cause


@dataclass(frozen=True, slots=True)
class Table:
    truths: Sequence[Truth]
    false: Sequence[Mapping[str, Any]]
    """Outages of units to which nothing was done."""

    @property
    def right_ratio(self) -> float:
        return sum(truth.is_right for truth in self.truths) / len(self.truths)

    def lines(self) -> Iterator[str]:
        counts = Counter((truth.cause, truth.verdict) for truth in self.truths)
        verdicts = [*CAUSES, *sorted({verdict for _, verdict in counts} - set(CAUSES))]
        yield f"{'truth / verdict':16}" + "".join(f"{name:>13}" for name in verdicts)
        for cause in CAUSES:
            if any(truth.cause == cause for truth in self.truths):
                cells = (f"{counts[cause, verdict] or '·':>13}" for verdict in verdicts)
                yield f"{cause:16}" + "".join(cells)
        for truth in self.truths:
            if not truth.is_right:
                yield f"wrong: {truth.cause} at {truth.unit}: {truth.verdict or 'nothing'}"
                yield from (f"  {_said(outage)}" for outage in truth.outages)
        for outage in self.false:
            yield f"false: {_said(outage)}"


def _said(outage: Mapping[str, Any]) -> str:
    words = "; ".join(text for _, text in outage["evidence"])
    state = "final" if outage["final"] else "provisional"
    return f"{outage['unit']} {outage['subject']}: {outage['cause']} ({state}): {words}"


class Trial:
    """Makes things happen in a province, `times` times each."""

    def __init__(self, province: Province, wall: Wall, times: int, seed: int, say: Say) -> None:
        self._province, self._wall, self._times, self._say = province, wall, times, say
        self._dice = random.Random(seed)
        self._clock = SystemClock()
        sites = province.layout.sites
        self._hubs = [
            code
            for code in dict.fromkeys(site.parent for site in sites.values())
            if code is not None and sites[code].line is not None and code in province.record.agents
        ]

    def run(self) -> Table:
        """All of it. Takes about two minutes for each time, and two more."""
        self._all_well()
        time.sleep(FIRST_LOOK_S)
        began = self._clock.now()
        truths = [*self._alone(), *self._hub_cuts(), *self._stops()]
        outages = [each for each in self._outages() if (each["ended_at"] or self._clock.now()) > began]
        for truth in truths:
            truth.outages = [each for each in outages if _is_of(truth, each, self._behind(truth.unit))]
            truth.verdict = self._verdict(truth)
        known = {each["id"] for truth in truths for each in truth.outages}
        return Table(truths, [each for each in outages if each["id"] not in known])

    def _alone(self) -> list[Truth]:
        """Single units, all at once: so few of each hub that none looks out."""
        leaves = [code for code in self._province.record.agents if code not in self._hubs]
        self._dice.shuffle(leaves)
        truths: list[Truth] = []
        waiting = [(cause, number) for number in range(self._times) for cause in ALONE]
        while waiting:
            used: Counter[str | None] = Counter()
            batch: list[Truth] = []
            for unit in leaves:
                parent = self._province.layout.sites[unit].parent
                if waiting and used[parent] < self._room(parent):
                    used[parent] += 1
                    batch.append(Truth(waiting.pop(0)[0], unit, 0))
            self._say(f"{len(batch)} units: {dict(Counter(truth.cause for truth in batch))}")
            self._together(batch)
            truths += batch
            self._dice.shuffle(leaves)
        return truths

    def _room(self, parent: str | None) -> int:
        """How many units on a hub may be out at once, so that it is not the hub: a third."""
        others = sum(site.parent == parent for site in self._province.layout.sites.values())
        return max(1, others // 3)

    def _together(self, batch: Sequence[Truth]) -> None:
        self._all_well()
        province = self._province
        for truth in batch:
            if truth.cause == "planned":
                happenings.plan_work(province, truth.unit, PLANNED_S)
        time.sleep(3)  # the centre looks at its registry each second
        for truth in batch:
            truth.began = self._clock.now()
            _BEGIN[truth.cause](province, truth.unit)
        time.sleep(HOLD_S)
        for truth in batch:
            _END[truth.cause](province, truth.unit)
            truth.ended = self._clock.now()
        self._wait_for_final(batch)
        # What happens next to the same units must not be taken for this.
        time.sleep((BEFORE_MS + AFTER_MS) / 1000)

    def _hub_cuts(self) -> list[Truth]:
        truths: list[Truth] = []
        for number in range(self._times):
            self._all_well()
            hub = self._hubs[number % len(self._hubs)]
            truth = Truth("upstream", hub, self._clock.now())
            self._say(f"hub {hub} is cut")
            self._province.relay.cut([hub])
            time.sleep(HUB_HOLD_S)
            self._province.relay.heal([hub])
            truth.ended = self._clock.now()
            self._wait_for_final([truth])
            truths.append(truth)
        return truths

    def _stops(self) -> list[Truth]:
        truths: list[Truth] = []
        for _ in range(self._times):
            self._all_well()
            truth = Truth("centre", self._province.layout.top.code, self._clock.now())
            self._say("the centre is stopped")
            happenings.stop_centre(self._province)
            time.sleep(AWAY_S)
            happenings.start_centre_again(self._province)
            truth.ended = self._clock.now()
            self._wait_for_final([truth])
            truths.append(truth)
        return truths

    def _behind(self, unit: str) -> set[str]:
        return {site.code for site in self._province.layout.below(unit)} & set(self._province.record.agents)

    def _all_well(self) -> None:
        def well() -> bool:
            try:
                return set(self._wall.statuses().values()) <= {"up", "degraded"}
            except httpx2.HTTPError:  # it was just started
                return False

        until(well, FINAL_S, "every unit is well before the next thing happens")

    def _wait_for_final(self, truths: Sequence[Truth]) -> None:
        began = time.monotonic()
        while time.monotonic() - began < FINAL_S:
            outages = self._outages()
            if all(
                any(each["final"] for each in outages if _is_of(truth, each, set()))
                and all(each["final"] for each in outages if _is_of(truth, each, self._behind(truth.unit)))
                for truth in truths
            ):
                break
            time.sleep(1)
        self._say(f"  all final {time.monotonic() - began:.0f} s after it was undone")

    def _outages(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self._wall.get("outages", limit=500, **({"cursor": cursor} if cursor else {}))
            found += [each for each in page["items"] if not each["retracted"]]
            cursor = page["next"]
            if cursor is None:
                return found

    def _verdict(self, truth: Truth) -> str:
        """What the centre says of it in one word; several where it says several things."""
        if truth.cause != "upstream":
            return " + ".join(sorted({each["cause"] for each in truth.outages}))
        hubs = [each for each in truth.outages if each["subject"] == "hub"]
        explained = {each["unit"] for each in truth.outages if hubs and each["root"] == hubs[0]["id"]}
        if len(hubs) == 1 and explained >= self._behind(truth.unit):
            return "upstream"
        return f"{len(hubs)} hubs, {len(explained)} of {len(self._behind(truth.unit))}"


def _is_of(truth: Truth, outage: Mapping[str, Any], behind: Iterable[str]) -> bool:
    """Whether an outage began while the thing went on, where it happened."""
    in_time = truth.began - BEFORE_MS <= outage["began_at"] <= truth.ended + AFTER_MS
    return in_time and (outage["unit"] == truth.unit or outage["unit"] in behind)


def _cut(province: Province, unit: str) -> None:
    province.relay.cut([unit])


def _heal(province: Province, unit: str) -> None:
    province.relay.heal([unit])


_BEGIN: Mapping[str, Callable[[Province, str], None]] = {
    "line": _cut,
    "planned": _cut,
    "power": happenings.power_off,
    "agent": happenings.kill_agent,
    "device": partial(happenings.unplug, host="pc1"),
}
_END: Mapping[str, Callable[[Province, str], None]] = {
    "line": _heal,
    "planned": _heal,
    "power": happenings.power_on,
    "agent": happenings.start_agent,
    "device": partial(happenings.plug, host="pc1"),
}
