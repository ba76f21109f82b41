"""`/api/v1/agent/throughput`: bytes for their own sake, to measure what an agent's line carries. Plain ASGI.

`GET ?bytes=N` sends N random bytes; `POST ?seconds=S` takes what comes for S seconds after the first of it, and answers
how much that was (`core.wire.Received`). An agent's credential is needed. Bytes and seconds are limited, TESTS_AT_ONCE run at
a time, one of an agent, never both ways; else 503 with `Retry-After`. The centre's own line is measured with each of
them, so there are few.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from collector.agents import Agents
from collector.problems import problem
from core import wire
from core.clock import Clock
from core.errors import BadInput, NhipError, Unavailable

SECONDS = 10.0
"""Longest transfer."""
TESTS_AT_ONCE = 2
RETRY_S = 15.0
SOON_S = 2.0
"""What is left of an agent's test when it hangs up is gone by then."""
_CHUNK = 64 << 10
_GOODBYE_S = 2.0
"""Time for the other side to take what is under way and hang up."""


class Throughput:
    """An ASGI application for one path. `most`: how many bytes a test may have, each time it is asked."""

    def __init__(self, agents: Agents, clock: Clock, most: Callable[[], int]) -> None:
        self._agents, self._clock, self._most = agents, clock, most
        self._running: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "POST"):
            await Response(status_code=405, headers={"Allow": "GET, POST"})(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            agent = self._agents.authenticate(headers.get(b"authorization", b"").decode("latin-1") or None)
            query = parse_qs(scope["query_string"].decode("latin-1"))
            if scope["method"] == "GET":
                with self._place(agent.agent):
                    await self._give(query, receive, send)
                return
            with self._place(agent.agent):
                received = await self._take(query, receive)
            if received is not None:
                await self._tell(received, receive, send)
        except NhipError as error:
            answer = problem(error)
            answer.headers[wire.TIME_HEADER] = str(self._clock.now())
            await answer(scope, receive, send)

    @contextlib.contextmanager
    def _place(self, agent: str) -> Iterator[None]:
        if agent in self._running:
            raise Unavailable("this line is measured now", retry_after_s=SOON_S)
        if len(self._running) >= TESTS_AT_ONCE:
            raise Unavailable("other lines are measured now", retry_after_s=RETRY_S)
        self._running.add(agent)
        try:
            yield
        finally:
            self._running.discard(agent)

    async def _give(self, query: dict[str, list[str]], receive: Receive, send: Send) -> None:
        left = int(_figure(query, "bytes", self._most()))
        gone = asyncio.ensure_future(_hung_up(receive))
        try:
            async with asyncio.timeout(SECONDS + _GOODBYE_S):
                until = asyncio.get_running_loop().time() + SECONDS
                await send(self._start(b"application/octet-stream"))
                while left and not gone.done() and asyncio.get_running_loop().time() < until:
                    chunk = os.urandom(min(left, _CHUNK))
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    left -= len(chunk)
                    await asyncio.sleep(0)  # sending to who has hung up never waits: others have their turn
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            pass
        finally:
            gone.cancel()

    async def _tell(self, received: wire.Received, receive: Receive, send: Send) -> None:
        body = wire.encode(received)
        length = (b"content-length", str(len(body)).encode())
        await send(self._start(b"application/json", length))
        await send({"type": "http.response.body", "body": body, "more_body": True})
        # Closed at once, with bytes still coming in, the connection would be reset and the answer lost.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await _hung_up(receive)
        await send({"type": "http.response.body", "body": b""})

    async def _take(self, query: dict[str, list[str]], receive: Receive) -> wire.Received | None:
        """What arrives; None when the sender goes away meanwhile."""
        seconds, clock = _figure(query, "seconds", SECONDS), asyncio.get_running_loop().time
        most, total, began, last = self._most(), 0, None, 0.0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS) as limit:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    last = clock()
                    if began is None:
                        if message.get("body"):
                            began = last
                            limit.reschedule(began + seconds)
                    else:
                        total += len(message.get("body", b""))
                    if total >= most or not message.get("more_body", False):
                        break
        return wire.Received(total, 0.0 if began is None else (last - began) * 1000)

    def _start(self, kind: bytes, *more: tuple[bytes, bytes]) -> dict[str, object]:
        time = (wire.TIME_HEADER.lower().encode(), str(self._clock.now()).encode())
        headers = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"connection", b"close")]
        return {"type": "http.response.start", "status": 200, "headers": [*headers, time, *more]}


def _figure(query: dict[str, list[str]], name: str, most: float) -> float:
    """A positive number of the query, at most `most`, which it also is where it is not there.

    Raises:
        BadInput: it is no such number.
    """
    text = query.get(name, [str(most)])[0]
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not value > 0:
        raise BadInput("not a number above 0", where=name)
    return min(value, most)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
