"""Which devices of a unit are unknown, and which are missing; what kinds of findings there are. Pure.

Time is what the unit itself was heard at last: a unit whose line is cut, or whose sweeps have ended, has no device missing
for that.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import msgspec

DAY_MS = 86_400_000
_INVENTED = 2
"""The bit of a MAC's first octet that says that no maker gave it (IEEE 802)."""
DeviceKind = Literal["unknown", "missing", "returned"]
PartKind = Literal["memory", "disk"]
"""What was taken out of a machine (`inventory.findings.parts`)."""
Acceptable = Literal["unsaved", "changed", "telnet", "http", "community", "password", "ssh", "ntp", "logging"]
"""What is found in a configuration: it is not saved, it was changed, or it breaks this rule of `inventory.configs`. People may approve it."""
ConfigKind = Literal["host_key"] | Acceptable
"""With that the device shows another SSH key, which ends when people say which one is right."""
Kind = DeviceKind | PartKind | ConfigKind
MACHINE_KINDS: tuple[DeviceKind | PartKind, ...] = (*get_args(DeviceKind), *get_args(PartKind))
CONFIG_KINDS: tuple[ConfigKind, ...] = ("host_key", *get_args(Acceptable))
KINDS: tuple[Kind, ...] = (*MACHINE_KINDS, *CONFIG_KINDS)
EVENTS: tuple[Kind, ...] = ("memory", "disk", "changed")
"""Of these each time at which it happened is a finding; of others there is one for as long as it stands."""
VERDICTS = ("approved", "retired")
"""Words of people that findings follow from."""


class _Unknown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    forgotten_days: int
    invented_stays_days: int


class _Configs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    changed_days: int


class _Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    memory_mb: int
    alive_days: int
    forgotten_days: int


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    missing_days: Mapping[str, int]
    unknown: _Unknown
    configs: _Configs
    parts: _Parts


RULES = msgspec.convert(tomllib.loads((Path(__file__).parent / "rules.toml").read_text("utf-8")), Rules)


@dataclass(frozen=True, slots=True)
class Heard:
    """A MAC that sweeps heard in the unit."""

    mac: str
    kind: str
    """Class, of `inventory.census.facts.CLASSES`."""
    name: str
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class Had:
    """A machine that inventories tell of, seen in this unit last."""

    name: str
    """Its key."""
    kind: str
    hostname: str
    macs: tuple[str, ...]
    last_seen: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What people said of a device: `subject` is a MAC, a machine's name or `inventory.findings.configs.subject_of`.

    With a `kind` it is said of what was found of this kind alone, without one of the device.
    """

    subject: str
    says: Literal["approved", "retired"]
    at: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """`unknown`: heard and never approved; `missing`: not seen for too long; `returned`: written off, and heard since.
    The other kinds are of `inventory.findings.parts` and `inventory.findings.configs`.

    `since` is when it became so. `detail` depends on the kind: arguments, with bars in between.
    """

    kind: Kind
    subject: str
    device: str
    """Class."""
    name: str
    since: int
    last_seen: int
    detail: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What of a unit it is known by while it stands."""
        return key_of(self.kind, self.subject, self.since)


def key_of(kind: str, subject: str, since: int) -> tuple[str, str, int]:
    """`Finding.key`, of one that is kept."""
    return kind, subject, since if kind in EVENTS else 0


def findings(
    heard: Sequence[Heard],
    machines: Sequence[Had],
    known_macs: Collection[str],
    marks: Iterable[Mark],
    rules: Rules = RULES,
) -> list[Finding]:
    """Of one unit, by kind and subject. `known_macs` are those of machines that inventories tell of, in any unit."""
    newest: dict[str, Mark] = {}
    for mark in sorted(marks, key=lambda mark: mark.at):
        if not mark.kind:
            newest[mark.subject] = mark
    swept = max((each.last_seen for each in heard), default=0)
    found = [
        finding
        for each in heard
        if (finding := _of_heard(each, newest.get(each.mac), swept, known_macs, rules)) is not None
    ]
    told = max((each.last_seen for each in machines), default=0)
    by_mac = {each.mac: each for each in heard}
    for machine in machines:
        seen = [by_mac[mac].last_seen for mac in machine.macs if mac in by_mac]
        last = max(machine.last_seen, *seen) if seen else machine.last_seen
        finding = _of_machine(machine, newest.get(machine.name), last, max(told, swept if seen else 0), rules)
        if finding is not None:
            found.append(finding)
    return sorted(found, key=lambda each: (each.kind, each.subject))


def _of_heard(
    each: Heard, mark: Mark | None, swept: int, known_macs: Collection[str], rules: Rules
) -> Finding | None:
    told = each.mac, each.kind, each.name
    if mark is not None and mark.says == "approved":
        limit = rules.missing_days.get(each.kind, 0) * DAY_MS
        if each.mac not in known_macs and limit and swept - each.last_seen > limit:
            return Finding("missing", *told, each.last_seen + limit, each.last_seen)
        return None
    if swept - each.last_seen > rules.unknown.forgotten_days * DAY_MS:
        return None
    if mark is not None:
        return Finding("returned", *told, mark.at, each.last_seen) if each.last_seen > mark.at else None
    if each.mac in known_macs:
        return None
    stays = rules.unknown.invented_stays_days * DAY_MS if int(each.mac[1], 16) & _INVENTED else 0
    if each.last_seen - each.first_seen < stays:
        return None
    return Finding("unknown", *told, each.first_seen + stays, each.last_seen)


def _of_machine(machine: Had, mark: Mark | None, last: int, until: int, rules: Rules) -> Finding | None:
    told = machine.name, machine.kind, machine.hostname
    if mark is not None and mark.says == "retired":
        return Finding("returned", *told, mark.at, last) if last > mark.at else None
    limit = rules.missing_days.get(machine.kind, 0) * DAY_MS
    if limit and until - last > limit:
        return Finding("missing", *told, last + limit, last)
    return None
