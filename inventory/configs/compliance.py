"""What is wrong in a configuration, by rules of its vendor (`rules.toml`). Pure."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inventory.configs.lines import split


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    present: str = ""
    absent: str = ""
    when: str = ""
    unless: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: Sequence[str]
    vendors: Mapping[str, Mapping[str, _Rule]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that does not hold. `line` counts from 1; None, with an empty `text`, where something is missing."""

    rule: str
    line: int | None
    text: str


_FILE = msgspec.convert(tomllib.loads((Path(__file__).parent / "rules.toml").read_text("utf-8")), _File)
RULES = tuple(_FILE.rules)
"""All of them, of any vendor."""
VENDORS: Mapping[str, Mapping[str, _Rule]] = _FILE.vendors
_PATTERNS = {
    text: re.compile(text)
    for rules in VENDORS.values()
    for rule in rules.values()
    for text in (rule.present, rule.absent, rule.when, rule.unless)
    if text
}


def faults(vendor: str, text: str) -> list[Fault]:
    """In the order of the rules; of each rule the first line at which it does not hold. None for a vendor that has no rules."""
    lines = split(text)
    rules = VENDORS.get(vendor, {})
    found = (_fault(name, rules[name], lines) for name in RULES if name in rules)
    return [fault for fault in found if fault is not None]


def _fault(name: str, rule: _Rule, lines: Sequence[str]) -> Fault | None:
    if rule.when and _first(rule.when, lines) is None:
        return None
    if rule.unless and _first(rule.unless, lines) is not None:
        return None
    if rule.absent:
        return Fault(name, None, "") if _first(rule.absent, lines) is None else None
    number = _first(rule.present, lines)
    return None if number is None else Fault(name, number + 1, lines[number])


def _first(pattern: str, lines: Sequence[str]) -> int | None:
    search = _PATTERNS[pattern].search
    return next((number for number, line in enumerate(lines) if search(line)), None)
