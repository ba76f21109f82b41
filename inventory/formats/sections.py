"""The sections of an inventory and the kinds of their fields, as data (`sections.toml`), and contents held against them. Pure.

Agents of many makes and ages fill these sections. A number in quotes is a number, `1` is yes; what is of no sense in
its field is left out and told, with its JSON path. Sections that are not known are kept as they came.
"""

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from inventory.formats.raw import Fault

MAX_TEXT = 4_000
MAX_ENTRIES = 20_000
"""Of one section; more are left out. A busy server has 5,000 packages."""
MAX_FAULTS = 50
MAX_SECTIONS = 200
MAX_FIELDS = 200
"""Of one object."""
MAX_NAME = 128
MAX_PATH = 200
MAX_DEPTH = 8
MAX_WHOLE = 1 << 53
UNITS: Mapping[str, float] = {
    "mb": 1,
    "mib": 1,
    "mo": 1,
    "gb": 1024,
    "gib": 1024,
    "go": 1024,
    "tb": 1024**2,
    "kb": 1 / 1024,
    "mhz": 1,
    "ghz": 1000,
    "mv": 1,
    "v": 1000,
    "w": 1,
    "mwh": 1,
    "wh": 1000,
    "mah": 1,
    "ah": 1000,
    "%": 1,
}
"""What a whole number is multiplied by when its agent wrote a unit behind it: the format has MB, MHz, mV, W and mWh."""
_WITH_UNIT = re.compile(r"([+-]?\d{1,15}(?:\.\d{1,9})?)\s?([A-Za-z]{1,3}|%)")
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\[utnrfb]")  # a path of Windows has two of them before its letters
_LEADS = (b"\xc2", b"\xe2", b"\xe3", b"\xe1\x9a")
"""Bytes of UTF-8 with which letters begin that are space, or turn the direction."""
_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
# What no text has: control characters, halves of surrogate pairs, and what turns the direction of what follows.
_BAD = {
    **dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), None),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), None),
}


@dataclass(frozen=True, slots=True)
class Section:
    one: bool
    """An object; else a list of them."""
    fields: Mapping[str, str]
    """Kind of each: `text`, `whole`, `yes`, `moment`, `other`."""
    moves: frozenset[str]
    """Fields that change by themselves."""
    all_moves: bool
    rows: Any
    """As types: a list of rows that fits needs no second look, if its texts are plain."""


_TEXT = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
_TYPES: Mapping[str, Any] = {
    "text": _TEXT,
    "moment": _TEXT,
    "whole": Annotated[int, msgspec.Meta(ge=-MAX_WHOLE, le=MAX_WHOLE)],
    "yes": bool,
}
_encoder = msgspec.json.Encoder()


def _rows_of(name: str, fields: Mapping[str, str]) -> Any:
    """Optional fields that are absent or of their kind, and no others."""
    known = [
        (f"_{n}", _TYPES[kind] | msgspec.UnsetType, msgspec.field(default=msgspec.UNSET, name=field))
        for n, (field, kind) in enumerate(fields.items())
        if kind in _TYPES
    ]
    return list[msgspec.defstruct(name, known, frozen=True, forbid_unknown_fields=True)]  # type: ignore[misc]


def _load() -> Mapping[str, Section]:
    table = tomllib.loads((Path(__file__).parent / "sections.toml").read_text("utf-8"))
    kinds = ("text", "whole", "yes", "moment", "other")
    found = {}
    for name, row in table.items():
        fields = {field: kind for kind in kinds for field in row.get(kind, ())}
        found[name] = Section(
            one=row.get("one", False),
            fields=fields,
            moves=frozenset(row["moves"] if isinstance(row.get("moves"), list) else ()),
            all_moves=row.get("moves") is True,
            rows=_rows_of(name, fields),
        )
    return found


SECTIONS: Mapping[str, Section] = _load()


class _Faults(list[Fault]):
    def tell(self, where: str, what: str) -> None:
        if len(self) < MAX_FAULTS:
            self.append(Fault(where if len(where) <= MAX_PATH else f"{where[:MAX_PATH]}…", what))


