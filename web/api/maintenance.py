"""`/api/v1/maintenance`: windows of planned work."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from starlette.requests import Request

from core.values import Level
from inventory.maintenance import add_window, end_window, read_windows
from inventory.records import Maintenance
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.api.shapes import Window, WindowRequest
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of

router = APIRouter(prefix="/maintenance", tags=["maintenance"])

Operator = Annotated[User, Depends(require(Role.OPERATOR))]


@router.get("")
def windows(request: Request, response: Response, limit: Limit = 200, cursor: Cursor = None) -> Page[Window]:
    """All windows of planned work, past, present and to come, by id."""
    with context_of(request).state.read() as connection:
        found = [_shown(number, window) for number, window in read_windows(connection).items()]
    return page(request, response, *page_of(found, lambda one: one.id, "maintenance", cursor, limit, int))


@router.post("", status_code=201)
def add(request: Request, wanted: WindowRequest, _user: Operator) -> Window:
    """Announce planned work. Needs the role operator."""
    context = context_of(request)
    now = context.clock.now()
    start = now if wanted.valid_from is None else wanted.valid_from
    unit = wanted.unit
    if not unit and wanted.service:
        unit = next((each.code for each in context.registry.units(now) if each.level is Level.PROVINCE), "")
    window = Maintenance(unit, wanted.below, wanted.note, start, wanted.valid_to, wanted.service)
    number, kept = add_window(context.state, now, window)
    context.registry.refresh()
    return _shown(number, kept)


@router.delete("/{id}", status_code=204)
def end(
    request: Request,
    number: Annotated[int, Path(alias="id", ge=0, lt=1 << 63)],
    _user: Operator,
) -> None:
    """End a window now; one that has not begun is removed. Needs the role operator."""
    context = context_of(request)
    if end_window(context.state, context.clock.now(), number) is None:
        raise Problem("not-found", "no window has that id")
    context.registry.refresh()


def _shown(number: int, window: Maintenance) -> Window:
    return Window(
        number, window.unit, window.service, window.below, window.note, window.valid_from, window.valid_to
    )
