"""One probe, now, because a person at the centre asks: from a fixed list, within limits that no request can widen.

Whoever may ask is not therefore let into the agent's own machine: what listens on its loopback or on its link alone
trusts whoever comes from there. Nor may pages be read through an assertion on their text.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agents.probes import PROBES, Probe
from agents.probes.guard import is_own
from agents.probes.reach import off_limits
from agents.trial import Own
from agents.trial import run as run_trial
from core.values import Check, Result, Status
from core.wire import CHECK, Diagnose, Diagnosis, DiagnosticKind

MAX_MS = 30_000
"""No diagnostic takes longer."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What may be asked for under one name."""

    probe: str
    """The kind of probe that runs."""
    timeout_ms: int
    """Longest wait for an answer; what a burst takes to be sent comes on top, up to MAX_MS together."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """The most that a numeric parameter may be; more is refused."""
    refused: frozenset[str] = frozenset()
    """Parameters of the probe that a plan may set and a passer-by may not."""
    defaults: Mapping[str, object] = field(default_factory=dict)


LIMITS: Mapping[DiagnosticKind, Diagnostic] = {
    "ping": Diagnostic(
        "icmp",
        timeout_ms=5_000,
        limits={"count": 50, "spacing_ms": 500},
        defaults={"count": 5, "spacing_ms": 200},
    ),
    "tcp": Diagnostic("tcp", timeout_ms=10_000),
    "dns": Diagnostic("dns", timeout_ms=10_000),
    "http": Diagnostic(
        "http",
        timeout_ms=20_000,
        limits={"max_body_bytes": 256 << 10},
        refused=frozenset(
            {
                "ca_file",
                "ca",
                "client_cert",
                "client_key",
                "proxy",
                "method",
                "headers",
                "body",
                "body_contains",
                "body_regex",
            }
        ),
    ),
    "tls": Diagnostic("tls", timeout_ms=10_000, refused=frozenset({"ca_file", "responder"})),
    "path": Diagnostic("path", timeout_ms=25_000, limits={"max_hops": 30, "probes": 5}),
    "throughput": Diagnostic(
        "throughput",
        timeout_ms=MAX_MS,
        limits={"bytes": 8 << 20, "seconds": 10},
        refused=frozenset({"from_hour", "to_hour", "utc_offset_hours"}),
        defaults={"from_hour": 0, "to_hour": 24},
    ),
}
"""How each one of `core.wire.DIAGNOSTICS` runs. An agent runs nothing else that it is sent."""

_BY_NAME: Mapping[str, Diagnostic] = {str(kind): limits for kind, limits in LIMITS.items()}

_MAX_TARGET = 2_048
NOTHING = Own()
"""Of an agent without a plan."""


async def diagnose(
    request: Diagnose,
    refused: Callable[[str], bool] | None = None,
    probes: Mapping[str, Probe] = PROBES,
    own: Own = NOTHING,
) -> Diagnosis:
    """Run the diagnostic that is asked for, and tell what it found. Never raises: what is not allowed is refused.

    A refusal has status `unknown` and a reason that begins with `refused request|`. `refused`: addresses that no
    diagnostic connects to, by default the agent's own machine. `probes` and `own`: the agent's.
    """
    began = time.perf_counter()
    result = _refusal(request)
    if result is None and request.kind == CHECK:
        result = await run_trial(request.target, request.params, own, probes, refused)
    elif result is None:
        result = await _run(request, refused or is_own, probes)
    return Diagnosis(
        id=request.id,
        status=result.status,
        reason=result.reason,
        figures=dict(result.figures),
        took_ms=round((time.perf_counter() - began) * 1000),
        details={kind: dict(body) for kind, body in result.documents},
    )


def _refusal(request: Diagnose) -> Result | None:
    """Why the request is not run, or None if it may be."""
    if len(request.target) > _MAX_TARGET:
        return _refused(f"target longer than {_MAX_TARGET} characters")
    if request.kind == CHECK:
        return None
    allowed = _BY_NAME.get(request.kind)
    if allowed is None:
        return _refused(f"{request.kind[:40]!r} is not one of {', '.join(_BY_NAME)}")
    for name, value in request.params.items():
        most = allowed.limits.get(name)
        if name in allowed.refused:
            return _refused(f"{name[:40]} is not for diagnostics")
        if most is not None and isinstance(value, (int, float)) and value > most:
            return _refused(f"{name} over {most:g}")
    return None


def _refused(why: str) -> Result:
    return Result(Status.UNKNOWN, f"refused request|{why}")


async def _run(request: Diagnose, refused: Callable[[str], bool], probes: Mapping[str, Probe]) -> Result:
    allowed = _BY_NAME[request.kind]
    params = {**allowed.defaults, **request.params}
    check = Check(0, allowed.probe, request.target, 0, _timeout_ms(allowed, params), params)
    try:
        with off_limits(refused):
            return await probes[allowed.probe].run(check)
    except Exception as error:  # noqa: BLE001 - whoever asked is told, and the agent goes on
        return Result(Status.UNKNOWN, f"probe failed|{type(error).__name__}: {error}")


def _timeout_ms(allowed: Diagnostic, params: Mapping[str, object]) -> int:
    count, spacing = params.get("count", 1), params.get("spacing_ms", 0)
    sending = count * spacing if isinstance(count, int) and isinstance(spacing, int) else 0
    return min(MAX_MS, allowed.timeout_ms + max(0, sending))
