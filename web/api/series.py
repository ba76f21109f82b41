"""`/api/v1/series/{id}`: the history of one figure of one check, and its 95th percentile of a month."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from collector.billing import FIVE_MINUTES, month_of, percentile_95
from core.errors import BadInput
from web.api.problems import Problem
from web.api.shapes import Percentile, Series
from web.context import Context, context_of
from web.i18n import HERE, local_time

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


SeriesId = Annotated[int, Path(ge=0, lt=1 << 31)]


@router.get("/{series}")
def series(
    request: Request,
    series: SeriesId,
    from_: Annotated[
        int | None, Query(alias="from", ge=0, le=1 << 53, description="ms UTC; an hour before `to`")
    ] = None,
    to: Annotated[int | None, Query(ge=0, le=1 << 53, description="ms UTC; now")] = None,
    bucket: Annotated[
        int | None, Query(ge=1_000, le=366 * 24 * HOUR, description="ms; chosen for about 500 points")
    ] = None,
) -> Series:
    """Minimum, mean, maximum, number, median and 95th percentile of the samples of each bucket, oldest first.

    At most 5,000 buckets.
    """
    context = context_of(request)
    views, (check, figure) = context.views, _known(context, series)
    end = views.now() if to is None else to
    start = max(0, end - HOUR) if from_ is None else from_
    if start >= end:
        raise BadInput("`from` is not before `to`")
    step = choose_bucket(start, end) if bucket is None else bucket
    if (end - start) // step > MOST:
        raise BadInput(f"more than {MOST} points", todo="Ask for a shorter time or a larger bucket")
    buckets = views.downsample(series, start, end, step)
    points = [(b.at, b.min, b.mean, b.max, b.samples, b.median, b.p95) for b in buckets]
    return Series(series, figure, check, step, points)


@router.get("/{series}/percentile")
def percentile(
    request: Request,
    series: SeriesId,
    month: Annotated[
        str | None,
        Query(pattern="^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])$", description="`2026-11`; the running one"),
    ] = None,
) -> Percentile:
    """The 95th percentile of the five-minute means of a calendar month, by the province's clocks."""
    context = context_of(request)
    check, figure = _known(context, series)
    now = context.views.now()
    asked = month or f"{local_time(now):%Y-%m}"
    year, number = map(int, asked.split("-"))
    period = month_of(year, number, HERE, now)
    buckets = context.views.downsample(series, period.start, period.end, FIVE_MINUTES)
    return Percentile(
        series,
        figure,
        check,
        asked,
        str(HERE),
        period.start,
        period.end,
        percentile_95(buckets),
        len(buckets),
        period.expected,
    )


def _known(context: Context, series: int) -> tuple[int, str]:
    found = context.views.series_of(series)
    if found is None:
        raise Problem("not-found", "no series has that id")
    return found


def choose_bucket(start: int, end: int) -> int:
    """The smallest round bucket that gives at most FEW points; for very long times simply that."""
    return next((size for size in BUCKETS if (end - start) <= size * FEW), -(-(end - start) // FEW))
