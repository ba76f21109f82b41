"""What every probe shares: reading its parameters, its deadline, and the reasons of failures that are expected."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from agents.icmp.refusals import refusal
from core.values import Check, Result, Status

T = TypeVar("T")
_SPARE_S, _SPARE_RATIO = 1.0, 0.2
"""Of the check's time, to end in: so long, or that part of it if that is less."""
_LATE_S, _TURN_S = 0.05, 0.5
"""A deadline that rings so late was missed by this machine itself. Then all that was due meanwhile is due at once, and what
has a nearer deadline of its own is given so long to say first what came of it."""


class Failed(Exception):
    """A probe's way out to its result, from as deep as it is. Never leaves the probe."""

    def __init__(
        self, reason: str, status: Status = Status.DOWN, figures: Mapping[str, float] | None = None
    ) -> None:
        self.result = Result(status, reason, dict(figures or {}))
        super().__init__(reason)


class BadParameter(Failed):
    """The check itself makes no sense: nothing is known about its target."""

    def __init__(self, what: str) -> None:
        super().__init__(f"bad parameter|{what}", Status.UNKNOWN)


def parameters(check: Check, shape: type[T]) -> T:
    """The check's parameters as the probe's own Struct.

    Raises:
        BadParameter: one is not known, is of another type or outside of its bounds; names it.
    """
    try:
        return msgspec.convert(dict(check.params), shape)
    except msgspec.ValidationError as error:
        raise BadParameter(str(error)) from error


def ends(check: Check) -> float:
    """When what is not the target's doing has to be over, in a check that begins now; by the event loop's clock."""
    allowed = check.timeout_ms / 1000
    return asyncio.get_running_loop().time() + allowed - min(_SPARE_S, _SPARE_RATIO * allowed)


class Run(Protocol):
    """The `run` of a probe."""

    async def __call__(self, check: Check) -> Result: ...


def looks(run: Callable[[Check, dict[str, float]], Awaitable[Result]]) -> Run:
    """Make a probe of a coroutine that takes the check and a dictionary to note figures in as it goes.

    It is held to the check's `timeout_ms`, and what fails as expected becomes a result, with the figures so far.
    """

    @functools.wraps(run)
    async def probe(check: Check) -> Result:
        figures: dict[str, float] = {}
        try:
            async with _within(check.timeout_ms / 1000):
                return await run(check, figures)
        except (Failed, OSError) as error:
            result = failed(error)
            return Result(result.status, result.reason, {**figures, **result.figures})

    return probe


@contextlib.asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, and fair after a time in which this machine stood still."""
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    async with asyncio.timeout(None) as limit:

        def ring() -> None:
            now = loop.time()
            limit.reschedule(now + _TURN_S if now - due > _LATE_S else now)

        alarm = loop.call_at(due, ring)
        try:
            yield
        finally:
            alarm.cancel()


def failed(error: Failed | OSError) -> Result:
    """What an expected failure means."""
    if isinstance(error, Failed):
        return error.result
    if isinstance(error, TimeoutError):
        return Result(Status.DOWN, "timeout")
    if isinstance(error, socket.gaierror):
        gone = error.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
        return Result(Status.DOWN, "name not found" if gone else "name not resolved")
    if isinstance(error, ConnectionResetError):  # who hangs up within a handshake is told of without a number
        return Result(Status.DOWN, "connection reset")
    return Result(Status.DOWN, refusal(error))
