"""ICMP echo: a burst of requests, judged by its loss and, if asked, its round-trip time and jitter."""

from typing import Annotated

import msgspec

from agents.icmp.engine import engine
from agents.icmp.stats import loss, summarise
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import Family, resolve
from core.errors import Unavailable
from core.values import Check, Result, Status

FIGURES = (
    "loss_ratio",
    "rtt_min_seconds",
    "rtt_median_seconds",
    "rtt_mean_seconds",
    "rtt_max_seconds",
    "jitter_seconds",
    "duplicates",
)
_LEAST_WAIT_S = 0.01


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    spacing_ms: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    family: Family | None = None
    max_loss: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.2
    max_rtt_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None
    max_jitter_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None


@looks
async def run(check: Check, figures: dict[str, float]) -> Result:
    params = parameters(check, Params)
    # All of the burst has to fit: the last request is given what its spacing and a margin leave of the deadline.
    wait = check.timeout_ms * 0.95 / 1000 - (params.count - 1) * params.spacing_ms / 1000
    if wait < _LEAST_WAIT_S:
        raise BadParameter(
            f"{params.count} requests each {params.spacing_ms} ms do not fit into {check.timeout_ms} ms"
        )
    address = await resolve(check.target, 0, params.family, service=False)
    try:
        burst = await engine().burst(address, count=params.count, spacing=params.spacing_ms / 1000, wait=wait)
    except Unavailable as error:
        raise Failed(f"no icmp socket|{error}", Status.UNKNOWN) from error
    figures["loss_ratio"] = loss(burst)
    figures["duplicates"] = burst.duplicates
    summary = summarise(burst)
    if summary is None:
        return Result(Status.DOWN, burst.reason or "timeout", figures)
    figures["rtt_min_seconds"] = summary.minimum
    figures["rtt_median_seconds"] = summary.median
    figures["rtt_mean_seconds"] = summary.mean
    figures["rtt_max_seconds"] = summary.maximum
    figures["jitter_seconds"] = summary.jitter
    if summary.loss > params.max_loss:
        return Result(Status.DEGRADED, f"loss|{summary.loss:.3g}", figures)
    if params.max_rtt_ms is not None and summary.median * 1000 > params.max_rtt_ms:
        return Result(Status.DEGRADED, f"slow|{summary.median * 1000:.3g} ms", figures)
    if params.max_jitter_ms is not None and summary.jitter * 1000 > params.max_jitter_ms:
        return Result(Status.DEGRADED, f"unsteady|{summary.jitter * 1000:.3g} ms", figures)
    return Result(Status.UP, "", figures)
