"""GLPI Agent's JSON: `{"action": "inventory", "deviceid": …, "itemtype": …, "content": {…}}`."""

import json
import re
from collections import Counter
from itertools import islice
from typing import Any

import msgspec

from core.errors import BadInput
from inventory.formats.raw import Fault, Raw


class _Document(msgspec.Struct, frozen=True):
    deviceid: str
    content: dict[str, Any]
    itemtype: str = "Computer"
    partial: bool = False
    tag: str | int | None = ""


TODO = "Post what a GLPI Agent writes: an object with deviceid, itemtype and content"
MAX_TOLD = 20
MAX_VALUES, MAX_CONTAINERS = 2_000_000, 400_000
"""Of a document. The largest inventories of servers have a tenth of it."""
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_decode = msgspec.json.Decoder().decode


def bounded(plain: bytes) -> None:
    """See before anything is made of it that not too much would be: a few bytes of JSON can be a hundred in memory.

    Raises:
        BadInput: it has more values or objects than any inventory.
    """
    if len(plain) <= MAX_VALUES:
        return
    values, containers = plain.count(b","), plain.count(b"{") + plain.count(b"[")
    if values > MAX_VALUES or containers > MAX_CONTAINERS:
        raise BadInput(
            f"about {values} values in {containers} objects and lists, the limits are {MAX_VALUES} and {MAX_CONTAINERS}",
            where="$",
        )


def read_json(plain: bytes) -> Raw:
    """Raises BadInput, with the JSON path of what is wrong."""
    bounded(plain)
    faults: tuple[Fault, ...] = ()
    plain = plain.removeprefix(b"\xef\xbb\xbf")
    try:
        whole = _decode(plain)
        document = msgspec.convert(whole, _Document)
    except msgspec.ValidationError as error:
        raise _refused(_with_its_place(plain, error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        document, faults = _mended(plain, error)
    else:
        # What was read has as many quotes as what came, unless a key got lost on the way.
        if msgspec.json.encode(whole).count(b'"') != plain.count(b'"'):
            faults = tuple(duplicate_keys(plain))
    tag = "" if document.tag is None else str(document.tag)
    return Raw(document.deviceid, document.itemtype, tag, document.partial, document.content, faults)


def _with_its_place(plain: bytes, error: msgspec.ValidationError) -> msgspec.ValidationError:
    """A number that no machine has is told by its place in the document, as far as that has a name."""
    try:
        msgspec.json.decode(plain, type=_Document)
    except msgspec.ValidationError as placed:
        return placed
    return error


def _refused(error: msgspec.ValidationError) -> BadInput:
    what, _, place = str(error).partition(" - at ")
    where = place.strip("`") or "$"
    if missing := _MISSING.fullmatch(what):
        what, where = "is missing", f"{where}.{missing.group(1)}"
    return BadInput(what, where=where, todo=TODO)


def _mended(plain: bytes, error: Exception) -> tuple[_Document, tuple[Fault, ...]]:
    """Bytes that are not UTF-8, of an old Windows for one, cost their letters and not the document."""
    try:
        text = plain.decode("utf-8")
    except UnicodeDecodeError:
        text = plain.decode("utf-8", "replace")
    else:
        raise BadInput(f"not JSON: {error}", where="$", todo=TODO) from error
    try:
        document = msgspec.convert(json.loads(text, strict=False), _Document)
    except msgspec.ValidationError as wrong:
        raise _refused(wrong) from wrong
    except (ValueError, RecursionError) as wrong:
        raise BadInput(f"not JSON: {wrong}", where="$", todo=TODO) from wrong
    return document, (Fault("$", "not UTF-8"),)


def duplicate_keys(plain: bytes) -> list[Fault]:
    """Keys that an object has twice; the last one counts."""
    faults: list[Fault] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items) and len(faults) < MAX_TOLD:
            counts = Counter(name for name, _ in items)
            twice = (name for name, count in counts.items() if count > 1)
            faults.extend(Fault(f"$..{name[:64]}", "key is there twice") for name in islice(twice, MAX_TOLD))
        return found

    json.loads(plain, object_pairs_hook=pairs, strict=False)
    return faults[:MAX_TOLD]
