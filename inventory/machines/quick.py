"""Whether an inventory says anything that the one before did not, without reading all of it. Pure.

Most inventories say what was said yesterday. The sections that do not move by themselves, by far the largest, are compared
as the bytes they came in; the others are read, and compared without what moves. Agents write in one order each time.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from core.errors import BadInput
from inventory.formats import read_inventory
from inventory.formats.habits import SECTIONS as XML_SECTIONS
from inventory.formats.json_documents import bounded
from inventory.formats.sections import MAX_ENTRIES, SECTIONS, checked, plain_text, steady
from inventory.formats.xml_documents import declares


class _Head(msgspec.Struct, frozen=True):
    deviceid: str
    content: dict[str, msgspec.Raw]
    itemtype: str = "Computer"
    partial: bool = False
    tag: str | int | None = ""


def _tags() -> Mapping[bytes, bool]:
    """Sections that move as XML names them, and whether a part of them stays."""
    names = {name: name for name in SECTIONS} | XML_SECTIONS
    return {
        theirs.upper().encode(): not SECTIONS[ours].all_moves
        for theirs, ours in names.items()
        if SECTIONS[ours].moves or SECTIONS[ours].all_moves
    }


_TAGS = _tags()
_decoder = msgspec.json.Decoder(_Head)
_any = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder(order="sorted")


class Quick(NamedTuple):
    """`digest` is equal as long as an agent says the same; `moving` is what of it moves."""

    device: str
    digest: bytes
    moving: dict[str, Any]


def quick_look(plain: bytes) -> Quick | None:
    """None where it cannot be told: of parts, and of what has to be read to say what is wrong with it."""
    if plain[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return _of_xml(plain)
    try:
        bounded(plain)
        head = _decoder.decode(plain)
        if head.partial:
            return None
        said = sha256(f"{head.itemtype}\x1f{head.tag}".encode())
        moves: dict[str, Any] = {}
        for name in sorted(head.content):
            section = SECTIONS.get(name)
            if section is not None and section.all_moves:
                continue
            said.update(name.encode())
            raw = head.content[name]
            if section is None or not section.moves:
                said.update(raw)
                continue
            moves[name] = _any.decode(raw)
            said.update(_encoder.encode(steady({name: moves[name]})))
        kept, _ = checked(moves)
    except (BadInput, msgspec.DecodeError, UnicodeError, RecursionError, TypeError, AttributeError):
        return None
    return Quick(plain_text(head.deviceid), said.digest(), moving(kept))


def _of_xml(plain: bytes) -> Quick | None:
    start, end = plain.find(b"<CONTENT>"), plain.rfind(b"</CONTENT>")
    if not 0 <= start < end or declares(plain):
        return None  # what is declared, commented or quoted is left to the reader
    start += len(b"<CONTENT>")
    blocks = list(islice(_blocks(plain, start, end), MAX_ENTRIES + 1))
    if len(blocks) > MAX_ENTRIES or None in blocks:
        return None
    said, at = sha256(), 0
    read: list[bytes] = []
    for begins, ends, is_read in filter(None, blocks):
        said.update(plain[at:begins])
        if is_read:
            read.append(plain[begins:ends])
        at = ends
    said.update(plain[at:])
    try:
        inventory = read_inventory(b"".join((plain[:start], *read, plain[end:])))
    except BadInput:
        return None
    said.update(_encoder.encode(steady(inventory.content)))
    return Quick(inventory.device_id, said.digest(), moving(inventory.content))


def _blocks(plain: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool] | None]:
    """Where the sections are that move, wholly or in part: only the latter are read. None, and no more, at what agents do not write."""
    find = plain.find
    leapt: set[bytes] = set()
    begins = find(b"<", start, end)
    while begins >= 0:
        opened = find(b">", begins, end)
        name = plain[begins + 1 : opened]
        closes = b"</" + name + b">"
        if opened > 0 and name.endswith(b"/"):
            ends = opened + 1
        else:
            closed = find(closes, opened, end) if opened > 0 else -1
            if closed < 0:
                yield None
                return
            ends = closed + len(closes)
        following = find(b"<", ends, end)
        if name not in leapt and plain.startswith(plain[begins : opened + 1], following):
            leapt.add(name)
            # Programs come by hundreds, processes in other numbers each time: a row of them is one, if nothing else is in between.
            last, between = plain.rfind(closes, ends, end), plain[ends:following] + plain[begins : opened + 1]
            if last > 0 and plain.count(closes, ends, last) == plain.count(closes + between, ends, last):
                ends = last + len(closes)
                following = find(b"<", ends, end)
        if name in _TAGS:
            yield begins, ends, _TAGS[name]
        begins = following


def moving(content: Mapping[str, Any]) -> dict[str, Any]:
    """What of a content moves by itself: the other half of `steady`, without sections that do nothing else.

    Of a list whole rows, which are told apart by what stays of them.
    """
    found: dict[str, Any] = {}
    for name, value in content.items():
        section = SECTIONS.get(name)
        if section is not None and section.moves:
            found[name] = (
                {field: each for field, each in value.items() if field in section.moves}
                if section.one
                else value
            )
    return found
