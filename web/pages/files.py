"""Static files, and the stylesheet of the palette. Open to everyone: the sign-in page needs them."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from web.auth.guard import public
from web.palette import stylesheet

STATIC = Path(__file__).parent.parent / "static"
PALETTE = "palette.css"
FOREVER = "public, max-age=31536000, immutable"

router = APIRouter()
_files = StaticFiles(directory=STATIC)


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content: browsers may keep it for ever."""
    content = stylesheet().encode() if name == PALETTE else (STATIC / name).read_bytes()
    return f"/static/{name}?v={sha256(content).hexdigest()[:12]}"


@router.get(f"/static/{PALETTE}")
@public
def palette(request: Request) -> Response:
    return _kept(request, Response(stylesheet(), media_type="text/css"))


@router.get("/static/{name:path}")
@public
async def static_file(request: Request, name: str) -> Response:
    return _kept(request, await _files.get_response(name, request.scope))


def _kept(request: Request, response: Response) -> Response:
    # Without its version in the address a file may change behind it, so browsers have to ask.
    response.headers["Cache-Control"] = FOREVER if "v" in request.query_params else "no-cache"
    return response
