"""One question over HTTP(S) for probes that ask something of a server: only a 200 is an answer, and no redirect is followed."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from agents.probes.outcome import Failed
from agents.probes.reach import Family
from agents.probes.urls import Url
from agents.probes.web.lines import PHASES as _PHASES
from agents.probes.web.lines import Lines, Way
from agents.probes.web.messages import Request

PHASES = (*_PHASES, "total_seconds")
NOTED = (*PHASES, "body_bytes")
"""The figures that `fetch` notes."""
_OK = 200


@dataclass(frozen=True)
class Question:
    """A GET, or a POST if there is a `body`. `limit` is of the answer's body, in bytes; `trust` for https."""

    url: Url
    limit: int
    body: bytes = b""
    content_type: str = ""
    authorization: str = ""
    trust: ssl.SSLContext | None = None
    family: Family | None = None


async def fetch(question: Question, into: Callable[[bytes], object], figures: dict[str, float]) -> None:
    """Hand the body of the answer to `into`, piece by piece as it comes.

    Raises:
        Failed: no answer with status 200, one that is no HTTP, or more than `limit` of it.
        OSError: there is no way to the server, or it hung up.
    """
    headers = {"Authorization": question.authorization} if question.authorization else {}
    if question.body:
        headers["Content-Type"] = question.content_type
    request = Request("POST" if question.body else "GET", question.url, headers, question.body)
    size = 0

    def take(piece: bytes) -> None:
        nonlocal size
        size += len(piece)
        into(piece)

    way = Way(lambda: question.trust or ssl.create_default_context(), question.family)
    async with Lines(way) as lines:
        began = time.perf_counter()
        answer = await lines.ask(request, question.limit, figures, take)
    if answer.status != _OK:
        raise Failed(f"status|{answer.status}")
    if answer.header("content-encoding").strip().lower() not in ("", "identity"):
        raise Failed("bad answer")
    if not answer.whole:
        raise Failed(f"too large|{question.limit}")
    figures["total_seconds"] = time.perf_counter() - began
    figures["body_bytes"] = size
