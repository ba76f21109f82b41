"""How an error is answered: programs get problem details, people a page, and who is not signed in the sign-in."""

import json
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.api.problems import answer
from web.auth.guard import SAFE, NotSignedIn

PROGRAMS = ("/api/", "/metrics", "/healthz", "/readyz", "/events")


async def answer_error(request: Request, error: Exception) -> Response:
    """The handler of every exception that a route raises."""
    as_problem = answer(error)
    path = request.url.path
    if path.startswith(PROGRAMS) or not _wants_page(request):
        return as_problem
    if isinstance(error, NotSignedIn):
        where = "/sign-in"
        if request.method in SAFE and path != "/":
            where += "?" + urlencode({"next": path + (f"?{request.url.query}" if request.url.query else "")})
        if "hx-request" in request.headers:  # htmx would put the sign-in page into a corner of this one
            return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
        return RedirectResponse(where, 303)
    from web.pages import render  # pages import guards and context, which import this room's roots

    details = {
        "status": as_problem.status_code,
        "detail": json.loads(bytes(as_problem.body)).get("detail", ""),
    }
    return render(request, "error.html", details, status_code=as_problem.status_code)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers
