"""Services as pages and API read them, made of values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.services.expiry import Worry
from collector.services.history import ServiceHistory
from collector.services.promise import kept
from collector.services.reads import ServiceReads
from collector.services.subjects import service_of
from collector.services.views import (
    Expiry,
    FailingStep,
    Headline,
    Phase,
    Sees,
    ServiceState,
    Sight,
    Standing,
)
from collector.timeline import Stretch
from collector.views import Outage
from core.values import Status


@dataclass
class FakeServices:
    """Stands where `collector.services.reads.Reads` stands."""

    states: dict[str, ServiceState] = field(default_factory=dict)
    outages: list[Outage] = field(default_factory=list)
    all_phases: list[Phase] = field(default_factory=list)
    all_expiries: list[Expiry] = field(default_factory=list)
    all_worries: list[Worry] = field(default_factory=list)
    steps: list[FailingStep] = field(default_factory=list)
    seen: list[Sight] = field(default_factory=list)

    def services(self) -> Sequence[ServiceState]:
        return [state for _, state in sorted(self.states.items())]

    def service(self, code: str) -> ServiceState | None:
        return self.states.get(code)

    def failing_steps(self, code: str, unit: str | None = None, limit: int = 20) -> Sequence[FailingStep]:
        return [each for each in self.steps if each.service == code and unit in (None, each.unit)][:limit]

    def history(self, code: str, start: int, end: int) -> ServiceHistory:
        outages = [each for each in self.outages if service_of(each.subject) == code]
        timeline = [Stretch(start, end, Status.UP if code in self.states else Status.UNKNOWN, "")]
        return ServiceHistory(timeline, outages, kept(timeline, (), [(start, end)], start, end))

    def phases(self) -> Sequence[Phase]:
        return self.all_phases

    def expiries(self) -> Sequence[Expiry]:
        return self.all_expiries

    def worries(self) -> Sequence[Worry]:
        return self.all_worries

    def name(self, code: str) -> str:
        return self.states[code].name if code in self.states else code

    def sights(self, code: str) -> Sequence[Sight]:
        return sorted((each for each in self.seen if each.service == code), key=lambda each: each.unit)

    def sights_of(self, unit: str) -> Sequence[Sight]:
        return sorted((each for each in self.seen if each.unit == unit), key=lambda each: each.service)

    def matrix(self) -> Mapping[str, Mapping[str, Sight]]:
        return {code: {each.unit: each for each in self.sights(code)} for code in sorted(self.states)}


def service_state(
    code: str,
    name: str = "",
    *,
    status: Standing = Standing.UP,
    since: int | None = 1_789_990_000_000,
    works: int = 3,
    of: int = 3,
    **more: object,
) -> ServiceState:
    """A service of which nothing else is told."""
    not_for = {"undetermined": of - works} if of > works else {}
    headline = Headline(works, 0, of, not_for, Sees.UP)
    given = {"outage": None, "cause": None, "planned": "", "owner": "", "reason": ""} | more
    return ServiceState(code=code, name=name or code, status=status, since=since, headline=headline, **given)  # type: ignore[arg-type]  # field by field, as the test names them


def _fits(fake: FakeServices) -> ServiceReads:
    """For the type checker."""
    return fake
