"""The little province of `support_story` with services that its units look at each half minute, in virtual time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import support_story
from support_story import PROVINCE, START, TICK, S, Site, Story

from collector.facts import Row, in_runs
from collector.feed import Feed
from collector.samples import Point
from collector.series import SeriesTable
from collector.services.figures import Newest
from collector.services.history import Histories
from collector.services.reads import Reads
from collector.services.subjects import service_of
from collector.services.watch import ServiceWatch
from collector.views import Outage
from core.values import Check
from inventory.records import Link, PlannedCheck, Service

EVERY = 30 * S
TIMEOUT = 5 * S
FIRST = 1_000
"""Ids of the checks of services begin here."""

Fault = Callable[[str, str, int], str]
"""(service, unit, ms since START) -> why it fails; empty when it does not."""


def fails(service: str, begin: float, end: float = 1e9, *, only: str = "", why: str = "timeout") -> Fault:
    """It fails for units whose code begins with `only`, from `begin` until before `end`, in seconds."""

    def fault(code: str, unit: str, at: int) -> str:
        hit = code == service and unit.startswith(only) and begin * S <= at < end * S
        return why if hit else ""

    return fault


class Registry(support_story.Registry):
    """With services `docs` and `mail`, watched from every unit and from the centre; hubs' communes have a provider."""

    def __init__(self, hubs: int = 2, communes: int = 5, departments: int = 3) -> None:
        super().__init__(hubs, communes, departments)
        self.known = [
            Service(code, name, "", f"https://{code}.test/", None, None, "", None, "", 0, None)
            for code, name in (("docs", "Văn bản"), ("mail", "Thư công vụ"))
        ]
        number = FIRST
        for service in self.known:
            for code in self.all:
                check = Check(number, "http", service.address, EVERY, TIMEOUT)
                self._checks[number] = PlannedCheck(check, code, code, "service", service.name, service.code)
                number += 1

    def all_checks(self) -> Mapping[int, PlannedCheck]:
        return self._checks

    def services(self, at: int) -> Sequence[Service]:
        return self.known

    def all_links(self, at: int) -> Sequence[Link]:
        return [
            Link(code, "wan", "", "VNPT" if place % 2 else "Viettel", "", *_NO_FIGURES, "", "", "", "", "9.9.9.9",
                 None, None, None, "", 0, None)
            for place, code in enumerate(self.all)
        ]  # fmt: skip


_NO_FIGURES = (None, None)


class NoSamples:
    """A store in which nothing is."""

    def latest(self) -> Mapping[int, Point]:
        return {}


class Present:
    """The clock of a story."""

    def __init__(self, story: Story) -> None:
        self._story = story

    def now(self) -> int:
        return self._story.now


class Offices(Story):
    """As a story, and `fault` says what the services do."""

    def __init__(self, folder: Path, registry: Registry | None = None, seed: int = 1) -> None:
        self.fault: Fault = lambda _service, _unit, _at: ""
        self.late: set[str] = set()
        """Units whose reports wait, though they are heard."""
        self.feed = Feed(1)
        self.store: Any = NoSamples()
        super().__init__(folder, registry or Registry(), seed)
        self.centre = Site(PROVINCE, 0)

    def begin(self) -> None:
        super().begin()
        self.services = ServiceWatch(
            self.world,
            self.watch,
            self.registry,
            self.state,
            self.feed,
            self.clock,  # type: ignore[arg-type]
        )
        self.services.start(self.now)
        self.reads = Reads(
            self.services,
            self.registry,  # type: ignore[arg-type]
            Newest(self.registry, SeriesTable(self.state), self.store),
            Histories(self.world, self.watch, self.registry, self.state),  # type: ignore[arg-type]
            self.state,
            Present(self),  # type: ignore[arg-type]
        )

    def until(self, seconds: float) -> None:
        while self.now < START + int(seconds * S):
            super().until((self.now + TICK - START) / S)
            self._measure_services(self.centre)
            if self.listening:
                self._report_of_centre()
                if (self.now - START) % 1_000 == 0:
                    self.services.step(self.now)

    def _measure(self, site: Site) -> None:
        super()._measure(site)
        self._measure_services(site)

    def _measure_services(self, site: Site) -> None:
        if not site.alive or self.now < site.back_at:
            return
        for number, planned in self.registry.checks().items():
            if number < FIRST or planned.vantage != site.code:
                continue
            # Spread over the interval as the schedule's hash does.
            if (self.now - START - number * 7_500) % planned.check.interval_ms:
                continue
            why = self.fault(planned.service, site.code, self.now - START)
            if not why and not (site.code == PROVINCE or (site.gateway and self.reaches(site))):
                why = "timeout"
            site.ks[number] += 1
            site.n += 1
            row = Row(number, site.ks[number], self.now - 100, self.now - 100, "down" if why else "up", why)
            site.waiting.append(row)

    def _report(self, site: Site) -> None:
        if site.code not in self.late:
            super()._report(site)

    def _report_of_centre(self) -> None:
        self._sign(lambda world, now=self.now: world.contact(PROVINCE, now))  # type: ignore[misc]
        rows, self.centre.waiting = self.centre.waiting, []
        if rows:
            self._sign(lambda world, at=self.now: world.fold(PROVINCE, "centre", in_runs(rows), at))  # type: ignore[misc]

    def status(self, service: str = "docs") -> str:
        state = self.reads.service(service)
        assert state is not None
        return state.status.value

    def of_services(self) -> list[Outage]:
        """The outages of services that are not retracted, by their beginning."""
        return [each for each in self.outages() if service_of(each.subject) is not None]
