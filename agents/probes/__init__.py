"""Probes only look: one file each, one coroutine `run(check) -> Result`, registered by name in PROBES.

The loop (`agents/loop.py`) owns time, deadline, repetition and concurrency. An expected failure (timeout, refused,
wrong answer) is a Result with a reason; parameters that make no sense are `unknown` with a reason.
"""

from collections.abc import Mapping
from typing import Protocol

from core.values import Check, Result


class Probe(Protocol):
    """What every probe is."""

    async def run(self, check: Check) -> Result: ...


PROBES: Mapping[str, Probe] = {}
