"""`/api/v1/services/{code}/timing`: where the time of a check went, and how quick it was."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request

from core.errors import BadInput
from web.api.problems import Problem
from web.api.series import HOUR, MOST, choose_bucket
from web.context import context_of
from web.timing import Timing, checks_from, planned_of, timing

router = APIRouter(prefix="/services", tags=["services"])


@router.get("/{code}/timing")
def get_timing(
    request: Request,
    code: str,
    unit: Annotated[str, Query(max_length=40, description="From where it is measured.")],
    check: Annotated[int | None, Query(ge=0, lt=1 << 31, description="Its id.")] = None,
    label: Annotated[
        str | None, Query(max_length=400, description="Its name, which is the same from every unit.")
    ] = None,
    by: Annotated[Literal["phase", "step"], Query()] = "phase",
    from_: Annotated[
        int | None, Query(alias="from", ge=0, le=1 << 53, description="ms UTC; an hour before `to`")
    ] = None,
    to: Annotated[int | None, Query(ge=0, le=1 << 53, description="ms UTC; now")] = None,
    bucket: Annotated[int | None, Query(ge=1_000, le=366 * 24 * HOUR, description="ms")] = None,
) -> dict[str, Any]:
    """Means of each phase (or step) in each bucket, in seconds, and Apdex against the service's objective."""
    context = context_of(request)
    state = context.services.service(code)
    if state is None:
        raise Problem("not-found", "no service has that code")
    planned = planned_of(context, code).items()
    made = sorted(
        (each.label, id_)
        for id_, each in planned
        if each.vantage == unit and check in (None, id_) and label in (None, each.label)
    )
    if not made:
        raise Problem("not-found", "no such check is made from there")
    end = context.views.now() if to is None else to
    start = max(0, end - HOUR) if from_ is None else from_
    if start >= end:
        raise BadInput("`from` is not before `to`")
    step = choose_bucket(start, end) if bucket is None else bucket
    if (end - start) // step > MOST:
        raise BadInput(f"more than {MOST} points", todo="Ask for a shorter time or a larger bucket")
    wanted, id_ = made[0]
    found = next((each for each in checks_from(context, code, unit) if each.check.id == id_), None)
    if found is None:  # it has not been seen yet
        return asdict(Timing(id_, wanted, unit, by, step, state.slow_ms, (), {}, ()))
    by_step = by == "step"
    return asdict(
        timing(context, found, state.slow_ms, by_step=by_step, start=start, end=end, bucket_ms=step)
    )
