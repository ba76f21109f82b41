"""What the probes of time stamps, OCSP and revocations share: an answer goes to the child that verifies it (`agents.pki`)."""

import asyncio
import os
from collections.abc import MutableMapping
from typing import BinaryIO
from weakref import WeakKeyDictionary

import msgspec

from agents.children import output_of
from agents.pki.orders import Order, Said
from agents.probes.errand import Child, answer_of
from agents.probes.fetch import Question, fetch
from core.values import Result, Status

AT_ONCE = 2
"""Children that may verify at the same time: 40 MB each."""
_places: MutableMapping[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def believed(
    question: Question,
    order: Order,
    figures: dict[str, float],
    until: float,
    child: Child = output_of,
) -> Said:
    """What is to be said of the answer to `question`; the answer never lies in the agent's own memory.

    Raises:
        Failed: there is no answer, or (`unknown`) it could not be verified by `until`.
        OSError: there is no way to the server.
    """
    with os.fdopen(os.memfd_create("answer"), "w+b") as answer:
        answer.write(msgspec.json.encode(order) + b"\n")
        await fetch(question, answer.write, figures)
        answer.flush()
        answer.seek(0)
        left = until - asyncio.get_running_loop().time()
        said = await answer_of(_in_turn(child, answer), Said, left, "not verified")
    figures.update(said.figures)
    return said


async def _in_turn(child: Child, answer: BinaryIO) -> bytes:
    async with _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)):
        return await child("agents.pki", given=answer)


def result(said: Said, figures: dict[str, float]) -> Result:
    return Result(Status(said.status), said.reason, figures)
