"""Whether the process lives (`/healthz`), and whether it can do its work (`/readyz`). Open to everyone."""

import threading
from collections.abc import Mapping

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from web.auth.guard import public
from web.context import Context, context_of
from web.tables import READINESS

router = APIRouter(include_in_schema=False)

KEEP_MS = 1_000
"""An answer is used again for so long: anyone may ask, and each look is a write that is synced to disk."""
LAZY_MS = 30_000
"""The watch, which takes several steps a second, may stand still for so long."""
FULL = 10_000
"""Reports waiting to be taken in; the province sends 2,300 a minute. Past this the centre does not keep up."""


class Readiness:
    """The last look and when it was; one look at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = -KEEP_MS
        self._faults: list[str] = []
        self._steps: tuple[float, int] = (-1, 0)
        """Steps of the watch, and since when they are no more."""

    def faults(self, context: Context) -> list[str]:
        """What keeps the centre from its work, in words; empty when it is ready."""
        with self._lock:
            now = context.clock.now()
            if not 0 <= now - self._at < KEEP_MS:
                counters = context.views.counters()
                found = (_store(context, now), _inbox(counters), self._watch(counters, now))
                self._faults, self._at = [fault for fault in found if fault], now
            return self._faults

    def _watch(self, counters: Mapping[str, float], now: int) -> str:
        steps = counters.get("watch_steps_total", 0)
        if steps != self._steps[0]:
            self._steps = (steps, now)
        still = now - self._steps[1]
        return f"the watch has stood still for {still / 1000:.0f} s" if still > LAZY_MS else ""


def _store(context: Context, now: int) -> str:
    try:
        with context.state.write() as connection:
            if not connection.execute(READINESS.update().values(at=now)).rowcount:
                connection.execute(READINESS.insert().values(id=1, at=now))
    except sa.exc.SQLAlchemyError as error:
        return f"the state store cannot be written: {error.__class__.__name__}"
    return ""


def _inbox(counters: Mapping[str, float]) -> str:
    reports = counters.get("inbox_rows", 0)
    return f"{reports:.0f} reports wait to be taken in" if reports > FULL else ""


@router.get("/healthz")
@public
async def healthz() -> PlainTextResponse:
    return PlainTextResponse("ok\n")


@router.get("/readyz")
@public
def readyz(request: Request) -> JSONResponse:
    faults = request.app.state.readiness.faults(context_of(request))
    return JSONResponse({"ready": not faults, "faults": faults}, 503 if faults else 200)
