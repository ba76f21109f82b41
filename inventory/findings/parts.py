"""What was taken out of a machine: memory, or a disk. Pure.

It follows from what changed from version to version (`inventory.differences.notes`). What an agent does not tell is not gone,
and what comes back was not taken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from inventory.findings.decide import DAY_MS, RULES, Finding, Had, Mark, PartKind, Rules


@dataclass(frozen=True, slots=True)
class Noted:
    """What of one agent's inventories changed at `at`: MB of memory, or a disk that came (1) or went (-1)."""

    agent: str
    heard: int
    """When this agent was heard last."""
    at: int
    kind: Literal["memory", "disk"]
    subject: str
    told: str
    """How people call a disk."""
    delta: int


def part_findings(
    machine: Had, noted: Iterable[Noted], marks: Iterable[Mark], now: int, rules: Rules = RULES
) -> list[Finding]:
    """Of one machine; of one that was written off nothing. `detail` of `memory` is how many MB less it has, of `disk` which are gone."""
    said = sorted((mark for mark in marks if mark.subject == machine.name), key=lambda mark: mark.at)
    if [mark.says for mark in said if not mark.kind][-1:] == ["retired"]:
        return []
    approved = {mark.kind: mark.at for mark in said if mark.says == "approved"}
    ordered = sorted(noted, key=lambda each: (each.at, each.agent, each.subject, each.delta))
    found: list[tuple[PartKind, int, str]] = [
        ("disk", since, "; ".join(sorted(gone))) for since, gone in _disks(ordered).items()
    ]
    less = _memory([each for each in ordered if each.kind == "memory"], rules)
    if less is not None:
        found.append(("memory", *less))
    return [
        Finding(kind, machine.name, machine.kind, machine.hostname, since, machine.last_seen, detail)
        for kind, since, detail in sorted(found)
        if now - since <= rules.parts.forgotten_days * DAY_MS and approved.get(kind, -1) < since
    ]


def _memory(noted: Sequence[Noted], rules: Rules) -> tuple[int, str] | None:
    """Since when the machine has less, and how much: as agents tell that are still heard, the first of them."""
    alive = max((each.heard for each in noted), default=0) - rules.parts.alive_days * DAY_MS
    found = []
    for agent in {each.agent for each in noted if each.heard >= alive}:
        total = 0
        for each in reversed([each for each in noted if each.agent == agent]):
            total += each.delta
            if each.delta <= -rules.parts.memory_mb and total <= -rules.parts.memory_mb:
                found.append((each.at, str(-total)))
                break
    return min(found, default=None)


def _disks(noted: Iterable[Noted]) -> dict[int, set[str]]:
    """What disks that went and did not come back are called, by when they went."""
    gone: dict[str, tuple[int, str]] = {}
    for each in noted:
        if each.kind == "disk" and each.delta > 0:
            gone.pop(each.subject, None)
        elif each.kind == "disk":
            gone.setdefault(each.subject, (each.at, each.told or each.subject))
    found: dict[int, set[str]] = {}
    for at, told in gone.values():
        found.setdefault(at, set()).add(told)
    return found
