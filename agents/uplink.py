"""Tells the centre: reports go up, the plan comes down, over one session that is kept alive.

What was formed and not acknowledged goes first; then what is fresh, each `report_every_ms`; in between, at the rate
that the plan sets, the backlog. Only `204` means that the centre has it on its disk.

A report says how wrong the agent's clock is, and is fixed on disk once it is formed. So none is formed before the
centre has been heard: the request for the plan teaches it first.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agents.clocks import ClockError, Trip
from agents.credential import Credential
from agents.files import write_whole
from agents.outbox import About, Formed, Outbox
from agents.outbox.reports import MAX_ROWS
from agents.pace import Backoff, TokenBucket
from agents.session import Answer, NoAnswer, Session
from core import wire
from core.clock import Clock
from core.errors import Unavailable
from core.secrets import names_in

_log = logging.getLogger(__name__)

REPORTS, PLAN, SECRETS = "/api/v1/reports", "/api/v1/agent/plan", "/api/v1/agent/secrets"
PLAN_EVERY_MS = 60_000
"""The channel says when the plan has changed; this is for when that word was lost."""
_RETRY_BASE_MS, _RETRY_CAP_MS = 500, 60_000
_MAX_RETRY_AFTER_S = 3_600
_LEAST_BURST = 16 << 10
_BAD_REPORT, _NOT_ALLOWED, _LATER = (400, 413, 422), (401, 403), (429, 503)


class SavedPlan(msgspec.Struct, frozen=True):
    """`plan.json`: the last plan seen, and its ETag."""

    etag: str
    plan: wire.Plan


def load_plan(path: Path) -> SavedPlan | None:
    """The last plan; None when there is none that can be read (then the centre is asked for it)."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SavedPlan)
    except (OSError, msgspec.DecodeError):
        return None


@dataclass(slots=True)
class Tally:
    """What went over the line since the start."""

    reports: int = 0
    refused: int = 0
    failures: int = 0
    bytes_sent: int = 0


