"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.auth.auth import LIFE_MS
from web.auth.guard import cookie_name, public, session_of
from web.context import context_of

router = APIRouter()


@router.get("/sign-in")
@public
async def sign_in_page(request: Request, next_: Annotated[str, Query(alias="next")] = "/") -> Response:
    return _page(request, local(next_))


@router.post("/sign-in")
@public
async def sign_in(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next_: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    context = context_of(request)
    address = request.client.host if request.client else ""
    answer = await run_in_threadpool(context.auth.sign_in, name, password, address)
    if answer.wait_ms:
        seconds = -(-answer.wait_ms // 1000)
        page = _page(request, local(next_), error="too many", wait_s=seconds, status=429)
        page.headers["Retry-After"] = str(seconds)
        return page
    if answer.session is None:
        return _page(request, local(next_), error="wrong", status=401)
    response = RedirectResponse(local(next_), 303)
    response.set_cookie(
        cookie_name(secure=context.secure),
        answer.session,
        max_age=LIFE_MS // 1000,
        path="/",
        secure=context.secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    context = context_of(request)
    if session := session_of(request):
        await run_in_threadpool(context.auth.sign_out, session)
        context.streams.end_session(session)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(
        cookie_name(secure=context.secure), path="/", secure=context.secure, httponly=True, samesite="lax"
    )
    return response


def local(target: str) -> str:
    """`target` when it is a path of this site, else the front page: a sign-in must not lead elsewhere.

    Browsers read `//host`, `/\\host` and tabs or line breaks in between as another host.
    """
    odd = not target.isprintable() or "\\" in target
    return target if target.startswith("/") and not target.startswith("//") and not odd else "/"


def _page(request: Request, target: str, *, error: str = "", wait_s: int = 0, status: int = 200) -> Response:
    from web.pages import render  # pages import guards and context, which import this room's roots

    details = {"next": target, "error": error, "wait_s": wait_s}
    return render(request, "sign_in.html", details, status_code=status)
