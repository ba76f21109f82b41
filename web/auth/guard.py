"""Every route is closed unless it is marked `@public`; unsafe methods must come from our own pages.

The two guards are dependencies of the whole application, so a new route cannot forget them. A route that needs more
than a viewer says so: `user: Annotated[User, Depends(require(Role.OPERATOR))]`.
"""

from collections.abc import Callable
from hmac import compare_digest
from typing import TypeVar, cast

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request

from core.errors import Refused
from web.auth.roles import Role, User
from web.auth.secrets import csrf_of
from web.context import context_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
F = TypeVar("F", bound=Callable[..., object])


class NotSignedIn(Refused):
    """The route is not public, and whoever asks has no session and no token."""


def public(endpoint: F) -> F:
    """Marks a route as open to everyone."""
    endpoint.__public__ = True  # type: ignore[attr-defined]  # functions take attributes
    return endpoint


def is_public(endpoint: object) -> bool:
    return getattr(endpoint, "__public__", False)


def cookie_name(*, secure: bool) -> str:
    """`__Host-` makes browsers refuse a cookie of that name from a neighbouring host or over plain HTTP."""
    return "__Host-nhip" if secure else "nhip"


def session_of(connection: HTTPConnection) -> str | None:
    """The session id that the browser sent, whatever it is worth."""
    return connection.cookies.get(cookie_name(secure=context_of(connection).secure))


def user_of(connection: HTTPConnection) -> User | None:
    """Who makes this request, by token or by session; found once and kept with the request."""
    state = connection.state
    if not hasattr(state, "user"):
        state.user = _find(connection)
    return cast("User | None", state.user)


def _find(connection: HTTPConnection) -> User | None:
    auth = context_of(connection).auth
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return auth.user_of_token(token.strip()) if scheme.lower() == "bearer" else None
    session = session_of(connection)
    return auth.user_of_session(session) if session else None


def csrf_token(connection: HTTPConnection) -> str:
    """For the field `csrf` of a form or the header `X-CSRF-Token`; empty without a session."""
    session = session_of(connection)
    return csrf_of(session) if session else ""


def signed_in(request: Request) -> None:
    """First guard. Raises NotSignedIn."""
    if not is_public(request.scope.get("endpoint")) and user_of(request) is None:
        raise NotSignedIn("sign in first")


async def same_site(request: Request) -> None:
    """Second guard, against forged requests. Raises Refused. Programs with a token carry no cookie to abuse."""
    if request.method in SAFE or "authorization" in request.headers:
        return
    if not same_origin(request.headers):
        raise Refused("the request comes from another site")
    if is_public(request.scope.get("endpoint")):
        return
    sent = request.headers.get("x-csrf-token")
    if sent is None and request.headers.get("content-type", "").startswith(FORMS):
        field = (await request.form()).get("csrf")
        sent = field if isinstance(field, str) else None
    if sent is None or not compare_digest(sent.encode(), csrf_token(request).encode()):
        raise Refused("the page is too old or the request is forged: reload the page and try again")


def same_origin(headers: Headers) -> bool:
    """Whether a browser made the request for a page of this very host (Fetch metadata, else Origin)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host", "")


def require(role: Role) -> Callable[[Request], User]:
    """A dependency that gives the user, who has at least `role`. Raises Refused."""

    def check(request: Request) -> User:
        user = user_of(request)
        if user is None:
            raise NotSignedIn("sign in first")
        if not user.may(role):
            raise Refused(f"this needs the role {role.name.lower()}")
        return user

    return check