def checked(content: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The content with each field of its kind, and what was left out."""
    faults, found = _Faults(), {}
    if len(content) > MAX_SECTIONS:
        faults.tell("$.content", f"{len(content)} sections, {MAX_SECTIONS} are kept")
    for name, value in islice(content.items(), MAX_SECTIONS):
        where = f"$.content.{name}"
        if not _is_name(name):
            faults.tell(where, "no name of a section")
            continue
        section = SECTIONS.get(name)
        if section is None:
            kept = _other(value, where, faults)
            if kept not in (None, "", [], {}):
                found[name] = kept
        elif section.one:
            one = value[0] if isinstance(value, list) and len(value) == 1 else value
            if not isinstance(one, dict):
                faults.tell(where, "not an object")
            elif kept := _object(one, section, where, faults):
                found[name] = kept
        else:
            many = [value] if isinstance(value, dict) else value
            if isinstance(many, list):
                found[name] = _many(many, section, where, faults)
            else:
                faults.tell(where, "not a list")
    return found, tuple(faults)


def _is_plain(rows: list[Any], section: Section) -> bool:
    """Whether the rows are as they should be, which is quick to see; what is not plain is looked at field by field."""
    if len(rows) > MAX_ENTRIES:
        return False
    try:
        msgspec.convert(rows, section.rows)
        return _has_plain_texts(_encoder.encode(rows))
    except (msgspec.ValidationError, UnicodeError, RecursionError, TypeError, OverflowError):
        return False


def _with_numbers(rows: list[Any], section: Section) -> list[Any] | None:
    """With numbers and yes or no where their texts stand, as XML has them; None where something else is wrong too."""
    if len(rows) > MAX_ENTRIES:
        return None
    try:
        found: list[Any] = msgspec.to_builtins(msgspec.convert(rows, section.rows, strict=False))
    except (msgspec.ValidationError, UnicodeError, RecursionError, TypeError, OverflowError):
        return None
    return found


def _has_plain_texts(encoded: bytes) -> bool:
    """Whether `plain_text` would leave each text of compact JSON as it is, and no object is empty."""
    if b"\x7f" in encoded or (b"\\" in encoded and _ESCAPED.search(encoded)):
        return False
    signs = np.frombuffer(encoded, np.uint8)
    spaces = np.flatnonzero(signs == ord(" "))  # compact JSON has them in texts only: never first or last
    if (signs[spaces - 1] == ord('"')).any() or (signs[spaces + 1] == ord('"')).any():
        return False
    ends = np.flatnonzero(signs == ord("}"))
    if (signs[ends - 1] == ord("{")).any():
        return False
    if encoded.isascii() or not any(first in encoded for first in _LEADS):
        return True
    return encoded.decode().isprintable()


def _many(rows: list[Any], section: Section, where: str, faults: _Faults) -> list[dict[str, Any]]:
    if _is_plain(rows, section):
        return rows
    if (numbered := _with_numbers(rows, section)) is not None and _is_plain(numbered, section):
        return numbered
    if len(rows) > MAX_ENTRIES:
        faults.tell(where, f"{len(rows)} entries, {MAX_ENTRIES} are kept")
    found = []
    for index, row in enumerate(rows[:MAX_ENTRIES]):
        if not isinstance(row, dict):
            faults.tell(f"{where}[{index}]", "not an object")
        elif kept := _object(row, section, f"{where}[{index}]", faults):
            found.append(kept)
    return found


def _object(row: Mapping[str, Any], section: Section, where: str, faults: _Faults) -> dict[str, Any]:
    found: dict[str, Any] = {}
    fields = section.fields
    if len(row) > MAX_FIELDS:
        faults.tell(where, f"{len(row)} fields, {MAX_FIELDS} are kept")
    for name, value in islice(row.items(), MAX_FIELDS):
        if name not in fields and not _is_name(name):
            faults.tell(f"{where}.{name}", "no name of a field")
            continue
        kept = _READ[fields.get(name, "other")](value, f"{where}.{name}", faults)
        if kept is not None and kept != "":
            found[name] = kept
    return found


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name.isprintable()


def _text(value: object, where: str, faults: _Faults) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        if value is not None:
            faults.tell(where, "not a text")
        return None
    text = str(value)
    if len(text) > MAX_TEXT:
        faults.tell(where, f"{len(text)} characters, {MAX_TEXT} are kept")
        text = text[:MAX_TEXT]
    return plain_text(text)


def plain_text(text: str) -> str:
    """Without what no text has, and without space around it."""
    return (text if text.isprintable() else text.translate(_BAD)).strip()


def _whole(value: object, where: str, faults: _Faults) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        value = _number(text)
    if isinstance(value, float):
        value = round(value) if math.isfinite(value) and abs(value) <= MAX_WHOLE else None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_WHOLE:
        faults.tell(where, "not a whole number")
        return None
    return value


def _number(text: str) -> int | float | None:
    try:
        return int(text) if len(text) < 20 and text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        found = _WITH_UNIT.fullmatch(text)
        factor = UNITS.get(found.group(2).lower()) if found else None
        return None if found is None or factor is None else float(found.group(1)) * factor


def _yes(value: object, where: str, faults: _Faults) -> bool | None:
    if isinstance(value, bool):
        return value
    known = _YES.get(str(value).strip().lower()) if isinstance(value, (str, int)) else None
    if known is None and value not in ("", None):
        faults.tell(where, "neither yes nor no")
    return known


def _other(value: object, where: str, faults: _Faults, depth: int = 0) -> object:
    """Whatever it is, within bounds."""
    if depth > MAX_DEPTH:
        faults.tell(where, "nested too deep")
        return None
    if isinstance(value, dict):
        return {
            name: _other(each, f"{where}.{name}", faults, depth + 1)
            for name, each in islice(value.items(), MAX_ENTRIES)
            if _is_name(name)
        }
    if isinstance(value, list):
        return [
            _other(each, f"{where}[{i}]", faults, depth + 1) for i, each in enumerate(value[:MAX_ENTRIES])
        ]
    if isinstance(value, str):
        return _text(value, where, faults)
    if isinstance(value, (int, float)) and not abs(value) <= MAX_WHOLE:
        faults.tell(where, "a number that is too large")  # or none at all
        return None
    return value


_READ: Mapping[str, Callable[[object, str, _Faults], object]] = {
    "text": _text,
    "moment": _text,
    "whole": _whole,
    "yes": _yes,
    "other": _other,
}


def steady(content: Mapping[str, Any]) -> dict[str, Any]:
    """What of a content does not move by itself: of which a change is news."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        section = SECTIONS.get(name)
        if section is None or (not section.moves and not section.all_moves):
            found[name] = value
        elif not section.all_moves:
            found[name] = (
                _without(value, section.moves)
                if section.one
                else [_without(row, section.moves) for row in value]
            )
    return found


def _without(row: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
