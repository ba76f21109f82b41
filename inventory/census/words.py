"""What machines are found by: texts in one plain form, and what somebody who searches wants of them. Pure.

Tone marks, capitals and signs are nobody's to remember: `nguyen` finds `Nguyễn`, and a MAC is found in any of the forms that
programs write it in.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

LONGEST = 4_000
"""Characters of one machine that are searched."""
MOST = 8
"""Words of one search that count."""
_SIGNS = re.compile(r"[^0-9a-z]+")
_MAC_LIKE = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2})+|[0-9a-f]{4}(\.[0-9a-f]{4}){1,2}")
_ROWS: Mapping[str, tuple[str, ...]] = {
    "networks": ("mac", "ipaddress", "ipaddress6"),
    "users": ("login",),
    "monitors": ("serial",),
    "storages": ("serial",),
}
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "hardware": ("name", "lastloggeduser", "workgroup"),
    "bios": ("ssn", "msn", "assettag", "enclosureserial", "smanufacturer", "smodel"),
    "network_device": ("name", "serial", "mac", "model", "assettag"),
}
SECTIONS = (*_FIELDS, *_ROWS)
"""Of a content, those that are searched."""


def plain(text: str) -> str:
    """Small letters without tone marks."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(each for each in apart if not unicodedata.combining(each))


def words_of(content: Mapping[str, Any], more: Iterable[str] = ()) -> str:
    """What a machine is found by: names, users, addresses, serials and asset numbers, each in a line between line
    ends; what has signs in it without them, too."""
    told = [
        str(content.get(section, {}).get(name) or "") for section, names in _FIELDS.items() for name in names
    ]
    for section, names in _ROWS.items():
        rows = content.get(section, ())
        told += [str(row[name]) for row in rows for name in names if row.get(name)]
    return lines([*told, *more])


def lines(texts: Iterable[str]) -> str:
    """Texts in plain form, each in a line between line ends; what has signs in it without them, too."""
    found: dict[str, None] = {}
    for text in texts:
        if line := plain(text).strip():
            found[line] = None
            found[_SIGNS.sub("", line)] = None
    return "\n" + "\n".join(each for each in found if each)[:LONGEST] + "\n"


def wanted(query: str) -> Sequence[Sequence[str]]:
    """For each word of a search the forms of which one has to be there; none where nothing is asked for."""
    forms = []
    for word in plain(query).split()[:MOST]:
        bare = _SIGNS.sub("", word)
        forms.append((word, bare) if bare != word and _MAC_LIKE.fullmatch(word) else (word,))
    return forms
