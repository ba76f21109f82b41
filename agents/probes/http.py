"""One HTTP(S) request, in phases; status and body are what is expected. A redirect is an answer like any other."""

import re
import time
from functools import partial
from typing import Annotated, Literal

import msgspec

from agents.probes.certificates import Client, context, note_days_left
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import Family
from agents.probes.regex import TooSlow, search
from agents.probes.urls import Url, parse
from agents.probes.web import proxy as proxies
from agents.probes.web.lines import Lines, Way
from agents.probes.web.messages import Answer, Request
from core.clock import Clock
from core.values import Check, Result, Status

FIGURES = (
    "resolve_seconds",
    "connect_seconds",
    "tls_seconds",
    "first_byte_seconds",
    "total_seconds",
    "body_bytes",
    "status_code",
    "certificate_days_left",
)
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    method: Method = "GET"
    headers: Annotated[dict[str, str], msgspec.Meta(max_length=32)] = {}
    body: Annotated[str, msgspec.Meta(max_length=64 << 10)] | None = None
    expect_status: tuple[Annotated[int, msgspec.Meta(ge=100, le=599)], ...] = (200,)
    body_contains: str | None = None
    body_regex: str | None = None
    max_body_bytes: Annotated[int, msgspec.Meta(ge=0, le=8 << 20)] = 256 << 10
    max_total_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None
    ca_file: str | None = None
    ca: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    verify: bool = True
    family: Family | None = None


class Http:
    """`clock` is the wall clock: certificates end by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        url = parse(check.target)
        async with Lines(_way(params, url)) as lines:
            began = time.perf_counter()
            request = Request(params.method, url, params.headers, (params.body or "").encode())
            try:
                answer = await lines.ask(request, params.max_body_bytes, figures)
            finally:
                note_days_left(lines.chains.values(), self._clock.now(), figures)
        figures["total_seconds"] = time.perf_counter() - began
        return _judge(answer, params, figures)


def _way(params: Params, url: Url) -> Way:
    client = Client.of(params.client_cert, params.client_key)
    trust = partial(context, params.ca_file, ca=params.ca, verify=params.verify, client=client)
    if url.secure:
        trust()  # made once, and not while the clock runs
    proxy = None if params.proxy is None else proxies.parse(params.proxy)
    return Way(trust, params.family, proxy)


def _judge(answer: Answer, params: Params, figures: dict[str, float]) -> Result:
    body = answer.plain(params.max_body_bytes)
    text = body.decode(answer.charset, "replace")
    figures["body_bytes"] = len(body)
    figures["status_code"] = answer.status
    if answer.status not in params.expect_status:
        raise Failed(f"status|{answer.status}")
    if params.body_contains is not None and params.body_contains not in text:
        raise Failed("body lacks text")
    if params.body_regex is not None:
        try:
            if not search(params.body_regex, text):
                raise Failed("body does not match")
        except re.error as error:
            raise BadParameter(f"body_regex: {error}") from error
        except TooSlow as error:
            raise BadParameter("body_regex: takes too long") from error
    if params.max_total_ms is not None and figures["total_seconds"] * 1000 > params.max_total_ms:
        return Result(Status.DEGRADED, f"slow|{figures['total_seconds'] * 1000:.0f} ms", figures)
    return Result(Status.UP, "", figures)
