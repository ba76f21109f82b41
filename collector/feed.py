"""News for live pages: a short memory of numbered events and a way to wait for the next one."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class News:
    """`kind` is `unit` (a unit's state changed; `subject` its code), `outage` (subject: outage id), `agent`
    or `service` (what is seen of it; subject: its code)."""

    id: int
    kind: str
    subject: str


class Feed:
    """Publishing is safe from any thread; waiting is for coroutines of one event loop."""

    def __init__(self, first_id: int, keep: int = 2_000) -> None:
        """`first_id` must be past any id of an earlier process (the centre passes its start time in ms)."""
        self._next = first_id
        self._kept: deque[News] = deque(maxlen=keep)
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def publish(self, kind: str, subject: str) -> None:
        with self._lock:
            self._kept.append(News(self._next, kind, subject))
            self._next += 1
            waiting = list(self._waiting)
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    @property
    def last_id(self) -> int:
        return self._next - 1

    def since(self, id_: int) -> Sequence[News] | None:
        """News after `id_`, oldest first; None when some of them are forgotten (or were never ours): resync."""
        with self._lock:
            if id_ == self._next - 1:
                return []
            if not self._kept or id_ < self._kept[0].id - 1 or id_ >= self._next:
                return None
            return [news for news in self._kept if news.id > id_]

    async def wait(self, after: int, timeout_s: float) -> bool:
        """True as soon as there is news after `after`; False when `timeout_s` passed without."""
        entry = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if self._next - 1 > after:
                return True
            self._waiting.add(entry)
        try:
            await asyncio.wait_for(entry[1].wait(), timeout_s)
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._waiting.discard(entry)
        return True
