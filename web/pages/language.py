"""Choosing the language of the pages. It is kept in a cookie of the browser."""

from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.auth.guard import public
from web.auth.routes import local
from web.context import context_of
from web.i18n import COOKIE, LANGUAGES

A_YEAR_S = 365 * 24 * 3600

router = APIRouter()


@router.get("/lang/{language}")
@public
def choose(request: Request, language: str) -> Response:
    """Remember `language` and go back to the page the visitor came from."""
    if language not in LANGUAGES:
        raise HTTPException(404)
    response = RedirectResponse(_back(request), 303)
    secure = context_of(request).secure
    response.set_cookie(COOKIE, language, max_age=A_YEAR_S, path="/", samesite="lax", secure=secure)
    return response


def _back(request: Request) -> str:
    """The page of this site that the link was on, else the front page."""
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    if came_from.netloc != request.url.netloc:
        return "/"
    return local(came_from.path + (f"?{came_from.query}" if came_from.query else ""))
