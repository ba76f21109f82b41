"""What is wrong with the configuration of a router or switch, and since when. Pure.

Faults by rules and what is not saved stand as long as the newest look at the device shows them; that it was changed is news
for some days. What somebody approved is no finding: a broken rule for as long as the word stands, what is not saved and what
was changed up to when it was said.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from inventory.configs.compliance import Fault
from inventory.configs.host_keys import Refused, key_change
from inventory.configs.versions import Seen
from inventory.findings.decide import DAY_MS, RULES, Finding, Kind, Mark, Rules

Faults = Callable[[str, str], Sequence[Fault]]
"""What is wrong in the text with a digest, by the rules of a vendor: (vendor, digest)."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A device and the looks at it, oldest first, at least one: of looks in a row that are alike the first and the last."""

    device: int
    """Of `inventory.tables.devices`."""
    kind: str
    """Class, of `inventory.census.facts.CLASSES`."""
    name: str
    looks: Sequence[Seen]
    refused: Sequence[Refused] = ()
    """Keys that its agent did not believe."""
    pinned: str = ""
    """The fingerprint of its key, if people said it."""


def subject_of(device: int) -> str:
    """What findings and marks call a device that is asked for its configuration."""
    return f"device-{device}"


def device_of(subject: str) -> int | None:
    """The device that `subject_of` named; None for other subjects."""
    return int(subject.removeprefix("device-")) if subject.startswith("device-") else None


def fault_at(detail: str) -> tuple[int | None, str]:
    """Where a rule does not hold, of a finding's `detail`: the number of the line and its text."""
    number, _, text = detail.partition("|")
    return int(number) if number else None, text


def config_findings(
    device: Looked, marks: Iterable[Mark], faults: Faults, now: int, rules: Rules = RULES
) -> list[Finding]:
    """Of one device, those of rules in their order."""
    subject, newest = subject_of(device.device), device.looks[-1]
    approved: dict[str, int] = {}
    for mark in marks:
        if mark.subject == subject and mark.says == "approved":
            approved[mark.kind] = max(mark.at, approved.get(mark.kind, 0))

    def found(kind: Kind, since: int, detail: str) -> Finding:
        return Finding(kind, subject, device.kind, device.name, since, newest.at, detail)

    wrong = []
    other = key_change(device.looks, device.refused, device.pinned)
    if other is not None:
        last = max((each.at for each in device.refused), default=0)
        other_key = found("host_key", other.since, f"{other.key}|{other.before}")
        wrong.append(replace(other_key, last_seen=max(last, newest.at)))
    unsaved = _since(device.looks, _is_unsaved)
    if unsaved is not None and approved.get("unsaved", -1) < unsaved:
        wrong.append(found("unsaved", unsaved, ""))
    changed = _changed(device.looks)
    if (
        changed is not None
        and now - changed[1].at <= rules.configs.changed_days * DAY_MS
        and approved.get("changed", -1) < changed[1].at
    ):
        wrong.append(found("changed", changed[1].at, f"{changed[0].at}"))
    for fault in faults(newest.vendor, newest.running):
        if fault.rule in approved:
            continue
        since = _since(device.looks, partial(_breaks, fault.rule, faults))
        wrong.append(found(cast("Kind", fault.rule), since or newest.at, f"{fault.line or ''}|{fault.text}"))
    return wrong


def _since(looks: Sequence[Seen], holds: Callable[[Seen], bool]) -> int | None:
    """The first look of the last stretch in which it holds; None when it does not hold now."""
    since = None
    for look in reversed(looks):
        if not holds(look):
            break
        since = look.at
    return since


def _is_unsaved(look: Seen) -> bool:
    return look.saved is False


def _breaks(rule: str, faults: Faults, look: Seen) -> bool:
    return any(fault.rule == rule for fault in faults(look.vendor, look.running))


def _changed(looks: Sequence[Seen]) -> tuple[Seen, Seen] | None:
    """The look before the newest change of what runs, and the one that saw it; None when there was none."""
    for before, after in zip(reversed(looks[:-1]), reversed(looks), strict=False):
        if (before.vendor, before.running) != (after.vendor, after.running):
            return before, after
    return None