class Uplink:
    """The agent's side of `/api/v1/reports` and `/api/v1/agent/plan`. `note`: what is wrong, for people."""

    def __init__(
        self,
        credential: Credential,
        outbox: Outbox,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None,
        plan_path: Path,
        about: Callable[[], About],
        on_plan: Callable[[wire.Plan], Awaitable[None]],
        on_secrets: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        self.note = ""
        self.tally = Tally()
        self.clock_error = ClockError()
        self._credential, self._outbox, self._clock, self._tls = credential, outbox, clock, tls
        self._plan_path, self._about, self._on_plan = plan_path, about, on_plan
        self._on_secrets = on_secrets
        saved = load_plan(plan_path)
        self._names = _secrets_of(saved.plan) if saved else set()
        self._etag = saved.etag if saved else ""
        self._fresh_due = clock.now()
        self._bucket = TokenBucket(1, _LEAST_BURST, clock.now())
        self._set_pace(saved.plan if saved else wire.Plan("", []))
        self._backoff = Backoff(_RETRY_BASE_MS, _RETRY_CAP_MS)
        self._woken, self._plan_wanted = asyncio.Event(), asyncio.Event()
        self._session = self._new_session()
        self._asking: set[asyncio.Task[Answer]] = set()
        self._heard = False
        self._not_before = clock.now()

    def _new_session(self) -> Session:
        return Session(self._credential.url, self._tls, {"Authorization": self._credential.authorization})

    def _set_pace(self, plan: wire.Plan) -> None:
        self._report_every = plan.report_every_ms
        self._fresh_due = min(self._fresh_due, self._clock.now() + self._report_every)
        # A second's worth at a time, so that what is fresh never waits long behind it on a thin line.
        self._burst = min(wire.MAX_BODY, max(_LEAST_BURST, plan.backlog_bytes_per_s))
        self._bucket.set_rate(plan.backlog_bytes_per_s, self._burst)

    def fetch_plan(self) -> None:
        """Ask for the plan now."""
        self._plan_wanted.set()

    async def line_is_back(self) -> None:
        """Try again at once, on new connections: the old ones may hang in a retransmission for minutes."""
        old, self._session = self._session, self._new_session()
        await old.close()
        for request in self._asking:
            request.cancel()
        self._backoff.succeeded()
        self._fresh_due = self._not_before = self._clock.now()
        self._woken.set()
        self._plan_wanted.set()

    async def close(self) -> None:
        await self._session.close()

    async def report(self) -> None:
        """Send reports until cancelled."""
        while True:
            await _first(self._woken, self._clock.sleep_until(await self._turn()))
            self._woken.clear()

    async def flush(self) -> None:
        """Send what is fresh while the centre takes it: the last act before an orderly end."""
        while formed := (
            await self._outbox.pending()
            or (await self._outbox.form(self._about(), backlog=False) if self._heard else None)
        ):
            failures = self.tally.failures
            await self._send(formed)
            if self.tally.failures > failures:
                return

    async def _turn(self) -> int:
        """Send at most one report. Returns when to come again."""
        now = self._clock.now()
        if now < self._not_before:  # woken by a plan while a failure is waited out
            return self._not_before
        try:
            formed = await self._outbox.pending()
            if formed is None and not self._heard:
                return now + self._report_every
            if formed is None and now >= self._fresh_due:
                formed = await self._outbox.form(self._about(), backlog=False)
                if formed is None or formed.results < MAX_ROWS:
                    self._fresh_due = now + self._report_every
            ready = self._bucket.ready_at(now)
            if formed is None and ready <= now:
                formed = await self._outbox.form(self._about(), backlog=True, max_bytes=self._burst)
                if formed is None:
                    return self._fresh_due
        except Unavailable as error:
            self.note = str(error)
            return now + self._report_every
        if formed is None:
            return min(ready, self._fresh_due)
        if formed.backlog and ready > now:
            return ready
        return await self._send(formed)

    async def _send(self, formed: Formed) -> int:
        now = self._clock.now()
        if formed.backlog:
            self._bucket.take(len(formed.body), now)
        headers = {"Content-Type": "application/json", "Content-Encoding": "zstd"}
        answer = await self._ask("POST", REPORTS, headers, formed.body)
        now = self._clock.now()
        if answer is None:
            return self._again_after(self._failed())
        self.tally.bytes_sent += len(formed.body)
        status = answer.status
        if status == 204:
            await self._outbox.ack(formed.seq)
            self.tally.reports += 1
            self._succeeded()
            return now
        _log.warning("report %d: the centre answers %d %s", formed.seq, status, answer.text[:200])
        if status in _BAD_REPORT:
            await self._outbox.refuse(formed.seq, status, answer.text)
            self.tally.refused += 1
            self._succeeded()
            return now
        wait = self._failed()
        if status in _NOT_ALLOWED:
            self.note = f"the centre refuses this agent's credential ({status}); everything is kept"
        if status in _LATER:
            wait = max(wait, _retry_after_ms(answer))
        return self._again_after(wait)

    async def fetch_plans(self) -> None:
        """Keep the plan as the centre has it, until cancelled."""
        backoff = Backoff(_RETRY_BASE_MS, _RETRY_CAP_MS)
        while True:
            self._plan_wanted.clear()
            if await self._fetch_plan():
                wait = PLAN_EVERY_MS
                backoff.succeeded()
            else:
                wait = backoff.failed()
                self.tally.failures += 1
            await _first(self._plan_wanted, self._clock.sleep_until(self._clock.now() + wait))

    async def _fetch_plan(self) -> bool:
        answer = await self._ask("GET", PLAN, {"If-None-Match": self._etag} if self._etag else {})
        if answer is None or answer.status not in (200, 304):
            return False
        if answer.status == 304:
            return await self._fetch_secrets()
        try:
            plan = msgspec.json.decode(answer.body, type=wire.Plan)
        except msgspec.DecodeError as error:
            _log.warning("the centre's plan cannot be read, the last one stays: %s", error)
            return False
        saved = SavedPlan(answer.headers.get("etag", ""), plan)
        try:
            await asyncio.to_thread(write_whole, self._plan_path, wire.encode(saved), 0o600)
        except OSError as error:
            # A full disk must not keep the agent from working by the plan.
            _log.warning("the plan cannot be stored: %s", error)
        self._etag = saved.etag
        self._set_pace(plan)
        self._woken.set()
        self._names = _secrets_of(plan)
        # First the secrets: the new checks may need them at once. Without them the plan holds all the same.
        whole = await self._fetch_secrets()
        await self._on_plan(plan)
        return whole

    async def _fetch_secrets(self) -> bool:
        """The secrets that the plan names, as they are now: in memory, and nowhere else."""
        if self._on_secrets is None:
            return True
        if not self._names:
            self._on_secrets({})
            return True
        answer = await self._ask("GET", SECRETS, {})
        if answer is None or answer.status != 200:
            return False
        try:
            given = msgspec.json.decode(answer.body, type=wire.Secrets)
        except msgspec.DecodeError:
            _log.warning("the centre's answer with secrets cannot be read")  # and is not shown
            return False
        self._on_secrets({name: value for name, value in given.values.items() if name in self._names})
        return True

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], content: bytes = b""
    ) -> Answer | None:
        """One request; None when there was no answer. Each answer teaches the clock's error."""
        sent = self._clock.now()
        request = asyncio.create_task(self._session.request(method, path, headers, content))
        self._asking.add(request)
        request.add_done_callback(self._asking.discard)
        try:
            answer = await request
        except NoAnswer as error:
            _log.info("%s: %s", path, error)
            return None
        except asyncio.CancelledError:
            if request.cancelled() and not _being_cancelled():
                return None  # by `line_is_back`
            request.cancel()
            raise
        centre = answer.headers.get(wire.TIME_HEADER.lower(), "")
        if centre.isdecimal():
            self.clock_error.add(Trip(sent, self._clock.now(), int(centre)))
        # A centre that does not tell its time is reported to all the same; a proxy's error page is not the centre.
        if not self._heard and (centre.isdecimal() or answer.status < 400):
            self._heard = True
            self._woken.set()
        return answer

    def _again_after(self, wait: int) -> int:
        self._not_before = self._clock.now() + wait
        return self._not_before

    def _failed(self) -> int:
        self.tally.failures += 1
        return self._backoff.failed()

    def _succeeded(self) -> None:
        self.note = ""
        self._backoff.succeeded()


def _secrets_of(plan: wire.Plan) -> set[str]:
    return {name for check in plan.checks for name in names_in(check.params)}


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _retry_after_ms(answer: Answer) -> int:
    seconds = answer.headers.get("retry-after", "")
    return min(_MAX_RETRY_AFTER_S, int(seconds)) * 1000 if seconds.isdecimal() else 0


async def _first(event: asyncio.Event, sleep: Awaitable[None]) -> None:
    """Return when the event is set or the sleep is over."""
    waits = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(sleep)}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
