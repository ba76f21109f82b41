"""From outages to people: each change becomes one message for each destination, and is sent until it arrives.

The seam for what comes later: between reading changes and writing messages (`gather`) is where rules, grouping and
escalation will decide who is told what. The outbox behind it stays as it is.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alerts import findings, outbox
from alerts.deliver import deliver
from alerts.destinations import Destinations
from alerts.digest import MORNING
from alerts.messages import LANGUAGES, Message, message
from alerts.warnings import LOOK_EVERY_MS, warn
from collector.feed import Feed
from collector.services.reads import ServiceReads
from collector.services.subjects import service_of
from collector.threads import in_thread
from collector.views import OutageChange, Views
from core.clock import Clock
from inventory.hours import hours
from inventory.state import State

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
AT_ONCE = 8
"""Destinations that are sent to at the same time; each takes a thread while it is."""
STOPS_WITHIN_S = 5.0
PRUNE_EVERY_MS = 24 * 3_600_000
BATCH = 500

Deliver = Callable[[str, str, str], str]
"""(url, title, body) -> why it failed, empty when it did not. Blocking."""


class Alerts:
    def __init__(
        self,
        state: State,
        views: Views,
        clock: Clock,
        feed: Feed,
        *,
        deliver: Deliver = deliver,
        services: ServiceReads | None = None,
    ) -> None:
        """Without `services` they have no names but their codes, and nobody is warned of what ends."""
        self._state, self._views, self._clock, self._feed = state, views, clock, feed
        self._deliver, self._services = deliver, services
        self.destinations = Destinations(state, clock)
        self.link = ""
        """Address of the pages, for the link in messages; set by `alerts.toml` or whoever composes."""
        self._task: asyncio.Task[None] | None = None
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._prune_at = self._warn_at = self._tell_at = 0
        self._morning = hours(MORNING)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alerts")

    async def start(self, file: Path | None = None) -> None:
        """Take `alerts.toml` and begin to send. Raises BadInput: the file has a fault."""
        await asyncio.to_thread(outbox.first_start, self._state, self._clock.now())
        if file is not None:
            await asyncio.to_thread(self.take_file, file)
        self._task = asyncio.create_task(self._run())

    def take_file(self, path: Path) -> None:
        """Make all as `alerts.toml` says. Raises BadInput: it has a fault; nothing is changed then."""
        taken = self.destinations.take_file(path)
        self.link = taken.link or self.link
        self._morning = hours(taken.digest or MORNING)

    async def stop(self) -> None:
        """What is on its way gets a few seconds; what is not noted as delivered then is sent again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._sending:
            _, late = await asyncio.wait(self._sending.values(), timeout=STOPS_WITHIN_S)
            for task in late:
                task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def recent(self, limit: int = 50) -> Sequence[outbox.Sent]:
        """The newest messages first, with their state."""
        return outbox.recent(self._state, limit)

    def gather(self) -> None:
        """Turn what happened since the last time into messages."""
        while True:
            changes = self._views.changes(outbox.cursor(self._state), BATCH)
            if not changes:
                return
            written = [(change, self._write(change)) for change in changes]
            outbox.take(self._state, written, self._clock.now())

    def prune(self) -> None:
        """Forget old messages, once a day."""
        now = self._clock.now()
        if now >= self._prune_at:
            outbox.prune(self._state, now)
            findings.prune(self._state, now)
            self._prune_at = now + PRUNE_EVERY_MS

    def warn(self) -> None:
        """Warn of what ends by itself, and of what is wrong with certificates; looked for each ten minutes."""
        now = self._clock.now()
        if self._services is not None and now >= self._warn_at:
            warn(self._state, self._services, self.link, now)
            self._warn_at = now + LOOK_EVERY_MS

    def tell(self) -> None:
        """Tell of findings, each destination as it wishes; looked for each minute."""
        now = self._clock.now()
        if now >= self._tell_at:
            findings.tell(self._state, self.link, self._morning, now)
            self._tell_at = now + findings.LOOK_EVERY_MS

    async def send_due(self) -> None:
        """Start to send what is due; a destination that is being sent to waits its turn."""
        busy = frozenset(self._sending)  # as of before reading: what is read may be noted as sent meanwhile
        for item in await in_thread(outbox.due, self._state, self._clock.now()):
            if item.destination not in busy:
                task = asyncio.create_task(self._send(item))
                self._sending[item.destination] = task

    async def settled(self) -> None:
        """Returns when nothing is on its way."""
        while self._sending:
            await asyncio.wait(list(self._sending.values()))

    def _write(self, change: OutageChange) -> dict[str, Message]:
        unit = self._views.unit(change.outage.unit)
        before = None
        if change.what == "revised":
            earlier = [each for each in self._views.revisions(change.outage.id) if each.id < change.id]
            before = earlier[-1].outage if earlier else None
        code = service_of(change.outage.subject)
        service = code or ""
        if code is not None and self._services is not None:
            service = self._services.name(code)
        texts = {
            language: message(change, unit, language, self.link, before, service) for language in LANGUAGES
        }
        return {language: text for language, text in texts.items() if text is not None}

    async def _send(self, item: outbox.Due) -> None:
        loop = asyncio.get_running_loop()
        try:
            error = await loop.run_in_executor(self._pool, self._deliver, item.url, item.title, item.body)
            if error:
                log.warning("message %d was not delivered: %s", item.id, error)
            await self._settle(item, error, self._clock.now())
        finally:
            del self._sending[item.destination]
            self._wake.set()

    async def _settle(self, item: outbox.Due, error: str, at: int) -> None:
        """Note how an attempt ended, however long the store refuses it.

        The destination counts as being sent to for so long: a message that arrived must not be sent again because
        the disk is full.
        """
        while True:
            try:
                return await asyncio.to_thread(outbox.settle, self._state, item.id, error, at)
            except Exception:
                log.exception(
                    "message %d was tried, which cannot be noted: again in %s s", item.id, LOOK_EVERY_S
                )
            await asyncio.sleep(LOOK_EVERY_S)

    async def _run(self) -> None:
        seen = self._feed.last_id
        while True:
            try:
                await in_thread(self.gather)
                await in_thread(self.warn)
                await in_thread(self.tell)
                await self.send_due()
                await in_thread(self.prune)
            except Exception:
                # The loop's guard: a store that is full or locked for a moment must not end all alerts.
                log.exception("alerts: trying again in %s s", LOOK_EVERY_S)
            seen = await self._news(seen)

    async def _news(self, seen: int) -> int:
        """Wait for news, a finished delivery or a little while; the feed's position then."""
        waits = {
            asyncio.create_task(self._feed.wait(seen, LOOK_EVERY_S)),
            asyncio.create_task(self._wake.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        self._wake.clear()
        return self._feed.last_id
