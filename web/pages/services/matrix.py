"""Services × units, grouped by district: who can work with what now. On a phone a list of services."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from collector.services.views import Sees, ServiceState, Sight
from collector.views import UnitState
from inventory.records import Service, ServiceCheck
from web.context import Context, context_of
from web.pages.rendering import render
from web.pages.wall import Group, grouped, short_name
from web.sights import WORST

MOST = 100
"""Services of one request for rows."""
WORKS = (Sees.UP, Sees.SLOW)
HIT = (Sees.DOWN, Sees.NO_LINE, Sees.SLOW, Sees.UNKNOWN)

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Cell:
    """A unit in a row. `sight` is None where it does not look."""

    unit: UnitState
    sight: Sight | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A service as the units of one group see it."""

    title: str
    cells: Sequence[Cell]

    @property
    def of(self) -> int:
        return sum(cell.sight is not None for cell in self.cells)

    @property
    def works(self) -> int:
        return sum(cell.sight is not None and cell.sight.sees in WORKS for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Row:
    """A service with what each unit sees of it. `hit`: the units that do not see it work well, by what they see."""

    state: ServiceState
    kinds: frozenset[str]
    clusters: Sequence[Cluster]
    hit: Sequence[tuple[Sees, Sequence[Cell]]]

    @property
    def hit_count(self) -> int:
        return sum(len(cells) for _, cells in self.hit)


@router.get("/services")
def services(request: Request) -> Response:
    context = context_of(request)
    # Read before the state: what happens in between is then sent, not missed.
    after = context.feed.last_id
    return render(request, "services/matrix.html", {**_matrix(context, None), "after": after})


@router.get("/fragments/services")
def rows(request: Request, codes: Annotated[str, Query(max_length=64 * MOST)] = "") -> Response:
    """The rows of these services (codes with commas between), or the whole matrix without any."""
    wanted = frozenset(filter(None, codes.split(",")))
    found = _matrix(context_of(request), wanted or None)
    return render(request, "parts/service_news.html", {**found, "wanted": wanted})


def _matrix(context: Context, wanted: frozenset[str] | None) -> dict[str, object]:
    now = context.clock.now()
    groups = grouped(context.views.wall())
    states = context.services.services()
    catalogue = {service.code: service for service in context.registry.services(now)}
    checks: dict[str, list[ServiceCheck]] = {
        code: list(context.registry.service_checks(code, now)) for code in catalogue
    }
    watched = [state for state in states if _is_watched(state)]
    shown = [state for state in watched if wanted is None or state.code in wanted]
    return {
        "groups": groups,
        "rows": [
            row(
                state,
                {check.kind for check in checks.get(state.code, ())},
                groups,
                context.services.sights(state.code),
            )
            for state in sorted(shown, key=lambda state: (WORST.index(state.status), state.name))
        ],
        "counts": Counter(state.status for state in watched),
        "waiting": waiting(states, catalogue, checks),
        "known": len(states),
        "short_name": short_name,
    }


def _is_watched(state: ServiceState) -> bool:
    return state.headline.of > 0 or state.headline.centre is not None


def row(state: ServiceState, kinds: Iterable[str], groups: Sequence[Group], sights: Iterable[Sight]) -> Row:
    """Pure."""
    seen = {sight.unit: sight for sight in sights}
    clusters = [
        Cluster(
            group.title,
            [
                Cell(unit, seen.get(unit.code))
                for unit in ([group.head] if group.head else []) + group.members
            ],
        )
        for group in groups
    ]
    cells = [cell for cluster in clusters for cell in cluster.cells if cell.sight is not None]
    hit = [(sees, [cell for cell in cells if cell.sight and cell.sight.sees is sees]) for sees in HIT]
    return Row(state, frozenset(kinds), clusters, [each for each in hit if each[1]])


@dataclass(frozen=True, slots=True)
class Waiting:
    """A service of which nothing is measured, and what is missing: `address`, `checks`, or `agents`."""

    service: Service
    missing: str


def waiting(
    states: Iterable[ServiceState],
    catalogue: Mapping[str, Service],
    checks: Mapping[str, Sequence[ServiceCheck]],
) -> Sequence[Waiting]:
    """Services that are in the catalogue and watched from nowhere. Pure."""
    watched = {state.code for state in states if _is_watched(state)}
    return [
        Waiting(service, missing_of(service, checks.get(code, ())))
        for code, service in catalogue.items()
        if code not in watched
    ]


def missing_of(service: Service, checks: Sequence[ServiceCheck]) -> str:
    """What a service that is watched from nowhere needs first."""
    if not checks:
        return "checks"
    wants = any("{address}" in c.target or "{host}" in c.target or "{endpoint}" in c.target for c in checks)
    return "address" if wants and not service.address else "units"
