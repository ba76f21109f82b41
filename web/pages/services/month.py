"""Availability of a service in this calendar month against what is promised of it, and how much may still go wrong."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from collector.services.history import ServiceHistory
from collector.services.promise import Kept
from collector.timeline import Stretch
from inventory.hours import hours
from web.context import Context, context_of
from web.i18n import HERE, local_time
from web.pages.rendering import render
from web.pages.services.service import Code
from web.pages.timeline import Bar, bars

FRESH_MS = 60_000
"""So long the judgement of a month is good: it takes a second where much happened, and in an outage many look at once."""

router = APIRouter()


@dataclass(slots=True)
class Histories:
    """The month of each service as it was judged last. One is judged at a time, whoever asks; safe from any thread."""

    _kept: dict[str, tuple[int, int, ServiceHistory]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, context: Context, code: str, start: int, now: int) -> ServiceHistory:
        """Of the month since `start`, at most FRESH_MS old, and not older than the registry."""
        revision = context.registry.revision
        with self._lock:
            at, as_of, found = self._kept.get(code, (0, -1, None))
            if found is None or as_of != revision or not start <= at <= now < at + FRESH_MS:
                found = context.services.history(code, start, now)
                self._kept[code] = now, revision, found
            return found


@dataclass(frozen=True, slots=True)
class Month:
    """From `start` until now; the month ends at `end`. `promised_ms`: the hours of the whole month, planned work left out.
    `objective` is a ratio."""

    start: int
    end: int
    kept: Kept
    promised_ms: int
    objective: float | None
    bars: Sequence[Bar]

    @property
    def reached(self) -> bool | None:
        """Whether the promise holds so far; None when none was made, or nothing is known."""
        if self.objective is None or self.kept.ratio is None:
            return None
        return self.kept.ratio >= self.objective

    @property
    def allowed_ms(self) -> int | None:
        """How long it may be down in the whole month."""
        return None if self.objective is None else round(self.promised_ms * (1 - self.objective))

    @property
    def left_ms(self) -> int | None:
        """What of that is left; negative when it is used up."""
        return None if self.allowed_ms is None else self.allowed_ms - self.kept.down

    @property
    def vague(self) -> bool:
        """Less than half of what was promised so far is known."""
        known = self.kept.up + self.kept.down
        return known < self.kept.unknown


def bounds(now: int) -> tuple[int, int]:
    """The calendar month of `now` here, in ms UTC. Pure."""
    then = local_time(now)
    start = datetime(then.year, then.month, 1, tzinfo=HERE)
    end = datetime(then.year + then.month // 12, then.month % 12 + 1, 1, tzinfo=HERE)
    return int(start.timestamp() * 1000), int(end.timestamp() * 1000)


def month(
    kept: Kept, timeline: Sequence[Stretch], hours_text: str, objective_percent: float | None, end: int
) -> Month:
    """Pure. `kept` and `timeline` are of the month so far."""
    whole = sum(to - from_ for from_, to in hours(hours_text).within(kept.start, end))
    objective = None if objective_percent is None else objective_percent / 100
    drawn = bars(timeline, (), kept.start, end)  # what is to come stays empty
    return Month(kept.start, end, kept, whole - kept.planned, objective, drawn)


@router.get("/fragments/services/{code}/month")
def month_now(request: Request, code: Code) -> Response:
    """Judged from what was kept of the whole month, so the page asks for it by itself."""
    context = context_of(request)
    now = context.clock.now()
    service = context.registry.service(code, now)
    if service is None:
        raise HTTPException(404)
    start, end = bounds(now)
    histories: Histories = request.app.state.months
    found = histories.of(context, code, start, now)
    details = {
        "service": service,
        "month": month(found.kept, found.timeline, service.hours, service.objective_percent, end),
        "name": local_time(now).strftime("%m/%Y").lstrip("0"),
    }
    return render(request, "parts/service_month.html", details)
