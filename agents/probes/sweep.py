"""Sweep: the machines in the agent's own LAN, as a child of the agent asks for them and hears them (`agents/sweep/`)."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Annotated, Any

import msgspec

from agents.children import output_of
from agents.listen.sockets import ANY
from agents.probes.errand import Child, answer_of
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from core.values import Check, Result, Status

FIGURES = ("hosts", "new_hosts", "asked_addresses", "sent_bits", "asking_seconds")
_SPARE_MS = 8_000
"""Of the check's time, for the child to start and to end in."""
_REMEMBERED = 4_096
"""Machines of earlier runs, to tell which are new."""


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seconds: Annotated[int, msgspec.Meta(ge=10, le=300)] = 40
    kbps: Annotated[float, msgspec.Meta(ge=5, le=200)] = 20.0


class _Counts(msgspec.Struct, frozen=True):
    asked: int = 0
    sent_bits: int = 0
    asking_seconds: float = 0.0


class _Said(msgspec.Struct, frozen=True):
    """What the child prints."""

    networks: list[str] = []
    large: list[str] = []
    left_out: int = 0
    sightings: list[dict[str, Any]] = []
    counts: _Counts = _Counts()
    failed: str = ""


class Sweeps:
    """One sweep at a time. `child` prints what `agents.sweep` does, given its arguments."""

    def __init__(self, child: Child = output_of) -> None:
        self._child = child
        self._sweeping = False
        self._known: dict[str, None] | None = None
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        most_ms = check.timeout_ms - _SPARE_MS
        if most_ms < 1_000 * params.seconds:
            raise BadParameter(f"timeout_ms is {1_000 * params.seconds + _SPARE_MS} or more")
        network = _network(check.target)
        if self._sweeping:
            raise Failed("busy|1", Status.UNKNOWN)
        self._sweeping = True
        try:
            found = await self._sweep(network, params, most_ms)
        finally:
            self._sweeping = False
        figures["hosts"] = len(found.sightings) + found.left_out
        if self._known is not None:
            figures["new_hosts"] = sum(each["mac"] not in self._known for each in found.sightings)
        figures["asked_addresses"] = found.counts.asked
        figures["sent_bits"] = found.counts.sent_bits
        figures["asking_seconds"] = found.counts.asking_seconds
        self._remember(each["mac"] for each in found.sightings)
        body = {
            "networks": found.networks,
            "large": found.large,
            "left_out": found.left_out,
            "sightings": found.sightings,
        }
        status, reason = (Status.DEGRADED, f"not asked|{found.large[0]}") if found.large else (Status.UP, "")
        return Result(status, reason, figures, (("lan", body),))

    async def _sweep(self, network: str, params: Params, most_ms: int) -> _Said:
        printed = self._child(
            "agents.sweep",
            network,
            f"--kbps={params.kbps:g}",
            f"--listen-ms={1_000 * params.seconds}",
            f"--most-ms={most_ms}",
        )
        found = await answer_of(printed, _Said, (most_ms + _SPARE_MS * 0.9) / 1000, "sweep failed")
        if found.failed:
            raise Failed(found.failed, Status.UNKNOWN)
        return found

    def _remember(self, macs: Iterable[str]) -> None:
        known = self._known or {}
        for mac in macs:
            known.pop(mac, None)
            known[mac] = None
        # Who was heard longest ago is forgotten first.
        self._known = dict(list(known.items())[-_REMEMBERED:])


def _network(target: str) -> str:
    """The network that is asked for, as the child takes it.

    Raises:
        BadParameter: it is none.
    """
    if target == ANY:
        return target
    try:
        return str(ip_network(target))
    except ValueError as error:
        raise BadParameter(f"target is {ANY} or a network: {error}") from error
