"""What every probe shares: reading its parameters, its deadline, and the reasons of failures that are expected."""

import asyncio
import functools
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from agents.icmp.refusals import refusal
from core.values import Check, Result, Status

T = TypeVar("T")


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
            async with asyncio.timeout(check.timeout_ms / 1000):
                return await run(check, figures)
        except Failed as failed:
            result = failed.result
            return Result(result.status, result.reason, {**figures, **result.figures})
        except TimeoutError:
            return Result(Status.DOWN, "timeout", figures)
        except socket.gaierror as error:
            gone = error.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
            return Result(Status.DOWN, "name not found" if gone else "name not resolved", figures)
        except OSError as error:
            return Result(Status.DOWN, refusal(error), figures)

    return probe
