"""Errors as agents get them: problem details (RFC 9457), with the status that says whose fault it is."""

import msgspec
from starlette.responses import Response

from core.compress import TooLarge
from core.errors import BadInput, NhipError, Refused, Unavailable


class Forbidden(Refused):
    """Whoever asks is known, and may not."""


class TooOften(Unavailable):
    """Whoever asks has failed too often; nobody else is concerned."""


def problem(error: NhipError) -> Response:
    """The answer for an error."""
    status, headers = 500, {}
    match error:
        case TooLarge():
            status = 413
        case BadInput():
            status = 422
        case Forbidden():
            status = 403
        case Refused():
            status, headers = 401, {"WWW-Authenticate": "Bearer"}
        case TooOften(retry_after_s=seconds):
            status, headers = 429, {"Retry-After": str(int(seconds))}
        case Unavailable(retry_after_s=seconds):
            status, headers = 503, {"Retry-After": str(int(seconds))}
    return Response(
        msgspec.json.encode({"type": "about:blank", "status": status, "detail": str(error)}),
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )
