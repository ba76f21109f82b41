"""The wall: every unit at once, and the fragments that keep it true without reloading."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from collector.subjects import DEVICE
from collector.views import Outage, UnitState, Views
from core.values import Level
from web.context import context_of
from web.i18n import mark
from web.pages.rendering import render
from web.palette import LOOKS, look_of

LISTED = 300
"""Open outages listed beside the wall; more than these are a matter of the outages' own page."""
MOST = 400
"""Units of one request for fragments."""

router = APIRouter()


@dataclass(slots=True)
class Group:
    """Units shown together: the departments, or a district (`head`) and its communes."""

    key: str
    title: str
    head: UnitState | None = None
    members: list[UnitState] = field(default_factory=list)

    @property
    def troubles(self) -> Sequence[tuple[str, int]]:
        """How many of its units are in each state but good, worst first."""
        counts = tally([*([self.head] if self.head else []), *self.members])
        return [(key, count) for key, count in counts.items() if count and key != "good"]


DEPARTMENTS, OTHERS = mark("Departments"), mark("Communes")
PREFIXES = ("Thành phố ", "Thị trấn ", "Thị xã ", "Phường ", "Huyện ", "Quận ", "Đặc khu ", "Xã ", "Sở ")


def grouped(units: Iterable[UnitState]) -> Sequence[Group]:
    """The units in groups, in the order given; communes whose district is not among them come last, together."""
    departments, others = Group("departments", DEPARTMENTS), Group("communes", OTHERS)
    districts: dict[str, Group] = {}
    for unit in units:
        if unit.level is Level.DISTRICT:
            districts[unit.code] = Group(unit.code, unit.name, head=unit)
        elif unit.level is Level.COMMUNE:
            districts.get(unit.parent or "", others).members.append(unit)
        else:
            departments.members.append(unit)
    return [group for group in (departments, *districts.values(), others) if group.head or group.members]


def short_name(name: str) -> str:
    """`Xã Bảo Khê` as `Bảo Khê`: on the wall the kind of unit is seen from its place."""
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), "")
    rest = name[len(prefix) :]
    return rest[:1].upper() + rest[1:]


def folded(text: str) -> str:
    """For searching: without tone marks and capitals, as `static/wall.js` folds what is typed."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def tally(units: Iterable[UnitState]) -> Mapping[str, int]:
    """How many units are in each state, worst first, with those that nobody is in."""
    counts = Counter(look_of(unit.status, unit.reason, unit.cause).key for unit in units)
    return {look.key: counts[look.key] for look in LOOKS}


@router.get("/")
def wall(request: Request) -> Response:
    context = context_of(request)
    # Read before the state: what happens in between is then sent, not missed.
    after = context.feed.last_id
    details = _state(context.views) | _freshness(context.views)
    return render(request, "wall.html", {**details, "after": after})


@router.get("/fragments/wall")
def whole_wall(request: Request) -> Response:
    """All of it, for a page that missed too much to go on from where it was."""
    views = context_of(request).views
    return render(request, "parts/wall.html", _state(views) | _freshness(views))


@router.get("/fragments/tiles")
def tiles(request: Request, codes: Annotated[str, Query(max_length=16 * MOST)]) -> Response:
    """The tiles of these units (codes with commas between), their groups' summaries, counts and outages."""
    details = _state(context_of(request).views)
    return render(request, "parts/tiles.html", {**details, "wanted": set(codes.split(","))})


@router.get("/fragments/summary")
def summary(request: Request) -> Response:
    """Counts, open outages and how old the data is."""
    views = context_of(request).views
    return render(request, "parts/summary.html", _state(views) | _freshness(views))


def _state(views: Views) -> dict[str, object]:
    units = views.wall()
    return {
        "groups": grouped(units),
        "counts": tally(units),
        "total": len(units),
        **_roots(views.outages(open_only=True, limit=LISTED)),
        "short_name": short_name,
        "folded": folded,
    }


def _roots(outages: Sequence[Outage]) -> dict[str, object]:
    """Open outages as people handle them: those that nothing else explains, each with what it explains. Devices
    come and go with the working day; the pages of their units show them."""
    shown = [each for each in outages if not each.subject.startswith(DEVICE)]
    ids = {each.id for each in shown}
    explained: dict[int, list[Outage]] = {}
    for each in shown:
        if each.root in ids:
            explained.setdefault(each.root or 0, []).append(each)
    roots = [each for each in shown if each.root not in ids]
    return {"outages": sorted(roots, key=lambda each: each.id not in explained), "explained": explained}


def _freshness(views: Views) -> dict[str, object]:
    agents = views.agents()
    seen = [agent.last_seen for agent in agents if agent.last_seen is not None]
    return {
        "newest": max(seen, default=None),
        "connected": sum(agent.connected for agent in agents),
        "enrolled": len(agents),
    }
