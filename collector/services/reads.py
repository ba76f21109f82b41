"""What pages, API, metrics and alerts may ask of services. Cheap (memory first), safe from any thread."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from collector.services.expiry import DOMAIN, Worry, ends, worries
from collector.services.figures import Newest
from collector.services.history import Histories, ServiceHistory
from collector.services.steps import read_steps
from collector.services.views import Expiry, FailingStep, Phase, ServiceState, Sight
from collector.services.watch import ServiceWatch
from core.clock import Clock
from inventory.registry import Registry
from inventory.state import State


class ServiceReads(Protocol):
    """Codes that are not known give None or empty sequences."""

    def services(self) -> Sequence[ServiceState]:
        """Every service that exists, by code."""

    def service(self, code: str) -> ServiceState | None: ...

    def name(self, code: str) -> str:
        """What people call it; the code of one that is not known any more."""

    def sights(self, code: str) -> Sequence[Sight]:
        """What each unit sees of a service, by code of the unit; the province's own is among them."""

    def sights_of(self, unit: str) -> Sequence[Sight]:
        """What one unit sees of each service that it watches, by code of the service."""

    def matrix(self) -> Mapping[str, Mapping[str, Sight]]:
        """By service, by unit."""

    def failing_steps(self, code: str, unit: str | None = None, limit: int = 20) -> Sequence[FailingStep]:
        """What scenarios of a service met when a step failed, the newest first; from one unit if it is named."""

    def history(self, code: str, start: int, end: int) -> ServiceHistory:
        """A service over a period of the last 31 days; of one that is not known all is unknown."""

    def phases(self) -> Sequence[Phase]:
        """How long each phase of each check took lately, over all units: by service, check and phase."""

    def expiries(self) -> Sequence[Expiry]:
        """Certificates and domains of all services, the one that ends first before others."""

    def worries(self) -> Sequence[Worry]:
        """What checks find wrong with certificates now, each once for a check of a service."""


class Reads:
    """A `ServiceReads` of the watch and the stores."""

    def __init__(
        self,
        watch: ServiceWatch,
        registry: Registry,
        newest: Newest,
        histories: Histories,
        state: State,
        clock: Clock,
    ) -> None:
        self._watch, self._registry, self._newest, self._histories = watch, registry, newest, histories
        self._state, self._clock = state, clock

    def services(self) -> Sequence[ServiceState]:
        return [state for _, state in sorted(self._watch.states().items())]

    def service(self, code: str) -> ServiceState | None:
        return self._watch.states().get(code)

    def name(self, code: str) -> str:
        state = self.service(code)
        return state.name if state is not None else code

    def sights(self, code: str) -> Sequence[Sight]:
        return [sight for _, sight in sorted(self._watch.sights(code).items())]

    def sights_of(self, unit: str) -> Sequence[Sight]:
        found = ((code, self._watch.sights(code).get(unit)) for code in sorted(self._watch.states()))
        return [sight for _, sight in found if sight is not None]

    def matrix(self) -> Mapping[str, Mapping[str, Sight]]:
        return {code: self._watch.sights(code) for code in sorted(self._watch.states())}

    def failing_steps(self, code: str, unit: str | None = None, limit: int = 20) -> Sequence[FailingStep]:
        with self._state.read() as connection:
            return read_steps(connection, code, unit, limit)

    def history(self, code: str, start: int, end: int) -> ServiceHistory:
        return self._histories.of(code, start, end, self._clock.now())

    def phases(self) -> Sequence[Phase]:
        return self._newest.phases(self._clock.now())

    def expiries(self) -> Sequence[Expiry]:
        now = self._clock.now()
        domains = [
            Expiry(each.code, DOMAIN, "", each.domain_until)
            for each in self._registry.services(now)
            if each.domain_until is not None
        ]
        found = [*ends(self._newest.ends(now)), *domains]
        return sorted(found, key=lambda each: (each.expires_at, each.service, each.kind, each.label))

    def worries(self) -> Sequence[Worry]:
        return worries(
            Worry(sight.service, sight.label, sight.reason)
            for sights in self.matrix().values()
            for sight in sights.values()
            if sight.reason
        )


def _fits(reads: Reads) -> ServiceReads:
    """For the type checker: these are `ServiceReads`."""
    return reads
