"""`/api/v1/series/{id}`: the history of one figure of one check."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from core.errors import BadInput
from web.api.problems import Problem
from web.api.shapes import Series
from web.context import context_of

router = APIRouter(prefix="/series", tags=["series"])

HOUR = 3_600_000
FEW, MOST = 500, 5_000
"""Points of an answer: at most FEW when we choose the bucket, never more than MOST."""
BUCKETS = [
    step * unit
    for unit, steps in (
        (1_000, (1, 2, 5, 10, 30)),
        (60_000, (1, 5, 15)),
        (HOUR, (1, 3, 6, 12)),
        (24 * HOUR, (1, 7, 30)),
    )
    for step in steps
]


@router.get("/{series}")
def series(
    request: Request,
    series: Annotated[int, Path(ge=0, lt=1 << 31)],
    from_: Annotated[
        int | None, Query(alias="from", ge=0, le=1 << 53, description="ms UTC; an hour before `to`")
    ] = None,
    to: Annotated[int | None, Query(ge=0, le=1 << 53, description="ms UTC; now")] = None,
    bucket: Annotated[
        int | None, Query(ge=1_000, le=366 * 24 * HOUR, description="ms; chosen for about 500 points")
    ] = None,
) -> Series:
    """Minimum, mean, maximum and number of samples per bucket, oldest first; at most 5,000 buckets."""
    views = context_of(request).views
    found = views.series_of(series)
    if found is None:
        raise Problem("not-found", "no series has that id")
    end = views.now() if to is None else to
    start = max(0, end - HOUR) if from_ is None else from_
    if start >= end:
        raise BadInput("`from` is not before `to`")
    step = choose_bucket(start, end) if bucket is None else bucket
    if (end - start) // step > MOST:
        raise BadInput(f"more than {MOST} points", todo="Ask for a shorter time or a larger bucket")
    buckets = views.downsample(series, start, end, step)
    check, figure = found
    return Series(series, figure, check, step, [(b.at, b.min, b.mean, b.max, b.samples) for b in buckets])


def choose_bucket(start: int, end: int) -> int:
    """The smallest round bucket that gives at most FEW points; for very long times simply that."""
    return next((size for size in BUCKETS if (end - start) <= size * FEW), -(-(end - start) // FEW))
