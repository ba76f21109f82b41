"""`/api/v1/devices/{name}/photos`: photos that people took of a machine."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Response
from starlette.requests import Request

from inventory.photos import keeper
from inventory.photos.keeper import Photo
from web.api.devices import Name
from web.api.problems import Problem
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of
from web.photos import NOTE, discard, keep, keys_of

router = APIRouter(prefix="/devices/{name}/photos", tags=["devices"])
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]
Number = Annotated[int, Path(alias="id", ge=0, lt=1 << 63)]


@router.get("")
def photos(request: Request, name: Name) -> list[Photo]:
    """Photos of the machine, by the time at which they were taken."""
    context = context_of(request)
    with context.state.read() as connection:
        return keeper.of_machine(connection, keys_of(context, name))


@router.post("", status_code=201)
def add(
    request: Request,
    name: Name,
    user: Technician,
    file: Annotated[bytes, Body(media_type="image/jpeg")],
    note: Annotated[str, Query(max_length=NOTE)] = "",
    at: Annotated[int | None, Query(ge=0, description="When it was taken, within the last 14 days.")] = None,
) -> Photo:
    """Keep a photo (the body, a JPEG file) of the machine, once; what was kept. Needs the role technician."""
    context = context_of(request)
    number = keep(context, name, file, note, user.name, at)
    with context.state.read() as connection:
        found = keeper.of_machine(connection, keys_of(context, name))
    kept = next((each for each in found if each.id == number), None)
    if kept is None:
        raise Problem("not-found", "this photo was removed")
    return kept


@router.get("/{id}", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def photo(request: Request, name: Name, number: Number) -> Response:
    """The picture."""
    context = context_of(request)
    with context.state.read() as connection:
        found = keeper.body(connection, keys_of(context, name), number)
    if found is None:
        raise Problem("not-found", "the machine has no photo of that id")
    digest, body = found
    # Kept by the browser of who saw it, and asked for each time: after signing out it is not shown any more.
    headers = {"ETag": f'"{digest}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="image/jpeg", headers=headers)


@router.delete("/{id}", status_code=204)
def remove(request: Request, name: Name, number: Number, user: Technician) -> None:
    """Remove it for good; who did is kept. Needs the role technician."""
    if not discard(context_of(request), name, number, user.name):
        raise Problem("not-found", "the machine has no photo of that id")
