"""What units share that cannot reach a service: who could be grouped, and what a group's failures say of the cause. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from collector.services.views import Shared
from collector.spans import kind
from core.values import Cause, Level
from inventory.records import Link, Unit

HUB, PROVIDER, RESOLVER, DNS, CERTIFICATE, FAMILY = (
    "hub",
    "provider",
    "resolver",
    "dns",
    "certificate",
    "family",
)
KINDS = (HUB, PROVIDER, RESOLVER)
"""In this order where several hold for the same units."""
MOST = 0.8
"""So large a part of a group says the same: then it is what the group says."""

DNS_REASONS = frozenset(
    {"name not found", "name not resolved", "no answer", "other answer", "rcode", "resolver lies"}
)
"""Kinds of reason that tell of the name and not of the system. `no answer`: an answer without records."""


class Group(NamedTuple):
    """Units that hang on one thing."""

    shared: Shared
    units: frozenset[str]


class Failure(NamedTuple):
    """One failed look: over which kind of check and address family, and why."""

    unit: str
    check: int
    label: str
    kind: str
    family: str
    reason: str


def groups(units: Mapping[str, Unit], links: Iterable[Link]) -> list[Group]:
    """All that units may share, the largest first. What only one hangs on is no group."""
    members: dict[tuple[str, str], set[str]] = {}
    for unit in units.values():
        parent = units.get(unit.parent or "")
        if parent is not None and parent.level is not Level.PROVINCE:
            members.setdefault((HUB, parent.code), {parent.code}).add(unit.code)
    for link in links:
        if link.unit not in units:
            continue
        if link.provider:
            members.setdefault((PROVIDER, link.provider), set()).add(link.unit)
        for resolver in link.resolvers.split():
            members.setdefault((RESOLVER, resolver), set()).add(link.unit)
    found = [Group(Shared(*key), frozenset(codes)) for key, codes in members.items() if len(codes) > 1]
    return sorted(
        found, key=lambda each: (-len(each.units), KINDS.index(each.shared.kind), each.shared.value)
    )


def symptom(failure: Failure) -> str:
    """What kind of cause the failure itself tells of; empty when it could be any."""
    why = kind(failure.reason)
    if why.startswith("certificate "):
        return CERTIFICATE
    if why in DNS_REASONS or (failure.kind == "dns" and why != "bad parameter"):
        return DNS
    return ""


def told(failures: Sequence[Failure]) -> str:
    """What nearly all units tell of by one of their checks; empty without it. Where the name is wrong, whatever else fails
    may follow from that."""
    units = {failure.unit for failure in failures}
    for says in (DNS, CERTIFICATE):
        if units and len({each.unit for each in failures if symptom(each) == says}) >= MOST * len(units):
            return says
    return ""


def cause_of(shared: Shared | None, failures: Sequence[Failure], *, families: frozenset[str]) -> Cause:
    """Why these units cannot reach it. `families`: over which address families others of its checks still work."""
    says = told(failures)
    if says == DNS:
        return Cause.DNS
    if says == CERTIFICATE:
        return Cause.CERTIFICATE
    asked = {failure.family for failure in failures}
    if len(asked) == 1 and "" not in asked and families - asked:
        return Cause.FAMILY
    by_kind = {HUB: Cause.UPSTREAM, PROVIDER: Cause.PROVIDER, RESOLVER: Cause.DNS}
    return Cause.UNDETERMINED if shared is None else by_kind.get(shared.kind, Cause.UNDETERMINED)


def reason_of(failures: Sequence[Failure]) -> str:
    """The reason that most of them give, of those that tell of the cause; of equals the first by letter."""
    says = told(failures)
    counts = Counter(failure.reason for failure in failures if not says or symptom(failure) == says)
    return min(counts, key=lambda each: (-counts[each], each), default="")
