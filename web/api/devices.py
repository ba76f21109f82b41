"""`/api/v1/devices`: machines as inventories tell of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from starlette.requests import Request

from inventory.machines.reads import MachineVersion, MachineView
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.context import context_of

router = APIRouter(prefix="/devices", tags=["devices"])
Name = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Its `name`, or one that it had before.")]


@router.get("")
def devices(
    request: Request,
    response: Response,
    unit: Annotated[str, Query(max_length=32, description="Code of the unit in which they were seen last.")],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MachineView]:
    """The machines of a unit, in the order of their names."""
    context = context_of(request)
    if context.registry.unit(unit, context.clock.now()) is None:
        raise Problem("not-found", "no unit has that code")
    found = context.machines.of_unit(unit)
    items, next_ = page_of(found, lambda each: each.name, "devices", cursor, limit, str)
    return page(request, response, items, next_)


@router.get("/{name}")
def device(request: Request, name: Name) -> MachineView:
    """One machine as it was heard last, with everything that its agents told."""
    found = context_of(request).machines.machine(name)
    if found is None:
        raise Problem("not-found", "no machine has that name")
    return found


@router.get("/{name}/versions")
def versions(
    request: Request,
    name: Name,
    newest: Annotated[int, Query(ge=1, le=500, description="At most this many.")] = 100,
) -> list[MachineVersion]:
    """What it was and since when, oldest first; each with what changed since the one before."""
    machines = context_of(request).machines
    if machines.machine(name) is None:
        raise Problem("not-found", "no machine has that name")
    return machines.versions(name, newest)
