"""Traced hops with whose they are, for pages and API."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.paths import Trace
from inventory.records import Link
from inventory.registry import Registry
from inventory.whose import Owner, Way, Whose, whose

_MOST_ABOVE = 8
"""Levels of the administration, and a bound should they ever form a ring."""


@dataclass(frozen=True, slots=True)
class Hop:
    """`address`, `rtt_ms` and `whose` are None where nothing answered. `loss` is a ratio."""

    ttl: int
    address: str | None
    rtt_ms: float | None
    loss: float
    whose: Whose | None
    unit: str
    provider: str


def way_of(registry: Registry, code: str, at: int) -> Way:
    """What the registry knows of the way from a unit to the centre."""
    above: list[tuple[str, Sequence[Link]]] = []
    unit = registry.unit(code, at)
    while unit is not None and unit.parent is not None and len(above) < _MOST_ABOVE:
        above.append((unit.parent, registry.links(unit.parent, at)))
        unit = registry.unit(unit.parent, at)
    return Way(code, registry.links(code, at), above, registry.centre())


def hops_of(trace: Trace, way: Way) -> Sequence[Hop]:
    """The hops of a trace from the unit of that way."""
    target = trace.hops[-1].address if trace.reached and trace.hops else None
    found = []
    for hop in trace.hops:
        owner = whose(hop.address, way, target or "") if hop.address else Owner("provider")
        known = hop.address is not None
        found.append(
            Hop(
                hop.ttl,
                hop.address,
                hop.rtt_ms,
                hop.loss,
                owner.whose if known else None,
                owner.unit if known else "",
                owner.provider if known else "",
            )
        )
    return found
