"""Errors as problem details (RFC 9457), for everything that is not a page."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from core.errors import BadInput, NhipError, Unavailable
from inventory.exchange.faults import BadRows, Fault
from web.auth.guard import NotSignedIn

MEDIA_TYPE = "application/problem+json"
BASE = "urn:nhip:problem:"
KINDS: Mapping[str, tuple[int, str]] = {
    "bad-input": (400, "The request cannot be taken as it is"),
    "bad-cursor": (400, "The cursor is not one of this collection"),
    "not-signed-in": (401, "Sign in, or send a valid token"),
    "refused": (403, "You may not do this"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "This address does not know that method"),
    "too-large": (413, "The request is too large"),
    "invalid": (422, "Parameters are missing or do not fit"),
    "too-many": (429, "Too many attempts, wait a little"),
    "bug": (500, "Something went wrong at the centre, which has noted it"),
    "unavailable": (503, "Not possible now, try again later"),
}
"""What each type means: HTTP status and title. The page docs/api.md lists them."""
_BY_STATUS = {status: kind for kind, (status, _) in reversed(list(KINDS.items()))}


class Problem(Exception):
    """An answer that is a problem of one of KINDS."""

    def __init__(self, kind: str, detail: str = "") -> None:
        self.kind, self.detail = kind, detail
        super().__init__(f"{kind}: {detail}")


def problem(
    kind: str,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> JSONResponse:
    """The response for a problem; `members` are added to the body as extensions."""
    status, title = KINDS[kind]
    body: dict[str, object] = {"type": BASE + kind, "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return JSONResponse(body | members, status, dict(headers or {}), MEDIA_TYPE)


def answer(error: Exception) -> JSONResponse:
    """The problem that an exception is to whoever asked."""
    match error:
        case Problem():
            return problem(error.kind, error.detail)
        case RequestValidationError():
            # What was sent is not repeated: it may be a secret, and it may not be JSON.
            errors = [{"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()]
            return problem("invalid", errors=errors)
        case HTTPException():
            return _http_problem(error)
        case NotSignedIn():
            return problem("not-signed-in", headers={"WWW-Authenticate": "Bearer"})
        case BadRows():
            return problem("bad-input", str(error), errors=[_of_row(fault) for fault in error.faults])
        case BadInput():
            return problem("bad-input", str(error))
        case Unavailable():
            retry = {"Retry-After": str(max(1, round(error.retry_after_s)))}
            return problem("unavailable", str(error), headers=retry)
        case NhipError():
            return problem("refused", str(error))
        case _:
            return problem("bug")


def _of_row(fault: Fault) -> dict[str, str]:
    where = [fault.source, str(fault.row - 1), fault.column] if fault.row else [fault.source, fault.column]
    return {"where": ".".join(filter(None, where)), "what": fault.reason}


def _http_problem(error: HTTPException) -> JSONResponse:
    kind = _BY_STATUS.get(error.status_code)
    detail = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    if kind is not None:
        return problem(kind, detail, headers=error.headers)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": detail,
    }
    return JSONResponse(body, error.status_code, error.headers, MEDIA_TYPE)
