"""Whether the process lives (`/healthz`), and whether it can do its work (`/readyz`). Open to everyone."""

import threading

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
"""The watch loop, which turns each second, may be this late."""
FULL_ROWS = 2_000_000
"""Results waiting to be taken in; past this the centre is not keeping up."""


class Readiness:
    """The last look and when it was; one look at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = -KEEP_MS
        self._faults: list[str] = []

    def faults(self, context: Context) -> list[str]:
        """What keeps the centre from its work, in words; empty when it is ready."""
        with self._lock:
            now = context.clock.now()
            if not 0 <= now - self._at < KEEP_MS:
                self._faults = list(_look(context, now))
                self._at = now
            return self._faults


def _look(context: Context, now: int) -> list[str]:
    faults = []
    try:
        with context.state.write() as connection:
            if not connection.execute(READINESS.update().values(at=now)).rowcount:
                connection.execute(READINESS.insert().values(id=1, at=now))
    except sa.exc.SQLAlchemyError as error:
        faults.append(f"the state store cannot be written: {error.__class__.__name__}")
    counters = context.views.counters()
    if counters.get("inbox_rows", 0) > FULL_ROWS:
        faults.append(f"{counters['inbox_rows']:.0f} results wait to be taken in")
    watched = counters.get("watched_at")
    if watched is not None and now - watched > LAZY_MS:
        faults.append(f"the watch loop is {(now - watched) / 1000:.0f} s late")
    return faults


@router.get("/healthz")
@public
async def healthz() -> PlainTextResponse:
    return PlainTextResponse("ok\n")


@router.get("/readyz")
@public
def readyz(request: Request) -> JSONResponse:
    faults = request.app.state.readiness.faults(context_of(request))
    return JSONResponse({"ready": not faults, "faults": faults}, 503 if faults else 200)
