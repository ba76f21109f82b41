"""What a check has a short-lived child of the agent do, and what the child says of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from agents.probes.outcome import Failed
from core.values import Status

Child = Callable[..., Awaitable[bytes]]
"""As `agents.children.output_of`."""
S = TypeVar("S")


async def answer_of(printed: Awaitable[bytes], shape: type[S], seconds: float, fault: str) -> S:
    """What the child printed, within `seconds`.

    Raises:
        Failed: (`unknown`) it is late or printed something else, which says nothing of the target: `fault` is that word.
    """
    try:
        async with asyncio.timeout(seconds):
            output = await printed
    except TimeoutError as error:
        raise Failed(f"{fault}|timeout", Status.UNKNOWN) from error
    try:
        return msgspec.json.decode(output, type=shape)
    except msgspec.DecodeError as error:
        raise Failed(f"{fault}|no answer", Status.UNKNOWN) from error
