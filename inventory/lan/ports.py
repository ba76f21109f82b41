"""Behind which port of which switch a machine is, from what all switches of a unit tell. Pure.

Every switch tells of every machine: the one it hangs on names its own port, all others the port that leads there. A port leads to
others where another switch is behind it, or more machines than hang on one socket of an office.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

MOST = 6
"""Machines behind a port that is a machine's own: a telephone with a PC, a small switch on a desk."""
CROWD_DAYS = 7
"""Who was behind a port within so long before its switch told last counts: at night most are off."""
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Told:
    """A switch told at `at`, last, that a machine is behind this port; `name` is what the switch calls itself."""

    switch: str
    name: str
    port: str
    at: int


@dataclass(frozen=True, slots=True)
class Place:
    """`machines`: how many are behind that port, this one among them."""

    switch: str
    port: str
    at: int
    machines: int


def places(told: Mapping[str, Sequence[Told]], own: Mapping[str, Collection[str]]) -> dict[str, Place]:
    """Where each machine is, by its MAC; none for those that are behind no port of their own.

    `told` is by MAC; `own` are the MACs of the switches themselves, by the switch.
    """
    newest = {mac: _newest(some) for mac, some in told.items()}
    last: dict[str, int] = defaultdict(int)
    for some in newest.values():
        for each in some:
            last[each.switch] = max(last[each.switch], each.at)
    behind: dict[tuple[str, str], set[str]] = defaultdict(set)
    for mac, some in newest.items():
        for each in some:
            if each.at >= last[each.switch] - CROWD_DAYS * _DAY_MS:
                behind[each.switch, each.port].add(mac)
    owner = {mac: switch for switch, macs in own.items() for mac in macs}
    leads = {
        port
        for port, macs in behind.items()
        if len(macs) > MOST or any(owner.get(mac, port[0]) != port[0] for mac in macs)
    }
    found: dict[str, Place] = {}
    for mac, some in newest.items():
        its = [each for each in some if (each.switch, each.port) not in leads]
        if not its or mac in owner:
            continue
        best = min(its, key=lambda each: (-each.at, len(behind[each.switch, each.port]), each.switch))
        crowd = max(1, len(behind[best.switch, best.port]))
        found[mac] = Place(best.name, best.port, best.at, crowd)
    return found


def _newest(told: Sequence[Told]) -> list[Told]:
    """What each switch told last."""
    found: dict[str, Told] = {}
    for each in sorted(told, key=lambda each: (each.at, each.port, each.name)):
        found[each.switch] = each
    return [found[switch] for switch in sorted(found)]
