"""A check that somebody at the centre writes, run once from here before it is kept, or a kept one run out of turn.

A check may do more than a diagnostic: it signs in with secrets and tells of what pages say. So it is held closer. What
the agent's own plan has, word for word, runs as the plan's. Anything else is kept off the agent's own machine, whatever
an admin allowed for the plan, on every address that the machine has: an assertion on a text, or the excerpt of a
failing step, would read what trusts its own machine. Secrets are filled in where the plan names them, and no others.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from agents.probes import Probe
from agents.probes.guard import is_own, refuses_all_but
from agents.probes.reach import off_limits
from core.secrets import Missing
from core.values import Check, Result, Status
from core.wire import PlanCheck, Trial

MAX_MS = 30_000
"""No trial takes longer, whatever the check's own time is."""
GRACE_MS = 200
"""A probe that watches its deadline itself, and may have something to tell at it, is given this much more."""

KINDS = frozenset(
    {
        "icmp",
        "tcp",
        "dns",
        "http",
        "tls",
        "scenario",
        "smtp",
        "imap",
        "ntp",
        "rtsp",
        "onvif",
        "timestamp",
        "ocsp",
        "crl",
    }
)
"""What services are checked with. Not what listens, surveys devices or loads the line."""
NAMED = frozenset({"ca_file"})
"""Parameters that name a file of the agent's machine: only a plan may."""


class Secrets(Protocol):
    """The part of `agents.secrets` that a trial needs."""

    def filled(self, check: Check) -> Check: ...

    def scrubbed(self, result: Result) -> Result: ...


@dataclass(frozen=True, slots=True)
class Own:
    """What the agent has of its own."""

    checks: Sequence[PlanCheck] = ()
    allowed: Sequence[str] = ()
    """Networks that an admin allowed for checks of the plan."""
    secrets: Secrets | None = None


async def run(
    target: str,
    params: Mapping[str, Any],
    own: Own,
    probes: Mapping[str, Probe],
    refused: Callable[[str], bool] | None = None,
) -> Result:
    """Run the check that `params` (a `core.wire.Trial`) describe. Never raises.

    `refused`: addresses that a check which is not the plan's is kept off.
    """
    try:
        trial = msgspec.convert(params, Trial)
    except msgspec.ValidationError as error:
        return _refused(str(error))
    planned = any(
        (each.kind, each.target, each.params) == (trial.kind, target, trial.params) for each in own.checks
    )
    named = NAMED & trial.params.keys()
    if trial.kind not in KINDS or trial.kind not in probes:
        return _refused(f"{trial.kind[:40]!r} is no check of a service")
    if named and not planned:
        return _refused(f"{min(named)} is not for trials")
    check = Check(0, trial.kind, target, 0, min(MAX_MS, trial.timeout_ms), trial.params)
    guard = refuses_all_but(own.allowed) if planned else refused or is_mine
    try:
        filled = own.secrets.filled(check) if own.secrets is not None else check
        with off_limits(guard):
            async with asyncio.timeout((check.timeout_ms + GRACE_MS) / 1000):
                result = await probes[trial.kind].run(filled)
    except Missing as error:
        return Result(Status.UNKNOWN, f"secret missing|{error.name}")
    except TimeoutError:
        return Result(Status.DOWN, "timeout")
    except Exception as error:  # noqa: BLE001 - whoever asked is told, and the agent goes on
        # Not the error's own text: it could hold a secret that was filled in.
        return Result(Status.UNKNOWN, f"probe failed|{type(error).__name__}")
    return own.secrets.scrubbed(result) if own.secrets is not None else result


def is_mine(address: str) -> bool:
    """Whether the agent's own machine answers there: by its loopback, its link or any address that it has."""
    return is_own(address) or _is_local(address)


def _is_local(address: str) -> bool:
    """What the machine would send from to reach one of its own addresses is that address. Sends nothing."""
    domain = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(domain, socket.SOCK_DGRAM) as sock:
        sock.connect((address, 9))
        return bool(sock.getsockname()[0] == address.partition("%")[0])
    return False


def _refused(why: str) -> Result:
    return Result(Status.UNKNOWN, f"refused request|{why}")
