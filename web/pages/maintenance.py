"""Planned work: what goes on, what is to come and what was, and the forms to announce, end and take back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.errors import BadInput
from inventory.maintenance import add_window, end_window, read_windows
from inventory.records import Maintenance
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of
from web.i18n import HERE, language_of, mark, speaker
from web.pages.rendering import render

PAST = 50
"""Windows that are over and still shown, the latest first."""
NO_TIME, NO_UNIT = mark("A time is missing or is none."), mark("No unit has that code: {code}")

router = APIRouter(prefix="/maintenance")

Operator = Annotated[User, Depends(require(Role.OPERATOR))]


@dataclass(frozen=True, slots=True)
class Planned:
    """Windows by what they are at a time."""

    on: Mapping[int, Maintenance]
    to_come: Mapping[int, Maintenance]
    over: Mapping[int, Maintenance]


def planned(windows: Mapping[int, Maintenance], now: int) -> Planned:
    """Pure. Those that are over: the latest PAST."""
    begun = {number: one for number, one in windows.items() if one.valid_from <= now}
    over = {number: one for number, one in begun.items() if one.valid_to is not None and one.valid_to <= now}
    latest = sorted(over, key=lambda number: (over[number].valid_to or 0, number), reverse=True)[:PAST]
    return Planned(
        on={number: one for number, one in begun.items() if number not in over},
        to_come={number: one for number, one in windows.items() if number not in begun},
        over={number: over[number] for number in latest},
    )


@router.get("")
def maintenance(
    request: Request,
    done: Annotated[str, Query(max_length=20)] = "",
    error: Annotated[str, Query(max_length=600)] = "",
) -> Response:
    """`done` or `error` say what became of the form that led here."""
    context = context_of(request)
    now = context.clock.now()
    with context.state.read() as connection:
        windows = read_windows(connection)
    details = {
        "planned": planned(windows, now),
        "units": _units(context, now),
        "services": context.services.services(),
        "done": done,
        "error": error,
    }
    return render(request, "maintenance.html", details)


@router.post("")
async def announce(
    request: Request,
    _user: Operator,
    unit: Annotated[str, Form(max_length=200)] = "",
    service: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=500)] = "",
    start: Annotated[str, Form(alias="from", max_length=40)] = "",
    end: Annotated[str, Form(alias="to", max_length=40)] = "",
    below: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Announce work. A unit is given by its code, with or without its name behind it; times are the province's."""
    context, say = context_of(request), speaker(language_of(request), 0).gettext
    now = context.clock.now()
    code = unit.strip().partition(" ")[0]
    if context.registry.unit(code, now) is None:
        return _back(error=say(NO_UNIT, code=code or "–"))
    try:
        window = Maintenance(code, below, note, moment(start), moment(end), service)
    except ValueError:
        return _back(error=say(NO_TIME))
    try:
        await run_in_threadpool(add_window, context.state, now, window)
    except BadInput as wrong:
        return _back(error=str(wrong))
    await run_in_threadpool(context.registry.refresh)
    return _back(done="announced")


@router.post("/{number}/end")
async def end(
    request: Request, _user: Operator, number: Annotated[int, Path(ge=0, lt=1 << 63)]
) -> RedirectResponse:
    """End what goes on; take back what has not begun."""
    context = context_of(request)
    try:
        await run_in_threadpool(end_window, context.state, context.clock.now(), number)
    except BadInput as wrong:
        return _back(error=str(wrong))
    await run_in_threadpool(context.registry.refresh)
    return _back(done="ended")


def moment(text: str) -> int:
    """ms since 1970 of what a browser's field for date and time holds, in the province's time.

    Raises:
        ValueError: it is none.
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=HERE).timestamp() * 1000)


def _units(context: Context, now: int) -> Sequence[tuple[str, str]]:
    return sorted((unit.code, unit.name) for unit in context.registry.units(now))


def _back(**said: str) -> RedirectResponse:
    return RedirectResponse(f"/maintenance?{urlencode(said)}", 303)
