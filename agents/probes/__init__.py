"""Probes only look: one file each, one coroutine `run(check) -> Result`, registered by name in PROBES.

The loop (`agents/loop.py`) owns time, deadline, repetition and concurrency. An expected failure (timeout, refused,
wrong answer) is a Result with a reason; parameters that make no sense are `unknown` with a reason.
`docs/probes.md` has every parameter, figure and reason, and how to add a probe.
"""

from collections.abc import Mapping
from typing import Protocol

from agents.probes import dns, http, icmp, snmp, tcp, tls
from core.clock import SystemClock
from core.values import Check, Result


class Probe(Protocol):
    """What every probe is: a module with `run`, or an object where it needs something to begin with."""

    async def run(self, check: Check) -> Result: ...


PROBES: Mapping[str, Probe] = {
    "icmp": icmp,
    "tcp": tcp,
    "dns": dns,
    "http": http,
    "snmp": snmp,
    "tls": tls.Tls(SystemClock()),
}
