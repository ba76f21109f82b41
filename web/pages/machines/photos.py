"""Photos of a machine from its page: what a phone took, sent at once or when it has a line again."""

import base64
import binascii
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.errors import BadInput
from inventory.photos.jpeg import MOST_BYTES
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of
from web.photos import NOTE, discard, keep

router = APIRouter()
Name = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]


@router.post("/machines/{name}/photos")
async def add(
    request: Request,
    name: Name,
    user: Technician,
    photo: Annotated[str, Form(max_length=MOST_BYTES * 3 // 2)],
    note: Annotated[str, Form(max_length=NOTE)] = "",
    at: Annotated[int | None, Form(ge=0)] = None,
    back: Annotated[Literal["", "sheet"], Form()] = "",
) -> Response:
    """`photo` is a JPEG file in base64url, as the browser that scaled it down keeps it until it is sent; `at` is when it was taken;
    `back` the page to go on with: the machine's, or its unit's stock-taking."""
    context = context_of(request)
    try:
        file = base64.b64decode(photo, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise BadInput("not base64", where="photo", todo="Choose a photo") from None
    await run_in_threadpool(keep, context, name, file, note, user.name, at)
    found = context.machines.machine(name) if back else None
    return (
        RedirectResponse(f"/units/{quote(found.unit, safe='')}/machines/sheet", 303) if found else _back(name)
    )


@router.post("/machines/{name}/photos/{number}/remove")
async def remove(
    request: Request, name: Name, number: Annotated[int, Path(ge=0, lt=1 << 63)], user: Technician
) -> Response:
    """For good. One that is gone already is as wanted."""
    await run_in_threadpool(discard, context_of(request), name, number, user.name)
    return _back(name)


def _back(name: str) -> Response:
    return RedirectResponse(f"/machines/{name}", 303)
