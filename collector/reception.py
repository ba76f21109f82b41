"""`POST /api/v1/reports`: where reports come in. Plain ASGI, because it is asked thousands of times a second.

A report is answered with 204 when it is on disk, or was before; else with problem+json: 401 and 403 for the credential,
413 too large, 422 not a sound report (with the place in it), 503 try again after `Retry-After` seconds.
"""

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from collector.problems import problem
from core.clock import Clock
from core.compress import TooLarge
from core.errors import BadInput, NhipError
from core.wire import MAX_BODY, TIME_HEADER

if TYPE_CHECKING:
    from collector.ingest import Ingest

_TIME_HEADER = TIME_HEADER.lower().encode()
_NO_BODY = {"type": "http.response.body", "body": b""}


class Reception:
    """An ASGI application for one path. Each answer says the centre's time."""

    def __init__(self, ingest: "Ingest", clock: Clock) -> None:
        self._ingest, self._clock = ingest, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self._answer(Response(status_code=405, headers={"Allow": "POST"}), scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            agent = self._ingest.admit(_text(headers, b"authorization"))
            body = await _body(headers, receive)
            if body is None:
                return  # the sender is gone
            encoding = (_text(headers, b"content-encoding") or "identity").lower()
            await self._ingest.accept(agent, body, encoding)
        except NhipError as error:
            self._ingest.refused()
            await self._answer(problem(error), scope, receive, send)
            return
        now = str(self._clock.now()).encode()
        await send({"type": "http.response.start", "status": 204, "headers": [(_TIME_HEADER, now)]})
        await send(_NO_BODY)

    async def _answer(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        response.headers[TIME_HEADER] = str(self._clock.now())
        await response(scope, receive, send)


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
    """The body as sent; None when the sender went away before its end."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise BadInput("Content-Length is no number")
    if int(length) > MAX_BODY:
        raise TooLarge(f"a report may have {MAX_BODY} bytes as sent")
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        body = body + chunk if body else chunk
        if len(body) > MAX_BODY:
            raise TooLarge(f"a report may have {MAX_BODY} bytes as sent")
        if not message.get("more_body", False):
            return body
