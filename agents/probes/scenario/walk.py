"""Does a scenario: one visit, with a browser's manners about cookies, redirects and where people come from."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import unquote, urlsplit

import msgspec

from agents.probes.certificates import Client, context, note_days_left
from agents.probes.outcome import BadParameter, Failed, failed, parameters
from agents.probes.scenario import DOCUMENT, Params, steps
from agents.probes.scenario.cookies import Jar
from agents.probes.scenario.judge import Page, judge, saved
from agents.probes.scenario.scrub import excerpt, scrubbed
from agents.probes.scenario.steps import Filling, Step
from agents.probes.talk import deadline
from agents.probes.urls import Url, join, parse
from agents.probes.web import proxy as proxies
from agents.probes.web.lines import Lines, Way
from agents.probes.web.messages import Request
from core.clock import Clock
from core.values import Check, Result, Status

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AS_BEFORE = frozenset({307, 308})
_SEE_OTHER = 303
_LONGEST_URL = 500
"""Characters of an address in a document."""
_ANYWHERE = frozenset({"user-agent", "accept", "accept-language", "content-type"})
"""Header fields that are told to another server than the one they were meant for."""


@dataclass(frozen=True)
class Scene:
    """All that is known of a scenario before it begins."""

    base: Url
    steps: tuple[Step, ...]
    params: Params
    way: Way
    typed: frozenset[str]
    """Texts that are sent, and so never told."""

    @staticmethod
    def of(check: Check) -> "Scene":
        """Raises BadParameter: the check makes no sense."""
        params = parameters(check, Params)
        try:
            found = msgspec.convert(params.steps, tuple[Step, ...])
        except msgspec.ValidationError as error:
            raise BadParameter(f"steps: {error}") from error
        steps.check(found)
        base = parse(check.target)
        for step in found:
            if "{" not in step.url:
                join(base, step.url)
        client = Client.of(params.client_cert, params.client_key)
        trust = partial(context, params.ca_file, ca=params.ca, verify=params.verify, client=client)
        proxy = None if params.proxy is None else proxies.parse(params.proxy)
        return Scene(base, found, params, Way(trust, params.family, proxy), frozenset(_typed(params, found)))


def _typed(params: Params, found: Iterable[Step]) -> Iterable[str]:
    yield from params.headers.values()
    if params.proxy and "@" in params.proxy:
        yield unquote(urlsplit(params.proxy).password or "")
    for step in found:
        yield from step.headers.values()
        yield from (step.form or {}).values()
        yield from steps.leaves(step.json)
        yield step.body or ""


async def walk(scene: Scene, check: Check, figures: dict[str, float], clock: Clock) -> Result:
    """One visit, until all steps are done or one fails."""
    if scene.base.secure:
        scene.way.trust()  # made once, and not while the clock runs
    until = deadline(check)
    async with Lines(scene.way, keep=True) as lines:
        visit = _Visit(scene, lines, clock.now, figures)
        began = time.perf_counter()
        try:
            async with asyncio.timeout_at(until):
                await visit.run()
        except (Failed, OSError) as error:
            result = failed(error)
            body = visit.failing(check.id, result.reason)
            reason = f"{body['reason']}|#{body['step']}"
            return Result(result.status, reason, {**figures, **result.figures}, ((DOCUMENT, body),))
        finally:
            note_days_left(lines.chains.values(), clock.now(), figures)
    total = figures["total_seconds"] = time.perf_counter() - began
    slow = visit.slow
    if not slow and scene.params.max_total_ms is not None and total * 1000 > scene.params.max_total_ms:
        slow = f"slow|{total * 1000:.0f} ms"
    return Result(Status.DEGRADED if slow else Status.UP, slow, figures)


class _Visit:
    """Who has come, what was found so far, and where they are."""

    def __init__(self, scene: Scene, lines: Lines, now: Callable[[], int], figures: dict[str, float]) -> None:
        self._scene, self._lines, self._now, self._figures = scene, lines, now, figures
        self._values: dict[str, str] = {}
        self._jar = Jar()
        self._sent: set[str] = set()
        self._step = scene.steps[0]
        self._before: Page | None = None
        self._page: Page | None = None
        self.slow = ""
        """Why the first slow step was so; empty for none."""

    async def run(self) -> None:
        self._figures["steps_done"] = 0
        for step in self._scene.steps:
            self._step, self._page = step, None
            page = await self._timed(step)
            judge(page, step.expect)
            for name, save in step.save.items():
                self._values[name] = saved(page, save, name, self._jar)
            self._before = page
            self._figures["steps_done"] += 1

    async def _timed(self, step: Step) -> Page:
        phases: dict[str, float] = {}
        request = self._request(step)
        began = time.perf_counter()
        try:
            page = await self._go(step, request, phases)
        finally:
            for phase, seconds in phases.items():
                self._figures[f"{phase}#{step.name}"] = seconds
        took = self._figures[f"step_seconds#{step.name}"] = time.perf_counter() - began
        most = step.expect.max_ms
        if most is not None and took * 1000 > most and not self.slow:
            self.slow = f"slow step|{took * 1000:.0f} ms|#{step.name}"
        return page

    async def _go(self, step: Step, request: Request, phases: dict[str, float]) -> Page:
        params = self._scene.params
        for _ in range(params.max_redirects + 1):
            headers = dict(request.headers)
            cookies = self._jar.header(request.url, self._now())
            if cookies:
                headers.setdefault("Cookie", cookies)
            sent = replace(request, headers=headers)
            answer = await self._lines.ask(sent, params.max_body_bytes, phases)
            fields = (value for name, value in answer.headers if name == "set-cookie")
            self._jar.take(request.url, fields, self._now())
            page = self._page = Page(request.url, answer, params.max_body_bytes)
            location = answer.header("location")
            if not step.follow or answer.status not in _REDIRECTS or not location:
                return page
            request = _redirected(request, answer.status, location)
        raise Failed(f"too many redirects|{params.max_redirects}")

    def _request(self, step: Step) -> Request:
        filling, before = Filling(self._values), self._before
        headers = {**self._scene.params.headers, **filling.headers(step.headers)}
        if step.submit is not None and before is not None:
            method, url, body, media = self._submitted(step, step.submit, before, filling)
        else:
            start = before.url if before is not None and filling.is_link(step.url) else self._scene.base
            url = _joined(start, filling.url(step.url), step)
            body, media = filling.body(step)
            method = step.method or ("POST" if media else "GET")
        given = {name.lower() for name in headers}
        own = {"Content-Type": media} if media else {}
        if before is not None:
            own |= _came_from(before.url, url, posting=method not in ("GET", "HEAD"))
        headers |= {name: value for name, value in own.items() if name.lower() not in given}
        return Request(method, url, headers, body)

    def _submitted(
        self, step: Step, selector: str, before: Page, filling: Filling
    ) -> tuple[str, Url, bytes, str]:
        """A form of the page before, filled in, as a browser sends it (HTML, section 4.10.21)."""
        form = before.form(selector)
        filled = {name: filling.text(value) for name, value in (step.form or {}).items()}
        self._sent.update(value for _, value in form.fields)
        fields = [(name, value) for name, value in form.fields if name not in filled]
        coded = filling.form([*fields, *filled.items()])
        url = _joined(before.url, filling.url(step.url) if step.url else form.action, step)
        method = step.method or form.method
        if method in ("GET", "HEAD"):
            path = f"{url.path.partition('?')[0]}?{coded.decode()}"
            return method, msgspec.structs.replace(url, path=path), b"", ""
        return method, url, coded, "application/x-www-form-urlencoded"

    def failing(self, check: int, reason: str) -> dict[str, object]:
        """The body of the document on the step that failed."""
        page = self._page
        secrets = self._scene.typed | set(self._values.values()) | set(self._jar.values()) | self._sent
        if reason.startswith("other page|"):
            reason = scrubbed(reason, secrets)
        body: dict[str, object] = {"check": check, "step": self._step.name, "reason": reason}
        if page is None:
            return {**body, "url": "", "status": None, "excerpt": "", "scrubbed": True}
        try:
            media = page.answer.header("content-type")
            text = page.searched(lambda: excerpt(page.text, media, secrets))
        except Failed:  # it is not coded as it says, or takes too long to be cleaned
            text = ""
        return {
            **body,
            "url": scrubbed(page.url.without_query, secrets)[:_LONGEST_URL],
            "status": page.answer.status,
            "excerpt": text,
            "scrubbed": True,
        }


def _joined(base: Url, reference: str, step: Step) -> Url:
    try:
        return join(base, reference)
    except BadParameter as error:
        if step.submit is None and reference == step.url:
            raise
        raise Failed("bad link") from error  # the page's fault


def _came_from(before: Url, url: Url, *, posting: bool) -> dict[str, str]:
    """What browsers tell of the page that people come from (`strict-origin-when-cross-origin`); some systems take no form
    without it."""
    if before.secure and not url.secure:
        return {}
    start = f"{before.scheme}://{before.ascii_authority}"
    told = {"Referer": before.text if before.origin == url.origin else f"{start}/"}
    return told | {"Origin": start} if posting else told


def _redirected(request: Request, status: int, location: str) -> Request:
    """The request that a redirect asks for (RFC 9110 section 15.4).

    Raises:
        Failed: it leads nowhere, or would carry what was typed in to another server.
    """
    try:
        url = join(request.url, location)
    except BadParameter as error:
        raise Failed("bad redirect") from error
    elsewhere = url.origin != request.url.origin
    headers: Mapping[str, str] = request.headers
    if elsewhere:
        headers = {name: value for name, value in headers.items() if name.lower() in _ANYWHERE}
    if status in _AS_BEFORE:
        if elsewhere and request.body:
            raise Failed("unsafe redirect")
        return replace(request, url=url, headers=headers)
    method = request.method
    if method == "POST" or (status == _SEE_OTHER and method != "HEAD"):
        method = "GET"
    if method == request.method:
        return replace(request, url=url, headers=headers)
    kept = {name: value for name, value in headers.items() if name.lower() not in ("content-type", "origin")}
    return Request(method, url, kept)
