"""`/api/v1/inventories/TOKEN`: unmodified inventory agents post to the centre itself, as they do to the relay of a unit.

The token says which unit the PC belongs to; a unit that was given none takes nothing here. When an inventory is answered
with 200 it is in the store; what cannot be taken is refused with its place: 400 not an inventory, 404 nobody's address,
413 too large, 429 and 503 later.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.buckets import Buckets, Rate
from core.clock import Clock
from core.compress import TooLarge
from core.errors import BadInput
from core.inventory_agents import MAX_PACKED, Answer, Ask, answer, read, refusal, unpacked
from inventory.formats import read_inventory
from inventory.machines.addresses import PREFIX, unit_of
from inventory.machines.store import Told, take
from inventory.state import State

OF_UNIT, OF_ALL = Rate(5, 400), Rate(50, 2_000)
"""Requests of one unit's agents and of all. Each of its PCs has two a day: a contact, and an inventory."""
OF_STRANGER, OF_STRANGERS = Rate(1 / 6, 20), Rate(5, 200)
"""Requests of one address, and of all, to addresses that are nobody's."""
AT_ONCE = 8
"""Bodies that are held in memory; one of them is unpacked and read at a time."""
LARGE = 1 << 20
"""Plain bytes of an inventory past which reading it may take long."""
BODY_S = 60.0
GOODBYE_S = 10.0
"""Time for the other side to send what it has, and to read that nobody wants it."""
RETRY_AFTER_S = 600
Headers = Sequence[tuple[bytes, bytes]]
_TEXT = "text/plain; charset=utf-8"
_log = logging.getLogger(__name__)


class _Said(NamedTuple):
    status: int
    answer: Answer
    unread: bool = False
    """More of the body comes."""


class _Unread(TooLarge):
    """Of a body that is still being sent."""


class Intake:
    """An ASGI application for all paths below PREFIX."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._known, self._strangers = Buckets(OF_UNIT, OF_ALL), Buckets(OF_STRANGER, OF_STRANGERS)
        self._turn = asyncio.Semaphore(1)
        self._held = 0
        self.taken = self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, said, unread = await self._answer(scope, receive)
        if status >= 400:
            self.refused += 1
        if unread:
            await _pass_over(receive)
        headers = {"Cache-Control": "no-store"}
        if status in (429, 503):
            headers["Retry-After"] = str(RETRY_AFTER_S)
        if status == 413:
            headers["Connection"] = "close"  # not all of the body may have been read
        await Response(said.body, status, headers, said.content_type)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> _Said:
        source = (scope.get("client") or ("",))[0]
        now = self._clock.now()
        unit = await asyncio.to_thread(self._unit, scope["path"].removeprefix(PREFIX))
        if unit is None:
            if not self._strangers.take(source, now):
                return _plain(429, "too many requests to addresses that are not known")
            return _plain(404, "no unit takes inventories at this address")
        if scope["method"] != "POST":
            # Agents ask for other tasks with GET: there are none.
            return _plain(404, "inventories are posted here")
        if not self._known.take(unit, now):
            return _plain(429, "too many inventories of this unit")
        if self._held >= AT_ONCE:
            return _plain(503, "too many inventories at once")
        self._held += 1
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(scope, receive)
            async with self._turn:
                return await asyncio.to_thread(self._take, body, unit, source[:64], scope["headers"], now)
        except TimeoutError:
            return _plain(408, "the inventory did not come to its end")
        except TooLarge as error:
            return _plain(413, str(error))._replace(unread=isinstance(error, _Unread))
        finally:
            self._held -= 1

    def _unit(self, token: str) -> str | None:
        with self._state.read() as connection:
            return unit_of(connection, token)

    def _take(self, body: bytes, unit: str, source: str, headers: Headers, now: int) -> _Said:
        client = dict(headers).get(b"user-agent", b"").decode("latin-1")[:120]
        ask: Ask | None = None
        try:
            plain, packing = unpacked(body)
            ask = read(plain, packing, headers)
            if ask.kind == "other":
                return _Said(200, refusal(ask, "only inventories are taken here"))
            if ask.kind == "inventory":
                if len(plain) > LARGE:
                    read_inventory(plain)  # what will be refused is not read while others wait for the store
                with self._state.write() as connection:
                    take(connection, Told(unit, now, plain, source, client))
                self.taken += 1
        except BadInput as error:
            _log.info("an inventory of %s, unit %s, was refused: %s", source, unit, error)
            if ask is not None and ask.form == "json":
                return _Said(400, refusal(ask, str(error)))
            return _plain(413 if isinstance(error, TooLarge) else 400, str(error))
        return _Said(200, answer(ask))


async def _body(scope: Scope, receive: Receive) -> bytes:
    headers, why = dict(scope["headers"]), f"an inventory may have {MAX_PACKED} bytes as sent"
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > MAX_PACKED:
        # Who asks first whether to send it does not.
        raise TooLarge(why) if b"expect" in headers else _Unread(why)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TimeoutError
        body += message.get("body", b"")
        if len(body) > MAX_PACKED:
            raise _Unread(why) if message.get("more_body", False) else TooLarge(why)
        if not message.get("more_body", False):
            return bytes(body)


async def _pass_over(receive: Receive) -> None:
    """Let what still comes go by: closed at once, the connection would be reset and the answer lost."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_S):
            while (await receive()).get("more_body", False):
                pass


def _plain(status: int, text: str) -> _Said:
    return _Said(status, Answer(_TEXT, f"{text}\n".encode()))
