"""The XML of FusionInventory and OCS Inventory agents: `<REQUEST>` with `<CONTENT>`, `<DEVICEID>` and `<QUERY>INVENTORY</QUERY>`.

Read by events into plain objects, without a tree, entities or declarations of types. Each of the two has its habits, which
`habits.py` knows.
"""

import re
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from core.errors import BadInput
from inventory.formats.habits import in_glpi_words
from inventory.formats.raw import Fault, Raw

TODO = "Post the INVENTORY that a FusionInventory or OCS agent writes; network devices are asked by the unit's own agent"
MAX_DEPTH = 12
MAX_ELEMENTS = 1_000_000
MAX_ATTRIBUTES = 100_000
MAX_LINES = 1_000_000
"""Of a document in mixed encodings: past it, letters that are not UTF-8 are lost."""
_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}encoding=["']([A-Za-z0-9._-]{1,20})["']""")
# Of the many that Python knows some take time that grows with the square of the text.
_TAKEN = re.compile(
    r"utf-?8|(us-)?ascii|iso-?8859-\d{1,2}|latin-?1|(windows-|cp)125\d|cp(437|850|852|858)", re.IGNORECASE
)
_SINGLE_BYTE = ("cp1252", "latin-1")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# What no XML may have, and agents send all the same: control characters in names of software.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read_xml(plain: bytes) -> Raw:
    """Raises BadInput: it is no XML, declares entities, is past a bound, or is not an inventory."""
    text, faults = _text(plain)
    request = _parsed(text)
    if not isinstance(request, dict):
        raise BadInput("not a request of an inventory agent", where="/REQUEST", todo=TODO)
    query = str(_first(request.get("query", "")))
    if query.upper() != "INVENTORY":
        raise BadInput(f"query {query[:40]!r} is no inventory", where="/REQUEST/QUERY", todo=TODO)
    content = _first(request.get("content", ""))
    if not isinstance(content, dict):
        raise BadInput("no content", where="/REQUEST/CONTENT", todo=TODO)
    sections, tag = in_glpi_words(content)
    return Raw(str(_first(request.get("deviceid", ""))), "Computer", tag, False, sections, faults)


def _text(plain: bytes) -> tuple[str, tuple[Fault, ...]]:
    """As text: what it says it is, where that is true."""
    declared = _ENCODING.search(plain[:200])
    name = declared.group(1).decode() if declared else "utf-8"
    faults: tuple[Fault, ...] = ()
    try:
        text = plain.decode(name if _TAKEN.fullmatch(name) else "utf-8")
    except (UnicodeDecodeError, LookupError):
        text, faults = _mixed(plain), (Fault("$", f"not {name[:20]}"),)
    if _CONTROL.search(text):
        text, faults = _CONTROL.sub("", text), (*faults, Fault("$", "control characters"))
    return _DECLARATION.sub("", text.lstrip("\ufeff")), faults


def _mixed(plain: bytes) -> str:
    """UTF-8 with lines of an old Windows in it: each line as what it can be."""
    if plain.count(b"\n") > MAX_LINES:
        return plain.decode("utf-8", "replace")
    lines = []
    for line in plain.split(b"\n"):
        for name in ("utf-8", *_SINGLE_BYTE):
            try:
                lines.append(line.decode(name))
                break
            except UnicodeDecodeError:
                continue
    return "\n".join(lines)


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _parsed(text: str) -> object:
    if text.count('="') + text.count("='") > MAX_ATTRIBUTES:
        raise BadInput(f"more than {MAX_ATTRIBUTES} attributes", where="/", todo=TODO)
    parser = XMLParser(target=_NoTree(), forbid_dtd=True)
    builder = _Builder()
    # The guards are defusedxml's; elements go to the builder at once, without the layers of a tree in between.
    parser.parser.StartElementHandler, parser.parser.EndElementHandler = builder.start, builder.end
    parser.parser.CharacterDataHandler = builder.pieces.append
    try:
        parser.feed(text)
        parser.close()
    except DefusedXmlException as error:
        raise BadInput(
            f"{type(error).__name__}: declarations and entities are not taken", where="/", todo=TODO
        ) from error
    except ParseError as error:
        line, column = error.position
        raise BadInput(f"not XML: {error.msg}", where=f"line {line}, column {column}", todo=TODO) from error
    return builder.whole


class _NoTree:
    """What a parser makes when what it finds goes elsewhere."""


class _Builder:
    """Elements with children become objects, others texts; what is there several times is a list. Names in lower case."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        """The text since an element began or ended."""
        self.whole: object = None
        self._names: list[str] = []
        self._open: list[dict[str, object] | None] = []
        """The children of each element that is open, None while it has none."""
        self._count = 0

    def start(self, tag: str, _attributes: object) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise BadInput(f"more than {MAX_ELEMENTS} elements", where=self._where())
        if len(self._open) >= MAX_DEPTH:
            raise BadInput(f"nested deeper than {MAX_DEPTH}", where=self._where())
        self._names.append(tag)
        self._open.append(None)
        self.pieces.clear()

    def end(self, tag: str) -> None:
        children = self._open.pop()
        self._names.pop()
        value: object = "".join(self.pieces).strip() if children is None else children
        self.pieces.clear()
        if not self._open:
            self.whole = value if tag == "REQUEST" else None
            return
        into, name = self._open[-1], tag.lower()
        if into is None:
            self._open[-1] = {name: value}
            return
        before = into.get(name)
        if before is None:
            into[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            into[name] = [before, value]

    def _where(self) -> str:
        return "/" + "/".join(name[:64] for name in self._names)
