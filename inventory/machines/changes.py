"""What changed between two contents of a machine, in the terms of people: a package more, a disk less, another memory. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

KEYS: Mapping[str, tuple[str, ...]] = {
    "softwares": ("name", "arch"),
    "drives": ("letter", "volumn", "type"),
    "storages": ("serial", "name"),
    "memories": ("serialnumber", "caption", "numslots"),
    "networks": ("mac", "description"),
    "cpus": ("id", "name"),
    "monitors": ("serial", "name", "caption"),
    "printers": ("name",),
    "antivirus": ("name",),
    "local_users": ("login", "id"),
    "local_groups": ("name",),
    "users": ("login", "domain"),
    "videos": ("name",),
    "usbdevices": ("serial", "vendorid", "productid", "name"),
    "controllers": ("pcislot", "name"),
    "batteries": ("serial", "name"),
}
"""By what a row of a section is known again when it changes. A row of another section is known by all that it says."""
NAMES = (
    "name",
    "caption",
    "description",
    "designation",
    "letter",
    "login",
    "model",
    "mac",
    "serial",
    "type",
    "key",
)
"""What a row is called: the first of these that it has."""

_encode = msgspec.json.Encoder(order="sorted").encode
What = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """`name` is the row's, or the field's where the section is one object. Fields that changed: from what to what."""

    section: str
    what: What
    name: str
    fields: Mapping[str, tuple[Any, Any]]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """In the order of sections and names. What is in both and equal is in none of it."""
    found: list[Change] = []
    for section in sorted({*before, *after}):
        old, new = before.get(section), after.get(section)
        if old == new:
            continue
        if isinstance(new if old is None else old, list) and all(
            isinstance(each, (list, type(None))) for each in (old, new)
        ):
            found += _of_rows(section, old or [], new or [])
        else:
            found += _of_fields(section, old, new)
    return found


def _of_fields(section: str, old: object, new: object) -> Iterable[Change]:
    mine = old if isinstance(old, dict) else {} if old is None else {"": old}
    theirs = new if isinstance(new, dict) else {} if new is None else {"": new}
    for name in sorted({*mine, *theirs}):
        a, b = mine.get(name), theirs.get(name)
        if a != b:
            what: What = "added" if a is None else "removed" if b is None else "changed"
            yield Change(section, what, name, {name: (a, b)})


def _of_rows(section: str, old: Sequence[Any], new: Sequence[Any]) -> list[Change]:
    was, now = _by_key(section, old), _by_key(section, new)
    found = []
    for key in {*was, *now}:
        mine, theirs = was.get(key, []), now.get(key, [])
        # Rows that are equal on both sides are not news; of what is left, one on each side is one that changed.
        mine, theirs = _without(mine, theirs), _without(theirs, mine)
        for a, b in zip(mine, theirs, strict=False):
            fields = {
                name: (a.get(name), b.get(name)) for name in sorted({*a, *b}) if a.get(name) != b.get(name)
            }
            found.append(Change(section, "changed", _name(b), fields))
        found += [Change(section, "removed", _name(row), {}) for row in mine[len(theirs) :]]
        found += [Change(section, "added", _name(row), {}) for row in theirs[len(mine) :]]
    return sorted(found, key=lambda each: (each.name, each.what, _encode(each.fields)))


def _by_key(section: str, rows: Sequence[Any]) -> dict[bytes, list[dict[str, Any]]]:
    names = KEYS.get(section)
    found: dict[bytes, list[dict[str, Any]]] = {}
    for row in sorted((row if isinstance(row, dict) else {"": row} for row in rows), key=_encode):
        key = [row.get(name) for name in names] if names and any(row.get(name) for name in names) else row
        found.setdefault(_encode(key), []).append(row)
    return found


def _without(rows: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    left = Counter(map(_encode, others))
    kept = []
    for row in rows:
        key = _encode(row)
        if left[key]:
            left[key] -= 1
        else:
            kept.append(row)
    return kept


def _name(row: Mapping[str, Any]) -> str:
    found = next((row[name] for name in NAMES if row.get(name)), None)
    return str(found) if found is not None else _encode(row).decode()[:120]
