"""A small real web application, as an office knows it: front page, sign-in, a list of documents, sign-out, and what programs ask.

    GET  /             the front page
    GET  /dang-nhap    the form, with a CSRF token that belongs to the session of the cookie
    POST /dang-nhap    303 to /van-ban with a new session; 401 with the form; 403 without the token
    GET  /van-ban      the list; 302 to /dang-nhap without a session
    POST /dang-xuat    303 to /, the session is over
    POST /api/dang-nhap, GET /api/van-ban     the same as JSON, with a bearer token
    /.well-known/openid-configuration …       the identity provider (`identity`)
    POST /lgsp/suc-khoe                       the document exchange (`exchange`)

It is well until its manners say otherwise.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from lab.eoffice import exchange, pages
from lab.eoffice.identity import Identity
from lab.eoffice.manners import Phase, Switch
from lab.eoffice.sessions import Sessions

COOKIE = "phien"
ACCOUNTS: Mapping[str, str] = {"giamsat": "Lúa-vàng-33"}
Handler = Callable[[Request], Awaitable[Response]]


class Office:
    """`app` is the application (ASGI). `accounts` are passwords by user."""

    def __init__(self, switch: Switch, accounts: Mapping[str, str] = ACCOUNTS) -> None:
        self._switch, self._accounts = switch, accounts
        self.sessions, self._tokens = Sessions(), Sessions()
        self._identity = Identity(self.knows)
        self.app = Starlette(routes=list(self._routes()))

    def _routes(self) -> list[Route]:
        def route(path: str, phase: Phase, handler: Handler, method: str = "GET") -> Route:
            return Route(path, self._mannered(phase, handler), methods=[method])

        return [
            route("/", "open", self._front),
            route("/dang-nhap", "open", self._form),
            route("/dang-nhap", "sign in", self._sign_in, "POST"),
            route("/van-ban", "documents", self._documents),
            route("/dang-xuat", "sign out", self._sign_out, "POST"),
            route("/api/dang-nhap", "api", self._token, "POST"),
            route("/api/van-ban", "api", self._list),
            route("/lgsp/suc-khoe", "exchange", exchange.health, "POST"),
            *(route(path, "identity", handler, method) for path, method, handler in self._identity.routes()),
        ]

    def _mannered(self, phase: Phase, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            manners = self._switch.now()
            if phase in manners.silent:
                while (await request.receive())["type"] != "http.disconnect":
                    pass
            await asyncio.sleep(manners.slow.get(phase, 0))
            if phase in manners.broken:
                return HTMLResponse(pages.fault(503, "Dịch vụ tạm dừng"), 503)
            if phase in manners.wrong:
                return HTMLResponse(pages.elsewhere())
            return await handler(request)

        return answer

    def knows(self, user: object, password: object) -> bool:
        expected = self._accounts.get(str(user), "")
        return bool(expected) and hmac.compare_digest(expected.encode(), str(password).encode())

    async def _front(self, _request: Request) -> Response:
        return HTMLResponse(pages.front())

    async def _form(self, request: Request) -> Response:
        session = self.sessions.of(request.cookies.get(COOKIE))
        if session is not None:
            return HTMLResponse(pages.sign_in(session.csrf))
        key, session = self.sessions.begin()
        return _with_cookie(request, HTMLResponse(pages.sign_in(session.csrf)), key)

    async def _sign_in(self, request: Request) -> Response:
        form, key = await request.form(), request.cookies.get(COOKIE)
        session = self.sessions.of(key)
        if session is None or not _same(session.csrf, form.get("csrf")):
            return HTMLResponse(pages.fault(403, "Phiên làm việc không hợp lệ"), 403)
        if not self.knows(form.get("user"), form.get("password")):
            return HTMLResponse(pages.sign_in(session.csrf, refused=True), 401)
        # Another session than before: whoever knew the cookie of the form must not be signed in by it.
        self.sessions.end(key)
        key, _ = self.sessions.begin(str(form["user"]))
        return _with_cookie(request, RedirectResponse("/van-ban", 303), key)

    async def _documents(self, request: Request) -> Response:
        session = self.sessions.of(request.cookies.get(COOKIE))
        if session is None or not session.user:
            return RedirectResponse("/dang-nhap", 302)
        return HTMLResponse(pages.documents(session.user, session.csrf, pages.INCOMING))

    async def _sign_out(self, request: Request) -> Response:
        form, key = await request.form(), request.cookies.get(COOKIE)
        session = self.sessions.of(key)
        if session is None or not _same(session.csrf, form.get("csrf")):
            return HTMLResponse(pages.fault(403, "Phiên làm việc không hợp lệ"), 403)
        self.sessions.end(key)
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(COOKIE)
        return answer

    async def _token(self, request: Request) -> Response:
        try:
            asked = await request.json()
            user, password = asked["user"], asked["password"]
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            return JSONResponse({"error": "user and password, as JSON"}, 400)
        if not self.knows(user, password):
            return JSONResponse({"error": pages.REFUSED}, 401)
        return JSONResponse({"token": self._tokens.begin(user)[0]})

    async def _list(self, request: Request) -> Response:
        if self._tokens.of(request.headers.get("authorization", "").removeprefix("Bearer ")) is None:
            return JSONResponse({"error": "a token is needed"}, 401)
        found = [{"number": each.number, "about": each.about} for each in pages.INCOMING]
        return JSONResponse({"items": found, "total": len(found)})


def _with_cookie(request: Request, answer: Response, key: str) -> Response:
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, key, httponly=True, secure=secure, samesite="lax")
    return answer


def _same(expected: str, given: object) -> bool:
    return hmac.compare_digest(expected.encode(), str(given).encode())
