"""What happens to a virtual province, as data: a TOML file of events, and the conditions that follow from them.

    seed = 7
    [[event]]
    what  = "cut"            # cut | power | loss | delay | clock | replay
    units = ["district:330"] # codes, "district:CODE" (it and its communes), "level:commune", or "all"
    at_s  = 60               # after the start of the scenario
    for_s = 90               # how long; 0 or absent = to the end
    every_s = 900            # again and again; absent = once
    value = 0.3              # loss: ratio; delay, clock: milliseconds

A `cut` takes the line: checks of role `line`, `internet` and `service` fail and nothing reaches the centre. `power`
takes the agent too: nothing is measured, and the machine boots anew. `replay` sends each report twice.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from core import config
from core.errors import BadInput

What = Literal["cut", "power", "loss", "delay", "clock", "replay"]


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of trouble, for some units, for some time."""

    what: What
    units: list[str]
    at_s: float
    for_s: float = 0.0
    every_s: float = 0.0
    value: float = 0.0

    def active(self, since_start_s: float) -> bool:
        """Whether it is on, so many seconds after the scenario's start."""
        passed = since_start_s - self.at_s
        if passed < 0:
            return False
        if self.every_s > 0:
            passed %= self.every_s
        return self.for_s <= 0 or passed < self.for_s

    def times(self, since_start_s: float) -> int:
        """How often it has begun until then."""
        passed = since_start_s - self.at_s
        if passed < 0:
            return 0
        return 1 + (int(passed // self.every_s) if self.every_s > 0 else 0)


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: int = 1
    event: list[Event] = []


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is true of one virtual unit at one time."""

    cut: bool = False
    power: bool = True
    boots: int = 0
    """Power cuts so far: each ends one boot id and begins another."""
    loss: float = 0.0
    delay_ms: float = 0.0
    clock_error_ms: int = 0
    replay: bool = False


CALM = Conditions()


def read(path: Path) -> Scenario:
    """The scenario at `path`.

    Raises:
        BadInput: not readable, an unknown key or kind of event; names the file and the key.
    """
    scenario = config.load(path, Scenario)
    for number, event in enumerate(scenario.event, 1):
        if event.every_s and event.for_s >= event.every_s:
            raise BadInput(
                "for_s is not less than every_s", where=f"{path}: event {number}", todo="Shorten for_s"
            )
        if event.what == "loss" and not 0 <= event.value <= 1:
            raise BadInput("loss is a ratio from 0 to 1", where=f"{path}: event {number}.value")
    return scenario


def by_unit(
    scenario: Scenario, units: Sequence[str], parents: Mapping[str, str | None], levels: Mapping[str, str]
) -> dict[str, list[Event]]:
    """The events of each unit. A name that fits no unit is BadInput: a scenario that does nothing misleads."""
    found: dict[str, list[Event]] = {code: [] for code in units}
    for event in scenario.event:
        for name in event.units:
            hit = [code for code in units if _names(name, code, parents, levels)]
            if not hit:
                raise BadInput(f"no unit is meant by {name!r}", where="scenario")
            for code in hit:
                found[code].append(event)
    return found


def _names(name: str, code: str, parents: Mapping[str, str | None], levels: Mapping[str, str]) -> bool:
    kind, _, rest = name.partition(":")
    if kind == "district":
        return code == rest or parents.get(code) == rest
    if kind == "level":
        return levels.get(code) == rest
    return name in ("all", code)


def conditions(events: Sequence[Event], since_start_s: float) -> Conditions:
    """What `events` of one unit make true, so many seconds after the scenario's start."""
    if not events:
        return CALM
    now = [event for event in events if event.active(since_start_s)]
    value = {event.what: event.value for event in now}
    return Conditions(
        cut="cut" in value,
        power="power" not in value,
        boots=sum(event.times(since_start_s) for event in events if event.what == "power"),
        loss=value.get("loss", 0.0),
        delay_ms=value.get("delay", 0.0),
        clock_error_ms=int(value.get("clock", 0)),
        replay="replay" in value,
    )


def noise(*parts: object) -> float:
    """A number in [0, 1) that is the same for the same parts: chance without state."""
    return zlib.crc32("|".join(map(str, parts)).encode()) / 2**32
