"""What changed at machines since a day, as pages and API ask for it: in the province, in a unit with all below it, in a level."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.values import Level
from inventory.census.coverage import those_below
from inventory.differences.reads import Changed, changed, updated_at
from inventory.differences.since import Difference, Kind, Line
from inventory.stock import offices
from web.context import Context
from web.i18n import HERE, local_time

BACK_DAYS = 30
"""So far back where no day is chosen."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What changed since the beginning of a day, and of which units it was asked."""

    since: date
    units: frozenset[str]
    found: Changed

    def lines(self, kind: Kind | None = None) -> Sequence[Line]:
        return self.found.lines(self.units, kind)

    def machines(self, context: Context, kind: Kind, subject: str | None) -> Sequence[Difference]:
        """Where that changed, by unit; without a subject, all of that kind but what was updated."""
        if kind == "updated":
            told = updated_at(context.state, self.found, subject) if subject else []
            return [each for each in told if each.unit in self.units]
        return [
            each
            for line in self.found.lines(self.units, kind)
            if subject is None or line.subject == subject
            for each in line.differences
        ]


def asked(
    context: Context, since: date | None, unit: str = "", level: Level | None = None, *, alone: bool = False
) -> Asked:
    """As of when machines were followed last, at most some minutes ago. `unit` with all units below it, unless `alone`.

    Raises:
        KeyError: no unit has that code now.
    """
    now = context.clock.now()
    then = since or day_before(now)
    units = context.registry.units(now)
    places = offices(units)
    if unit and all(each.code != unit for each in places):
        raise KeyError(unit)
    inside = (
        {unit} if unit and alone else those_below(places, unit) if unit else {each.code for each in places}
    )
    codes = frozenset(each.code for each in places if each.code in inside and level in (None, each.level))
    return Asked(then, codes, changed(context.state, context.machines, begin_of(then)))


def day_before(now: int) -> date:
    """BACK_DAYS ago."""
    return (local_time(now) - timedelta(days=BACK_DAYS)).date()


def begin_of(day: date) -> int:
    """ms since 1970 at which a day begins here."""
    return int(datetime(day.year, day.month, day.day, tzinfo=HERE).timestamp() * 1000)
