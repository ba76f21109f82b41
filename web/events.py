"""Server-sent events: what changed, as it changes (WHATWG HTML, 9.2).

One pump reads the feed and encodes each change once; each client has a small box in which a newer change of the same
thing replaces the older one. A box that overflows says `resync`: the page loads itself anew. Ids are the feed's, so
`Last-Event-ID` resumes where a line broke. A stream costs no thread; it ends with its session and with the server.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import StreamingResponse

from collector.feed import Feed, News
from collector.views import Views
from web.auth.auth import Auth
from web.auth.guard import session_of
from web.context import context_of

log = logging.getLogger(__name__)
router = APIRouter()

HEARTBEAT_S = 15.0
BOX = 500
"""Changes that wait for one client. A province has fewer units; past this a page is quicker loaded anew."""
BEHIND_S = 1.0
USUAL = frozenset({"unit", "outage"})
"""Agents tell of themselves with each report, dozens a second, and services change with each look while they go down: who
wants that asks for it (`agent`, `service`)."""


class Box:
    """What waits for one client: the newest change of each thing, in the order of ids."""

    def __init__(self, seen: int, kinds: frozenset[str] = USUAL, size: int = BOX) -> None:
        self.seen = seen
        """Id of the last change that is in the box, was, or is none of its kinds."""
        self._kinds = kinds
        self.ended = False
        self.ready = asyncio.Event()
        self._size = size
        self._waiting: dict[tuple[str, str], tuple[int, bytes]] = {}

    def put(self, news: News, data: bytes) -> None:
        if news.id <= self.seen:
            return
        self.seen = news.id
        if news.kind not in self._kinds:
            return
        self._waiting.pop((news.kind, news.subject), None)
        self._waiting[news.kind, news.subject] = (news.id, event(news.kind, data, news.id))
        if len(self._waiting) > self._size:
            self.resync(news.id)
        self.ready.set()

    def resync(self, at: int) -> None:
        """Forget what waits: the client has to load the whole state, which holds everything up to `at`."""
        self.seen = at
        self._waiting = {("resync", ""): (at, event("resync", b"{}", at))}
        self.ready.set()

    def end(self) -> None:
        self.ended = True
        self.ready.set()

    def take(self) -> bytes:
        """All that waits, as bytes for the line; empty when nothing does."""
        self.ready.clear()
        taken = b"".join(text for _, text in self._waiting.values())
        self._waiting.clear()
        return taken


class Streams:
    """All open streams. Made, used and closed in one event loop; `close` lets a server stop at once."""

    def __init__(self, feed: Feed, views: Views, auth: Auth, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._feed, self._views, self._auth = feed, views, auth
        self._heartbeat_s = heartbeat_s
        self._boxes: dict[Box, str | None] = {}
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._boxes)

    async def stream(
        self, session: str | None, last_id: int | None, kinds: frozenset[str] = USUAL
    ) -> AsyncIterator[bytes]:
        """Events after `last_id` (None: from now on) until the session, the server or the client ends it."""
        box = Box(self._feed.last_id if last_id is None else last_id, kinds)
        if self._closed:
            return
        self._boxes[box] = session
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run(self._feed.last_id))
        loop = asyncio.get_running_loop()
        try:
            yield self._heartbeat(box)
            beat_at = loop.time() + self._heartbeat_s
            self._catch_up(box)
            while not box.ended:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(beat_at):
                        await box.ready.wait()
                if loop.time() < beat_at:
                    if text := box.take():
                        yield text
                    continue
                beat_at = loop.time() + self._heartbeat_s
                # Also how a session is noticed that expired or was ended by another process.
                if session and await asyncio.to_thread(self._auth.user_of_session, session) is None:
                    return
                yield box.take() + self._heartbeat(box)
        finally:
            self._boxes.pop(box, None)

    def end_session(self, session: str) -> None:
        """End the streams of a session that was signed out."""
        for box, owner in self._boxes.items():
            if owner == session:
                box.end()

    def close(self) -> None:
        """End all streams and take no more: the server stops."""
        self._closed = True
        for box in self._boxes:
            box.end()
        if self._pump:
            self._pump.cancel()

    async def _run(self, seen: int) -> None:
        while self._boxes:
            if not await self._feed.wait(seen, BEHIND_S):
                continue
            news = self._feed.since(seen)
            seen = self._feed.last_id if news is None else max([seen, *(item.id for item in news)])
            if news is None:
                for box in self._boxes:
                    box.resync(seen)
                continue
            for item in _newest(news):
                self._deliver(item)

    def _deliver(self, news: News) -> None:
        try:
            data = self._data(news)
        except Exception:
            log.exception("cannot tell of %s %s", news.kind, news.subject)
            return
        for box in self._boxes:
            box.put(news, data)

    def _catch_up(self, box: Box) -> None:
        news = self._feed.since(box.seen)
        if news is None:
            box.resync(self._feed.last_id)
            return
        for item in _newest(news):
            box.put(item, self._data(item))

    def _data(self, news: News) -> bytes:
        if news.kind == "unit" and (unit := self._views.unit(news.subject)) is not None:
            return msgspec.json.encode(unit)
        key = {"unit": "code", "service": "code", "outage": "id", "agent": "agent"}.get(news.kind, "subject")
        return msgspec.json.encode({key: int(news.subject) if news.kind == "outage" else news.subject})

    def _heartbeat(self, box: Box) -> bytes:
        return event("heartbeat", msgspec.json.encode({"now": self._views.now()}), box.seen)


def event(kind: str, data: bytes, id_: int) -> bytes:
    """One event on the line; `data` is JSON, which has no line breaks."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (id_, kind.encode(), data)


def _newest(news: Sequence[News]) -> list[News]:
    """Of several changes of one thing only the newest, in the order of ids."""
    newest: dict[tuple[str, str], News] = {}
    for item in news:
        newest.pop((item.kind, item.subject), None)
        newest[item.kind, item.subject] = item
    return list(newest.values())


@router.get("/events", include_in_schema=False)
async def events(
    request: Request,
    last_event_id: Annotated[str, Header()] = "",
    after: Annotated[str, Query()] = "",
    kinds: Annotated[str, Query(max_length=100)] = ",".join(sorted(USUAL)),
) -> StreamingResponse:
    """The stream; `after` is for a page's first connection: the feed's last id when the page was made."""
    streams, last = context_of(request).streams, _id(last_event_id or after)
    return StreamingResponse(
        streams.stream(session_of(request), last, frozenset(kinds.split(","))),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _id(text: str) -> int | None:
    """The id named; None when none is. One that cannot be ours is 0, which is always forgotten: resync."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
