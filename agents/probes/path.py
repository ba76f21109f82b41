"""Path: the routers on the way to a target, by a traceroute that a child of the agent makes (`agents/path/`)."""

from typing import Annotated

import msgspec

from agents.children import output_of
from agents.path.flow import Method
from agents.path.tally import Hop, Path, broken_at
from agents.probes.errand import Child, answer_of
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import Family, resolve
from core.values import Check, Result, Status

FIGURES = ("hops", "rtt_seconds", "reached")
PORTS = {"udp": 33434, "tcp": 443, "icmp": 0}
"""The target's port where none is asked for. For UDP nobody should listen there: the refusal is the answer."""
_SPARE_MS = 3_000
"""Of the check's time, for the child to start and to end in."""
_LEAST_MS = 1_000


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    method: Method = "udp"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    max_hops: Annotated[int, msgspec.Meta(ge=1, le=30)] = 30
    probes: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    family: Family | None = None


class _Said(msgspec.Struct, frozen=True):
    """What the child prints."""

    hops: list[Hop] = []
    reached: bool = False
    refused: str = ""
    failed: str = ""


class Paths:
    """One trace at a time. `child` prints what `agents.path` does, given its arguments."""

    def __init__(self, child: Child = output_of) -> None:
        self._child = child
        self._tracing = False
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        deadline_ms = check.timeout_ms - _SPARE_MS
        if deadline_ms < _LEAST_MS:
            raise BadParameter(f"timeout_ms of a path is {_SPARE_MS + _LEAST_MS} or more")
        address = await resolve(check.target, 0, params.family, service=params.method != "icmp")
        if self._tracing:
            raise Failed("busy|1", Status.UNKNOWN)
        self._tracing = True
        try:
            path = await self._trace(address[0], params, deadline_ms)
        finally:
            self._tracing = False
        figures["hops"] = len(path.hops)
        figures["reached"] = int(path.reached)
        rtt = path.hops[-1].rtt_ms if path.reached and path.hops else None
        if rtt is not None:
            figures["rtt_seconds"] = rtt / 1000
        status, reason = _outcome(path)
        body = {
            "target": check.target,
            "method": params.method,
            "reached": path.reached,
            "hops": msgspec.to_builtins(path.hops),
            "broke_at": broken_at(path),
            "refused": path.refused,
        }
        return Result(status, reason, figures, (("path", body),))

    async def _trace(self, address: str, params: Params, deadline_ms: int) -> Path:
        printed = self._child(
            "agents.path",
            address,
            f"--method={params.method}",
            f"--port={params.port or PORTS[params.method]}",
            f"--max-hops={params.max_hops}",
            f"--probes={params.probes}",
            f"--deadline-ms={deadline_ms}",
        )
        found = await answer_of(printed, _Said, (deadline_ms + _SPARE_MS * 0.9) / 1000, "trace failed")
        if found.failed.startswith("no raw socket"):
            raise Failed(found.failed, Status.UNKNOWN)
        if found.failed:
            raise Failed(found.failed)
        return Path(found.hops, found.reached, found.refused)


def _outcome(path: Path) -> tuple[Status, str]:
    place = broken_at(path)
    if place is None:
        return Status.UP, ""
    if not path.hops:
        return Status.DOWN, "breaks at once"
    return Status.DOWN, f"breaks|{place}|{path.hops[-1].address}"
