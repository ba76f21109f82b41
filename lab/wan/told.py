"""What the centre says of the lab's services: at a moment, and over the time after something was done."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lab.wan.wall import LOOK_EVERY_S, Wall


class Trouble(NamedTuple):
    """Units that cannot reach a service: what they share (`hub 323`, `provider FPT`; empty: one alone), who they are, why."""

    shared: str
    units: tuple[str, ...]
    cause: str


class Told(NamedTuple):
    """What is said of one service. `works` of `of` units, and for how many others not, by cause."""

    status: str
    cause: str | None
    troubles: tuple[Trouble, ...]
    works: int
    of: int
    not_for: tuple[tuple[str, int], ...]


All = Mapping[str, Told]
"""By code of the service."""


def told(wall: Wall) -> All:
    return {each["code"]: _told(each) for each in wall.get("services/status")["items"]}


def _told(state: Mapping[str, Any]) -> Told:
    headline = state["headline"]
    return Told(
        state["status"],
        state["cause"],
        tuple(_trouble(each) for each in state["troubles"]),
        headline["works"],
        headline["of"],
        tuple(headline["not_for"].items()),
    )


def _trouble(trouble: Mapping[str, Any]) -> Trouble:
    shared = trouble["shared"]
    name = f"{shared['kind']} {shared['value']}" if shared else ""
    return Trouble(name, tuple(trouble["units"]), trouble["cause"])


def is_well(all_: All) -> bool:
    """Whether every service works for every unit."""
    return all(each.status == "up" and each.works == each.of for each in all_.values())


@dataclass(slots=True)
class Course:
    """What was said since something was done, each with the seconds until then."""

    after_s: float = 0.0
    """Until what was said was right."""
    said: list[tuple[float, All]] = field(default_factory=list)
    """Each time that it was another than before."""

    def statuses(self, service: str) -> set[str]:
        return {each[service].status for _, each in self.said}

    def troubles(self, service: str) -> set[Trouble]:
        return {trouble for _, each in self.said for trouble in each[service].troubles}

    def lines(self) -> Iterator[str]:
        """As text, to be read."""
        before: All = {}
        for at, each in self.said:
            for code, now in each.items():
                if now != before.get(code):
                    where = "; ".join(
                        f"{t.shared or 'alone'} ({t.cause}): {' '.join(t.units)}" for t in now.troubles
                    )
                    why = f" {now.cause}" if now.cause else ""
                    yield f"  {at:5.1f} s  {code}: {now.status}{why}, {now.works} of {now.of} {dict(now.not_for)} {where}"
            before = each


def follow(wall: Wall, is_right: Callable[[All], bool], within_s: float, *, then_s: float = 0.0) -> Course:
    """Look until what is said is right, and for `then_s` more.

    Raises:
        TimeoutError: it was not within that time; with what was said instead.
    """
    course, began = Course(), time.monotonic()
    right_at: float | None = None
    while True:
        now, at = told(wall), time.monotonic() - began
        if not course.said or now != course.said[-1][1]:
            course.said.append((at, now))
        if right_at is None and is_right(now):
            right_at = course.after_s = at
        if right_at is not None and at >= right_at + then_s:
            return course
        if right_at is None and at > within_s:
            raise TimeoutError("\n".join([f"not right within {within_s:g} s:", *course.lines()]))
        time.sleep(LOOK_EVERY_S)
